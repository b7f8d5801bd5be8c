"""Joules of a trace of commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from eden._native import core
from eden._say import a_kind, refusal, within
from eden.dram._data import Data
from eden.dram._memory import Memory
from eden.dram._pieces import pieces

COMPONENTS = (
    "activate",
    "precharge",
    "read",
    "write",
    "refresh",
    "background_active",
    "background_precharged",
    "power_down",
    "self_refresh",
)


@dataclass(frozen=True)
class TraceEnergy:
    """Counts and joules of all ranks of a channel.

    Attributes:
        seconds: From clock 0 to the end of the last command.
        counts: Commands and clocks of each rank, as one chip sees them.
        joules: Of the whole channel (every command goes to all chips of a rank), by supply
            (``main``, and ``second`` where there is one) and component.
        interface_joules: ``read`` and ``write`` (termination) of the pins; 0 where the memory does
            not describe them.
        by_bank: For each bank its commands, the clocks it was open, and joules of its own
            activates, precharges, reads and writes.
        data_joules: What ``read`` and ``write`` data take beyond those that the currents were
            measured with; empty if the data or the memory's slopes are not given.
    """

    seconds: float
    counts: list[dict[str, int]]
    joules: dict[str, dict[str, float]]
    interface_joules: dict[str, float]
    by_bank: list[dict[str, float]]
    data_joules: dict[str, float] = field(default_factory=dict)

    @property
    def total(self) -> float:
        """Sum of all, in joules."""
        core_joules = sum(sum(parts.values()) for parts in self.joules.values())
        rest = (*self.interface_joules.values(), *self.data_joules.values())
        return core_joules + sum(rest)

    def to_dict(self) -> dict:
        """Return all of it, with the total."""
        return {**vars(self), "total": self.total}


def check_supply(vdd_volts: float | None, laws: Mapping[str, tuple[float, float]] | None) -> None:
    """Refuse what is no voltage, and what is no share and power."""
    if vdd_volts is not None:
        within("vdd_volts", vdd_volts, 0.1, 5)
    for name, law in (laws or {}).items():
        if not isinstance(law, (tuple, list)) or len(law) != 2:
            raise ValueError(refusal(f"laws[{name!r}]", law, "a share and a power"))
        within(f"laws[{name!r}] share", law[0], 0, 1)
        within(f"laws[{name!r}] power", law[1], 0, 10)


def energy_of(
    memory: Memory,
    ranks: list[core.RankCounts],
    vdd_volts: float | None,
    law: str,
    laws: Mapping[str, tuple[float, float]] | None,
    data: Data | None = None,
) -> TraceEnergy:
    """Return the energy of counted ranks; arguments as those of `trace_energy`."""
    volts, own, chips = vdd_volts or 0.0, dict(laws or {}), memory.chips
    joules: dict[str, dict[str, float]] = {}
    interface = {"read": 0.0, "write": 0.0}
    counts, banks = [], []
    for rank in ranks:
        found = memory.native.energy(rank.counts, volts, law, own)
        for supply in ("main", "second"):
            if supply in found:
                sums = joules.setdefault(supply, dict.fromkeys(COMPONENTS, 0.0))
                for name in COMPONENTS:
                    sums[name] += chips * found[supply][name]
        interface["read"] += chips * found["read_interface"]
        interface["write"] += chips * found["write_termination"]
        counts.append(_fields(rank.counts))
        for bank in rank.banks:
            parts = memory.native.bank_energy(bank, volts, law, own)
            banks.append({**_fields(bank), "joules": chips * sum(parts.values())})
    length = max(rank.counts.length for rank in ranks)
    by_data = {}
    if data is not None and memory.slopes is not None:
        rated = memory.vdd_volts
        burst = rated * memory.clocks["BL"] * memory.clock_seconds
        burst *= chips * core.column_factor((vdd_volts or rated) / rated, law, own)
        for kind in ("read", "write"):
            moved = sum(n[f"{kind}s"] for n in counts)
            by_data[kind] = moved * burst * memory.slopes.amperes(kind, data)
    return TraceEnergy(length * memory.clock_seconds, counts, joules, interface, banks, by_data)


def _fields(value: core.TraceCounts | core.BankCounts) -> dict[str, int]:
    names = (name for name in dir(value) if not name.startswith("_"))
    return {name: getattr(value, name) for name in names}


def trace_energy(
    memory: Memory,
    commands: Path | str,
    *,
    vdd_volts: float | None = None,
    law: str = "linear",
    laws: Mapping[str, tuple[float, float]] | None = None,
    data: Data | None = None,
    counting: str = "drampower4",
    format: str = "auto",
    progress: bool = False,
) -> TraceEnergy:
    """Return the energy of a trace of commands, by the equations of DRAMPower 4.0.

    Args:
        memory: The memory that obeyed them. Whether it may is `check_commands`' business.
        commands: File of the commands, plain or gzip.
        vdd_volts: Main supply; that of the currents if left out.
        law: How the components follow it: ``linear``, ``cv2`` or ``array``.
        laws: Others by component (``array``, ``column``, ``background``, ``refresh``,
            ``interface``): share f from 0 to 1 and power n from 0 to 10 of
            ``E(V) = E(V0) ((1 - f) + f (V / V0)^n)``.
        data: Ones and toggles of what is moved, for a memory that gives slopes.
        counting: ``drampower4`` counts clocks as that tool does, some of them twice after a
            precharge of a closed bank, and ends each rank with its own last command; ``once``
            counts each once, of all ranks until the last command is complete.
        format: ``native``, ``drampower4``, ``drampower5``, or ``auto``.
        progress: Show a bar.

    Raises:
        ValueError: One line with file and line number for what is no command, and for a memory
            that gives no current of a state in which the trace rests.
        OSError: If the file cannot be read.

    Reference: DRAMPower 4.0 (www.drampower.info).
    """
    a_kind("memory", memory, Memory, "a Memory")
    check_supply(vdd_volts, laws)
    path = Path(commands)
    trace = core.CommandTrace(
        memory.native, str(path), format, counting, check=False, refresh=False, limit=0
    )
    for piece in pieces(path, progress=progress):
        trace.feed(piece)
    return energy_of(memory, trace.finish(False), vdd_volts, law, laws, data)
