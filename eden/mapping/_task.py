"""What is asked of a placement, and what comes of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from eden import devices, energy
from eden.access import NONE, Protection
from eden.mapping._hazard import Hazards
from eden.mapping._pieces import RATED, Part, Place, spare_bytes
from eden.mapping._placement import Entry, Rejection

# What is chosen from, the cheapest first; and a home at the rated point, for the few.
CHOSEN = tuple(Protection(kind) for kind in ("none", "secded", "triple"))
RELIABLE = Protection("reliable")


class Price(NamedTuple):
    """What decides the energy of reading a tensor from a slot.

    Attributes:
        point: Its operating point.
        banks: That lines are interleaved over.
    """

    point: devices.OperatingPoint
    banks: int


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
    bits: int = 8  # of an element
    protections: tuple[Protection, ...] = ()  # one a tensor, or none at all
    hazards: Hazards | None = None  # a budget of single cells to keep
    reliable_bytes: int | None = None  # protections are to be chosen; what may be reliable at most
    further: tuple[devices.OperatingPoint, ...] = ()  # points beside the measured ones
    modules: int = 1  # alike, each at a setting of its own

    @cached_property
    def protected(self) -> list[tuple[Any, Protection]]:
        """Each tensor with its protection."""
        hows = self.protections or (NONE,) * len(self.tensors)
        return list(zip(self.tensors, hows, strict=True))

    @cached_property
    def ways(self) -> list[Task]:
        """The task with each protection that may be chosen for all, or itself."""
        if self.reliable_bytes is None:
            return [self]
        n = len(self.tensors)
        return [replace(self, protections=(how,) * n, reliable_bytes=None) for how in CHOSEN]

    @cached_property
    def parts(self) -> list[Part]:
        """What of the tensors is to be placed: theirs, then strong bits of a stated rate."""
        own, strong = [], []
        for number, (tensor, how) in enumerate(self.protected):
            if how.kind == "reliable":
                continue
            rooms = how.rooms(tensor.elements, self.bits)
            here = tuple(room.size_bytes for room in rooms if not room.strong)
            if how.kind == "none":
                here = (tensor.size_bytes,)
            rest = (tensor.reads, tensor.tolerance, how.kind == "triple")
            own.append(Part(number, tensor.name, here, *rest))
            if self.apart(how):
                name, there = f"the top {how.bits} bits of {tensor.name}", (rooms[1].size_bytes,)
                strong.append(Part(number, name, there, tensor.reads, how.ber, strong=True))
        return own + strong

    def apart(self, how: Protection) -> bool:
        """Whether strong bits look for a partition: else they lie at the rated point."""
        return how.kind == "strong_bits" and how.ber > 0 and self.method != "coarse"

    @cached_property
    def rated(self) -> dict[int, Place]:
        """What lies at the rated point, by the number of the tensor: one after another."""
        places, address = {}, 0
        row_bytes = self.device.geometry.row_bytes
        for number, (tensor, how) in enumerate(self.protected):
            rooms = how.rooms(tensor.elements, self.bits)
            if how.kind == "reliable" or (rooms[-1].strong and not self.apart(how)):
                size = rooms[-1].size_bytes
                places[number] = Place(RATED, address, row_bytes, size, 0.0)
                address += energy.lines(self.device, size)
        return places

    @cached_property
    def rated_joules(self) -> float:
        """The energy of an inference's reads of what lies at the rated point."""
        nominal = self.device.nominal
        transfers = [
            energy.Transfer(False, True, 0, place.size_bytes, nominal, self.tensors[number].reads)
            for number, place in self.rated.items()
        ]
        if not transfers:
            return 0.0
        return energy.stream(self.device, transfers, (self.law,))[0][self.law].total

    @cached_property
    def moved(self) -> list[int]:
        """Bytes that a read of each part moves."""
        return [
            part.sizes[0]
            if len(part.sizes) == 1
            else sum(energy.lines(self.device, size) for size in part.sizes)
            for part in self.parts
        ]

    @cached_property
    def sizes(self) -> list[int]:
        """Bytes of the lines that each part fills."""
        return [energy.lines(self.device, size) for size in self.moved]

    @cached_property
    def spare(self) -> int:
        """Bytes of a partition that copies of a tensor may leave between them."""
        geometry = self.device.geometry
        return spare_bytes(self.parts, geometry.line_bytes, geometry.row_bytes)

    @cached_property
    def addresses(self) -> list[int]:
        """Where the reads of each part begin in a coarse placement: one after another."""
        return list(accumulate(self.sizes[:-1], initial=0))

    @property
    def points(self) -> tuple[devices.OperatingPoint, ...]:
        """The operating points to choose from."""
        return (*self.device.points, *self.further)

    def joules_at(self, price: Price) -> list[float]:
        """Return the energy of an inference's reads of each part."""
        point, banks = price
        timing = point.trcd_seconds, point.trp_seconds
        if (timing, banks) not in self._joules:
            # Commands are counted once a timing, which is what takes long.
            alike = [p for p in self.points if (p.trcd_seconds, p.trp_seconds) == timing]
            coarse = self.method == "coarse"
            addresses = self.addresses if coarse else [0] * len(self.parts)
            # What no partition has room for has a price all the same: what is missing is said.
            most = self.device.geometry.size_bytes
            moved = self.moved if coarse else [min(size, most) for size in self.moved]
            self._joules[timing, banks] = energy.reading_joules(
                self.device,
                list(zip(addresses, moved, strict=True)),
                [part.reads for part in self.parts],
                banks=banks,
                law=self.law,
                points=alike,
            )
        return self._joules[timing, banks][point]

    @cached_property
    def _joules(self) -> dict[tuple, dict[devices.OperatingPoint, list[float]]]:
        """Of each part by point, by the timing and the banks."""
        return {}

    def hazard(self, bers: Sequence[float]) -> np.ndarray:
        """Return the hazard of the single cells of each part at each BER, ``[parts, bers]``."""
        assert self.hazards is not None
        found = np.zeros((len(self.parts), len(bers)))
        for (how, strong), numbers, tensors in self._alike:
            found[numbers] = self.hazards.at(tensors, how, np.array(bers), strong=strong)
        return found

    def limits(self, bers: Sequence[float]) -> list[float]:
        """Return the highest of some BERs that each part bears, at least.

        With a budget, a tensor that is stored otherwise than its tolerance was found bears a BER at
        which its critical bits read wrong no more often than they did then. All others bear their
        tolerance.
        """
        limits = np.array([part.tolerance for part in self.parts])
        if self.hazards is None:
            return limits.tolist()
        rates = np.unique(bers)
        lower = np.concatenate([[0.0], rates])  # of each rate, 0 if it is the lowest
        for how, numbers, tensors, allowed in self._otherwise:
            over = self.hazards.effective(tensors, how, rates) > allowed
            limits[numbers] = lower[np.where(over.any(axis=1), over.argmax(axis=1), len(rates))]
        return limits.tolist()

    @cached_property
    def _otherwise(self) -> list[tuple[Protection, list[int], list[int], np.ndarray]]:
        """What is stored otherwise than its tolerance was found: how, and the numbers of the parts.

        Then those of their tensors, and how often a critical bit of each may read wrong, `[n, 1]`.
        """
        assert self.hazards is not None
        before = [Protection.parse(getattr(tensor, "protection", NONE)) for tensor in self.tensors]
        groups: dict[tuple[Protection, Protection], list[tuple[int, int]]] = {}
        for (how, strong), numbers, tensors in self._alike:
            for number, tensor in zip(numbers, tensors, strict=True):
                if not strong and before[tensor] != how:  # strong bits have a rate of their own
                    groups.setdefault((how, before[tensor]), []).append((number, tensor))
        found = []
        for (how, was), pairs in groups.items():
            numbers, tensors = map(list, zip(*pairs, strict=True))
            borne = np.array([[self.tensors[tensor].tolerance] for tensor in tensors])
            found.append((how, numbers, tensors, self.hazards.effective(tensors, was, borne)))
        return found

    @cached_property
    def _alike(self) -> list[tuple[tuple[Protection, bool], list[int], list[int]]]:
        """The numbers of parts, and of their tensors, that are stored alike."""
        groups: dict[tuple[Protection, bool], list[int]] = {}
        for number, part in enumerate(self.parts):
            how = self.protected[part.tensor][1]
            groups.setdefault((how, part.strong), []).append(number)
        return [
            (alike, numbers, [self.parts[number].tensor for number in numbers])
            for alike, numbers in groups.items()
        ]


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


