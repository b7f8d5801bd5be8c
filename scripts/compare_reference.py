"""Compare the DRAM engine with reference runs of public simulators.

    scripts/compare_reference.py FOLDER OUT.json

FOLDER holds ``devices/*.json`` (memories), ``traces.py`` (request traces), ``dramref.py`` (an
independent checker), ``expected/`` (runs, rules, command traces with their energy) and
``commands/``. OUT.json is a list of one record for each device, tRCD and trace of
``expected/runs.json``, in the form that FOLDER's ``compare.py`` reads. OUT.rules.json and
OUT.commands.json hold what became of the rules and of the given command traces, OUT.small.json of
DRAMPower's own small runs. Exits with 1 if a rule, an energy or the check of a command trace that
the engine sent fails.
"""

import argparse
import importlib.util
import json
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType

from tqdm.auto import tqdm

from eden._files import write_json
from eden.dram import Memory, check_commands, simulate, trace_energy

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
# What DRAMPower 4.0 calls them. It prints two decimals of a picojoule.
PRINTED = {
    "ACT Cmd Energy": ("activate",),
    "PRE Cmd Energy": ("precharge",),
    "RD Cmd Energy": ("read",),
    "WR Cmd Energy": ("write",),
    "Auto-Refresh Energy": ("refresh",),
    "ACT Stdby Energy": ("background_active",),
    "PRE Stdby Energy": ("background_precharged",),
    "Total Power-Down Energy": ("power_down",),
}
SELF_REFRESH = (
    "Self-Refresh Energy",
    "Slow-Exit Active Power-Down Energy during Auto-Refresh cycles in Self-Refresh",
    "Slow-Exit Precharged Power-Down Energy during Auto-Refresh cycles in Self-Refresh",
    "Active Stdby Energy during Auto-Refresh cycles in Self-Refresh Power-Up",
    "Precharge Stdby Energy during Auto-Refresh cycles in Self-Refresh Power-Up",
)
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
# Watts of a pin when read and when written, and pins beside the data: strobe, and mask.
PINS = {"DDR3": (4.6e-3, 21.2e-3), "DDR4": (3.7e-3, 17.0e-3)}


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


def lines(commands: list) -> str:
    """Write commands as the native format has them."""
    rows = ((c[0], c[1], c[2], "" if c[3] is None else c[3]) for c in commands)
    return "".join(f"{clock} {name} {bank} {row}\n" for clock, name, bank, row in rows)


def compare_rules(folder: Path, devices: Devices, scratch: Path) -> list[dict]:
    """Try each rule one clock early and on time."""
    records = []
    for rule in read_json(folder, "rules.json"):
        memory = devices.memory(rule["device"])
        name, bank, row = rule["command"]
        found = {}
        for what, clock in (("early", -1), ("on_time", 0)):
            sent = [*rule["prefix"], [rule["first_legal_clock"] + clock, name, bank, row]]
            path = scratch / "rule.txt"
            path.write_text(lines(sent))
            found[what] = [str(v) for v in check_commands(memory, path)[0]]
        records.append(
            {
                "device": rule["device"],
                "rule": rule["rule"],
                "first_legal_clock": rule["first_legal_clock"],
                "refused_early": bool(found["early"]),
                "accepted_on_time": not found["on_time"],
                "said": found["early"] + found["on_time"],
            }
        )
    return records


def off(found: float, expected: float) -> float:
    """Return the relative difference; of nothing expected, the difference."""
    return abs(found - expected) / (abs(expected) or 1.0)


def compare_commands(folder: Path, devices: Devices) -> list[dict]:
    """Count the given command traces, and their joules a device."""
    records = []
    for trace in read_json(folder, "command_traces.json"):
        memory = devices.memory(trace["device"])
        path = folder / "commands" / trace["file"]
        if not path.exists():
            continue
        found = trace_energy(memory, path)
        joules = {k: found.joules["main"][v] / memory.chips for k, v in COMPONENTS.items()}
        expected = trace["energy_J_per_device"]
        violations, count = check_commands(memory, path)
        records.append(
            {
                "file": trace["file"],
                "device": trace["device"],
                "counts": found.counts[0],
                "energy_J_per_device": joules,
                "largest_difference": max(off(joules[k], expected[k]) for k in joules),
                "violations": [str(v) for v in violations],
                "legal": count == 0,
            }
        )
    return records


