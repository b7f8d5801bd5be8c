"""What training makes of a batch of images, so that it sees none twice."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional

from eden._say import an_int, within


@dataclass(frozen=True)
class Augment:
    """Shift images by a few pixels and mirror some: all of it follows from the generator.

    Args:
        shift: Pixels at most, either way, 0 to 64. What comes in from outside is 0, which is the
            mean of a normalised image.
        flip: Share of images that are mirrored left to right, 0 to 1.

    Reference: He et al., "Deep residual learning", section 4.2: 4 pixels and one half.
    """

    shift: int = 4
    flip: float = 0.5

    def __post_init__(self):
        an_int("shift", self.shift, 0, 64)
        within("flip", self.flip, 0, 1)

    def draw(self, n: int, generator: torch.Generator) -> torch.Tensor:
        """Draw for `n` images which are mirrored, and how far down and right: int64 ``[3, n]``."""
        mirrored = torch.rand(n, generator=generator) < self.flip
        moved = torch.randint(0, 2 * self.shift + 1, (2, n), generator=generator)
        return torch.cat([mirrored[None].to(moved.dtype), moved])

    def apply(self, x: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
        """Return images ``[n, channels, h, w]``, shifted and mirrored as was drawn for them."""
        n, _, height, width = x.shape
        mirrored, down, right = drawn
        rows = torch.arange(height) + down[:, None]  # [n, h], in the padded image
        columns = torch.arange(width) + right[:, None]
        columns = torch.where(mirrored[:, None] > 0, columns.flip(1), columns)
        around = functional.pad(x, (self.shift,) * 4)
        # One gather for all: image, then row and column of each pixel, channels last.
        image = torch.arange(n)[:, None, None]
        moved = around.permute(0, 2, 3, 1)[image, rows[:, :, None], columns[:, None]]
        return moved.permute(0, 3, 1, 2).contiguous()

    def __call__(self, x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Return images ``[n, channels, h, w]`` of the same shape."""
        return self.apply(x, self.draw(len(x), generator))
