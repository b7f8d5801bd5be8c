"""The numbers of the images that the calls of a network are of, by which their reads fail."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from eden._say import refusal


class Numbering:
    """Counts images through the calls of a network, from 0 on.

    Args:
        chosen: int64 ``[n]``, which images of a larger set come, in their order; None: all.

    Raises:
        TypeError: If those are no int64 tensor.
        ValueError: If they are not in one row, or one is below 0.
    """

    def __init__(self, chosen: Tensor | None):
        if chosen is not None:
            accepted = "None, or an int64 tensor [n] of numbers from 0 on"
            if not isinstance(chosen, Tensor) or chosen.dtype != torch.int64:
                kind = chosen.dtype if isinstance(chosen, Tensor) else type(chosen).__name__
                raise TypeError(refusal("type of images", str(kind), accepted))
            if chosen.ndim != 1:
                raise ValueError(refusal("shape of images", list(chosen.shape), accepted))
            if len(chosen) and int(chosen.min()) < 0:
                raise ValueError(refusal("a number in images", int(chosen.min()), accepted))
        self._chosen = chosen
        self._of_call: Tensor | None = None  # int64 [batch], of the images of the current call
        self._position = torch.zeros((), dtype=torch.int64)
        self._came = 0

    def begin_batch(self, batch: Tensor | None) -> None:
        """Number the images of a call, which `batch` holds.

        In tensors: a compiled network goes on counting without being compiled anew.

        Raises:
            ValueError: If more come than were chosen.
        """
        self._of_call = None
        if batch is None or batch.ndim == 0:
            return
        if self._chosen is not None and not torch.compiler.is_compiling():
            self._came += len(batch)
            if self._came > len(self._chosen):
                accepted = f"{len(self._chosen)}, as many as were chosen"
                raise ValueError(refusal("number of images", f"{self._came} or more", accepted))
        if self._position.device != batch.device:
            self._position = self._position.to(batch.device)
        images = self._position + torch.arange(len(batch), device=batch.device)
        self._position.add_(len(batch))
        self._of_call = images if self._chosen is None else self._chosen.to(batch.device)[images]

    def numbers_of(self, copies: int, device: torch.device) -> Tensor | None:
        """Return the numbers of copies that go evenly over the images of this call.

        None where they do not, or where it will do to count them from read to read.
        """
        images = self._of_call
        if images is None or (self._chosen is None and not torch.compiler.is_compiling()):
            return None
        if len(images) == 0 or copies % len(images):
            return None
        each = copies // len(images)
        if each > 1:
            within = torch.arange(each, device=images.device)
            images = (each * images[:, None] + within).flatten()
        return images.to(device)

    @property
    def moment(self) -> tuple[Any, ...]:
        """How far it is, for `go_back`."""
        return self._of_call, self._position.clone(), self._came

    def go_back(self, moment: tuple[Any, ...]) -> None:
        """Go on from a moment before."""
        self._of_call, position, self._came = moment
        self._position.copy_(position)
