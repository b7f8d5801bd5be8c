"""Batches of tensors that lie in memory."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from eden._say import an_int, refusal
from eden.data._augment import Augment
from eden.data._pixels import Inputs, digest_of


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
        share: tuple[int, int] = (0, 1),
    ):
        an_int("batch_size", batch_size, 1)
        if augment is not None and seed is None:
            raise ValueError(refusal("seed", seed, "an integer, where images are augmented"))
        if len(x) != len(y):
            raise ValueError(refusal("number of labels", len(y), f"as many as inputs, {len(x)}"))
        self.x, self.y, self.batch_size, self.seed = x, y, batch_size, seed
        self.augment = augment
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
        return Batches(self.x, self.y, self.batch_size, self.seed, self.augment, (rank, ranks))

    @property
    def identity(self) -> list:
        """What decides the batches, JSON-able: images, their order, what is made of them."""
        of_each = (self.batch_size, self.seed, repr(self.augment), self.ranks)
        return [digest_of(self.x, self.y), *of_each]

    def __len__(self) -> int:
        whole, rest = divmod(len(self.x), self.batch_size)
        return whole + (rest >= self.ranks)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        generator, order = torch.Generator(), None
        if self.seed is not None:
            generator.manual_seed(self.seed + self.passes)
            self.passes += 1
            order = torch.randperm(len(self.x), generator=generator)
        for start in range(0, len(self.x), self.batch_size):
            size = min(self.batch_size, len(self.x) - start)
            images = size // self.ranks
            # Drawn for all shares of a batch, so that processes see what one would.
            drawn = None if self.augment is None else self.augment.draw(size, generator)
            mine = slice(self.rank * images, (self.rank + 1) * images)
            index = slice(start + mine.start, start + mine.stop)
            if images:
                index = index if order is None else order[index]
                x, y = self.x[index], self.y[index]
                if self.augment is not None and drawn is not None:
                    x = self.augment.apply(x, drawn[:, mine])
                    if y.ndim == 3:
                        y = self.augment.boxes(y, drawn[:, mine], (x.shape[2], x.shape[3]))
                yield x, y
