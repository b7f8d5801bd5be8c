"""Batches of tensors that lie in memory."""

from __future__ import annotations

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

    def __init__(
        self,
        x: torch.Tensor,
        y: torch.Tensor,
        batch_size: int,
        seed: int | None,
        share: tuple[int, int] = (0, 1),
    ):
        an_int("batch_size", batch_size, 1)
        if len(x) != len(y):
            raise ValueError(refusal("number of labels", len(y), f"as many as inputs, {len(x)}"))
        self.x, self.y, self.batch_size, self.seed = x, y, batch_size, seed
        self.rank, self.ranks = share
        self.passes = 0

    def share(self, rank: int, ranks: int) -> Batches:
        """Return the share of each batch that one of several processes trains on.

        All shares of a batch are alike in size: what does not divide evenly is left out, and with
        it a last batch of fewer images than processes.

        Args:
            rank: Number of the process, from 0.
            ranks: How many processes there are, at most the images of a batch.
        """
        an_int("ranks", ranks, 1, min(self.batch_size, max(1, len(self.x))))
        an_int("rank", rank, 0, ranks - 1)
        return Batches(self.x, self.y, self.batch_size, self.seed, (rank, ranks))

    def __len__(self) -> int:
        whole, rest = divmod(len(self.x), self.batch_size)
        return whole + (rest >= self.ranks)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        order = None
        if self.seed is not None:
            generator = torch.Generator().manual_seed(self.seed + self.passes)
            self.passes += 1
            order = torch.randperm(len(self.x), generator=generator)
        for start in range(0, len(self.x), self.batch_size):
            images = min(self.batch_size, len(self.x) - start) // self.ranks
            first = start + self.rank * images
            index = slice(first, first + images)
            if images:
                index = index if order is None else order[index]
                yield self.x[index], self.y[index]
