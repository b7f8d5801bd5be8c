"""How many forward passes does the tolerance search save, and does it find the same?

Against plain sweeps on the same images, grid and draws, each asked for every accuracy in full. A
forward pass is one image through the network, counted by a hook. The sweeps:

- coarse: every step of the grid under every draw. A draw's threshold is the step before its first
  miss; the network's tolerance is the least threshold less the margin.
- one step, every draw: as the paper has it, round after round of one step a tensor; less the
  margin.

A draw may miss at the fine sweep less its margin, since accuracies only nearly nest. Eden then
moves single tensors by a step, so its tolerances may differ from the sweep's there; the number of
such draws is printed.

`--risk` asks instead what a stated risk costs: single cells, the coarse search that goes by them
and the fine one from there, against the searches of a sweep alone, which no stated risk needs.

Run: eden run lenet-fashion-mnist --out FOLDER --until boost
     python benchmarks/characterise.py FOLDER [--risk] [--images 1000] [--draws 8] [--seed 1]
         [--json FILE]

By default images, draws and seed are the recipe's: the quickstart's take a quarter of an hour on 2
cores.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from _common import Table, head, parser

from eden import characterize_coarse, characterize_fine, criticality
from eden.access import seeds_for
from eden.folder import NETWORKS, RunFolder
from eden.run import Work, read_inputs
from eden.tolerance import ber_of, step_of
from eden.tolerance._network import bers_of, under_errors
from eden.tolerance._sweep import plain_sweep

MOST_PASSES, LEAST_EQUAL = 0.1, 0.95
MOST_FOR_RISK = 1.35  # of the passes of the searches of a sweep


class Passes:
    """Images that went through a network."""

    def __init__(self, model: torch.nn.Module):
        self.images = 0
        model.register_forward_pre_hook(self._count)

    def _count(self, model: torch.nn.Module, arguments: tuple) -> None:
        self.images += len(arguments[0])

    @contextmanager
    def counted(self, into: dict, name: str) -> Iterator[None]:
        """Note under a name how many images go through meanwhile."""
        before = self.images
        yield
        into[name] = self.images - before


def asked_of(work: Work, network: str, images: int) -> tuple:
    """A network, the evaluator that it is asked by, and the accuracy to keep."""
    evaluate = work.evaluator("validation", most=images)
    evaluate.in_copies = False  # what copies of the process ask would not be counted
    return work.network(network), evaluate, work.target_for(evaluate(work.network("baseline")))


def coarse_sweep(faulty, draws: list[int], target: float, first: int, last: int) -> list[int]:
    """The threshold of each draw, from all accuracies of the grid."""
    thresholds = []
    for draw in draws:
        met = [faulty.accuracy(ber_of(s), draw) >= target for s in range(first, last + 1)]
        thresholds.append(first + met.index(False) - 1 if False in met else last)
    return thresholds


def fine_sweep(faulty, draws: list[int], target: float, base: int, high: int) -> dict:
    """The step of each tensor, every draw of every trial asked in full."""

    def holds(steps: Mapping[str, int]) -> bool:
        found = [faulty.accuracy(bers_of(steps), draw) >= target for draw in draws]
        return all(found)

    start = {tensor.name: base for tensor in faulty.handle.tensors}
    return plain_sweep(holds, start, high=high)


def lowered(steps: Mapping[str, int], base: int, margin: int) -> dict[str, int]:
    return {name: max(base, step - margin) for name, step in steps.items()}


def compare(
    work: Work, network: str, images: int, draws_wanted: int, seed: int, table: Table
) -> None:
    part = work.recipe.characterize
    model, evaluate, target = asked_of(work, network, images)
    passes, spent = Passes(model), {}
    draws = seeds_for("search", draws_wanted, seed=seed)
    shared = {"seeds": draws_wanted, "high": part.high, "margin_steps": part.margin_steps}
    shared["seed"] = seed
    first, last, margin = step_of(part.low), step_of(part.high), part.margin_steps

    def report(what: str, mine: list[int], sweep: str, theirs: list[int]) -> None:
        apart = [abs(a - b) for a, b in zip(mine, theirs, strict=True)]
        table.add(
            **{
                "network": network,
                "sweep": sweep,
                "passes": spent[sweep],
                "eden's": spent[what],
                "ratio": spent[what] / spent[sweep],
                "of": len(apart),
                "equal": apart.count(0) / len(apart),
                "within 1": sum(a <= 1 for a in apart) / len(apart),
                "furthest": max(apart),
            }
        )

    # As in a run, what the coarse search asked last is on disk and not asked again.
    with TemporaryDirectory() as trials:
        shared["folder"] = trials
        with passes.counted(spent, "coarse"):
            coarse = characterize_coarse(
                model,
                evaluate,
                config=work.config,
                target_accuracy=target,
                low=part.low,
                criterion="sweep",
                **shared,
            )
        with passes.counted(spent, "fine"):
            fine = characterize_fine(model, evaluate, start=coarse, **shared)
    base = step_of(coarse.coarse_ber)
    with (
        under_errors(model, evaluate, coarse.config) as faulty,
        passes.counted(spent, "every step and draw"),
    ):
        thresholds = coarse_sweep(faulty, draws, target, first, last)
    mine = [step_of(ber) if ber else first - 1 for ber in coarse.thresholds]
    tolerance = min(thresholds) - margin
    report("coarse", [*mine, base], "every step and draw", [*thresholds, tolerance])

    with (
        under_errors(model, evaluate, coarse.config) as faulty,
        passes.counted(spent, "one step, every draw"),
    ):
        found = fine_sweep(faulty, draws, target, base, step_of(part.high))
    found = lowered(found, base, margin)
    with under_errors(model, evaluate, coarse.config) as faulty:
        misses = sum(faulty.accuracy(bers_of(found), draw) < target for draw in draws)
    bers = fine.bers()
    report("fine", [step_of(bers[t]) for t in found], "one step, every draw", list(found.values()))
    print(f"{network}: {misses} of {len(draws)} draws miss at the fine sweep less its margin")

    plain = spent["every step and draw"] + spent["one step, every draw"]
    mine = spent["coarse"] + spent["fine"]
    print(f"{network}: coarse and fine in {mine} passes, plain sweeps {plain}: {mine / plain:.3f}")


def price_risk(work: Work, network: str, images: int, draws: int, seed: int, table: Table) -> None:
    part = work.recipe.characterize
    model, evaluate, target = asked_of(work, network, images)
    # Of a network that is run anew from some module on the passes are told, not counted.
    cells = criticality(model, evaluate, config=work.config, target_accuracy=target, seed=seed)
    passes, spent = Passes(model), {}
    shared = {"seeds": draws, "high": part.high, "margin_steps": part.margin_steps, "seed": seed}
    ways = {"sweep": {"criterion": "sweep"}, "risk": {"risk": cells}}
    for way, how in ways.items():
        with TemporaryDirectory() as trials:
            shared["folder"] = trials
            with passes.counted(spent, f"{way}, coarse"):
                coarse = characterize_coarse(
                    model,
                    evaluate,
                    config=work.config,
                    target_accuracy=target,
                    low=part.low,
                    **how,
                    **shared,
                )
            with passes.counted(spent, f"{way}, fine"):
                characterize_fine(model, evaluate, start=coarse, **shared)
    counts = {what: count / len(evaluate) for what, count in spent.items()}
    counts["cells"] = cells.passes
    risk = counts["cells"] + counts["risk, coarse"] + counts["risk, fine"]
    ratio = risk / (counts["sweep, coarse"] + counts["sweep, fine"])
    table.add(network=network, seed=seed, **counts, ratio=ratio)


def main() -> None:
    options = parser(__doc__, elements=None)
    options.add_argument("run_folder", type=Path)
    options.add_argument("--risk", action="store_true", help="count what a stated risk costs")
    options.add_argument("--images", type=int, help="of the validation images")
    options.add_argument("--draws", type=int)
    options.add_argument("--seed", type=int, help="of the draws")
    options.add_argument("--networks", nargs="+", choices=NETWORKS, default=NETWORKS[1:])
    args = options.parse_args()

    folder = RunFolder(args.run_folder)
    work = Work(folder, read_inputs(folder.recipe), progress=False)
    images = args.images or folder.recipe.characterize.coarse_images
    draws = args.draws or folder.recipe.characterize.seeds
    seed = folder.recipe.seed if args.seed is None else args.seed
    facts = head(stored=folder.recipe.stored, most_images=images, draws=draws, seed=seed)
    if args.risk:
        print(f"passes of all images; target: ratio at most {MOST_FOR_RISK}")
        ways = [f"{way}, {search}" for way in ("sweep", "risk") for search in ("coarse", "fine")]
        counts = {what: "13.1f" for what in [*ways, "cells"]}
        table = Table({"network": "<9s", "seed": "4d", **counts, "ratio": "7.3f"})
        for network in args.networks:
            price_risk(work, network, images, draws, seed, table)
        table.write(args.json, "characterise-risk", facts)
        return
    print(f"targets: ratio at most {MOST_PASSES}, equal at least {LEAST_EQUAL}, within 1 all")
    table = Table(
        {
            "network": "<9s",
            "sweep": "<21s",
            "passes": "10d",
            "eden's": "9d",
            "ratio": "7.3f",
            "of": "3d",
            "equal": "6.3f",
            "within 1": "9.3f",
            "furthest": "9d",
        }
    )
    for network in args.networks:
        compare(work, network, images, draws, seed, table)
    table.write(args.json, "characterise", facts)


if __name__ == "__main__":
    main()
