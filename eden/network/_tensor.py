"""What is told of a stored tensor, and what the reads of all of a network go by just now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eden.access import Protection
from eden.network._faults import Recorder
from eden.network._gradients import CleanGradients
from eden.network._numbering import Numbering


class Switch:
    """What all reads of one attachment do just now: "faulty", "clean" or "learn".

    Attributes:
        state: Which of these.
        by_image: Whether the copies of inputs are numbered through the calls of the network.
        numbering: Of the images, where they are numbered.
        recorder: Notes where faults fall, where that was asked for.
        gradients: What the backward pass goes by instead of what was read; None: that.
    """

    def __init__(self):
        self.state, self.by_image = "faulty", False
        self.numbering = Numbering(None)
        self.recorder: Recorder | None = None
        self.gradients: CleanGradients | None = None

    def pair(self, x: Any, y: Any) -> Any:
        """Return what a module gets for what it reads; both tensors, or packed batches."""
        return y if self.gradients is None else self.gradients.pair(x, y)


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
