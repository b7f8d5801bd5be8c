"""The request traces of a folder of reference runs through the DRAM engine.

For ``compare_reference.py``: what the folder holds, the runs it has numbers for, and the same
traces on more ranks and channels, held against the folder's checker and arithmetic.
"""

import importlib.util
import json
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

from tqdm.auto import tqdm

from eden.dram import (
    Memory,
    Simulated,
    TraceEnergy,
    check_commands,
    command_files,
    load_memory,
    memory_names,
    simulate,
    trace_energy,
)

BAND = 1e-6
COMPONENTS = {
    "ACT": "activate",
    "PRE": "precharge",
    "RD": "read",
    "WR": "write",
    "REF": "refresh",
    "active_background": "background_active",
    "precharged_background": "background_precharged",
}
KNOWN = (
    "name",
    "standard",
    "geometry",
    "ranks",
    "channels",
    "tCK_ns",
    "clocks",
    "currents_mA",
    "vdd",
    "second_supply",
    "interface",
)


def module(folder: Path, name: str) -> ModuleType:
    """Load a Python file of the folder."""
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    if spec is None or spec.loader is None or not (folder / f"{name}.py").exists():
        raise SystemExit(f"{folder / name}.py cannot be loaded")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def read_json(folder: Path, name: str) -> list:
    """Return a list of the expected values, empty if the folder has none of them."""
    path = folder / "expected" / name
    return json.loads(path.read_text()) if path.exists() else []


def memory_of(described: dict, trcd: int | None = None) -> Memory:
    """Make a memory of what a description says of one; the rest is the folder's own."""
    return Memory(json.dumps({k: v for k, v in described.items() if k in KNOWN}), trcd=trcd)


class Devices:
    """The descriptions of the folder, and the memories they make."""

    def __init__(self, folder: Path):
        self.folder = folder

    @cache  # noqa: B019
    def description(self, name: str) -> dict:
        """Return the folder's own words."""
        return json.loads((self.folder / "devices" / f"{name}.json").read_text())

    @cache  # noqa: B019
    def memory(self, name: str, trcd: int | None = None) -> Memory:
        """Return the memory, with another tRCD if one is given."""
        return memory_of(self.description(name), trcd)


def off(found: float, expected: float) -> float:
    """Return the relative difference; of nothing expected, the difference."""
    return abs(found - expected) / (abs(expected) or 1.0)


def read_commands(path: Path) -> list[tuple]:
    """Return a command trace as the folder's checker takes it."""
    found = []
    for line in path.read_text().splitlines():
        clock, name, bank, *row = line.split()
        found.append((int(clock), name, int(bank), int(row[0]) if row else None))
    return found


