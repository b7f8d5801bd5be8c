"""Batches of tensors that lie in memory."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch

from eden._say import an_int, refusal


def batches(
    x: torch.Tensor, y: torch.Tensor, batch_size: int, *, seed: int | None = None
) -> Batches:
    """Return an iterable of ``(x, y)`` batches that shuffles anew at each pass.

    Args:
        x: ``[n, ...]``.
        y: ``[n]``.
        batch_size: Images a batch; the last one may be smaller.
        seed: Of the shuffles; None keeps the order.
    """
    return Batches(x, y, batch_size, seed)


class Batches:
    """Batches of two tensors: a loader without workers or copies. Made by `batches`."""

    def __init__(self, x: torch.Tensor, y: torch.Tensor, batch_size: int, seed: int | None):
        an_int("batch_size", batch_size, 1)
        if len(x) != len(y):
            raise ValueError(refusal("number of labels", len(y), f"as many as inputs, {len(x)}"))
        self.x, self.y, self.batch_size, self.seed = x, y, batch_size, seed
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
            yield self.x[index], self.y[index]
