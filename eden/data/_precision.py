"""How well the boxes found agree with those that are there."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from eden._say import an_int, one_of, within
from eden.data._boxes import Boxes, counting, overlap
from eden.data._judged import check_photos
from eden.data._sampling import Resampled

_MOST = 100  # boxes of a class in a photo that count, the likeliest first, as COCO has it
_RECALLS = np.linspace(0, 1, 101)  # where COCO reads the precision

_BEYOND = 1e11  # square pixels; pycocotools judges up to 1e10
_FAR = 4e4  # pixels, beyond any photo's side; boxes found may be larger, where errors made them


def matched(found: Boxes, there: Boxes, iou: float) -> Tensor:
    """Tell which boxes found are right (1), wrong (0) or do not count (-1), int64 ``[n]``.

    The likeliest chooses first: of the boxes there of its class that none has, the one that it
    overlaps most, if by at least `iou`. One that finds none of them does not count where it lies so
    on one that does not count, which many may do; on a crowd it is its own area that has to.
    """
    verdict = torch.zeros(len(found.labels), dtype=torch.int64)
    classes, counts, crowd = counting(there.labels)
    shared = overlap(found.corners, there.corners, of_first=crowd)
    shared[found.labels[:, None] != classes[None]] = -1
    if not shared.numel():
        return verdict
    verdict[(shared[:, ~counts] >= iou).any(dim=1)] = -1
    shared[:, ~counts] = -1
    left = shared.numpy()  # whose rows cost a loop a fraction of what a tensor's do
    for one in found.scores.argsort(descending=True, stable=True).tolist():
        best = left[one].argmax()
        if left[one, best] >= iou:
            verdict[one] = 1
            left[:, best] = -1
    return verdict


def agreement(found: Boxes, there: Boxes, iou: float) -> float:
    """Return F1 of the boxes of a photo: twice the right ones over all found and all there."""
    verdict = matched(found, there, iou)
    total = int((verdict >= 0).sum()) + int((there.labels >= 0).sum())
    return 2 * int((verdict == 1).sum()) / total if total else 1.0


def average_precision(
    found: Sequence[Boxes], there: Sequence[Boxes], *, iou: float = 0.5, recalls: str = "coco"
) -> float:
    """Return the mean over classes of the area under precision against recall.

    Precision is the best at no less recall; classes of which nothing is there do not count. Boxes
    whose label is below -1 (crowds and difficult ones, `Boxes`) are neither found nor missed, and
    what is found of them alone is neither right nor wrong (pycocotools, cocoeval.py, for crowds;
    VOCdevkit, VOCevaldet.m, for difficult ones).

    Args:
        found: Of each photo.
        there: Of each photo; scores do not matter.
        iou: Least intersection over union of a right box, 0 to 1.
        recalls: Where precision is read: "coco" at 101 recalls (pycocotools, cocoeval.py), "voc" at
            all there are (VOC since 2010), which gives up to a few hundredths more for small sets.

    Raises:
        TypeError: For what is no `Boxes`.
        ValueError: Where nothing is there at all, photos are not as many, and for boxes without
            shape, order or score; the message says which photo.
    """
    one_of("recalls", recalls, ("coco", "voc"))
    matches = _matches(found, there, iou)
    return matches.precision(np.ones(len(there), dtype=np.int64), recalls)


def resampled_precision(
    found: Sequence[Boxes],
    there: Sequence[Boxes],
    *,
    iou: float = 0.5,
    recalls: str = "coco",
    resamples: int = 200,
    seed: int = 0,
) -> Resampled:
    """Return the average precision, also on photos drawn with replacement.

    Two detectors on as many photos have the same draws, so their difference is paired.

    Args:
        found: As of `average_precision`.
        there: As there.
        iou: As there.
        recalls: As there.
        resamples: Draws of photos; 200 tell a standard error to 5 %.
        seed: Of the draws, in [0, 2^63).

    Raises:
        TypeError: As of `average_precision`, and for numbers that are no integers.
        ValueError: As of `average_precision`, for fewer than two resamples, and for another seed.
    """
    one_of("recalls", recalls, ("coco", "voc"))
    an_int("resamples", resamples, 2)
    an_int("seed", seed, 0, 2**63 - 1)  # numpy takes None, too: for other draws each time
    matches, photos = _matches(found, there, iou), len(there)
    rng, values = np.random.default_rng(seed), np.empty(resamples)
    for n in range(resamples):
        times = np.bincount(rng.integers(0, photos, photos), minlength=photos)
        values[n] = matches.precision(times, recalls)
    return Resampled(matches.precision(np.ones(photos, dtype=np.int64), recalls), values)


class _Matches(NamedTuple):
    """The boxes found that count, the likeliest first, and what there was to find.

    Attributes:
        photo: Of each box found, int64 ``[found]``.
        label: Of each, int64 ``[found]``.
        right: Whether each is right, bool ``[found]``.
        labels: Classes of which something is there, int64 ``[classes]``.
        there: Boxes there of each, int64 ``[photos, classes]``.
    """

    photo: np.ndarray
    label: np.ndarray
    right: np.ndarray
    labels: np.ndarray
    there: np.ndarray

    def precision(self, times: np.ndarray, recalls: str) -> float:
        """Average precision where each photo is there so many times, int ``[photos]``.

        A box that is found twice as right has the better precision the second time, and a wrong
        one adds no recall, so only the last of its copies is ever read. NaN if nothing is there.
        """
        counts, copies, areas = times @ self.there, times[self.photo], []
        for label, count in zip(self.labels, counts, strict=True):
            if count == 0:
                continue
            of_class = (self.label == label) & (copies > 0)
            right, copied = self.right[of_class], copies[of_class]
            hits = np.cumsum(right * copied)
            precision = hits / np.cumsum(copied)
            precision = np.maximum.accumulate(precision[::-1])[::-1]
            if recalls == "voc":
                areas.append((precision * copied)[right].sum() / count)
                continue
            at = np.searchsorted(hits / count, _RECALLS)
            areas.append(np.append(precision, 0.0)[np.minimum(at, len(hits))].mean())
        return float(np.mean(areas)) if areas else float("nan")


def _matches(found: Sequence[Boxes], there: Sequence[Boxes], iou: float) -> _Matches:
    within("iou", iou, 0, 1)
    check_photos(found, there)
    counted = [boxes.labels[boxes.labels >= 0].numpy() for boxes in there]
    labels = np.unique(np.concatenate(counted))
    best = [_likeliest(boxes) for boxes in found]
    verdict = torch.cat([matched(a, b, iou) for a, b in zip(best, there, strict=True)])
    order = torch.cat([boxes.scores for boxes in best]).argsort(descending=True, stable=True)
    order = order[verdict[order] >= 0].numpy()
    return _Matches(
        photo=np.repeat(np.arange(len(best)), [len(boxes.labels) for boxes in best])[order],
        label=torch.cat([boxes.labels for boxes in best]).numpy()[order],
        right=verdict.numpy()[order] == 1,
        labels=labels,
        there=np.array([(each[:, None] == labels).sum(axis=0) for each in counted]),
    )


def coco_scores(found: Sequence[Boxes], there: Sequence[Boxes]) -> dict[str, float]:
    """Return what pycocotools says of boxes found: AP50, AP75 and AP50:95.

    It knows of no difficult boxes: one that does not count and is no crowd is given an area beyond
    all ranges that are judged. So it takes one box found, and further ones on it are wrong.

    Raises:
        TypeError: As `average_precision`.
        ValueError: As `average_precision`, and where pycocotools is not installed.
    """
    check_photos(found, there)
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError:
        raise ValueError("these scores take pycocotools: pip install 'eden-dram[vision]'") from None
    things: list[dict[str, Any]] = []
    for photo, boxes in enumerate(there):
        each = zip(
            boxes.corners.tolist(), *(x.tolist() for x in counting(boxes.labels)), strict=True
        )
        for (x0, y0, x1, y1), label, counts, crowd in each:
            things.append(
                {
                    "id": len(things) + 1,
                    "image_id": photo,
                    "category_id": label,
                    "bbox": [x0, y0, x1 - x0, y1 - y0],
                    "area": (x1 - x0) * (y1 - y0) if counts or crowd else _BEYOND,
                    "iscrowd": int(crowd),
                }
            )
    content = {
        "images": [{"id": photo} for photo in range(len(there))],
        "categories": [{"id": n} for n in sorted({thing["category_id"] for thing in things})],
        "annotations": things,
    }
    said = [
        [photo, x0, y0, x1 - x0, y1 - y0, float(score), int(label)]
        for photo, boxes in enumerate(found)
        for (x0, y0, x1, y1), score, label in zip(
            boxes.corners.clamp(-_FAR, _FAR).tolist(), *boxes[1:], strict=True
        )
    ]
    if not said:
        return dict.fromkeys(("AP50", "AP75", "AP50:95"), 0.0)
    with contextlib.redirect_stdout(io.StringIO()):  # it prints as it goes
        coco: Any = COCO()
        coco.dataset = content
        coco.createIndex()
        judge = COCOeval(coco, coco.loadRes(np.array(said)), "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    whole, half, most = judge.stats[:3]
    return {"AP50": float(half), "AP75": float(most), "AP50:95": float(whole)}


def _likeliest(boxes: Boxes) -> Boxes:
    """The likeliest of each class."""
    order = boxes.scores.argsort(descending=True, stable=True)
    kept = []
    for label in boxes.labels.unique():
        kept.append(order[boxes.labels[order] == label][:_MOST])
    rows = torch.cat(kept) if kept else order
    return Boxes(boxes.corners[rows], boxes.scores[rows], boxes.labels[rows])
