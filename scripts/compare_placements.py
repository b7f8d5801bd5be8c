"""What fine placement saves beyond coarse, in joules and seconds, on each system and module.

    python scripts/compare_placements.py RUN_FOLDER [--systems cpu gpu eyeriss tpu]
    python scripts/compare_placements.py RUN_FOLDER --systems streaming --modules 2

Tolerances are those of a finished run's unprotected networks, for fine placement the coarse one
where there was no fine search. A system gets a memory like the
measured module and its network placed on that: coarse, one setting for the module, lines
interleaved over all banks; or fine, a tensor a partition, the supply the module's, tRCD a bank's;
with --modules also fine over so many modules side by side, each at a supply of its own.
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
from eden.folder import RunFolder
from eden.run import Work, read_inputs
from eden.systems import System

METHODS = {"coarse": ("coarse", 1), "fine": ("greedy", 1)}
# What is like the modules that were measured along an axis.
MEMORIES = {"vdd_volts": "ddr3l-1600", "trcd_seconds": "ddr3-1600"}


def found_on(work: Work, methods, model, sample, system: System, module, variant, axis):
    """Return what is saved and how much faster it is, by the name of the way of placing."""
    found = {}
    for which, (method, modules) in methods.items():
        tolerances = work.tolerances_for(variant, method)
        placed = place(tolerances, along(module, axis), method=method, modules=modules)
        inference = evaluate_energy(model, sample, placed, system=system)
        found[which] = 100 * inference.saving(), 100 * inference.speedup
    return found


def spread(values) -> str:
    """The mean, with the lowest and the highest."""
    return f"{mean(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--systems", nargs="+", default=["cpu", "gpu", "eyeriss", "tpu"])
    parser.add_argument("--modules", type=int, default=1)
    given = parser.parse_args()
    methods = dict(METHODS)
    if given.modules > 1:
        methods[f"fine, {given.modules} modules"] = "greedy", given.modules
    folder = RunFolder(given.run)
    work = Work(folder, read_inputs(folder.recipe), progress=False)
    sample = work.splits.test[0][:1]
    columns = [f"{which}: {what}" for which in methods for what in ("saved, %", "faster, %")]
    print("\n".join(head(["axis", "vendor", "system", "network", *columns])))
    for axis, memory in MEMORIES.items():
        of_vendor = defaultdict(list)
        for module in measured_modules():
            if axis in module.axes:
                of_vendor[module.vendor].append(module)
        for vendor, modules in sorted(of_vendor.items()):
            for name in given.systems:
                system = System.load(name)
                if name != "streaming":  # which counts on the module itself
                    system = system.with_(memory=memory)
                for variant in (each for each in folder.recipe.variants if not each.protected):
                    model = work.network(variant.network)
                    each = [
                        found_on(work, methods, model, sample, system, module, variant, axis)
                        for module in modules
                    ]
                    cells = [
                        spread([one[which][number] for one in each])
                        for which in methods
                        for number in (0, 1)
                    ]
                    print(
                        row(axis.partition("_")[0], vendor, name, variant.name, *cells), flush=True
                    )


if __name__ == "__main__":
    main()
