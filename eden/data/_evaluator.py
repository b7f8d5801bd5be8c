"""The accuracy of a classifier on fixed images."""

from __future__ import annotations

import math

import torch

from eden._say import refusal
from eden.data._batches import batches
from eden.data._call import device_of, evaluating
from eden.data._pixels import Inputs, drawn, take

# Images a batch. On a CPU the feature maps of few images stay in its caches: LeNet and SqueezeNet
# take 0.8 and 0.6 of the time that they take with 1000; a GPU wants many.
_ON_CPU, _ELSEWHERE = 128, 1000


def check_labels(y: torch.Tensor, outputs: torch.Tensor) -> None:
    """Refuse labels of a classifier that it has no class for: no answer would be right.

    Args:
        y: Labels ``[n]``.
        outputs: Of the classifier, ``[n, classes, ...]``.

    Raises:
        ValueError: If a label is not below the number of classes.
    """
    if (most := int(y.max())) >= outputs.shape[1]:
        said = f"below {outputs.shape[1]}, the classes of the network"
        raise ValueError(refusal("highest label", most, said))


class Evaluator:
    """Accuracy of a classifier on fixed images, always taken in the same order.

    Of an attached network, failure probabilities below 1 make it depend on `batch_size` outside
    `eden.network.Attachment.by_image`, which all searches ask it in.

    Args:
        x: Images ``[n, ...]``.
        y: Labels ``[n]``, integers of at least 0.
        batch_size: Images a batch; left out, 128 on a CPU and 1000 elsewhere.

    Attributes:
        digest: Names the images where answers about them are kept in a folder; None until set.
        in_copies: Copies of the process may ask it at the same time.
    """

    digest: str | None = None
    in_copies = True

    def __init__(self, x: Inputs, y: torch.Tensor, batch_size: int | None = None):
        if len(x) != len(y) or len(x) == 0 or (batch_size is not None and batch_size < 1):
            raise ValueError(
                f"Evaluator: got {len(x)} images, {len(y)} labels and batch_size={batch_size}; "
                "accepted: as many labels as images, at least one, and a batch size of at least 1"
            )
        if y.ndim != 1 or y.is_floating_point() or y.is_complex():
            raise ValueError(refusal("labels", f"{y.dtype} {list(y.shape)}", "integers [n]"))
        if (least := int(y.min())) < 0:
            raise ValueError(refusal("lowest label", least, "0 or more"))
        self.x, self.y, self.batch_size = x, y, batch_size

    def __len__(self) -> int:
        return len(self.x)

    def __call__(self, model: torch.nn.Module) -> float:
        """Return the fraction of images that the model names rightly, in [0, 1]."""
        return int(self.right(model).sum()) / len(self)

    def right(self, model: torch.nn.Module) -> torch.Tensor:
        """Return for each image whether the model names it rightly, bool ``[n]``."""
        return self.predictions(model) == self.y

    def closest(self, model: torch.nn.Module, n: int) -> torch.Tensor:
        """Return the `n` images that the least change would make right or wrong, int64 ``[n]``.

        That is, of the least difference between the output of the right class and the greatest
        other one. Their numbers rise.
        """
        gaps = []
        for outputs, labels in self._outputs(model):
            own = outputs.gather(1, labels[:, None])
            others = outputs.scatter(1, labels[:, None], -math.inf)
            gaps.append((own[:, 0] - others.amax(dim=1)).abs())
        return torch.cat(gaps).argsort(stable=True)[:n].sort().values

    def take(self, index: torch.Tensor) -> Evaluator:
        """Return an evaluator on the images of these numbers, int64 ``[n]``."""
        taken = Evaluator(take(self.x, index), self.y[index], self.batch_size)
        taken.in_copies = self.in_copies
        return taken

    def predictions(self, model: torch.nn.Module) -> torch.Tensor:
        """Return the class named for each image, int64 ``[n]``, to compare image by image."""
        return torch.cat([outputs.argmax(dim=1) for outputs, _ in self._outputs(model)])

    def subset(self, n: int, seed: int = 0) -> Evaluator:
        """Return an evaluator on `n` images drawn without replacement."""
        return self.take(drawn(n, len(self), seed))

    def _outputs(self, model):
        device = device_of(model)
        size = self.batch_size or (_ON_CPU if device.type == "cpu" else _ELSEWHERE)
        with evaluating(model):
            for x, y in batches(self.x, self.y, size):
                outputs = model(x.to(device)).cpu()
                check_labels(y, outputs)
                yield outputs, y
