"""DRAM energy and time of inference, nominal and approximate.

Equations of DRAMPower 4.0 from command counts, with the voltage law as a parameter: ``linear``
(constant current, energy ~ V), ``cv2`` (energy ~ V^2) and ``array`` (activate, precharge and
refresh ~ V^2, the rest keeps its energy). All agree at the voltage for which the currents hold.
Energies are of the whole rank: every command goes to all of its chips.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from eden import traffic
from eden._load import core
from eden.devices import Device, OperatingPoint
from eden.placement import WHOLE_MODULE, Placement

LAWS = ("linear", "cv2", "array")
SYSTEMS = ("streaming",)

Timing = core.Timing
Currents = core.Currents
CommandCounts = core.CommandCounts


@dataclass(frozen=True)
class Components:
    """Energy by component, in joules."""

    activate: float = 0.0
    precharge: float = 0.0
    read: float = 0.0
    write: float = 0.0
    refresh: float = 0.0
    background_active: float = 0.0
    background_precharged: float = 0.0

    @property
    def background(self) -> float:
        """Standby energy with rows open and with all closed, in joules."""
        return self.background_active + self.background_precharged

    @property
    def total(self) -> float:
        """Sum of all components, in joules."""
        return sum(vars(self).values())

    def __add__(self, other: Components) -> Components:
        """Add component by component."""
        pairs = ((f.name, getattr(self, f.name) + getattr(other, f.name)) for f in fields(self))
        return Components(**dict(pairs))

    def scaled(self, factor: float) -> Components:
        """Return every component times a factor."""
        return Components(**{name: factor * value for name, value in vars(self).items()})

    def to_dict(self) -> dict[str, float]:
        """Return the components and their total, in joules."""
        return {**vars(self), "total": self.total}


@dataclass(frozen=True)
class Energy:
    """DRAM energy and time of one inference.

    Attributes:
        system: ``streaming``: an inference reads weights and IFMs once and writes OFMs once, with
            open rows, one tensor after the other.
        nominal: Components in joules at the rated voltage and latencies, lines interleaved over all
            banks. The laws agree there.
        approximate: By voltage law, components in joules of the placement.
        nominal_seconds: Time of the transfers at the rated point.
        approximate_seconds: Time of the transfers of the placement.
        traffic_bytes: Bytes moved: ``weights``, ``inputs``, ``outputs``, and ``reliable``, the part
            of them that stays at the rated point because it was not placed.
        assumptions: What the numbers rest on, in words.
    """

    system: str
    nominal: Components
    approximate: Mapping[str, Components]
    nominal_seconds: float
    approximate_seconds: float
    traffic_bytes: Mapping[str, float]
    assumptions: tuple[str, ...]

    def saving(self, law: str = "linear") -> float:
        """Return the energy saved, as a fraction of nominal; negative if more is used.

        Raises:
            ValueError: For a law that was not evaluated.
        """
        if law not in self.approximate:
            raise ValueError(f"law = {law!r}; accepted: {', '.join(self.approximate)}")
        return 1 - self.approximate[law].total / self.nominal.total

    def to_dict(self) -> dict:
        """Return plain data: joules by component and law, seconds, bytes, assumptions."""
        return {
            "system": self.system,
            "nominal_joules": self.nominal.to_dict(),
            "approximate_joules": {law: c.to_dict() for law, c in self.approximate.items()},
            "saving": {law: self.saving(law) for law in self.approximate},
            "nominal_seconds": self.nominal_seconds,
            "approximate_seconds": self.approximate_seconds,
            "traffic_bytes": dict(self.traffic_bytes),
            "assumptions": list(self.assumptions),
        }


def dram_energy(
    counts: CommandCounts,
    currents: Currents,
    timing: Timing,
    *,
    vdd_volts: float | None = None,
    law: str = "linear",
) -> Components:
    """Return the energy of one chip for a stretch of commands.

    Args:
        counts: Commands, and cycles with rows open and with all closed.
        currents: Supply currents in amperes, and the voltage at which they hold.
        timing: Datasheet timings, in seconds.
        vdd_volts: Supply voltage; the one of the currents if left out.
        law: How the energy follows the voltage: ``linear``, ``cv2`` or ``array``.

    Returns:
        Joules by component.

    Raises:
        ValueError: For an unknown law or a voltage that is not above 0.

    Reference: DRAMPower 4.0 (www.drampower.info).
    """
    vdd = currents.vdd_volts if vdd_volts is None else vdd_volts
    return Components(**core.dram_energy(counts, currents, timing, vdd, law))


@dataclass(frozen=True)
class Transfer:
    """A tensor read or written from end to end at an operating point.

    Attributes:
        write: Written rather than read.
        interleaved: Lines lie in turn in all banks; else within one bank after the other.
        address: First byte in the module's address space of that order.
        size_bytes: Bytes moved, at least 1.
        point: Operating point.
        times: How often.
    """

    write: bool
    interleaved: bool
    address: int
    size_bytes: int
    point: OperatingPoint
    times: float = 1.0


def stream(
    device: Device, transfers: Sequence[Transfer], laws: Sequence[str]
) -> tuple[dict[str, Components], float]:
    """Return joules of the rank by law, and seconds, of transfers made one after another.

    Raises:
        ValueError: For a transfer outside the module or an unknown law.
    """
    accesses = [
        core.StreamAccess(
            write=t.write,
            interleaved=t.interleaved,
            address=t.address,
            bytes=t.size_bytes,
            trcd_seconds=t.point.trcd_seconds,
            trp_seconds=t.point.trp_seconds,
        )
        for t in transfers
    ]
    counted = core.stream(device.geometry, device.timing, accesses)
    joules = {law: Components() for law in laws}
    cycles = 0.0
    for counts, transfer in zip(counted, transfers, strict=True):
        # Every command goes to all chips of the rank.
        times = transfer.times * device.geometry.chips
        for law in laws:
            one = dram_energy(
                counts,
                device.currents,
                device.timing,
                vdd_volts=transfer.point.vdd_volts,
                law=law,
            )
            joules[law] += one.scaled(times)
        cycles += transfer.times * (counts.active_cycles + counts.precharged_cycles)
    return joules, cycles * device.timing.clock_seconds


def evaluate_energy(
    model, sample, placement: Placement, *, system: str = "streaming", law: str | None = None
) -> Energy:
    """Return DRAM energy and time of one inference, nominal and with the placement.

    The network runs once on the sample to learn the sizes of its OFMs and of tensors that were not
    placed; those stay at the rated point. An OFM of a module whose IFM is placed is written to the
    partition of that IFM.

    Args:
        model: The network (``torch.nn.Module``); not changed.
        sample: Its input, or a tuple of inputs; dimension 0 of the first tensor is the batch.
        placement: Where its tensors lie.
        system: ``streaming``, the only one so far.
        law: One voltage law; all three if left out.

    Returns:
        Joules and seconds of one inference.

    Raises:
        ValueError: For an unknown system or law, or a placement without a config.
    """
    if system not in SYSTEMS:
        raise ValueError(f"system = {system!r}; accepted: {', '.join(SYSTEMS)}")
    if law is not None and law not in LAWS:
        raise ValueError(f"law = {law!r}; accepted: {', '.join(LAWS)}")
    moves = traffic.observe(model, sample, placement)
    device = placement.device
    joules, seconds = stream(device, _approximate(device, placement, moves), LAWS)
    rated, rated_seconds = stream(device, _nominal(device, moves), ("linear",))
    by_kind = {
        kind + "s": sum(m.size_bytes * m.times for m in moves if m.kind == kind)
        for kind in ("weight", "input", "output")
    }
    reliable = sum(m.size_bytes * m.times for m in moves if m.home is None)
    return Energy(
        system=system,
        nominal=rated["linear"],
        approximate=joules if law is None else {law: joules[law]},
        nominal_seconds=rated_seconds,
        approximate_seconds=seconds,
        traffic_bytes={**by_kind, "reliable": reliable},
        assumptions=_assumptions(device),
    )


def _nominal(device: Device, moves: Sequence[traffic.Move]) -> list[Transfer]:
    """Lay all tensors one after another, lines interleaved, at the rated point."""
    transfers, address = [], 0
    for move in moves:
        address = address if address + move.size_bytes <= device.geometry.size_bytes else 0
        write = move.kind == "output"
        transfers.append(
            Transfer(write, True, address, move.size_bytes, device.nominal, move.times)
        )
        address += lines(device, move.size_bytes)
    return transfers


def _approximate(
    device: Device, placement: Placement, moves: Sequence[traffic.Move]
) -> list[Transfer]:
    base = {p.name: p.base for p in (*device.partitions, *device.subarrays)}
    transfers = []
    for move in moves:
        write = move.kind == "output"
        if move.home is None:
            transfers.append(Transfer(write, True, 0, move.size_bytes, device.nominal, move.times))
            continue
        entry = placement.entries[move.home]
        interleaved = entry.partition == WHOLE_MODULE
        start = entry.address + (0 if interleaved else base[entry.partition])
        point = placement.points[entry.partition]
        transfers.append(Transfer(write, interleaved, start, move.size_bytes, point, move.times))
    return transfers


def lines(device: Device, size_bytes: int) -> int:
    """Return a size rounded up to whole lines, in bytes."""
    line = device.geometry.line_bytes
    return -(-size_bytes // line) * line


def _assumptions(device: Device) -> tuple[str, ...]:
    notes = [
        "streaming: an inference reads weights and IFMs once, writes OFMs once, open page",
        "nominal: rated voltage and latencies, lines interleaved over all banks",
        "tensors that are not placed stay at the rated point",
    ]
    if device.currents.assumed:
        notes.append(f"currents are assumed at {device.currents.vdd_volts:g} V (not of this part)")
    return tuple(notes)
