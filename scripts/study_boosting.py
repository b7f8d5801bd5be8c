"""What boosting buys: networks, formats, ways of training and seeds, all by one criterion.

Run: python scripts/study_boosting.py FOLDER [--networks lenet residual separable lstm]
         [--formats int8 fp32] [--ways clean ramp] [--seeds 0 1 2] [--draws 0]
     python scripts/study_boosting.py FOLDER --known [--networks lenet residual] [--seeds 0 1 2]
     python scripts/study_boosting.py FOLDER --table
     (Fashion-MNIST: scripts/download_fashion_mnist.py; networks: scripts/study_networks.py)

Trains a network for each seed and trains it on, on the training images alone: "ramp", the default
of `eden.boost`; "steps", the paper's curriculum; "clean", as long and with the same inputs' ranges,
without errors; "short", a single epoch; "last", the last layer and batch norm's affine parts alone;
"past", gradients of what lies in DRAM in place of what was read. What costs too much accuracy is
trained again, as `eden.boost` does where it may judge. Each is judged on the validation images: the
BER at which P(miss) is 1 % for one point of the original's accuracy lost, its interval, lambda, the
mean-based BER, and with --draws the share of so many fresh draws that miss. With --known instead
one module whose weak cells are known (`cells="fixed"`): the share of weak cells that the network
bears there, before and after boosting for that module, and its accuracy when some of the cells are
others, at first and after an epoch of training under those.

Every result is kept in FOLDER as JSON: what is there is not asked again, and --table prints the
tables of all that is there.
"""

import argparse
import json
import time
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from repeat_run import spread
from scipy.stats import binomtest
from study_networks import SUBJECTS

import eden
from eden import boost, characterize_coarse, criticality, data, errors, nets
from eden.access import seeds_for
from eden.network import Config, approximate, calibration_of

LOSS = 0.01
# Rates low enough that no cell fails in training.
CLEAN = 1e-12
# Rate to train floats for.
FLOATS = 2e-3
FORMATS = ("int4", "int8", "int16", "bf16", "fp32", "fp32-uncorrected")
# Of one known module: weak fractions asked, tenths of a decade, and how many cells are others.
RUNGS = [10 ** (step / 10) for step in range(-50, -4)]
AGES = (0.0, 0.01, 0.05, 0.2, 1.0)
KNOWN_BER = 1e-2
RENEWED_RATE = 1e-3  # the learning rate's peak in the epoch for an aged module
HEAD = (
    "| format | network | | seconds | seeds | clean less original, points | lambda | BER at 1 % "
    "| times | by the mean, times | fresh draws that miss |"
)
WAYS = ("none", "clean", "steps", "ramp", "short", "last", "past")


@dataclass(frozen=True)
class Case:
    """A trained network: which, as what it is stored, how it was trained on, by which seed."""

    network: str
    stored: str
    way: str
    seed: int

    def path(self, folder: Path, study: str) -> Path:
        """Where its result is kept."""
        return folder / f"{study}-{self.network}-{self.stored}-{self.way}-{self.seed}.json"


