"""What the clean network shows of a tensor while its bounds are learned."""

from __future__ import annotations

import math

import torch
from torch import Tensor


class Seen:
    """What was seen of one tensor.

    Attributes:
        range: Smallest and largest finite value, float32 [2]; None before the first.
        reads: How often it was read.
        elements: Of one copy, the most of all reads.
    """

    def __init__(self):
        self.range: Tensor | None = None
        self.reads = self.elements = 0

    def add(self, x: Tensor, copies: int) -> None:
        """Look at one read.

        Args:
            x: What is read, without gradients.
            copies: Inferences that lie in it.
        """
        self.reads += 1
        if x.numel() == 0:
            return
        self.elements = max(self.elements, x.numel() // copies)
        seen = _finite_range(x)
        if self.range is not None:
            lo, hi = torch.stack([self.range, seen])
            seen = torch.stack([torch.minimum(lo[0], hi[0]), torch.maximum(lo[1], hi[1])])
        self.range = seen


def _finite_range(x: Tensor) -> Tensor:
    """Return smallest and largest finite value as float32 ``[2]``; (inf, -inf) if there is none."""
    lo = torch.nan_to_num(x, nan=math.inf, posinf=math.inf, neginf=math.inf).amin()
    hi = torch.nan_to_num(x, nan=-math.inf, posinf=-math.inf, neginf=-math.inf).amax()
    return torch.stack([lo, hi]).to(torch.float32)
