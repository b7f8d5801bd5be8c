"""Boosting for one known module, whose weak cells are the same in training and in use.

Run: python scripts/study_known.py FOLDER [--networks lenet residual] [--ways ramp] [--seeds 0 1 2]
     python scripts/study_known.py FOLDER --table
     (Fashion-MNIST: scripts/download_fashion_mnist.py; networks: scripts/study_networks.py)

The share of weak cells of one module (`cells="fixed"`) that an int8 network bears there, before and
after boosting for that module, and its accuracy when some of the cells are others, at first and
after an epoch of training under those. Every result is kept in FOLDER as JSON: what is there is not
asked again, and --table prints the table of all that is there. FOLDER may be that of
`scripts/study_boosting.py`, whose first networks are taken.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from study_bench import LOSS, Bench, Case, cases, kept, results
from study_boosting import ORDER
from study_networks import SUBJECTS
from study_ways import WAYS

import eden
from eden import errors, nets
from eden._say import rate
from eden.network import Config, approximate, calibration_of

# Weak fractions asked, tenths of a decade, and how many cells are others.
RUNGS = [10 ** (step / 10) for step in range(-50, -4)]
AGES = (0.0, 0.01, 0.05, 0.2, 1.0)
# Weak fraction trained for: what the network learns to live with, of each kind;
# with each unit twice it is more.
KNOWN_BERS = {"lenet": 1.6e-2, "residual": 1.26e-2}
DOUBLED_BERS = {"lenet": 4e-2, "residual": 1.6e-2}
# Ways that bring no rate of their own, and no other outputs in training.
FOR_IT = ("ramp", "steps", "double")
RENEWED_RATE = 1e-3  # the learning rate's peak in the epoch for an aged module


def known_ber(case: Case) -> float:
    """The rate of the module that a case is trained for; that of the default, as trained."""
    known = DOUBLED_BERS if case.way == "double" else KNOWN_BERS
    return known.get(case.network, 1e-2)


def judge(bench: Bench, case: Case) -> dict:
    """How many weak cells of one known module a network bears, and what ageing costs it."""
    config = bench.config(case, cells="fixed", seed=case.seed)
    original = bench.original(case, config)
    target = bench.accuracy(original, config) - LOSS
    for_it = {"target_ber": known_ber(case), "input_range": None}
    model, found = bench.trained_on(case, original, config, **for_it)
    found |= {"original": target + LOSS, "clean": bench.accuracy(model, config)}
    borne = [ber for ber in RUNGS if bench.accuracy(model, config, ber) >= target]
    found |= {"bears": max(borne, default=0.0)}
    found["first_miss"] = next((ber for ber in RUNGS if ber not in borne), None)
    ranges = replace(calibration_of(model), identity=None)
    others = config.with_(cells="fresh", error=errors.Cells([]), calibration=ranges)
    both = {age: aged(bench, case, model.state_dict(), others, age) for age in AGES}
    found["aged"] = {age: at_first for age, (at_first, _) in both.items()}
    found["renewed"] = {age: after for age, (_, after) in both.items()}
    return found


def aged(bench: Bench, case: Case, state: dict, config: Config, age: float) -> tuple[float, float]:
    """Accuracy at the rate trained for when a share of the weak cells are others.

    At first, and after one more epoch under those, in which batch norm learns them as well.
    The network is a copy that knows of no module: one boosted for one is refused elsewhere.
    """
    model = SUBJECTS[case.network].build().eval()
    if case.way in WAYS and (prepare := WAYS[case.way].prepare):
        prepare(model)
    model.load_state_dict(state)
    with approximate(model, config) as handle:
        handle.set_errors(
            {t.name: older(t, config.seed, age, known_ber(case)) for t in handle.tensors}
        )
        at_first = bench.evaluate(model)
        more = {"epochs": 1, "learning_rate": RENEWED_RATE, "seed": case.seed}
        nets.train(model, bench.train, progress=False, **more)
        return at_first, bench.evaluate(model)


def older(tensor, seed: int, age: float, ber: float) -> errors.Cells:
    """The weak cells of a tensor on a module, a share of which another module's have replaced."""
    now, then = weak(tensor, seed, ber), weak(tensor, seed + 1000, ber)
    changed = np.random.default_rng(seed).random(now.size) < age
    return errors.Cells(np.flatnonzero(np.where(changed, then, now)))


def weak(tensor, seed: int, ber: float) -> np.ndarray:
    """Which cells of a tensor are weak on a module: those where zeros are not read as zeros."""
    stored = torch.zeros(tensor.size_bytes, dtype=torch.uint8)
    key = eden.fold_in(eden.key(seed), tensor.name)
    read = eden.inject(stored, errors.Uniform(ber), key=key)
    return np.unpackbits(read.numpy(), bitorder="little").astype(bool)


def print_table(found: dict[Case, dict]) -> None:
    """Print what one known module changes and an epoch mends, a row a network, seed and way."""
    ages = " | ".join(f"{age:.0%} others" for age in AGES)
    print(f"| network | seed | | clean | first miss | bears | times | {ages} |")
    print("| --- " * (7 + len(AGES)) + "|")
    for case in sorted(found, key=lambda case: (case.network, case.seed, ORDER.index(case.way))):
        one, says = found[case], WAYS[case.way].says if case.way in WAYS else "as trained"
        first = found.get(Case(case.network, case.stored, "none", case.seed))
        bears, times = rate(one["bears"]) if one["bears"] else "none", ""
        if first and first["bears"] and one["bears"]:
            times = f"{one['bears'] / first['bears']:.0f}"
        miss = "" if one["first_miss"] is None else rate(one["first_miss"])
        renewed = {age: f" → {after:.4f}" for age, after in one.get("renewed", {}).items()}
        ages = " | ".join(f"{at:.4f}{renewed.get(age, '')}" for age, at in one["aged"].items())
        print(
            f"| {case.network} | {case.seed} | {says} | {one['clean']:.4f} | {miss} | "
            f"{bears} | {times} | {ages} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--networks", nargs="+", choices=SUBJECTS, default=["lenet", "residual"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--ways", nargs="+", choices=FOR_IT, default=["ramp"])
    parser.add_argument("--table", action="store_true")
    args = parser.parse_args()
    if not args.table:
        asked = cases(args.networks, ["int8"], args.ways, args.seeds)
        results(args.folder, "known", asked, judge)
    print_table(kept(args.folder, "known"))


if __name__ == "__main__":
    from one_line import in_one_line

    in_one_line(main)
