"""What fine placement saves beyond coarse, in joules and seconds, on each system and module.

    python scripts/compare_placements.py RUN_FOLDER [--systems cpu gpu eyeriss tpu]

Tolerances are those of a finished run's unprotected networks. A system gets a memory like the
measured module and its network placed on that: coarse, one setting for the module, lines
interleaved over all banks; or fine, a tensor a partition, the supply the module's, tRCD a bank's.
Rows are means over a vendor's modules with the range in brackets, of energy by the linear law and
of time, both against the rated module.
"""

import argparse
from collections import defaultdict
from pathlib import Path
from statistics import mean

from modules import along, measured_modules
from reproduce_systems import head, row

from eden import evaluate_energy, place
from eden.folder import NETWORKS, Results, RunFolder
from eden.run import Work, read_inputs
from eden.systems import System

METHODS = {"coarse": "coarse", "fine": "greedy"}
# What is like the modules that were measured along an axis.
MEMORIES = {"vdd_volts": "ddr3l-1600", "trcd_seconds": "ddr3-1600"}


def found_on(results: Results, model, sample, system: System, module, network: str, axis: str):
    """Return what is saved and how much faster it is, coarse and fine, and the supplies."""
    found = {}
    for which, method in METHODS.items():
        placed = place(results.tolerances(network, which), along(module, axis), method=method)
        inference = evaluate_energy(model, sample, placed, system=system)
        found[which] = 100 * inference.saving(), 100 * inference.speedup, placed.vdd_volts
    return found


def spread(values) -> str:
    """The mean, with the lowest and the highest."""
    return f"{mean(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--systems", nargs="+", default=["cpu", "gpu", "eyeriss", "tpu"])
    given = parser.parse_args()
    folder = RunFolder(given.run)
    work, results = Work(folder, read_inputs(folder.recipe), progress=False), Results(folder)
    sample = work.splits.test[0][:1]
    columns = [f"{which}: {what}" for which in METHODS for what in ("saved, %", "faster, %")]
    print("\n".join(head(["axis", "vendor", "system", "network", *columns])))
    for axis, memory in MEMORIES.items():
        of_vendor = defaultdict(list)
        for module in measured_modules():
            if axis in module.axes:
                of_vendor[module.vendor].append(module)
        for vendor, modules in sorted(of_vendor.items()):
            for name in given.systems:
                system = System.load(name).with_(memory=memory)
                for network in NETWORKS:
                    model = work.network(network)
                    each = [
                        found_on(results, model, sample, system, module, network, axis)
                        for module in modules
                    ]
                    cells = [
                        spread([one[which][number] for one in each])
                        for which in METHODS
                        for number in (0, 1)
                    ]
                    print(row(axis.partition("_")[0], vendor, name, network, *cells), flush=True)


if __name__ == "__main__":
    main()
