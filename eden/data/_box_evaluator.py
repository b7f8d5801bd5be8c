"""How well a detector finds the boxes of fixed photos."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from eden._say import refusal, within
from eden.data._batches import batches
from eden.data._boxes import Boxes, boxes_of, check_truths
from eden.data._call import device_of, evaluating
from eden.data._pixels import Inputs, drawn, take
from eden.data._precision import (
    agreement,
    average_precision,
    coco_scores,
    resampled_precision,
)
from eden.data._sampling import Resampled

Detect = Callable[[nn.Module, Tensor], list[Boxes]]
_AT_ONCE = 16  # photos a batch


class BoxEvaluator:
    """The share of photos whose boxes a detector finds, always taken in the same order.

    A photo is right where F1 of the boxes that are likelier than `score` reaches `least`: twice the
    right ones over all found and all there. So a search may ask some photos alone, as it may of a
    classifier's images; `precision` is the measure to state, and `by_precision` to search by where
    photos are few: of 87 a cell that moves nothing else turns one or two that are on the edge.

    Args:
        x: Photos ``[n, channels, h, w]``.
        truths: ``[n, most, 5]``: x0, y0, x1, y1 in pixels and the label, -1 where there is no box
            and below that where it does not count (`Boxes`).
        detect: ``detect(model, x) -> boxes`` of each photo of a batch; the less likely ones too.
        iou: Least intersection over union of a right box, 0 to 1.
        score: Above which a box counts, 0 to 1.
        least: F1 of a photo that is right, 0 to 1.
        batch_size: Photos a batch.

    Raises:
        ValueError: For no photo, another shape, a label that is no integer, and a box outside its
            photo or without area.

    Attributes:
        digest: As of `Evaluator`.
        in_copies: Whether copies of the process may ask; False for a ``detect`` that keeps what it
            saw.
    """

    digest: str | None = None
    in_copies = True

    def __init__(
        self,
        x: Inputs,
        truths: Tensor,
        detect: Detect,
        *,
        iou: float = 0.5,
        score: float = 0.25,
        least: float = 0.5,
        batch_size: int = _AT_ONCE,
    ):
        for name, value in (("iou", iou), ("score", score), ("least", least)):
            within(name, value, 0, 1)
        if len(x.shape) != 4:
            raise ValueError(refusal("shape of photos", list(x.shape), "[n, channels, h, w]"))
        check_truths(truths, len(x), (x.shape[2], x.shape[3]))
        self.x, self.truths, self.detect, self.batch_size = x, truths, detect, batch_size
        self.iou, self.score, self.least = iou, score, least

    @property
    def y(self) -> Tensor:
        """The boxes that are there, as labels are called."""
        return self.truths

    def __len__(self) -> int:
        return len(self.x)

    def __call__(self, model: nn.Module) -> float:
        """Return the share of photos that are right, in [0, 1]."""
        return int(self.right(model).sum()) / len(self)

    def right(self, model: nn.Module) -> Tensor:
        """Return for each photo whether it is right, bool ``[n]``."""
        return self.agreements(model) >= self.least

    def closest(self, model: nn.Module, n: int) -> Tensor:
        """Return the `n` photos whose F1 is nearest to what decides, int64 ``[n]``, rising."""
        gaps = (self.agreements(model) - self.least).abs()
        return gaps.argsort(stable=True)[:n].sort().values

    def agreements(self, model: nn.Module) -> Tensor:
        """Return F1 of each photo, ``[n]``."""
        pairs = zip(self.found(model), self.there(), strict=True)
        return torch.tensor([agreement(_above(a, self.score), b, self.iou) for a, b in pairs])

    def precision(self, model: nn.Module, *, recalls: str = "coco") -> float:
        """Return the average precision over all scores, at `iou`, in [0, 1].

        Args:
            model: The detector.
            recalls: As in `average_precision`.
        """
        return average_precision(self.found(model), self.there(), iou=self.iou, recalls=recalls)

    def by_precision(self) -> PrecisionEvaluator:
        """Return an evaluator on the same photos that answers the average precision."""
        return PrecisionEvaluator(self)

    def resampled_precision(self, model: nn.Module, *, resamples: int = 200) -> Resampled:
        """Return the average precision as `precision` does, also on photos drawn from these.

        Args:
            model: The detector.
            resamples: Draws of photos, the same for every detector; at least 2.
        """
        return resampled_precision(
            self.found(model), self.there(), iou=self.iou, resamples=resamples
        )

    def scores(self, model: nn.Module) -> dict[str, float]:
        """Return AP50, AP75 and AP50:95 as pycocotools says them."""
        return coco_scores(self.found(model), self.there())

    def found(self, model: nn.Module) -> list[Boxes]:
        """Return what a detector finds in each photo."""
        device, found = device_of(model), []
        with evaluating(model):
            for x, _ in batches(self.x, self.truths, self.batch_size):
                for boxes in self.detect(model, x.to(device)):
                    found.append(Boxes(*(part.cpu() for part in boxes)))
        return found

    def there(self) -> list[Boxes]:
        """Return what is in each photo; labels are below -1 of what does not count."""
        return [boxes_of(rows, uncounted=True) for rows in self.truths]

    def take(self, index: Tensor) -> BoxEvaluator:
        """Return an evaluator on the photos of these numbers, int64 ``[n]``."""
        part = copy.copy(self)
        part.x, part.truths, part.digest = take(self.x, index), self.truths[index], None
        return part

    def subset(self, n: int, seed: int = 0) -> BoxEvaluator:
        """Return an evaluator on `n` photos drawn without replacement."""
        return self.take(drawn(n, len(self), seed))


class PrecisionEvaluator:
    """Average precision of a detector on fixed photos: no mean over photos, so all are asked.

    Args:
        photos: Whose `precision` it answers.

    Attributes:
        digest: As of `Evaluator`.
        in_copies: As of `photos`.
        in_order: The photos always come in the same batches, so that a search of single cells may
            run a network anew from where a cell is read.
    """

    digest: str | None = None
    in_order = True

    def __init__(self, photos: BoxEvaluator):
        self.photos, self.in_copies = photos, photos.in_copies

    @property
    def x(self) -> Inputs:
        """The photos."""
        return self.photos.x

    @property
    def y(self) -> Tensor:
        """The boxes that are there."""
        return self.photos.y

    def __len__(self) -> int:
        return len(self.photos)

    def __call__(self, model: nn.Module) -> float:
        """Return the average precision at the photos' `iou`, in [0, 1]."""
        return self.photos.precision(model)

    def subset(self, n: int, seed: int = 0) -> PrecisionEvaluator:
        """Return an evaluator on `n` photos drawn without replacement."""
        return PrecisionEvaluator(self.photos.subset(n, seed))


def _above(boxes: Boxes, score: float) -> Boxes:
    kept = boxes.scores > score
    return Boxes(boxes.corners[kept], boxes.scores[kept], boxes.labels[kept])
