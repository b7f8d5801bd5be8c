"""What boosting buys: networks, formats, ways of training and seeds, all by one criterion.

Run: python scripts/study_boosting.py FOLDER [--networks lenet residual separable lstm]
         [--formats int8 fp32] [--ways clean ramp] [--seeds 0 1 2] [--draws 0]
     python scripts/study_boosting.py FOLDER --table [--figure FILE.svg]
     (Fashion-MNIST: scripts/download_fashion_mnist.py; networks named -cifar10 need CIFAR-10 in the
     folder EDEN_DATA; networks: scripts/study_networks.py; ways: scripts/study_ways.py)

Trains a network for each seed and trains it on, on the training images alone, in each of the ways.
What costs too much accuracy is trained again, as `eden.boost` does where it may judge. Each is
judged on the validation images: the BER at which P(miss) is 1 % for one point of the original's
accuracy lost, its interval, lambda, the mean-based BER, and with --draws the share of so many fresh
draws that miss.

Every result is kept in FOLDER as JSON: what is there is not asked again. --table prints the table
of all that is there, or of the networks, formats and ways that are named, and --figure draws it.
"""

import argparse
import time
from collections import defaultdict
from dataclasses import replace
from functools import partial
from pathlib import Path

from repeat_run import spread
from study_bench import FORMATS, LOSS, Bench, Case, cases, kept, results
from study_figures import draw_dots
from study_networks import ON_FASHION, SUBJECTS
from study_ways import WAYS

from eden import characterize_coarse, criticality
from eden.access import seeds_for
from eden.tolerance import share_interval

HEAD = (
    "| network, stored as | | seeds | s, judging included | clean less original, points | lambda "
    "| BER at 1 % | times | by the mean | times | fresh draws that miss |"
)
ORDER = ("none", *WAYS)


def judge(bench: Bench, case: Case, *, draws: int) -> dict:
    """How much of errors a network bears, by the risk and by the mean."""
    config = bench.config(case, seed=case.seed)
    original = bench.original(case, config)
    target = bench.accuracy(original, config) - LOSS
    judges = case.way != "none" and WAYS[case.way].judges
    guard = {"evaluate": bench.evaluate, "target_accuracy": target} if judges else {}
    model, found = bench.trained_on(case, original, config, **guard)
    found |= {"original": target + LOSS, "clean": bench.accuracy(model, config)}
    if found["clean"] < target or not found.get("kept", True):
        return found  # below the target without errors, or the original again
    asked = {"config": config, "target_accuracy": target, "seed": case.seed}
    start = time.perf_counter()
    risk = criticality(model, bench.evaluate, **asked)
    borne = characterize_coarse(model, bench.evaluate, risk=risk, low=1e-10, **asked)
    found |= {"lambda": risk.lambda_of(), "ber": borne.ber, "interval": borne.interval}
    found |= {"mean": borne.mean_ber, "judging_seconds": time.perf_counter() - start}
    found["tensors"] = {t.name: risk.lambda_of(t.name) for t in borne.tensors}
    family = seeds_for("study boosting", draws) if draws else []
    under = [bench.accuracy(model, config, borne.ber, seed) for seed in family]
    return found | {"draws": draws, "misses": sum(accuracy < target for accuracy in under)}


Rows = dict[tuple[str, str, str], list[tuple[dict, dict]]]


def rows_of(found: dict[Case, dict]) -> Rows:
    """By format, network and way: each seed's result, and that which it is held against.

    That is the network as first trained; of pruned ones that which was trained on unpruned.
    """
    rows = defaultdict(list)
    for case, one in found.items():
        against = "none" if case.way == "none" or WAYS[case.way].pruned is None else "pruned-0"
        first = found.get(replace(case, way=against))
        if first and "ber" in first:
            rows[case.stored, case.network, case.way].append((one, first))
    places = FORMATS, [*SUBJECTS], ORDER
    order = lambda key: [place.index(k) for place, k in zip(places, key, strict=True)]  # noqa: E731
    return {key: rows[key] for key in sorted(rows, key=order)}


def chosen(rows: Rows, networks, formats, ways) -> Rows:
    """The rows of some networks, formats and ways."""
    return {
        (stored, network, way): pairs
        for (stored, network, way), pairs in rows.items()
        if stored in formats and network in networks and way in ways
    }


