"""The paper's findings on what tolerates less, from the kept results of `study_boosting.py`.

Run: python scripts/study_findings.py FOLDER [--figures FOLDER]

A table a finding, and a figure: low precision tolerates less (LeNet as trained, in each format);
pruning makes no clear difference (LeNet trained on with so many weights pruned); boosting
multiplies what is borne (all networks, int8); weights tolerate more than feature maps, the first
and the last layer less than those between (lambda a KiB, all networks, int8).
"""

import argparse
from collections import defaultdict
from pathlib import Path

from findings import groups_of
from repeat_run import spread
from study_bench import FORMATS, Bench, Case, kept
from study_boosting import Rows, draw, print_table, rows_of
from study_figures import draw_dots
from study_networks import SUBJECTS
from study_ways import WAYS

from eden.network import approximate

PRUNED = tuple(name for name, way in WAYS.items() if way.pruned is not None)
# Group of tensors -> network and way -> lambda a KiB of each seed.
Groups = dict[str, dict[tuple[str, str], list[float]]]


def chosen(rows: Rows, networks, formats, ways) -> Rows:
    """The rows of some networks, formats and ways."""
    return {
        (stored, network, way): pairs
        for (stored, network, way), pairs in rows.items()
        if stored in formats and network in networks and way in ways
    }


def groups(folder: Path, found: dict[Case, dict]) -> Groups:
    """Lambda a KiB of the groups that the paper compares, as trained and boosted."""
    bench, sizes = Bench(folder), {}
    made: Groups = defaultdict(lambda: defaultdict(list))
    for case, one in found.items():
        if case.stored != "int8" or case.way not in ("none", "ramp") or "tensors" not in one:
            continue
        if case.network not in sizes:
            config = bench.config(case)
            with approximate(bench.original(case, config), config) as handle:
                sizes[case.network] = {t.name: t.size_bytes for t in handle.tensors}
        bytes_of = sizes[case.network]
        for group, member in groups_of([*bytes_of]).items():
            names = [name for name in bytes_of if member(name)]
            if not names:
                continue  # two layers have none between
            cells = sum(one["tensors"][name] for name in names)
            kib = sum(bytes_of[name] for name in names) / 1024
            made[group][case.network, case.way].append(cells / kib)
    return made


def networks_of(made: Groups) -> list[str]:
    """The networks of which something is known."""
    return [n for n in SUBJECTS if any((n, "none") in row for row in made.values())]


def print_groups(made: Groups) -> None:
    """Print a row a group, two columns a network, as Markdown."""
    networks = networks_of(made)
    columns = [f"{network}{more} | " for network in networks for more in ("", ", boosted")]
    print(f"| lambda a KiB | {''.join(columns)}\n{'| --- ' * (1 + len(columns))}|")
    for group, row in made.items():
        cells = [
            spread(row[network, way], ".2g") if row.get((network, way)) else ""
            for network in networks
            for way in ("none", "ramp")
        ]
        print(f"| {group} | {' | '.join(cells)} |")


def draw_groups(made: Groups, path: Path) -> None:
    """Draw lambda a KiB of each group, a panel a network."""
    networks, lines = networks_of(made), [*made]
    values = lambda network, line, kind: made[lines[line]].get(  # noqa: E731
        (networks[network], ("none", "ramp")[kind]), []
    )
    draw_dots(
        path, networks, lines, ("as trained", "boosted"), values, "λ a KiB",
        scale=("symlog", {"linthresh": 0.1}),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--figures", type=Path, metavar="FOLDER")
    args = parser.parse_args()
    found = kept(args.folder, "risk")
    rows = rows_of(found)
    parts = {
        "precision": chosen(rows, ["lenet"], FORMATS, ["none"]),
        "pruning": chosen(rows, ["lenet"], ["int8"], ["none", *PRUNED]),
        "boosting": chosen(rows, [*SUBJECTS], ["int8"], ["none", "clean", "ramp"]),
    }
    made = groups(args.folder, found)
    for name, part in parts.items():
        print(f"\n{name}\n")
        print_table(part)
    print("\ngroups of tensors\n")
    print_groups(made)
    if args.figures:
        args.figures.mkdir(parents=True, exist_ok=True)
        for name, part in parts.items():
            if part:
                draw(part, args.figures / f"{name}.svg")
        draw_groups(made, args.figures / "groups.svg")


if __name__ == "__main__":
    from one_line import in_one_line

    in_one_line(main)