def entries_of(
    task: Task, where: Sequence[Sequence[Place]], whys: Sequence[str]
) -> dict[str, Entry]:
    """Put the tensors in their places.

    Args:
        task: What is asked for.
        where: The places of the pieces of each part.
        whys: Why each part went there.
    """
    placed = {part.tensor: i for i, part in enumerate(task.parts) if not part.strong}
    strong = {part.tensor: i for i, part in enumerate(task.parts) if part.strong}
    entries = {}
    for number, (tensor, how) in enumerate(task.protected):
        pieces = [*where[placed[number]]] if number in placed else []
        pieces += [*where[strong[number]]] if number in strong else []
        pieces += [task.rated[number]] if number in task.rated else []
        home, *further = pieces
        entries[tensor.name] = Entry(
            name=tensor.name,
            kind=tensor.kind,
            elements=tensor.elements,
            size_bytes=tensor.size_bytes,
            reads=tensor.reads,
            tolerance=tensor.tolerance,
            partition=home.partition,
            address=home.address,
            row_bytes=home.row_bytes,
            ber=home.ber,
            why=whys[placed[number]] if number in placed else "reliable: at the rated point",
            protection=str(how),
            places=tuple(further),
        )
    return entries


def protecting(task: Task, part: Part) -> str:
    """Say what of a part's room is for its protection, if anything is."""
    how = task.protected[part.tensor][1]
    extra = sum(part.sizes[1:])
    return f" ({extra} of them for {how})" if extra else ""