class Bench:
    """The images, and the networks as first trained."""

    def __init__(self, folder: Path):
        self.folder = folder
        splits = data.load("fashion-mnist")
        self.train = splits.train
        self.evaluate = data.Evaluator(*splits.validation)

    def config(self, case: Case, **more) -> Config:
        """How a case is stored."""
        stored, _, uncorrected = case.stored.partition("-")
        correction = "off" if uncorrected else "zero"
        return Config(errors.Uniform(1e-3), stored, correction=correction, **more)

    def original(self, case: Case, config: Config) -> torch.nn.Module:
        """The network as trained, with its ranges in this format."""
        path = self.folder / f"original-{case.network}-{case.seed}.pt"
        torch.manual_seed(case.seed)
        model = SUBJECTS[case.network].build()
        if path.exists():
            model.load_state_dict(torch.load(path, weights_only=True))
        else:
            epochs = SUBJECTS[case.network].epochs
            nets.train(model, self.train, epochs=epochs, seed=case.seed, progress=False)
            torch.save(model.state_dict(), path)
        model.eval()
        with approximate(model, config) as handle:
            handle.learn_bounds(data.batches(*self.train, 512, seed=case.seed))
        return model

    def trained_on(self, case: Case, model: torch.nn.Module, config: Config, **more):
        """The same after boosting, or after as much training without errors."""
        if case.way == "none":
            return model
        clamps = config.stored.startswith("int")
        target = SUBJECTS[case.network].target_ber if clamps else FLOATS
        if case.way == "last":
            learn_last_alone(model)
        asked = {
            "target_ber": CLEAN if case.way == "clean" else target,
            "epochs": 1 if case.way == "short" else SUBJECTS[case.network].more_epochs,
            "gradients": "clean" if case.way == "past" else "as_read",
            "curriculum": "steps" if case.way == "steps" else "ramp",
            "input_range": SUBJECTS[case.network].input_range if clamps else None,
        }
        loader = data.batches(*self.train, 256, seed=case.seed)
        return boost(model, loader, config=config, progress=False, **(asked | more)).eval()

    def accuracy(self, model, config: Config, ber: float = 0.0, seed: int | None = None) -> float:
        """Accuracy on the validation images at a rate, under the errors of a seed."""
        with approximate(model, config) as handle:
            handle.set_ber(ber)
            if seed is not None:
                handle.reseed(seed)
            return self.evaluate(model)

    def judge(self, case: Case, draws: int) -> dict:
        """How much of errors a network bears, by the risk and by the mean."""
        config = self.config(case, seed=case.seed)
        original = self.original(case, config)
        target = self.accuracy(original, config) - LOSS
        start = time.perf_counter()
        guard = {"evaluate": self.evaluate, "target_accuracy": target}
        model = self.trained_on(case, original, config, **({} if case.way == "clean" else guard))
        found = {"seconds": time.perf_counter() - start, "clean": self.accuracy(model, config)}
        found["original"] = target + LOSS
        if found["clean"] < target:
            return found
        asked = {"config": config, "target_accuracy": target, "seed": case.seed}
        start = time.perf_counter()
        risk = criticality(model, self.evaluate, **asked)
        borne = characterize_coarse(model, self.evaluate, risk=risk, low=1e-10, **asked)
        found |= {"lambda": risk.lambda_of(), "ber": borne.ber, "interval": borne.interval}
        found |= {"mean": borne.mean_ber, "judging_seconds": time.perf_counter() - start}
        found["tensors"] = {t.name: risk.lambda_of(t.name) for t in borne.tensors}
        family = seeds_for("study boosting", draws) if draws else []
        under = [self.accuracy(model, config, borne.ber, seed) for seed in family]
        return found | {"draws": draws, "misses": sum(accuracy < target for accuracy in under)}

    def module(self, case: Case) -> dict:
        """How many weak cells of one known module a network bears, and what ageing costs it."""
        config = self.config(case, cells="fixed", seed=case.seed)
        original = self.original(case, config)
        target = self.accuracy(original, config) - LOSS
        found = {"original": target + LOSS}
        model = original
        if case.way != "none":
            start = time.perf_counter()
            model = self.trained_on(case, original, config, target_ber=KNOWN_BER)
            found["seconds"] = time.perf_counter() - start
        found["clean"] = self.accuracy(model, config)
        borne = [ber for ber in RUNGS if self.accuracy(model, config, ber) >= target]
        found |= {"bears": max(borne, default=0.0)}
        found["first_miss"] = next((ber for ber in RUNGS if ber not in borne), None)
        ranges = replace(calibration_of(model), identity=None)
        aged = config.with_(cells="fresh", error=errors.Cells([]), calibration=ranges)
        both = {age: self.aged(case, model.state_dict(), aged, age) for age in AGES}
        found["aged"] = {age: at_first for age, (at_first, _) in both.items()}
        found["renewed"] = {age: after for age, (_, after) in both.items()}
        return found

    def aged(self, case: Case, state: dict, config: Config, age: float) -> tuple[float, float]:
        """Accuracy at the rate trained for when a share of the weak cells are others.

        At first, and after one more epoch under those, in which batch norm learns them as well.
        The network is a copy that knows of no module: one boosted for one is refused elsewhere.
        """
        model = SUBJECTS[case.network].build().eval()
        model.load_state_dict(state)
        with approximate(model, config) as handle:
            handle.set_errors(
                {t.name: older(t, config.seed, age, KNOWN_BER) for t in handle.tensors}
            )
            at_first = self.evaluate(model)
            more = {"epochs": 1, "learning_rate": RENEWED_RATE, "seed": case.seed}
            nets.train(model, self.train, progress=False, **more)
            return at_first, self.evaluate(model)


