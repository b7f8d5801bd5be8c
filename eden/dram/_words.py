"""What came of a trace, in words for the terminal."""

from __future__ import annotations

from eden.dram._energy import TraceEnergy
from eden.dram._memory import Memory
from eden.dram._simulate import Simulated


def words_of_energy(energy: TraceEnergy) -> str:
    """Return joules by supply and component, a line each, with their share."""
    lines = []
    for supply, parts in energy.joules.items():
        for name, joules in parts.items():
            if joules != 0:
                words = name.replace("_", " ") + (" (second supply)" if supply == "second" else "")
                lines.append((words, joules))
    for name, joules in (
        ("pins, read", energy.interface_joules["read"]),
        ("pins, write termination", energy.interface_joules["write"]),
        *((f"data, {kind}", joules) for kind, joules in energy.data_joules.items()),
    ):
        if joules != 0:
            lines.append((name, joules))
    lines.append(("total", energy.total))
    whole = energy.total or 1.0
    return "\n".join(f"{w:<28} {j:>12.6g} J {100 * j / whole:>6.1f} %" for w, j in lines)


def words_of_counts(energy: TraceEnergy) -> str:
    """Return commands and clocks, a line a rank."""
    lines = []
    for rank, counts in enumerate(energy.counts):
        said = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in counts.items() if n)
        lines.append(f"rank {rank}: {said}")
    return "\n".join(lines)


def words_of(memory: Memory, run: Simulated) -> str:
    """Return a simulation's result on a few lines."""
    head = (
        f"{memory.name}: {run.requests} requests in {run.data_end_clock} clocks "
        f"({run.seconds:.6g} s), {run.bandwidth / 1e9:.4g} GB/s\n"
        f"{run.reads} reads, {run.writes} writes, {run.forwarded} reads answered from waiting "
        f"writes, {run.row_hits} row hits\n"
        f"read latency {run.mean_latency_clocks:.6g} clocks from acceptance, "
        f"{run.mean_latency_from_arrival_clocks:.6g} from arrival, "
        f"{run.longest_latency_clocks} at most"
    )
    parts = [head]
    for number, channel in enumerate(run.channels):
        name = f"channel {number}, " if len(run.channels) > 1 else ""
        parts.append(f"{name}{words_of_counts(channel)}\n{words_of_energy(channel)}")
    return "\n".join(parts)
