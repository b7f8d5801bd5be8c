"""What is asked of a placement, and what comes of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate

from eden import devices, energy
from eden.mapping._placement import Entry, Rejection


@dataclass(frozen=True)
class Task:
    """What is asked for, one estimate of the BER apart."""

    tensors: tuple
    coarse_ber: float
    device: devices.Device
    method: str
    level: str
    law: str
    time_limit_seconds: float

    @cached_property
    def sizes(self) -> list[int]:
        """Bytes of the lines that each tensor fills."""
        return [energy.lines(self.device, tensor.size_bytes) for tensor in self.tensors]

    @cached_property
    def addresses(self) -> list[int]:
        """Where each tensor starts in a coarse placement: one after another."""
        return list(accumulate(self.sizes[:-1], initial=0))

    @cached_property
    def joules(self) -> dict[devices.OperatingPoint, list[float]]:
        """By point, the energy of an inference's reads of each tensor."""
        coarse = self.method == "coarse"
        addresses = self.addresses if coarse else [0] * len(self.tensors)
        sizes = [tensor.size_bytes for tensor in self.tensors]
        return energy.reading_joules(
            self.device,
            list(zip(addresses, sizes, strict=True)),
            [tensor.reads for tensor in self.tensors],
            interleaved=coarse,
            law=self.law,
        )


@dataclass(frozen=True)
class Layout:
    """Where each tensor lies."""

    entries: dict[str, Entry]
    points: dict[str, devices.OperatingPoint]
    partition_bers: dict[str, float]


@dataclass(frozen=True)
class Solved:
    """A placement at one setting of the module."""

    vdd_volts: float
    joules: float
    lay_out: Callable[[], Layout]


@dataclass
class Outcome:
    """The cheapest placement, and what stood against others."""

    best: Solved | None = None
    bound: float = math.inf
    rejected: list[Rejection] = field(default_factory=list)


def entry_of(tensor, partition: str, address: int, row_bytes: int, ber: float, why: str) -> Entry:
    """Put a tensor in its place."""
    return Entry(
        name=tensor.name,
        kind=tensor.kind,
        elements=tensor.elements,
        size_bytes=tensor.size_bytes,
        reads=tensor.reads,
        tolerance=tensor.tolerance,
        partition=partition,
        address=address,
        row_bytes=row_bytes,
        ber=ber,
        why=why,
    )