def learn_last_alone(model: torch.nn.Module) -> None:
    """Have all parameters but those of the last layer and of batch norm stay as they are."""
    model.requires_grad_(False)
    layers = [layer for layer in model.modules() if [*layer.parameters(recurse=False)]]
    for layer in layers:
        if layer is layers[-1] or isinstance(layer, torch.nn.BatchNorm2d):
            layer.requires_grad_(True)


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


def kept(folder: Path, study: str) -> dict[Case, dict]:
    """All results of a study that are in a folder."""
    found = [json.loads(path.read_text()) for path in sorted(folder.glob(f"{study}-*.json"))]
    return {Case(**one["case"]): one for one in found}


def print_tables(folder: Path) -> None:
    """Print a row a network, format and way over its seeds, as Markdown."""
    found = kept(folder, "risk")
    rows = defaultdict(list)
    for case, one in found.items():
        first = found.get(Case(case.network, case.stored, "none", case.seed))
        if first and "ber" in first:
            rows[case.stored, case.network, case.way].append((one, first))
    print(HEAD)
    print("| --- " * 11 + "|")
    for (stored, network, way), pairs in sorted(rows.items(), key=order):
        judged = [(one, first) for one, first in pairs if "ber" in one]
        clean = spread([100 * (one["clean"] - one["original"]) for one, _ in pairs], "+.2f")
        seconds = spread([one["seconds"] for one, _ in pairs], ".0f")
        cells = [stored, network, way, seconds, f"{len(judged)} of {len(pairs)}", clean]
        if judged:
            cells.append(spread([one["lambda"] for one, _ in judged], ".0f"))
            cells.append(spread([one["ber"] for one, _ in judged], ".1e"))
            cells += [
                spread([one[by] / first[by] for one, first in judged], ".1f")
                for by in ("ber", "mean")
            ]
            draws, misses = (sum(one[k] for one, _ in judged) for k in ("draws", "misses"))
            if draws:
                low, high = binomtest(misses, draws).proportion_ci(method="exact")
                cells.append(f"{misses} of {draws} [{low:.1%}, {high:.1%}]")
        print("| " + " | ".join(cells) + " |")
    print_known(kept(folder, "known"))


def print_known(found: dict[Case, dict]) -> None:
    """Print what one known module changes, a row a network and seed; and what an epoch mends."""
    if not found:
        return
    ages = " | ".join(f"{age:.0%} others" for age in AGES)
    print(f"\n| network | seed | | clean | first miss | bears | times | {ages} |")
    print("| --- " * (7 + len(AGES)) + "|")
    for case, one in sorted(found.items(), key=lambda pair: (pair[0].network, pair[0].seed)):
        first = found.get(Case(case.network, case.stored, "none", case.seed))
        times = f"{one['bears'] / first['bears']:.0f}" if first and first["bears"] else ""
        miss = "" if one["first_miss"] is None else f"{one['first_miss']:.1e}"
        renewed = {age: f" → {after:.4f}" for age, after in one.get("renewed", {}).items()}
        aged = " | ".join(f"{at:.4f}{renewed.get(age, '')}" for age, at in one["aged"].items())
        print(
            f"| {case.network} | {case.seed} | {case.way} | {one['clean']:.4f} | {miss} | "
            f"{one['bears']:.1e} | {times} | {aged} |"
        )


def order(row) -> tuple:
    """As the formats, networks and ways are named above."""
    (stored, network, way), _ = row
    return FORMATS.index(stored), [*SUBJECTS].index(network), WAYS.index(way)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--networks", nargs="+", choices=SUBJECTS, default=[*SUBJECTS])
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=["int8", "fp32"])
    parser.add_argument("--ways", nargs="*", choices=WAYS[1:])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--draws", type=int, default=0)
    parser.add_argument("--known", action="store_true")
    parser.add_argument("--table", action="store_true")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    if not args.table:
        bench, study = Bench(args.folder), "known" if args.known else "risk"
        ways = (["ramp"] if args.known else ["clean", "ramp"]) if args.ways is None else args.ways
        for case in (
            Case(network, stored, way, seed)
            for stored in args.formats
            for seed in args.seeds
            for network in args.networks
            for way in ("none", *ways)
        ):
            path = case.path(args.folder, study)
            if not path.exists():
                found = bench.module(case) if args.known else bench.judge(case, args.draws)
                path.write_text(json.dumps({"case": asdict(case)} | found))
            print(path.read_text(), flush=True)
    print_tables(args.folder)


if __name__ == "__main__":
    main()
