"""Whether boosting helps on a module that fails otherwise than the error model trained under.

Run: python scripts/study_error_models.py FOLDER [--network lenet] [--seeds 0 1 2] [--ber 2e-3]
         [--draws 20]
     (Fashion-MNIST: scripts/download_fashion_mnist.py; networks: scripts/study_networks.py)

A network for each seed is boosted under each of the four error models, for the rate that
`scripts/study_networks.py` gives it, and trained as long without errors, and tested under each at
one BER: the mean accuracy of so many fresh draws on the validation images. Rates of bitlines and of
rows are spread lognormally, their logarithm by 1.3, over lines that are the same in training and in
testing; "other bitlines" are those of another module. A tensor lies in a partition of its own and
has that BER, so rows differ only in tensors of more than 8 KB. Of model 3 only cells that hold a 1
fail. Results are kept in FOLDER, which may be that of
`scripts/study_boosting.py` (its first networks are taken), and the table is of all that are there.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from statistics import mean

import numpy as np
from repeat_run import spread
from study_bench import Bench, Case
from study_networks import SUBJECTS

from eden import errors
from eden._files import read_json, write_json
from eden.access import seeds_for

SPREAD = 1.3
BITLINES = 8 * 8192
ROWS = 256
TRAINED = ("none", "clean", "uniform", "bitline", "wordline", "data-dependent")


def lines(count: int, module: int) -> np.ndarray:
    """Relative failure rates of the lines of a module, mean about 1e-3."""
    drawn = np.random.default_rng(module).standard_normal(count)
    return np.minimum(1.0, 1e-3 * np.exp(SPREAD * drawn - SPREAD**2 / 2))


def models(module: int) -> dict[str, errors.ErrorModel]:
    """The error models of a module, each at any BER: `Attachment.set_ber` scales them."""
    return {
        "uniform": errors.Uniform(1e-3),
        "bitline": errors.Bitline(lines(BITLINES, module)),
        "wordline": errors.Wordline(lines(ROWS, module)),
        "data-dependent": errors.DataDependent(2e-3, 1.0, 0.0),
    }


def tested(module: int) -> dict[str, errors.ErrorModel]:
    """What a network is tested under."""
    return models(module) | {"other bitlines": models(module + 1000)["bitline"]}


def study(bench: Bench, network: str, trained: str, seed: int, ber: float, draws: int) -> dict:
    """Train under one model and test under all."""
    way = trained if trained in ("none", "clean") else "ramp"
    case = Case(network, "int8", way, seed)
    config = bench.config(case, seed=seed)
    original = bench.original(case, config)
    accuracy = bench.accuracy(original, config)
    under = models(seed).get(trained, config.error)
    model, _ = bench.trained_on(case, original, replace(config, error=under))
    found = {"original": accuracy, "clean": bench.accuracy(model, config), "accuracies": {}}
    family = seeds_for("study error models", draws, seed=seed)
    for name, error in tested(seed).items():
        placed = replace(config, error=error)
        found["accuracies"][name] = [bench.accuracy(model, placed, ber, draw) for draw in family]
    return found


def print_table(folder: Path, network: str, ber: float, draws: int) -> None:
    """Print a row a model trained under, a column a model tested under, as Markdown."""
    asked = (network, ber, draws)
    found = [read_json(path) for path in sorted(folder.glob("models-*.json"))]
    found = [one for one in found if (one["case"][0], one["ber"], one["draws"]) == asked]
    columns = [*tested(0)]
    print(f"| trained under | without errors | {' | '.join(columns)} |")
    print("| --- " * (2 + len(columns)) + "|")
    for trained in TRAINED:
        rows = [one for one in found if one["case"][1] == trained]
        if not rows:
            continue
        cells = [spread([one["clean"] for one in rows], ".3f")]
        for name in columns:
            cells.append(spread([mean(one["accuracies"][name]) for one in rows], ".3f"))
        print(f"| {trained} | {' | '.join(cells)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--network", choices=SUBJECTS, default="lenet")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--ber", type=float, default=2e-3)
    parser.add_argument("--draws", type=int, default=20)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(args.folder, SUBJECTS[args.network].images)
    for seed in args.seeds:
        for trained in TRAINED:
            case = [args.network, trained, seed]
            name = "-".join(map(str, [*case, f"{args.ber:g}", args.draws]))
            path = args.folder / f"models-{name}.json"
            if not path.exists():
                found = study(bench, args.network, trained, seed, args.ber, args.draws)
                write_json(path, {"case": case, "ber": args.ber, "draws": args.draws} | found)
            print(path.read_text(), flush=True)
    print_table(args.folder, args.network, args.ber, args.draws)


if __name__ == "__main__":
    main()
