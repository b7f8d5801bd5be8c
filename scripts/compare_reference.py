"""Compare the DRAM engine with reference runs of public simulators.

    scripts/compare_reference.py FOLDER OUT.json

FOLDER holds ``devices/*.json`` (memories), ``traces.py`` (request traces), ``dramref.py`` (an
independent checker), ``expected/`` (runs, rules, command traces with their energy) and
``commands/``. OUT.json is a list of one record for each device, tRCD and trace of
``expected/runs.json``, in the form that FOLDER's ``compare.py`` reads. OUT.rules.json and
OUT.commands.json hold what became of the rules and of the given command traces, OUT.small.json of
DRAMPower's own small runs, OUT.wide.json of the traces on two channels of two ranks, and there
with refresh of single banks where tRFCpb is known. Exits with 1 if a rule, an energy or the check
of a command trace that the engine sent fails.

Counts are those of all ranks and channels, energy the mean of a device. The folder's checker and
arithmetic know one rank: they are given each rank by itself, so that what one rank makes another
wait for (turnaround of the bus, one command a clock) is held against the tables here alone, and so
is what a REFB makes its bank wait for. No public tool's run is there for more than one rank.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from reference_runs import (
    BAND,
    COMPONENTS,
    Devices,
    Runs,
    compare_runs,
    compare_wide,
    memory_of,
    off,
    read_json,
)

from eden._files import write_json
from eden.dram import check_commands, trace_energy

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
# Watts of a pin when read and when written, and pins beside the data: strobe, and mask.
PINS = {"DDR3": (4.6e-3, 21.2e-3), "DDR4": (3.7e-3, 17.0e-3)}


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
        runs, illegal, wide, failed = [], [], [], []
        if read_json(given.folder, "runs.json"):
            served = Runs(given.folder, scratch)
            runs, illegal = compare_runs(given.folder, devices, served)
            wide, failed = compare_wide(given.folder, devices, served)
    write_json(given.out, runs)
    write_json(given.out.with_suffix(".rules.json"), rules)
    write_json(given.out.with_suffix(".commands.json"), commands)
    write_json(given.out.with_suffix(".small.json"), small)
    write_json(given.out.with_suffix(".wide.json"), wide)
    failed += [f"rule {r['device']} {r['rule']}: {r['said']}" for r in rules
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
        f"{len(runs)} simulations, {len(wide)} wide: {len(failed)} failed"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
