"""Energy of counted commands of one chip, by component."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import reduce
from operator import add

from eden._native import core
from eden._say import a_kind, a_number, within

LAWS = ("linear", "cv2", "array")

Timing = core.Timing
Currents = core.Currents
CommandCounts = core.CommandCounts


@dataclass(frozen=True)
class Components:
    """Energy by component, in joules; ``interface`` is of pins and termination."""

    activate: float = 0.0
    precharge: float = 0.0
    read: float = 0.0
    write: float = 0.0
    refresh: float = 0.0
    background_active: float = 0.0
    background_precharged: float = 0.0
    interface: float = 0.0

    @property
    def background(self) -> float:
        """Standby energy with rows open and with all closed, in joules."""
        return self.background_active + self.background_precharged

    @property
    def total(self) -> float:
        """Sum of all components, in joules."""
        # sum() rounds otherwise from Python 3.12 on; the core adds in this order.
        return reduce(add, vars(self).values())

    def __add__(self, other: Components) -> Components:
        """Add component by component."""
        pairs = ((f.name, getattr(self, f.name) + getattr(other, f.name)) for f in fields(self))
        return Components(**dict(pairs))

    def scaled(self, factor: float) -> Components:
        """Return every component times a factor of at least 0."""
        within("factor", factor, 0)
        return Components(**{name: factor * value for name, value in vars(self).items()})

    def to_dict(self) -> dict[str, float]:
        """Return the components and their total, in joules."""
        return {**vars(self), "total": self.total}


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
        ValueError: For an unknown law or a voltage that no DRAM has.

    Reference: DRAMPower 4.0 (www.drampower.info).
    """
    a_kind("counts", counts, CommandCounts, "CommandCounts")
    a_kind("currents", currents, Currents, "Currents")
    a_kind("timing", timing, Timing, "Timing")
    a_kind("law", law, str, ", ".join(LAWS))
    vdd = currents.vdd_volts if vdd_volts is None else vdd_volts
    a_number("vdd_volts", vdd)
    return Components(**core.dram_energy(counts, currents, timing, vdd, law))
