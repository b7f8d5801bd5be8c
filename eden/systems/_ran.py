"""What a kind of system is given to run layers, and what running one took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from eden._native import core
from eden.dram import Memory
from eden.systems._homes import Stream
from eden.systems._layers import Layer


class Given(Protocol):
    """What a kind needs to know of a `System`; see there."""

    @property
    def name(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...
    @property
    def map(self) -> str: ...
    def policy(self, memory: Memory) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Ran:
    """One layer, run with its memory at some latencies. Voltage changes none of it.

    Attributes:
        layer: Its shape and operands.
        streams: What it moved, tensor by tensor.
        compute_seconds: Of the arithmetic alone.
        dram_seconds: Of the memory alone.
        seconds: Of both as they overlap.
        fraction: Of the layer that was simulated.
        row_hits: Share of the accesses for which no row was opened.
        counts: Commands of the part that was simulated, over ``seconds * fraction``;
            ``[channels][ranks]``.
        notes: What else there is to say of it, such as folds, as plain numbers.
    """

    layer: Layer
    streams: tuple[Stream, ...]
    compute_seconds: float
    dram_seconds: float
    seconds: float
    fraction: float
    row_hits: float
    counts: list[list[core.RankCounts]]
    notes: Mapping[str, float]

    def moved(self, kind: str, *, write: bool = False) -> float:
        """Return the bytes of one kind of tensor that were read, or written."""
        return sum(
            s.size_bytes * s.passes for s in self.streams if s.kind == kind and s.write == write
        )

    @property
    def standard_error_seconds(self) -> float | None:
        """Of the seconds, of a kind that samples at drawn places; else None."""
        return self.notes.get("standard_error_seconds")

    def at_supply(self, volts: float) -> Ran:
        """Return the same with what it moved at another supply; unknown layers stay at theirs."""
        if self.layer.kind == "other":
            return self
        return replace(self, streams=tuple(replace(s, vdd_volts=volts) for s in self.streams))
