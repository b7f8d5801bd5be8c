"""The paper's table: what each network bears, which voltage and tRCD that is, what systems save.

    python scripts/headline.py SHARDS RUN_FOLDER [RUN_FOLDER ...] [--out docs/headline.md]

SHARDS is what `scripts/reproduce_systems.py` left, a run folder what `eden run` left. The BER that
each variant of a run bears at the stated risk is looked up on all measured modules of vendors A, B
and C, along VDD or along tRCD, never both at once: the harshest measured setting that is borne, by
the mean and by the high end of the measured range, and the mean over the vendor's modules. Energy
and time are those of the network's published form: the supply of a system's memory is lowered to
the same share of what is rated, or its tRCD by as many nanoseconds; between the supplies and
latencies that a shard has, the share is interpolated.
"""

import argparse
from collections import defaultdict
from pathlib import Path
from statistics import mean

import numpy as np
from modules import NAMES, measured_modules, rows_of, tolerances_of
from reproduce_systems import LOWER_NS, LOWER_VOLTS, NETWORKS, SETUPS, head, read, row

from eden._say import rate
from eden.energy import LAWS
from eden.folder import Results, RunFolder

VENDORS = ("A", "B", "C")
SYSTEMS = ("cpu", "gpu", "eyeriss", "tpu")


class Run:
    """A finished run: its network, and what each of its variants bears on which modules."""

    def __init__(self, folder: Path):
        self.results = Results(RunFolder(folder))
        self.network = self.results.folder.recipe.network.name
        self.variants = {NAMES[v.name]: v.name for v in self.results.folder.recipe.variants}
        tolerances = tolerances_of([str(folder)])[0]
        self.settings = defaultdict(list)
        for device in measured_modules():
            for axis in {"vdd_volts", "trcd_seconds"} & set(device.axes):
                for one in rows_of(device, axis, tolerances):
                    self.settings[one["network"], axis, device.vendor].append(one)

    def vdd(self, name: str, vendors=VENDORS, end: str = "mean") -> float:
        """Supply over what is rated, mean of the modules."""
        return mean(
            one[f"coarse_{end}"] / one["rated"] for one in self._rows(name, "vdd_volts", vendors)
        )

    def lower_ns(self, name: str, vendors=VENDORS, end: str = "mean") -> float:
        """How far tRCD is below what is rated, mean of the modules, in ns."""
        rows = self._rows(name, "trcd_seconds", vendors)
        return mean(1e9 * (one["rated"] - one[f"coarse_{end}"]) for one in rows)

    def _rows(self, name: str, axis: str, vendors) -> list[dict]:
        return [one for vendor in vendors for one in self.settings[name, axis, vendor]]


def saving(shard: dict, law: str, ratio: float) -> float:
    """Share of the energy saved with the supply at this share of what is rated."""
    joules = shard["points"]["0"]["joules"][law]
    names = [f"{v:.2f}" for v in reversed(LOWER_VOLTS)] + ["0"]
    volts = [shard["vdd_volts"] - float(name) for name in names]
    totals = [joules[name]["total"] for name in names]
    return 1 - float(np.interp(ratio * shard["vdd_volts"], volts, totals)) / totals[-1]


def speedup(shard: dict, lower: float) -> float:
    """Share by which an inference is faster with tRCD so many ns lower."""
    seconds = [shard["points"][str(ns)]["seconds"] for ns in (0, *LOWER_NS)]
    return seconds[0] / float(np.interp(lower, (0, *LOWER_NS), seconds)) - 1


def borne_table(runs: list[Run]):
    """Yield a row a network and variant: what it bears, and the setting that is on each vendor."""
    columns = [f"{vendor}: {what}" for vendor in VENDORS for what in ("V/V0", "tRCD, ns")]
    yield from head(["network", "", "accuracy", "BER at 1 % [95 %]", "by the mean", *columns])
    for run in runs:
        for name, variant in run.variants.items():
            found = run.results.tolerances(variant, "coarse")
            low, high = found.interval
            cells = []
            for vendor in VENDORS:
                volts = [run.vdd(name, vendor, end) for end in ("mean", "high")]
                lower = [run.lower_ns(name, vendor, end) for end in ("mean", "high")]
                cells.append("{:.2f} ({:.2f})".format(*volts))
                cells.append("-{:.1f} (-{:.1f})".format(*lower))
            yield row(
                run.network,
                name,
                f"{found.clean_accuracy:.4f}",
                f"{rate(found.coarse_ber)} [{rate(low)}, {rate(high)}]",
                rate(found.mean_ber or 0.0),
                *cells,
            )


def saved_table(runs: list[Run], shards: dict):
    """Yield what each system saves, a row a network and variant, then the mean and the most."""
    columns = [f"{s}: {what}" for s in SYSTEMS for what in (", ".join(LAWS) + ", %", "faster, %")]
    yield from head(["network", "", *columns])
    gained = defaultdict(list)
    for run in runs:
        for name in run.variants:
            cells = []
            for system in SYSTEMS:
                shard = shards.get((system, run.network))
                if shard is None:
                    cells += ["not run", ""]
                    continue
                saved = [100 * saving(shard, law, run.vdd(name)) for law in LAWS]
                faster = 100 * speedup(shard, run.lower_ns(name))
                gained[name, system].append((*saved, faster))
                cells += [" / ".join(f"{s:.1f}" for s in saved), f"{faster:.1f}"]
            yield row(run.network, name, *cells)
    for title, of in (("mean", mean), ("most", max)):
        for name in dict.fromkeys(name for name, _ in gained):
            cells = []
            for system in SYSTEMS:
                *saved, faster = (of(each) for each in zip(*gained[name, system], strict=True))
                cells += [" / ".join(f"{s:.1f}" for s in saved), f"{faster:.1f}"]
            yield row(f"**{title}**", name, *cells)
    paper = [cell.replace(" %", "") for system in SYSTEMS for cell in SETUPS[system][2:]]
    yield row("paper: mean (most)", "boosted", *paper)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shards", type=Path)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    shards = read(given.shards)
    if not shards:
        parser.error(f"{given.shards} holds no shards")
    runs = sorted(map(Run, given.runs), key=lambda run: [*NETWORKS].index(run.network))
    lines = "\n".join([*borne_table(runs), *saved_table(runs, shards)])
    print(lines)
    if given.out:
        given.out.write_text(lines + "\n")


if __name__ == "__main__":
    main()
