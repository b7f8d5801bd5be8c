"""A trace of requests through the controllers of a memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from eden._files import parse_json
from eden._native import core
from eden._say import a_kind, an_int, refusal
from eden.dram._data import Data
from eden.dram._energy import TraceEnergy, check_supply, energy_of
from eden.dram._memory import Memory
from eden.dram._pieces import Out, pieces


@dataclass(frozen=True)
class Simulated:
    """What came of a trace of requests.

    Attributes:
        requests: Of the trace.
        reads: That the memory served.
        writes: That it served.
        forwarded: Reads answered from a write that waited.
        row_hits: Accesses for which no row was opened.
        mean_latency_clocks: Of a read, from acceptance to its last beat; 0 without reads.
        mean_latency_from_arrival_clocks: The same from its arrival.
        longest_latency_clocks: The longest from acceptance.
        data_end_clock: End of the last access of any channel.
        last_column_clock: When the last read or write command was sent.
        seconds: Until `data_end_clock`.
        bandwidth: Bytes a second, of all channels.
        channels: Counts and joules of each.
    """

    requests: int
    reads: int
    writes: int
    forwarded: int
    row_hits: int
    mean_latency_clocks: float
    mean_latency_from_arrival_clocks: float
    longest_latency_clocks: int
    data_end_clock: int
    last_column_clock: int
    seconds: float
    bandwidth: float
    channels: list[TraceEnergy]

    @property
    def total_joules(self) -> float:
        """Energy of all channels."""
        return sum(channel.total for channel in self.channels)

    def to_dict(self) -> dict:
        """Return all of it as plain data."""
        channels = [channel.to_dict() for channel in self.channels]
        return {**vars(self), "channels": channels, "total_joules": self.total_joules}


def read_policy(path: Path | str | None) -> dict[str, object]:
    """Return the knobs of a JSON file, none without one; `simulate` checks them.

    Raises:
        ValueError: One line that names the file, if it holds no JSON object.
        OSError: If it cannot be read.
    """
    if path is None:
        return {}
    try:
        found = parse_json(Path(path).read_text())
    except ValueError as error:
        raise ValueError(f"{path}: no JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path}: {refusal('policy', found, 'a JSON object')}")
    return found


def command_files(commands: Path | str | None, channels: int) -> list[Path]:
    """Return where `simulate` writes the commands of each channel: none without ``commands``.

    Of one channel that is the file itself; of several ``c.txt.gz`` becomes ``c.ch0.txt.gz``,
    ``c.ch1.txt.gz`` and so on.
    """
    if commands is None:
        return []
    path = Path(commands)
    if channels == 1:
        return [path]
    stem, dot, endings = path.name.partition(".")
    return [path.with_name(f"{stem}.ch{i}{dot}{endings}") for i in range(channels)]


def simulate(
    memory: Memory,
    trace: Path | str,
    *,
    map: str = "RoBaRaCoCh",
    policy: Mapping[str, object] | None = None,
    commands: Path | str | None = None,
    vdd_volts: float | None = None,
    law: str = "linear",
    laws: Mapping[str, tuple[float, float]] | None = None,
    data: Data | None = None,
    format: str = "auto",
    commands_format: str = "native",
    until_clock: int = 0,
    close: bool = False,
    progress: bool = False,
) -> Simulated:
    """Serve a trace of requests, in constant memory.

    Args:
        memory: That serves them; its rules are kept.
        trace: File of the requests, plain or gzip.
        map: Address map: ``RoBaRaCoCh``, ``ChRaBaRoCo``, ``MOP4CLXOR``, or one of your own such
            as ``ro ba bg ra co ch; bg ^= ro`` (docs/dram.md).
        policy: Knobs of the controller (docs/dram.md); an open page and refresh of all banks.
        commands: Where to write the commands; gzip if the name ends in ``.gz``. Of several
            channels a file each, as `command_files` names them.
        vdd_volts: Main supply; that of the currents if left out.
        law: How the energy follows it, as for `trace_energy`.
        laws: The same by component.
        data: Ones and toggles of what is moved, for a memory that gives slopes.
        format: ``native``, ``dramsim3``, ``ramulator2``, ``simpleo3``, or ``auto``.
        commands_format: ``native``, ``drampower4`` or ``drampower5``.
        until_clock: Go on refreshing up to this clock.
        close: Close all rows at the end, before the energy is counted.
        progress: Show a bar.

    Raises:
        ValueError: One line with file and line number for what is no request, and for knobs or a
            map that cannot be.
        OSError: If a file cannot be read or written.
    """
    a_kind("memory", memory, Memory, "a Memory")
    an_int("until_clock", until_clock, 0)
    check_supply(vdd_volts, laws)
    path = Path(trace)
    run = core.Simulation(
        memory.native,
        str(path),
        map,
        json.dumps(dict(policy or {})),
        format,
        "auto" if commands is None else commands_format,
        "once",
        close,
    )
    outs = command_files(commands, run.channels)
    if path.resolve() in [out.resolve() for out in outs]:
        raise ValueError(refusal("commands", str(commands), "another file than the trace"))
    with ExitStack() as files:
        writes = [files.enter_context(Out(file)) for file in outs]

        def write_all() -> None:
            for channel, write in enumerate(writes):
                write(run.take_commands(channel))

        for piece in pieces(path, progress=progress):
            run.feed(piece)
            write_all()
        run.finish(until_clock)
        write_all()
    served = [run.served(channel) for channel in range(run.channels)]
    energy = [
        energy_of(memory, run.counts(channel), vdd_volts, law, laws, data)
        for channel in range(run.channels)
    ]
    return _summed(memory, run.requests, served, energy)


def _summed(
    memory: Memory, requests: int, served: list[dict[str, int]], energy: list[TraceEnergy]
) -> Simulated:
    def total(name: str) -> int:
        return sum(channel[name] for channel in served)

    reads, writes = total("reads"), total("writes")
    end = max(channel["data_end_clock"] for channel in served)
    seconds = end * memory.clock_seconds
    return Simulated(
        requests=requests,
        reads=reads,
        writes=writes,
        forwarded=total("forwarded"),
        row_hits=total("row_hits"),
        mean_latency_clocks=total("latency") / max(reads, 1),
        mean_latency_from_arrival_clocks=total("latency_from_arrival") / max(reads, 1),
        longest_latency_clocks=max(channel["longest_latency"] for channel in served),
        data_end_clock=end,
        last_column_clock=max(channel["last_column_clock"] for channel in served),
        seconds=seconds,
        bandwidth=(reads + writes) * memory.request_bytes / seconds if seconds else 0.0,
        channels=energy,
    )
