"""What placing buys on each module: the tolerances of a run, placed on some shipped devices.

Run: python scripts/compare_modules.py RUN_FOLDER [--verify 59] [--device ddr3l-1600-b10 ...]
(after `eden run`, or `--until characterize`). With --verify the greedy placements at the high end
of each module's measured range run under so many draws on the test images.
"""

import argparse
from pathlib import Path

from eden import devices, verify
from eden.folder import RunFolder
from eden.run import Work, read_inputs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run_folder", type=Path)
    parser.add_argument("--verify", type=int, default=0, metavar="DRAWS")
    parser.add_argument("--device", nargs="+", default=["ddr3l-1600-a1", "ddr3l-1600-b10"])
    options = parser.parse_args()
    folder = RunFolder(options.run_folder)
    inputs = read_inputs(folder.recipe)
    print(f"{'device':14} {'network':17} {'method':6}      V  V low V high reads, uJ")
    for name in options.device:
        work = Work(folder, inputs._replace(device=devices.load(name)), progress=False)
        for variant in folder.recipe.variants:
            for method in ("coarse", "greedy", "exact"):
                placed = work.place(variant, method)
                volts = [placed.vdd_volts, *(placed.verdict_volts[e] for e in ("low", "high"))]
                shown = " ".join(f"{v:6.3f}" if v is not None else "  none" for v in volts)
                joules = f"{placed.energy_joules * 1e6:9.3f}"
                print(f"{name:14} {variant.name:17} {method:6} {shown} {joules}", flush=True)
    if options.verify:
        for name in options.device:
            for variant in folder.recipe.variants:
                at_high_end(folder, inputs._replace(device=devices.load(name)), variant, options)


def at_high_end(folder, inputs, variant, options) -> None:
    """Place for the high end of the range, and see whether fresh draws bear it out."""
    work = Work(folder, inputs, progress=False)
    part = work.recipe.map.model_copy(update={"estimate": "high"})
    work.recipe = work.recipe.model_copy(update={"map": part})
    placed, evaluate = work.place(variant, "greedy"), work.evaluator("test")
    target = work.target_for(evaluate(work.original()))
    verdict = verify(
        work.network(variant.network),
        evaluate,
        placed,
        target_accuracy=target,
        seeds=options.verify,
    )
    highest = max(entry.ber for entry in placed.entries.values())
    print(
        f"{inputs.device.name:14} {variant.name:17} high end {placed.vdd_volts:.3f} V, BER at most "
        f"{highest:.1e}: {verdict.misses} of {verdict.seeds} draws miss {target:.4f}",
        flush=True,
    )


if __name__ == "__main__":
    from one_line import in_one_line

    in_one_line(main)
