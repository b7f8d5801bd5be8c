"""Batches of tensors that lie in memory."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch

from eden._say import an_int, refusal
from eden.data._augment import Augment
from eden.data._pixels import Inputs


def batches(
    x: Inputs,
    y: torch.Tensor,
    batch_size: int,
    *,
    seed: int | None = None,
    augment: Augment | None = None,
) -> Batches:
    """Return an iterable of ``(x, y)`` batches that shuffles anew at each pass.

    Args:
        x: ``[n, ...]``.
        y: ``[n]``.
        batch_size: Images a batch; the last one may be smaller.
        seed: Of the shuffles; None keeps the order.
        augment: What is made of each batch of a shuffled pass; the draws follow from ``seed`` too.

    Raises:
        ValueError: For another number of labels than of images, and for ``augment`` without a seed.
    """
    return Batches(x, y, batch_size, seed, augment)


class Batches:
    """Batches of two tensors: a loader without workers or copies. Made by `batches`."""

    def __init__(
        self,
        x: Inputs,
        y: torch.Tensor,
        batch_size: int,
        seed: int | None,
        augment: Augment | None = None,
    ):
        an_int("batch_size", batch_size, 1)
        if augment is not None and seed is None:
            raise ValueError(refusal("seed", seed, "an integer, where images are augmented"))
        if len(x) != len(y):
            raise ValueError(refusal("number of labels", len(y), f"as many as inputs, {len(x)}"))
        self.x, self.y, self.batch_size, self.seed = x, y, batch_size, seed
        self.augment = augment
        self.passes = 0

    def __len__(self) -> int:
        return math.ceil(len(self.x) / self.batch_size)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        if self.seed is None:
            yield from zip(
                self.x.split(self.batch_size), self.y.split(self.batch_size), strict=True
            )
            return
        generator = torch.Generator().manual_seed(self.seed + self.passes)
        self.passes += 1
        for index in torch.randperm(len(self.x), generator=generator).split(self.batch_size):
            x = self.x[index]
            yield x if self.augment is None else self.augment(x, generator), self.y[index]