def ranks_of(described: dict, commands: list[tuple]) -> list[list[tuple]]:
    """Return the commands of each rank, as the folder's checker takes them: it knows one rank."""
    g = described["geometry"]
    banks = g["bank_groups"] * g["banks_per_group"]
    return [
        [(clock, name, bank - rank * banks, row) for clock, name, bank, row in commands
         if max(bank, 0) // banks == rank]
        for rank in range(described.get("ranks", 1))
    ]  # fmt: skip


class Runs:
    """Requests that the engine serves, and its commands before the folder's checker and its own."""

    def __init__(self, folder: Path, scratch: Path):
        self.traces, self.reference = module(folder, "traces"), module(folder, "dramref")
        self.requests, self.commands = scratch / "requests.txt", scratch / "commands.txt"

    def serve(self, described: dict, memory: Memory, trace: str, **options) -> Simulated:
        """Serve one of the folder's traces."""
        rows = self.traces.in_clocks(described, self.traces.TRACES[trace](described))
        self.requests.write_text("".join(f"{clock} {op} {at:x}\n" for clock, op, at in rows))
        return simulate(memory, self.requests, commands=self.commands, **options)

    def sent(self, described: dict) -> Iterator[tuple[Path, list[list[tuple]]]]:
        """Yield the commands of each channel, rank by rank."""
        for path in command_files(self.commands, described.get("channels", 1)):
            yield path, ranks_of(described, read_commands(path))

    def broken(self, described: dict, memory: Memory, trcd: int | None = None) -> list[str]:
        """Return the rules that the commands break. The folder's checker knows no REFB."""
        found = []
        for path, ranks in self.sent(described):
            for commands in ranks:
                known = [c for c in commands if c[1] != "REFB"]
                refresh = len(known) == len(commands)
                found += self.reference.check(described, known, trcd=trcd, refresh=refresh)
            found += [str(violation) for violation in check_commands(memory, path)[0]]
        return found

    def joules(self, described: dict) -> float:
        """Return what the folder's own arithmetic gives for the commands."""
        ranks = [commands for _, ranks in self.sent(described) for commands in ranks if commands]
        ref = self.reference
        found = [ref.energy40(described, ref.counts40(described, commands)) for commands in ranks]
        return described["geometry"]["chips"] * sum(sum(parts.values()) for parts in found)


def totals(channels: Iterable[TraceEnergy]) -> dict[str, int | float]:
    """Return commands and joules over all ranks and channels."""
    channels = list(channels)
    counts = [rank for channel in channels for rank in channel.counts]
    names = {"ACT": "activates", "RD": "reads", "WR": "writes", "REF": "refreshes"}
    joules = sum(channel.joules["main"][c] for channel in channels for c in COMPONENTS.values())
    return {
        **{short: sum(rank[name] for rank in counts) for short, name in names.items()},
        "joules": joules,
        "joules_per_rank": joules / len(counts),
    }


def compare_runs(folder: Path, devices: Devices, runs: Runs) -> tuple[list[dict], list[str]]:
    """Serve every trace of the expected runs; check the commands that were sent."""
    wanted = {(r["device"], r["tRCD"], r["trace"]) for r in read_json(folder, "runs.json")}
    records, illegal = [], []
    for device, trcd, name in tqdm(sorted(wanted), disable=not sys.stderr.isatty()):
        described, memory = devices.description(device), devices.memory(device, trcd)
        banks = memory.banks // described.get("ranks", 1)
        # More than eight banks: DRAMPower 4.0 needs them closed at the end.
        run = runs.serve(described, memory, name, close=banks > 8)
        found = totals(run.channels)
        record = {
            "device": device,
            "tRCD": trcd,
            "trace": name,
            "data_end_clock": run.data_end_clock,
            **{command: found[command] for command in ("ACT", "RD", "WR", "REF")},
            "read_latency_clocks": run.mean_latency_clocks,
            "energy_J_per_device": found["joules_per_rank"] / memory.chips,
        }
        records.append(record)
        broken = runs.broken(described, memory, trcd)
        illegal += [f"{device} tRCD {trcd} {name}: {text}" for text in broken]
    return records, illegal


def widened(described: dict) -> Iterator[tuple[dict, str]]:
    """Yield a device with more ranks and channels, and how its banks are refreshed."""
    wide = {**described, "ranks": 2, "channels": 2}
    yield wide, "all-bank"
    # What the folder does not say of a device, the memory of the same name here may.
    clocks, name = dict(described["clocks"]), described["name"]
    if "tRFCpb" not in clocks and name in memory_names():
        clocks["tRFCpb"] = load_memory(name).clocks.get("tRFCpb", 0)
    if clocks.get("tRFCpb", 0):
        yield {**wide, "clocks": clocks}, "per-bank"


def compare_wide(folder: Path, devices: Devices, runs: Runs) -> tuple[list[dict], list[str]]:
    """Serve the traces on two channels of two ranks, which no public run is there for."""
    names = sorted({r["trace"] for r in read_json(folder, "runs.json")})
    every = [
        (wide, refresh, trace)
        for path in sorted((folder / "devices").glob("*.json"))
        for wide, refresh in widened(devices.description(path.stem))
        for trace in names
    ]
    records, failed = [], []
    for described, refresh, trace in tqdm(every, disable=not sys.stderr.isatty()):
        memory = memory_of(described)
        run = runs.serve(described, memory, trace, policy={"refresh": refresh})
        # Each rank to its own last command, as the folder's arithmetic has it.
        sent = command_files(runs.commands, described["channels"])
        found = totals(trace_energy(memory, path) for path in sent)
        # That knows no refresh of single banks.
        expected = runs.joules(described) if refresh == "all-bank" else None
        record = {
            "device": described["name"],
            "ranks": described["ranks"],
            "channels": described["channels"],
            "refresh": refresh,
            "trace": trace,
            "requests": run.requests,
            "forwarded": run.forwarded,
            **found,
            "expected_joules": expected,
        }
        records.append(record)
        what = f"{described['name']} {described['ranks']} ranks {refresh} {trace}"
        failed += [f"illegal {what}: {text}" for text in runs.broken(described, memory)]
        if found["RD"] + found["WR"] + run.forwarded != run.requests:
            failed.append(f"requests {what}: {run.requests} came, others were served")
        if expected is not None and off(found["joules"], expected) > BAND:
            failed.append(f"energy {what}: {found['joules']:.6g}, expected {expected:.6g}")
    return records, failed
