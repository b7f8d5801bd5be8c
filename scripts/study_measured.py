"""From a module measured cell by cell to a network that is boosted for it.

Run: python scripts/study_measured.py FOLDER [--profile FILE] [--seeds 0 1 2]
     (Fashion-MNIST: scripts/download_fashion_mnist.py)

FILE is a profile with bit addresses (docs/profiles.md) of one operating point. No public study has
any, so without it one is made up and written to FOLDER: of 128 KiB a share of 1.6e-2 of the cells
is weak, read 16 times under ones and 16 times under zeros; half of them lose a 1, half a 0, each
with a probability of its own (Beta(2, 1)).

An int8 LeNet is laid from byte 0 of the module on, trained for the cells that it finds there, and
asked there (ten draws of accesses, since cells fail now and then), without errors, and on a module
that is made up alike from another seed, which `eden.attach` refuses it on: its ranges are taken as
those of any network for that.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from study_bench import LOSS, Bench, Case

from eden import attach, profiles
from eden.access import seeds_for
from eden.errors import Cells
from eden.mapping import lay_out
from eden.network import approximate, calibration_of, keep_calibration
from eden.training._places import mean_ber

SIZE_BYTES, WEAK, READS = 2**17, 1.6e-2, 16


def made_up(path: Path, seed: int) -> Path:
    """Write the profile of a module that is drawn; what is there is kept."""
    if path.exists():
        return path
    draw = np.random.default_rng(seed)
    cells = np.flatnonzero(draw.random(8 * SIZE_BYTES) < WEAK)
    failed = draw.binomial(READS, draw.beta(2, 1, cells.size))
    loses_one = draw.random(cells.size) < 0.5
    point = {"vdd_volts": 1.0, "trcd_seconds": 1e-8, "trp_seconds": 1e-8}
    same = {"module": f"made-up-{seed}", "vendor": "", "source": "made up", "cells": 1}
    same |= point | {"refresh_seconds": 0.064, "temperature_celsius": 45.0, "reads": READS}
    rows = [
        same
        | {"pattern": pattern, "bit_address": int(cell)}
        | {f"failures_{name}": int(count) * bool(loses), f"failures_{other}": 0}
        for pattern, name, other, losing in (
            ("0xff", "1to0", "0to1", loses_one),
            ("0x0", "0to1", "1to0", ~loses_one),
        )
        for cell, count, loses in zip(cells, failed, losing, strict=True)
    ]
    return profiles.Profile.of(rows).write(path)


def accuracies(bench: Bench, model, places) -> list[float]:
    """Accuracy in these places, under ten draws of accesses."""
    with approximate(model, places) as handle:
        found = []
        for seed in seeds_for("study measured", 10):
            handle.reseed(seed)
            found.append(bench.evaluate(model))
    return found


def judge(bench: Bench, seed: int, cells: Cells, other: Cells) -> dict[str, float]:
    """Boost a LeNet for a module, and ask it there and elsewhere."""
    case = Case("lenet", "int8", "ramp", seed)
    stored = bench.config(case, cells="fixed").with_(error=cells)
    model = bench.original(case, stored)
    clean = bench.config(case)
    original = bench.accuracy(model, clean)
    with approximate(model, stored) as handle:
        tensors = handle.tensors

    def on(module: Cells):
        return lay_out(tensors, stored.with_(error=module))

    here = on(cells)
    found = {"original": original, "target": original - LOSS}
    found["ber"] = mean_ber(here)
    found["before"] = float(np.mean(accuracies(bench, model, here)))
    boosted, _ = bench.trained_on(case, model, here, target_ber=None, input_range=None)
    after = accuracies(bench, boosted, here)
    found |= {"after": float(np.mean(after)), "least": min(after)}
    try:
        attach(boosted, on(other)).detach()
    except ValueError as error:
        print(f"on the other module: {error}")
    ranges = replace(calibration_of(boosted), identity=None)
    keep_calibration(boosted, ranges)
    found["elsewhere"] = float(np.mean(accuracies(bench, boosted, on(other))))
    found["clean"] = bench.accuracy(boosted, clean)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--profile", type=Path)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(args.folder)
    given = args.profile or made_up(args.folder / "module-0.parquet", 0)
    profile = profiles.read(given)
    cells = profiles.cells_of(profile)
    other = profiles.cells_of(profiles.read(made_up(args.folder / "module-1.parquet", 1)))
    print(f"{given.name}: {cells.bit_addresses.size} cells failed")
    head = ("seed", "original", "BER there", "there", "boosted, there", "lowest of 10",
            "on another module", "without errors")  # fmt: skip
    print(f"| {' | '.join(head)} |", "| --- " * len(head) + "|", sep="\n")
    for seed in args.seeds:
        found = judge(bench, seed, cells, other)
        named = ("before", "after", "least", "elsewhere", "clean")
        rest = " | ".join(f"{found[name]:.4f}" for name in named)
        print(f"| {seed} | {found['original']:.4f} | {found['ber']:.1e} | {rest} |", flush=True)


if __name__ == "__main__":
    from one_line import in_one_line

    in_one_line(main)
