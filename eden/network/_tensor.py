"""What is told of a stored tensor, and what the reads of all of a network go by just now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from eden.access import Protection
from eden.network._faults import Recorder
from eden.network._gradients import CleanGradients


class Switch:
    """What all reads of one attachment do just now: "faulty", "clean" or "learn".

    Attributes:
        state: Which of these.
        by_image: Whether the copies of inputs are numbered through the calls of the network.
        chosen: int64 ``[n]``, which images of a larger set the calls are of; None: of all.
        images: int64 ``[batch]``, the numbers of the images of the current call.
        recorder: Notes where faults fall, where that was asked for.
        gradients: What the backward pass goes by instead of what was read; None: that.
    """

    def __init__(self):
        self.state, self.by_image = "faulty", False
        self.chosen: Tensor | None = None
        self.images: Tensor | None = None
        self._position = torch.zeros((), dtype=torch.int64)
        self.recorder: Recorder | None = None
        self.gradients: CleanGradients | None = None

    def pair(self, x: Any, y: Any) -> Any:
        """Return what a module gets for what it reads; both tensors, or packed batches."""
        return y if self.gradients is None else self.gradients.pair(x, y)

    def begin_images(self, chosen: Tensor | None) -> None:
        """Number images from the first of `chosen` on."""
        self.chosen, self.images = chosen, None
        self._position.zero_()

    def begin_batch(self, batch: Tensor | None) -> None:
        """Number the images of a call, which `batch` holds.

        In tensors: a compiled network goes on counting without being compiled anew.
        """
        self.images = None
        if batch is None or batch.ndim == 0 or self.state != "faulty":
            return
        if self._position.device != batch.device:
            self._position = self._position.to(batch.device)
        images = self._position + torch.arange(len(batch), device=batch.device)
        self._position.add_(len(batch))
        self.images = images if self.chosen is None else self.chosen.to(batch.device)[images]

    def numbers_of(self, copies: int, device: torch.device) -> Tensor | None:
        """Return the numbers of copies that go evenly over the images of this call.

        None where they do not, or where it will do to count them from read to read.
        """
        images = self.images
        if images is None or (self.chosen is None and not torch.compiler.is_compiling()):
            return None
        if len(images) == 0 or copies % len(images):
            return None
        each = copies // len(images)
        if each > 1:
            within = torch.arange(each, device=images.device)
            images = (each * images[:, None] + within).flatten()
        return images.to(device)


@dataclass(frozen=True)
class TensorInfo:
    """A tensor in approximate DRAM.

    Attributes:
        name: Such as ``conv1.weight`` or ``conv1.input``.
        kind: "weight" or "input".
        elements: Of one copy, that is for one inference; 0 for an input before `learn_bounds`.
        bits: Of one element in the stored format.
        size_bytes: Room that one copy takes.
        reads: How often one inference reads it.
        protection: How it is stored, as `Config.protect` has it.
        tolerance: The BER it is known to bear as it is protected, all others being at theirs;
            0 before a search.
    """

    name: str
    kind: str
    elements: int
    bits: int
    size_bytes: int
    reads: float
    protection: str = "none"
    tolerance: float = 0.0

    @property
    def stored_bytes(self) -> int:
        """All the room that one copy takes, with what protects it."""
        rooms = Protection.parse(self.protection).rooms(self.elements, self.bits)
        return sum(room.size_bytes for room in rooms)
