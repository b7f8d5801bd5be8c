"""What training makes of a batch of images, so that it sees none twice."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional

from eden._say import an_int, within
from eden.data._boxes import has_area


@dataclass(frozen=True)
class Augment:
    """Shift images by a few pixels and mirror some: all of it follows from the generator.

    Args:
        shift: Pixels at most, either way, 0 to 64.
        flip: Share of images that are mirrored left to right, 0 to 1.
        fill: What comes in from outside: 0, the mean of a normalised image, or as grey as the
            squares that photos are put in are, 0.5.

    Reference: He et al., "Deep residual learning", section 4.2: 4 pixels and one half.
    """

    shift: int = 4
    flip: float = 0.5
    fill: float = 0.0

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
        around = functional.pad(x, (self.shift,) * 4, value=self.fill)
        # One gather for all: image, then row and column of each pixel, channels last.
        image = torch.arange(n)[:, None, None]
        moved = around.permute(0, 2, 3, 1)[image, rows[:, :, None], columns[:, None]]
        return moved.permute(0, 3, 1, 2).contiguous()

    def boxes(
        self, truths: torch.Tensor, drawn: torch.Tensor, size: tuple[int, int]
    ) -> torch.Tensor:
        """Return boxes ``[n, most, 5]`` of `Annotated.squares` as what `apply` returns shows them.

        What lies outside is cut off; a box whose middle does is left out, with -1 for its label.

        Args:
            truths: The boxes.
            drawn: What was drawn for their images.
            size: Height and width of the images.
        """
        height, width = size
        mirrored, down, right = (number[:, None] for number in drawn)
        x0, y0, x1, y1, label = truths.unbind(-1)
        left, up = right - self.shift, down - self.shift
        x0, x1 = x0 - left, x1 - left
        x0, x1 = (
            torch.where(mirrored > 0, width - x1, x0),
            torch.where(mirrored > 0, width - x0, x1),
        )
        y0, y1 = y0 - up, y1 - up
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        there = (x >= 0) & (x <= width) & (y >= 0) & (y <= height) & (label != -1)
        x0, x1 = x0.clamp(0, width), x1.clamp(0, width)
        y0, y1 = y0.clamp(0, height), y1.clamp(0, height)
        moved = torch.stack([x0, y0, x1, y1, label], dim=-1)
        there &= has_area(moved[..., :4])  # rounding leaves nothing of a thin one
        return torch.where(there[..., None], moved, moved.new_tensor(-1.0))

    def __call__(self, x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Return images ``[n, channels, h, w]`` of the same shape."""
        return self.apply(x, self.draw(len(x), generator))