def print_table(rows: Rows) -> None:
    """Print a row a format, network and way over its seeds, as Markdown."""
    print(HEAD)
    print("| --- " * HEAD.count(" |") + "|")
    before = None
    for (stored, network, way), pairs in rows.items():
        subject = f"{network}, {stored}"
        cells = ["" if subject == before else subject, *of_way(way, pairs)]
        before = subject
        print("| " + " | ".join(cells) + " |")


def spread_of_rates(bers: list[float]) -> str:
    """Return the median of rates, with the lowest and the highest, as text such as 7.9e-4."""
    return spread(bers, ".1e").replace("e-0", "e-")


def of_way(way: str, pairs: list[tuple[dict, dict]]) -> list[str]:
    """The cells of the table that say what came of a way over its seeds."""
    judged = [(one, first) for one, first in pairs if "ber" in one]
    seeds = f"{len(pairs)}" if len(judged) == len(pairs) else f"{len(judged)} of {len(pairs)}"
    milder = sum(one.get("trainings", 1) > 1 for one, _ in pairs)
    cells = ["as trained", seeds, "", ""]
    if way != "none":
        seconds = spread([one["seconds"] for one, _ in pairs], ".0f")
        clean = spread([100 * (one["clean"] - one["original"]) for one, _ in pairs], "+.2f")
        cells = [WAYS[way].says, seeds + (f", {milder} milder" if milder else ""), seconds, clean]
    if not judged:
        return cells + [""] * (HEAD.count(" |") - 1 - len(cells))
    cells.append(spread([one["lambda"] for one, _ in judged], ".0f"))
    for by in ("ber", "mean"):
        cells.append(spread_of_rates([one[by] for one, _ in judged]))
        cells.append(spread([one[by] / first[by] for one, first in judged], ".1f"))
    draws, misses = (sum(one[k] for one, _ in judged) for k in ("draws", "misses"))
    if not draws:
        return [*cells, ""]
    low, high = share_interval(misses, draws)
    return [*cells, f"{misses} of {draws} [{low:.1%}, {high:.1%}]"]


def draw(rows: Rows, path: Path) -> None:
    """Draw what each seed's network bears, a panel a network, a line a format and way."""
    networks = list(dict.fromkeys(network for _, network, _ in rows))
    lines = list(dict.fromkeys((stored, way) for stored, _, way in rows))
    formats, ways = ({line[part] for line in lines} for part in (0, 1))

    def values(network: int, line: int, kind: int) -> list[float]:
        stored, way = lines[line]
        pairs = rows.get((stored, networks[network], way), [])
        return [one[("ber", "mean")[kind]] for one, _ in pairs if "ber" in one]

    def name(stored: str, way: str) -> str:
        said = "as trained" if way == "none" else way
        if len(formats) == 1:
            return said
        return stored if len(ways) == 1 else f"{stored}, {said}"

    kinds = ("P(miss) = 1 %", "mean of draws")
    draw_dots(path, networks, [name(*line) for line in lines], kinds, values, "BER borne")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--networks", nargs="+", choices=SUBJECTS)
    parser.add_argument("--formats", nargs="+", choices=FORMATS)
    parser.add_argument("--ways", nargs="*", choices=WAYS)
    parser.add_argument("--seeds", nargs="+", type=int)
    parser.add_argument("--draws", type=int, default=0)
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--figure", type=Path, metavar="FILE")
    args = parser.parse_args()
    if not args.table:
        asked = cases(
            args.networks or ON_FASHION,
            args.formats or ["int8", "fp32"],
            ["clean", "ramp"] if args.ways is None else args.ways,
            args.seeds or [0, 1, 2],
        )
        results(args.folder, "risk", asked, partial(judge, draws=args.draws))
    found = kept(args.folder, "risk")
    of_seeds = {
        case: one for case, one in found.items() if case.seed in (args.seeds or [case.seed])
    }
    ways = ORDER if args.ways is None else ("none", *args.ways)
    rows = chosen(rows_of(of_seeds), args.networks or SUBJECTS, args.formats or FORMATS, ways)
    print_table(rows)
    if args.figure:
        draw(rows, args.figure)


if __name__ == "__main__":
    from one_line import in_one_line

    in_one_line(main)
