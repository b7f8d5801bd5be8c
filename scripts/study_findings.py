"""The paper's findings on what tolerates less, from the kept results of `study_boosting.py`.

Run: python scripts/study_findings.py FOLDER [--tolerances FILE.csv] [--figures FOLDER]

A table a finding, and a figure: whether low precision tolerates less (networks as trained, in each
format that was tried); pruning makes a difference (LeNet trained on with so many weights pruned,
against as much training without); boosting multiplies what is borne (all networks, int8); weights
tolerate more than feature maps, the first and the last layer less than those between (lambda a KiB,
int8); larger networks tolerate more (int8, and what runs of recipes found, as `headline.py --add`
keeps it).
"""

import argparse
from collections import defaultdict
from pathlib import Path

import torch
from findings import groups_of
from headline import TOLERANCES, tolerances_in
from modules import NAMES
from repeat_run import spread
from study_bench import FORMATS, LOSS, Case, kept
from study_boosting import chosen, draw, print_table, rows_of, spread_of_rates
from study_figures import draw_dots
from study_networks import SUBJECTS
from study_ways import WAYS
from torch import nn

from eden import errors, nets
from eden.folder import load_recipe
from eden.network import Config, approximate

PRUNED = tuple(name for name, way in WAYS.items() if way.pruned is not None)
# Group of tensors -> network and way -> lambda a KiB of each seed.
Groups = dict[str, dict[tuple[str, str], list[float]]]
Sizes = dict[str, dict[str, int]]
Bears = dict[str, tuple[list[float], list[float]]]
# As trained and boosted.
BOTH, SAID = ("none", "ramp"), ("as trained", "boosted")
SEARCHED = NAMES["baseline"], NAMES["boosted"]


def sizes_of(found: dict[Case, dict]) -> Sizes:
    """The bytes of every tensor of every network, in int8."""
    sizes = {}
    for network in dict.fromkeys(case.network for case in found):
        with approximate(SUBJECTS[network].build().eval(), Config(errors.Uniform(1e-3))) as handle:
            handle.learn_bounds([torch.zeros(1, *SUBJECTS[network].shape)])
            sizes[network] = {t.name: t.size_bytes for t in handle.tensors}
    return sizes


def in_int8(found: dict[Case, dict]) -> dict[Case, dict]:
    """What was judged of the networks as trained and boosted."""
    return {
        case: one
        for case, one in found.items()
        if case.stored == "int8" and case.way in BOTH and "ber" in one
    }


def groups(found: dict[Case, dict], sizes: Sizes) -> Groups:
    """Lambda a KiB of the groups that the paper compares, as trained and boosted."""
    made: Groups = defaultdict(lambda: defaultdict(list))
    for case, one in in_int8(found).items():
        bytes_of = sizes[case.network]
        for group, member in groups_of([*bytes_of]).items():
            names = [name for name in bytes_of if member(name)]
            cells = sum(one["tensors"][name] for name in names)
            kib = sum(bytes_of[name] for name in names) / 1024
            made[group][case.network, case.way].append(cells / kib)
    return made


def weights_of(model: nn.Module) -> int:
    """How many weights lie in DRAM: biases and what batch norm learns do not."""
    return sum(values.numel() for values in model.parameters() if values.dim() > 1)


def by_size(found: dict[Case, dict], kept_rows: list[dict[str, str]]) -> Bears:
    """What networks bear, as trained and boosted, that of fewest weights first.

    Args:
        found: Of the small networks.
        kept_rows: Of runs of recipes, as in docs/tolerances.csv; those of small networks again are
            passed over.
    """
    bears: dict[tuple[int, str], tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for case, one in in_int8(found).items():
        key = weights_of(SUBJECTS[case.network].build()), case.network
        bears[key][BOTH.index(case.way)].append(one["ber"])
    for one in kept_rows:
        if one["variant"] not in SEARCHED or one["network"] in SUBJECTS:
            continue
        recipe, loss = load_recipe(one["recipe"]), float(one["loss"])
        name = f"{recipe.network.name} on {recipe.data.name}"
        if recipe.stored != "int8" or loss != LOSS:
            name += f" ({recipe.stored}, {100 * loss:g} points)"
        key = weights_of(nets.build(recipe.network.name, **recipe.network.form)), name
        bears[key][SEARCHED.index(one["variant"])].append(float(one["ber"]))
    return {f"{name}, {_short(size)}": both for (size, name), both in sorted(bears.items())}


def _short(count: int) -> str:
    return f"{count / 1e6:.1f} M" if count >= 1e6 else f"{count / 1e3:.0f} k"


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
            for way in BOTH
        ]
        print(f"| {group} | {' | '.join(cells)} |")


def print_sizes(bears: Bears) -> None:
    """Print a row a network, as Markdown."""
    print("| network, weights | BER as trained | boosted |\n| --- | --- | --- |")
    for name, both in bears.items():
        cells = [spread_of_rates(bers) if bers else "" for bers in both]
        print(f"| {name} | {' | '.join(cells)} |")


def draw_groups(made: Groups, path: Path) -> None:
    """Draw lambda a KiB of each group, a panel a network."""
    networks, lines = networks_of(made), [*made]

    def values(network: int, line: int, kind: int) -> list[float]:
        return made[lines[line]].get((networks[network], BOTH[kind]), [])

    scale = ("symlog", {"linthresh": 0.1})
    draw_dots(path, networks, lines, SAID, values, "λ a KiB", scale=scale)


def draw_sizes(bears: Bears, path: Path) -> None:
    """Draw what each network bears, a line a network."""
    rows = [*bears.values()]
    title = ["P(miss) = 1 %"]
    draw_dots(path, title, [*bears], SAID, lambda _, line, kind: rows[line][kind], "BER borne")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tolerances", type=Path, metavar="FILE.csv", default=TOLERANCES)
    parser.add_argument("--figures", type=Path, metavar="FOLDER")
    args = parser.parse_args()
    if not args.tolerances.is_file():
        parser.error(f"--tolerances {args.tolerances}: no file")
    found = kept(args.folder, "risk")
    rows = rows_of(found)
    others = [stored for stored in FORMATS if stored != "int8"]
    in_others = [n for n in SUBJECTS if any((stored, n, "none") in rows for stored in others)]
    parts = {
        "precision": chosen(rows, in_others, FORMATS, ["none"]),
        "pruning": chosen(rows, ["lenet"], ["int8"], ["none", *PRUNED]),
        "boosting": chosen(rows, [*SUBJECTS], ["int8"], ["none", "clean", "ramp"]),
    }
    made, bears = groups(found, sizes_of(found)), by_size(found, tolerances_in(args.tolerances))
    for name, part in parts.items():
        print(f"\n{name}\n")
        print_table(part)
    print("\ngroups of tensors\n")
    print_groups(made)
    print("\nsizes\n")
    print_sizes(bears)
    if args.figures:
        args.figures.mkdir(parents=True, exist_ok=True)
        for name, part in parts.items():
            if part:
                draw(part, args.figures / f"findings_{name}.svg")
        if made:
            draw_groups(made, args.figures / "findings_groups.svg")
        if bears:
            draw_sizes(bears, args.figures / "findings_sizes.svg")


if __name__ == "__main__":
    from one_line import in_one_line

    in_one_line(main)