def compare_small(folder: Path, devices: Devices, scratch: Path) -> list[dict]:
    """Count DRAMPower's own small runs, with power-down, self-refresh, supplies and pins."""
    records = []
    for run in read_json(folder, "drampower40_small.json"):
        described = json.loads(json.dumps(devices.description(run["device"])))
        if run["io_and_termination"] and described["standard"] not in PINS:
            continue
        for key, value in run["extra"].items():
            if key.startswith("IDD"):
                described["currents_mA"][key] = value
            elif key.startswith("t"):
                described["clocks"][key] = value
        if not run["second_supply"]:
            described.pop("second_supply", None)
        if run["io_and_termination"]:
            read, write = PINS[described["standard"]]
            width = described["geometry"]["chip_width"]
            described["interface"] = {
                "read_watts_per_pin": read,
                "write_watts_per_pin": write,
                "read_pins": width + width // 8,
                "write_pins": width + width // 4,
            }
        path = scratch / "small.csv"
        path.write_text("".join(f"{line}\n" for line in run["commands"]))
        memory = memory_of(described)
        found = trace_energy(memory, path, format="drampower4")
        printed = run["drampower40"]
        chips = memory.chips / 1e12
        supplies = found.joules.values()
        pairs = [
            (sum(p[c] for p in supplies for c in parts) / chips, printed.get(name, 0.0))
            for name, parts in PRINTED.items()
        ]
        pairs.append(
            (
                sum(p["self_refresh"] for p in supplies) / chips,
                sum(printed.get(name, 0.0) for name in SELF_REFRESH),
            )
        )
        for pin, name in (("read", "RD I/O Energy"), ("write", "WR Termination Energy")):
            pairs.append((found.interface_joules[pin] / chips, printed.get(name, 0.0)))
        pairs.append((found.total / chips, printed["Total Trace Energy"]))
        # Up to five printed numbers are added, each half a hundredth off at most.
        worst = max(abs(mine - theirs) / max(BAND * abs(theirs), 0.026) for mine, theirs in pairs)
        records.append(
            {
                "device": run["device"],
                "name": run["name"],
                "second_supply": run["second_supply"],
                "io_and_termination": run["io_and_termination"],
                "picojoules": [mine for mine, _ in pairs],
                "printed": [theirs for _, theirs in pairs],
                "within": worst <= 1,
            }
        )
    return records


def read_commands(path: Path) -> list[tuple]:
    """Return a command trace as the folder's checker takes it."""
    found = []
    for line in path.read_text().splitlines():
        clock, name, bank, *row = line.split()
        found.append((int(clock), name, int(bank), int(row[0]) if row else None))
    return found


def compare_runs(folder: Path, devices: Devices, scratch: Path) -> tuple[list[dict], list[str]]:
    """Serve every trace of the expected runs; check the commands that were sent."""
    wanted = {(r["device"], r["tRCD"], r["trace"]) for r in read_json(folder, "runs.json")}
    records, illegal = [], []
    if not wanted:
        return records, illegal
    traces, reference = module(folder, "traces"), module(folder, "dramref")
    for device, trcd, name in tqdm(sorted(wanted), disable=not sys.stderr.isatty()):
        described, memory = devices.description(device), devices.memory(device, trcd)
        requests, commands = scratch / "requests.txt", scratch / "commands.txt"
        rows = traces.in_clocks(described, traces.TRACES[name](described))
        requests.write_text("".join(f"{clock} {op} {at:x}\n" for clock, op, at in rows))
        # More than eight banks: DRAMPower 4.0 needs them closed at the end.
        run = simulate(memory, requests, commands=commands, close=memory.banks > 8)
        counts = run.channels[0].counts[0]
        joules = run.channels[0].joules["main"]
        record = {
            "device": device,
            "tRCD": trcd,
            "trace": name,
            "data_end_clock": run.data_end_clock,
            "ACT": counts["activates"],
            "RD": counts["reads"],
            "WR": counts["writes"],
            "REF": counts["refreshes"],
            "read_latency_clocks": run.mean_latency_clocks,
            "energy_J_per_device": sum(joules[c] for c in COMPONENTS.values()) / memory.chips,
        }
        records.append(record)
        broken = reference.check(described, read_commands(commands), trcd=trcd)
        illegal += [f"{device} tRCD {trcd} {name}: {text}" for text in broken]
        own, _ = check_commands(memory, commands)
        illegal += [f"{device} tRCD {trcd} {name}: {violation}" for violation in own]
    return records, illegal


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    devices = Devices(given.folder)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        rules = compare_rules(given.folder, devices, scratch)
        commands = compare_commands(given.folder, devices)
        small = compare_small(given.folder, devices, scratch)
        runs, illegal = compare_runs(given.folder, devices, scratch)
    write_json(given.out, runs)
    write_json(given.out.with_suffix(".rules.json"), rules)
    write_json(given.out.with_suffix(".commands.json"), commands)
    write_json(given.out.with_suffix(".small.json"), small)
    failed = [f"rule {r['device']} {r['rule']}: {r['said']}" for r in rules
              if not (r["refused_early"] and r["accepted_on_time"])]  # fmt: skip
    failed += [f"energy {c['file']}: off by {c['largest_difference']:.3g}" for c in commands
               if c["largest_difference"] > BAND]  # fmt: skip
    failed += [f"illegal {c['file']}: {c['violations']}" for c in commands if not c["legal"]]
    failed += [f"energy {s['device']} {s['name']}" for s in small if not s["within"]]
    failed += [f"illegal {text}" for text in illegal]
    for line in failed:
        print(line)
    print(
        f"{len(rules)} rules, {len(commands)} command traces, {len(small)} small runs, "
        f"{len(runs)} simulations: {len(failed)} failed"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
