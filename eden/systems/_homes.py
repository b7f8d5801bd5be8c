"""Where the tensors of a network lie in a system's memory, and at which supply."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from eden._say import refusal
from eden.devices import Device
from eden.dram import Memory
from eden.mapping import RATED, WHOLE_MODULE, Placement
from eden.systems._layers import Call
from eden.systems._modules import module_number, waiting_points

_PAGE = 4096


@dataclass(frozen=True)
class Stream:
    """A tensor, or a piece of one, that a layer moves.

    Attributes:
        kind: ``weight``, ``input`` or ``output``.
        address: Its first byte in the memory.
        size_bytes: Moved each time, at least 1.
        passes: How often.
        write: Written rather than read.
        vdd_volts: Supply where it lies.
        module: Of several, the one that it lies in.
    """

    kind: str
    address: int
    size_bytes: int
    passes: float
    write: bool
    vdd_volts: float
    module: int = 0


@dataclass(frozen=True)
class Passes:
    """How often a layer moves each of its tensors."""

    weight: float = 1
    input: float = 1
    output: float = 1


class Homes(Protocol):
    """Where tensors lie."""

    @property
    def memory(self) -> Memory:
        """The memory, at its latencies."""
        ...

    @property
    def map(self) -> str | None:
        """Address map that the places ask for; None for that of the system."""
        ...

    @property
    def standby_volts(self) -> tuple[float | None, ...]:
        """Supply at which each of several modules waits, None if it is empty; () of one alone."""
        ...

    def streams(self, call: Call, passes: Passes) -> list[Stream]:
        """Return what a layer moves."""
        ...


class Free:
    """Room that is handed out page by page, from the begin again once the memory is full."""

    def __init__(self, memory: Memory):
        self._size, self._next = memory.size_bytes, 0

    def take(self, size_bytes: int) -> int:
        """Return the address of so much room."""
        if size_bytes > self._size:
            raise ValueError(refusal("bytes of a tensor", size_bytes, f"at most {self._size}"))
        if self._next + size_bytes > self._size:
            self._next = 0
        start, self._next = self._next, self._next + -(-size_bytes // _PAGE) * _PAGE
        return start


class OnePoint:
    """All tensors one after another in a memory at one operating point."""

    map = None
    standby_volts = ()

    def __init__(self, memory: Memory, vdd_volts: float):
        self.memory, self._volts, self._free = memory, vdd_volts, Free(memory)
        self._rated = memory.vdd_volts

    def streams(self, call: Call, passes: Passes) -> list[Stream]:
        """Return what a layer moves; what no system knows lies at the rated supply."""
        volts = self._rated if call.layer.kind == "other" else self._volts
        moves = (
            ("weight", call.layer.weight_bytes, passes.weight),
            ("input", call.layer.input_bytes, passes.input),
            ("output", call.layer.output_bytes, passes.output),
        )
        return [
            Stream(kind, self._free.take(size), size, times, kind == "output", volts)
            for kind, size, times in moves
            if size and times
        ]


class Placed:
    """Tensors where a placement has them; the others at the rated point.

    Args:
        memory: The system's.
        placement: For a device that `check_device` takes for such a memory.
    """

    def __init__(self, memory: Memory, placement: Placement):
        self._placement, self._free = placement, Free(memory)
        self._rated = memory.vdd_volts
        self._partitions = placement.partitions
        own = [name for name in placement.points if name not in (WHOLE_MODULE, RATED)]
        # A partition is a run of rows of a bank: addresses go through a bank and then the next.
        self.map = "ChRaBaRoCo" if own else None
        self.memory = _at_points(memory, placement, own)
        modules, device = placement.modules, placement.device
        # A module begins with a channel, which may be larger than the device.
        self._gap = memory.size_bytes // modules - device.geometry.size_bytes
        waiting = waiting_points(placement)
        volts = [waiting[m].vdd_volts if m in waiting else None for m in range(modules)]
        self.standby_volts = tuple(volts) if modules > 1 else ()

    def streams(self, call: Call, passes: Passes) -> list[Stream]:
        """Return what a layer moves."""
        layer = call.layer
        found: list[Stream] = []
        elements = max(1, sum(call.weights.values()))
        for name, own in call.weights.items():
            size = math.ceil(layer.weight_bytes * own / elements)
            found += self._of("weight", name, layer.kind, size, passes.weight)
        name = call.input_name
        found += self._of("input", name, layer.kind, layer.input_bytes, passes.input, layer.batch)
        # An OFM lies where the IFM of its module does; the copies of that IFM were written by the
        # layer before, which is charged here.
        home = None if name is None else self._home(name)
        if passes.output and layer.output_bytes:
            volts, module = self._rated, 0
            address = self._free.take(layer.output_bytes)
            if home is not None and layer.kind != "other":
                address, _, volts, module = home[0]
                address = min(address, self.memory.size_bytes - layer.output_bytes)
            moved = layer.output_bytes, passes.output
            found.append(Stream("output", address, *moved, True, volts, module))
        if home is not None and name is not None and passes.input:
            entry = self._placement.entries[name]
            if not entry.protection.startswith("strong_bits"):
                copies = [piece for piece in home[1:] if piece[1]]
                found += [
                    Stream("input", address, size, layer.batch, True, volts, module)
                    for address, size, volts, module in copies
                ]
        return found

    def _of(
        self, kind: str, name: str | None, layer: str, size: int, times: float, copies: int = 1
    ) -> list[Stream]:
        if not (size and times):
            return []
        home = None if name is None or layer == "other" else self._home(name)
        if home is None:
            return [Stream(kind, self._free.take(size), size, times, False, self._rated)]
        return [
            Stream(kind, address, size, times * copies, False, volts, module)
            for address, size, volts, module in home
            if size
        ]

    def _home(self, name: str) -> list[tuple[int, int, float, int]] | None:
        """Return address, bytes, supply and module of the pieces of a placed tensor."""
        if name not in self._placement.entries:
            return None
        found = []
        for piece in self._placement.pieces(name):
            if piece.partition == RATED:
                free = self._free.take(piece.size_bytes)
                found.append((free, piece.size_bytes, self._rated, 0))
                continue
            module = module_number(piece.partition, self._partitions)
            partition = self._partitions.get(piece.partition)
            base = 0 if partition is None else partition.base + module * self._gap
            volts = self._placement.points[piece.partition].vdd_volts
            found.append((base + piece.address, piece.size_bytes, volts, module))
        return found


def check_device(memory: Memory, device: Device, system: str) -> None:
    """Refuse a device that is not such a memory.

    Raises:
        ValueError: One line that says what differs.
    """
    rated = (device.geometry.banks, device.timing.clock_seconds, device.nominal.vdd_volts)
    own = (memory.banks, memory.clock_seconds, memory.vdd_volts)
    close = all(math.isclose(a, b, rel_tol=0.01) for a, b in zip(rated, own, strict=True))
    if not close or device.geometry.size_bytes > memory.size_bytes:
        said = "{} banks, clock of {:.4g} s, {:g} V, {} MiB"
        theirs = said.format(*rated, device.geometry.size_bytes >> 20)
        raise ValueError(
            f"placement is for device {device.name} ({theirs}), accepted for {system}: one for a "
            f"device like {memory.name} ({said.format(*own, memory.size_bytes >> 20)}); "
            "System.load(...).with_(memory=...) puts another memory beside it"
        )


def check_counted(placement: Placement, system: str, *, channels: int) -> None:
    """Refuse a placement that a system with tensors at its addresses cannot count.

    Args:
        placement: For a device that `check_device` takes.
        system: Name of the system, for the message.
        channels: Channels that its tensors are spread over.

    Raises:
        ValueError: One line that says what it is.
    """
    stretched = [p.refresh_seconds for p in placement.points.values() if p.refresh_stretch != 1]
    if stretched:
        raise ValueError(
            f"placement is refreshed every {stretched[0]:g} s, accepted for {system}: the rated "
            "interval; streaming counts longer ones"
        )
    if channels > placement.modules and not {WHOLE_MODULE, RATED}.issuperset(placement.points):
        raise ValueError(
            f"placement has tensors in partitions of {placement.modules} module(s), accepted for "
            f"the {channels} channels of {system}: a coarse one"
        )


def clocks_at(
    memory: Memory, trcd_seconds: float | None, trp_seconds: float | None
) -> dict[str, int]:
    """Return the clocks of a memory that other latencies change, rounded up."""
    rated, found = memory.clocks, {}
    if trcd_seconds is not None:
        found["tRCD"] = _clocks(memory, trcd_seconds)
        found["tRCDW"] = max(1, rated.get("tRCDW", rated["tRCD"]) + found["tRCD"] - rated["tRCD"])
    if trp_seconds is not None:
        found["tRP"] = _clocks(memory, trp_seconds)
        if (cycle := rated["tRAS"] + found["tRP"]) > rated["tRC"]:
            found["tRC"] = cycle
    return {key: value for key, value in found.items() if value != rated.get(key)}


def _clocks(memory: Memory, seconds: float) -> int:
    return max(1, math.ceil(seconds / memory.clock_seconds - 1e-6))


def _at_points(memory: Memory, placement: Placement, partitions: list[str]) -> Memory:
    """Return the memory with the latencies of a placement: of banks, or of all of it."""
    if not partitions:
        point = placement.points.get(WHOLE_MODULE, placement.device.nominal)
        return memory.with_clocks(clocks_at(memory, point.trcd_seconds, point.trp_seconds))
    known = placement.partitions
    banks: dict[int, Mapping[str, int]] = {}
    for name in partitions:
        point = placement.points[name]
        own = clocks_at(memory, point.trcd_seconds, point.trp_seconds)
        # A bank keeps the slowest latencies of its partitions.
        bank = known[name].bank
        before = banks.get(bank, own)
        keys = own.keys() | before.keys()
        rated = memory.clocks
        banks[bank] = {k: max(own.get(k, rated[k]), before.get(k, rated[k])) for k in keys}
    return memory.with_clocks({}, {bank: own for bank, own in banks.items() if own})
