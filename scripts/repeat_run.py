"""Whether a run's result is stable: a recipe over seeds and thread counts, and the spread.

Run: python scripts/repeat_run.py [lenet-fashion-mnist] [--seeds 0 1 2 3 4] [--threads 1 2]
     [--out runs/repeated]

Each pair of a seed and a thread count is a whole `eden run` in a folder of its own, in a process
of its own; what is finished is kept, so that the command can be stopped and given again. Of all
finished ones in the folder it prints a row a run and network, then a row a network over the runs:
the BER borne at the stated P(miss), its multiple of the unboosted, unprotected network's of the
same run (lowest, median, highest), the same by the mean of the draws, the supply, and the fresh
draws that missed.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from eden.folder import Results, RunFolder, load_recipe
from eden.tolerance import share_interval

HEAD = ["network", "times by P(miss)", "times by mean", "BER", "clean less original", "V"]
HEAD += ["V if the high end held", "fresh draws that missed"]


def run(recipe, folder: Path, threads: int) -> None:
    """Run a recipe to its report, with so many threads."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder.with_suffix(".yaml")
    path.write_text(json.dumps(recipe.model_dump(mode="json")))  # JSON is YAML
    subprocess.run(
        [sys.executable, "-m", "eden", "run", str(path), "--out", str(folder), "--resume"],
        env=os.environ | {"OMP_NUM_THREADS": str(threads)},
        check=True,
    )


def read(folder: Path) -> dict[str, dict]:
    """Return what a finished run says of each of its networks."""
    results = Results(RunFolder(folder))
    recipe, found = results.folder.recipe, {}
    for variant in recipe.variants:
        tolerances = results.tolerances(variant.name, "coarse")
        placement = results.placement(variant.name, recipe.verify.method)
        found[variant.name] = {
            "ber": tolerances.coarse_ber,
            "mean": tolerances.mean_ber,
            "interval": tolerances.interval,
            "clean": tolerances.clean_accuracy,
            "volts": placement.vdd_volts,
            "high": placement.verdict_volts["high"],
            "fresh": results.fresh(variant.name),
        }
    return found


def summary(runs: list[dict[str, dict]]) -> list[list[str]]:
    """Return a row a network over the runs."""
    gathered = defaultdict(list)
    for found in runs:
        for name, of_run in found.items():
            gathered[name].append((of_run, found["baseline"]))
    rows = []
    for name, pairs in gathered.items():
        misses = sum(of_run["fresh"]["misses"] for of_run, _ in pairs)
        draws = sum(of_run["fresh"]["seeds"] for of_run, _ in pairs)
        low, high = share_interval(misses, draws)
        rows.append(
            [
                name,
                spread([of_run["ber"] / first["ber"] for of_run, first in pairs], ".1f"),
                spread([of_run["mean"] / first["mean"] for of_run, first in pairs], ".1f"),
                spread([of_run["ber"] for of_run, _ in pairs], ".1e"),
                spread(
                    [100 * (of_run["clean"] - first["clean"]) for of_run, first in pairs], "+.2f"
                ),
                spread([of_run["volts"] for of_run, _ in pairs], ".3f"),
                where_known([of_run["high"] for of_run, _ in pairs]),
                f"{misses} of {draws} [{low:.1%}, {high:.1%}]",
            ]
        )
    return rows


def spread(values: list[float], form: str) -> str:
    """Return the median, with the lowest and the highest where they are others."""
    low, middle, high = (format(f(values), form) for f in (min, statistics.median, max))
    return middle if low == high else f"{middle} ({low} to {high})"


def where_known(volts: list[float | None]) -> str:
    """Return the spread of a supply, and of how many runs where it is not known of all."""
    known = [value for value in volts if value is not None]
    if not known:
        return "none"
    of_all = "" if len(known) == len(volts) else f", of {len(known)} of {len(volts)}"
    return spread(known, ".3f") + of_all


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe", nargs="?", default="lenet-fashion-mnist")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--out", type=Path, default=Path("runs/repeated"))
    args = parser.parse_args()
    recipe = load_recipe(args.recipe)
    for seed in args.seeds:
        for threads in args.threads:
            folder = args.out / f"seed-{seed}-threads-{threads}"
            run(recipe.model_copy(update={"seed": seed}), folder, threads)
    folders = [path.parent for path in sorted(args.out.glob("seed-*-threads-*/report.html"))]
    runs = [read(folder) for folder in folders]
    for folder, found in zip(folders, runs, strict=True):
        for name, of_run in found.items():
            low, high = of_run["interval"]
            print(
                f"{folder.name}: {name:17} clean {of_run['clean']:.4f} BER {of_run['ber']:.2e} "
                f"[{low:.1e}, {high:.1e}] mean {of_run['mean']:.1e} V {of_run['volts']:.3f} "
                f"fresh {of_run['fresh']['misses']} of {of_run['fresh']['seeds']}"
            )
    print(f"\n{len(runs)} runs: median (lowest to highest)\n| " + " | ".join(HEAD) + " |")
    print("| " + " | ".join("---" for _ in HEAD) + " |")
    for row in summary(runs):
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
