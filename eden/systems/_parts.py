"""Joules of what a system's memory did, by component and voltage law."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from eden._native import core
from eden.dram import Memory, energy_of
from eden.energy import LAWS
from eden.systems._homes import Stream
from eden.systems._ran import Ran


@dataclass(frozen=True)
class Parts:
    """Joules of all channels and supplies.

    Attributes:
        activate_precharge: Opening and closing rows.
        read_write: The core's, of reads and writes, above standby.
        background: Standby with rows open and with all closed, and coming back from power-down.
        power_down: Standby in power-down or self-refresh.
        refresh: Of all time, idle too.
        interface: Pins and termination; 0 for a memory that does not describe them.
    """

    activate_precharge: float = 0
    read_write: float = 0
    background: float = 0
    power_down: float = 0
    refresh: float = 0
    interface: float = 0

    @property
    def total(self) -> float:
        """Sum of all."""
        return sum(vars(self).values())

    @property
    def moving(self) -> Parts:
        """What commands took, without what all time takes."""
        return replace(self, background=0.0, power_down=0.0, refresh=0.0)

    @property
    def waiting(self) -> Parts:
        """What all time takes, without what commands took."""
        return replace(self, activate_precharge=0.0, read_write=0.0, interface=0.0)

    def plus(self, other: Parts, times: float = 1) -> Parts:
        """Return the sum with so many times another."""
        return Parts(
            *(a + times * b for a, b in zip(vars(self).values(), vars(other).values(), strict=True))
        )

    def to_dict(self) -> dict[str, float]:
        """Return components and total."""
        return {**vars(self), "total": self.total}


def parts_of(
    memory: Memory,
    ran: Ran,
    vdd_volts: float,
    law: str,
    *,
    refresh: bool = True,
    channels: slice = slice(None),
) -> Parts:
    """Return the joules of a layer whose tensors all lie at one supply.

    Commands stand for the whole layer by the fraction that was simulated, standby and power-down by
    the time. Refreshes are as many as there are tREFI in the layer: a short one may see none.
    """
    found = Parts()
    for channel in ran.counts[channels]:
        for rank in channel:
            found = found.plus(_of_rank(memory, ran, rank, vdd_volts, law, refresh=refresh))
    return found


def _of_rank(memory: Memory, ran: Ran, rank, vdd_volts: float, law: str, *, refresh: bool) -> Parts:
    energy = energy_of(memory, [rank], vdd_volts, law, None)
    whole = 1 / ran.fraction
    length = energy.seconds
    over_time = ran.seconds / length if length > 0 else 0.0
    sums = {
        name: sum(supply[name] for supply in energy.joules.values())
        for name in next(iter(energy.joules.values()))
    }
    intervals = ran.seconds / (memory.clocks["tREFI"] * memory.clock_seconds) if refresh else 0.0
    return Parts(
        activate_precharge=whole * (sums["activate"] + sums["precharge"]),
        read_write=whole * (sums["read"] + sums["write"]),
        background=over_time * (sums["background_active"] + sums["background_precharged"]),
        power_down=over_time * (sums["power_down"] + sums["self_refresh"]),
        refresh=intervals * _one_refresh(memory, vdd_volts, law),
        interface=whole * sum(energy.interface_joules.values()),
    )


def _one_refresh(memory: Memory, vdd_volts: float, law: str) -> float:
    found = memory.native.energy(core.TraceCounts(refreshes=1), vdd_volts, law, {})
    return memory.chips * sum(found[s]["refresh"] for s in ("main", "second") if s in found)


def joules_of(
    memory: Memory,
    runs: Sequence[Ran],
    laws: Sequence[str] = LAWS,
    standby_volts: Sequence[float | None] = (),
) -> Mapping[str, list[Parts]]:
    """Return the joules of layers by law, each tensor at its own supply.

    Of a layer with tensors at several, each supply is charged for the share of the bytes that lie
    there: commands, standby and refresh alike. Of several modules, each with its share of the
    channels, standby and refresh go by the bytes that lie in each; one that moves nothing waits at
    its own supply, or, if it holds nothing, as the layer is charged.
    """
    return {law: [_mixed(memory, ran, law, standby_volts) for ran in runs] for law in laws}


def _mixed(memory: Memory, ran: Ran, law: str, standby_volts: Sequence[float | None]) -> Parts:
    # What moves nothing waits at the rated supply.
    shares = _shares(ran.streams) or {memory.vdd_volts: 1.0}
    found = Parts()
    for volts, share in shares.items():
        found = found.plus(parts_of(memory, ran, volts, law), share)
    if not standby_volts:
        return found
    found, each = found.moving, len(ran.counts) // len(standby_volts)
    for module, standby in enumerate(standby_volts):
        own = _shares([s for s in ran.streams if s.module == module])
        own = own or (shares if standby is None else {standby: 1.0})
        channels = slice(module * each, (module + 1) * each)
        for volts, share in own.items():
            waits = parts_of(memory, ran, volts, law, channels=channels).waiting
            found = found.plus(waits, share)
    return found


def _shares(streams: Sequence[Stream]) -> dict[float, float]:
    """The share of the bytes at each supply; none where nothing is moved."""
    moved: dict[float, float] = {}
    for s in streams:
        moved[s.vdd_volts] = moved.get(s.vdd_volts, 0.0) + s.size_bytes * s.passes
    total = sum(moved.values())
    return {volts: size / total for volts, size in moved.items()} if total else {}
