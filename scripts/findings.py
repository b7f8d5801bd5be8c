"""The paper's findings on which data tolerate less, in what runs found tensor by tensor.

    python scripts/findings.py RUN_FOLDER [RUN_FOLDER ...]

For each tensor of the network, not boosted and boosted, over the runs: lambda, the number of cells
whose flip alone misses the target; and how much higher than the coarse tolerance the fine search
raised it. Then the same for the groups that the paper compares (first and last layers tolerate
less than those between, weights more than feature maps), each run's mean of logarithms.
"""

import argparse
from collections.abc import Callable, Sequence
from math import exp, log
from pathlib import Path
from statistics import mean

from repeat_run import spread

from eden.folder import Results, RunFolder

NETWORKS = ("baseline", "boosted")


def groups_of(names: Sequence[str]) -> dict[str, Callable[[str], bool]]:
    """The groups of tensors that the paper compares, of a network's tensors in model order.

    Layers are modules; of fewer than three, as of recurrent ones, first and last say nothing.
    """
    layers = [*dict.fromkeys(name.rpartition(".")[0] for name in names)]
    first, last = f"{layers[0]}.", f"{layers[-1]}."
    kinds = {
        "weights": lambda name: not name.endswith(".input"),
        "feature maps": lambda name: name.endswith(".input"),
    }
    if len(layers) < 3:
        return kinds
    return kinds | {
        "first layer": lambda name: name.startswith(first),
        "layers between": lambda name: not name.startswith((first, last)),
        "last layer": lambda name: name.startswith(last),
    }


class Found:
    """What one run found out about the tensors of one of its networks."""

    def __init__(self, folder: Path, network: str):
        results = Results(RunFolder(folder))
        risk, fine = results.criticality(network), results.tolerances(network, "fine")
        self.bytes = {t.name: t.size_bytes for t in fine.tensors}
        self.single = {name: risk.lambda_of(name) for name in self.bytes}
        self.raised = {t.name: t.tolerance / fine.coarse_ber for t in fine.tensors}

    def of(self, member: Callable[[str], bool]) -> tuple[float, float]:
        """Of a group: lambda a KiB, and the geometric mean of how far its tensors rose."""
        names = [name for name in self.bytes if member(name)]
        cells = sum(self.single[name] for name in names)
        kib = sum(self.bytes[name] for name in names) / 1024
        return cells / kib, exp(mean(log(self.raised[name]) for name in names))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+")
    given = parser.parse_args()
    found = {network: [Found(run, network) for run in given.runs] for network in NETWORKS}
    print("| | bytes | lambda | raised, times | lambda, boosted | raised, times, boosted |")
    print("| --- " * 6 + "|")
    for name, size in found["baseline"][0].bytes.items():
        cells = [name, str(size)]
        for network in NETWORKS:
            cells.append(spread([one.single[name] for one in found[network]], ".0f"))
            cells.append(spread([one.raised[name] for one in found[network]], ".1f"))
        print(f"| {' | '.join(cells)} |")
    for group, member in groups_of([*found["baseline"][0].bytes]).items():
        cells = [f"**{group}**", ""]
        for network in NETWORKS:
            pairs = [one.of(member) for one in found[network]]
            cells.append(spread([single for single, _ in pairs], ".1f") + " a KiB")
            cells.append(spread([raised for _, raised in pairs], ".1f"))
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    from one_line import in_one_line

    in_one_line(main)
