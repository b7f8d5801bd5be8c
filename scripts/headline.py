"""The paper's table: what each network bears, which voltage and tRCD that is, what systems save.

    python scripts/headline.py SHARDS [--add RUN_FOLDER ...] [--tolerances docs/tolerances.csv]
        [--out FILE.md]

SHARDS is what `scripts/reproduce_systems.py` left. What networks bear is kept in a file of a row a
network and variant, in which `--add` puts the rows of finished runs in place of those that they
had: a run takes hours. One run stands for a network and a loss allowed, and is called as its
folder, which should be its recipe's name. The BER that each bears at the stated risk is looked up
on all measured modules of vendors A, B and C, along VDD or along tRCD,
never both at once: the harshest measured setting that is borne, by the mean and by the high end of
the measured range, and the mean over the vendor's modules. Energy and time are those of the
network's published form: the supply of a system's memory is lowered to the same share of what is
rated, or its tRCD by as many nanoseconds; between the supplies and latencies that a shard has, the
share is interpolated. In brackets: for the high end of the measured range.
"""

import argparse
import csv
from collections import Counter, defaultdict
from functools import partial
from pathlib import Path
from statistics import mean

import numpy as np
from modules import NAMES, measured_modules, rows_of
from one_line import in_one_line
from reproduce_systems import LOWER_NS, LOWER_VOLTS, NETWORKS, SETUPS, head, read, row

from eden._files import read_json, write_csv
from eden._say import one_of, rate
from eden.energy import LAWS
from eden.folder import CONTROL, Results, RunFolder

VENDORS = ("A", "B", "C")
SYSTEMS = ("cpu", "gpu", "eyeriss", "tpu")
TOLERANCES = Path(__file__).parent.parent / "docs" / "tolerances.csv"
# What the paper reports, in percent, by the loss of accuracy that it allows.
PAPER = {
    0.01: [cell.replace(" %", "") for system in SYSTEMS for cell in SETUPS[system][2:]],
    0.0: ["16", *[""] * (2 * len(SYSTEMS) - 1)],
}
RISK = 0.01  # at which "ber" is stated
COLUMNS = ("network", "loss", "variant", "accuracy", "ber", "low", "high", "mean_ber",
           "recipe", "code")  # fmt: skip


def rows_of_run(folder: Path) -> list[dict[str, str]]:
    """List what the variants of a finished run bear."""
    opened = RunFolder(folder)
    results, rows = Results(opened), []
    if results.adapting["kept"]:
        stored = opened.recipe.stored
        said = f"its baseline was trained on as {stored}, the table has networks as trained"
        raise ValueError(f"{folder}: {said}")
    if (stated := opened.recipe.characterize.miss_probability) != RISK:
        raise ValueError(f"{folder}: its networks bear what they do at a risk of {stated:g}, the "
                         f"table has those of {RISK:g}")  # fmt: skip
    # The paper's table has networks as trained and boosted.
    for variant in (each for each in opened.recipe.variants if each.name != CONTROL):
        found = results.tolerances(variant.name, "coarse")
        bers = found.risk.ber, *found.risk.interval, found.mean_ber or 0.0
        loss, accuracy = f"{opened.recipe.accuracy_loss:g}", f"{found.clean_accuracy:.4f}"
        said = opened.recipe.network.name, loss, NAMES[variant.name], accuracy
        code = read_json(opened.path / "versions.json")["eden"]
        values = *said, *(f"{ber:.4g}" for ber in bers), opened.path.resolve().name, code
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def tolerances_in(path: Path) -> list[dict[str, str]]:
    """Read what networks bear; nothing, where there is no file yet."""
    if not path.exists():
        return []
    with open(path, newline="") as file:
        reader = csv.DictReader(file)
        names, rows = reader.fieldnames, list(reader)
    if tuple(names or ()) != COLUMNS or any(None in (*one, *one.values()) for one in rows):
        raise ValueError(f"columns of {path}, accepted: {', '.join(COLUMNS)}")
    _check(rows, path)
    return rows


def _check(rows: list[dict[str, str]], path: Path) -> None:
    """Refuse networks that the paper's table has not, and what would count twice."""
    for one in rows:
        one_of(f"network of {path}", one["network"], NETWORKS)
    stands: dict[tuple, str] = {}
    for one in rows:
        if (first := stands.setdefault(_searched(one), one["recipe"])) != one["recipe"]:
            where = f"{one['network']} with {one['loss']} lost"
            said = f"rows of {path} for {where} are of {first} and of {one['recipe']}"
            raise ValueError(f"{said}; one stands in the table: delete those of the other")
    count = Counter((one["network"], one["loss"], one["variant"]) for one in rows)
    if twice := [row for row, number in count.items() if number > 1]:
        raise ValueError(f"rows of {path} for {', '.join(twice[0])}: several, accepted: one")


def add(rows: list[dict[str, str]], path: Path) -> None:
    """Put rows in place of those that their runs had, in the order of the table.

    Raises:
        ValueError: If a run of another name, as of another format, stands for a network already.
    """
    new = {(_searched(one), one["recipe"]) for one in rows}
    there = tolerances_in(path)
    rows = [one for one in there if (_searched(one), one["recipe"]) not in new] + rows
    _check(rows, path)
    write_csv(path, sorted(rows, key=_searched), COLUMNS)


def _searched(one: dict[str, str]) -> tuple[bool, float, int]:
    """What a row's search was for: how much may be lost, least first and none last, and by whom."""
    loss = float(one["loss"])
    return not loss, loss, [*NETWORKS].index(one["network"])


class Borne:
    """What a variant of a network bears, and on which modules.

    Args:
        stated: Its row.
        modules: The measured ones.
    """

    def __init__(self, stated: dict[str, str], modules: list):
        self.stated, self.loss = stated, float(stated["loss"])
        self.network, self.variant = stated["network"], stated["variant"]
        tolerance = {self.variant: (float(stated["ber"]), None)}
        self.settings = defaultdict(list)
        for device in modules:
            for axis in {"vdd_volts", "trcd_seconds"} & set(device.axes):
                self.settings[axis, device.vendor] += rows_of(device, axis, tolerance)

    def vdd(self, vendors=VENDORS, end: str = "mean") -> float:
        """Supply over what is rated, mean of the modules."""
        rows = self._rows("vdd_volts", vendors)
        return mean(one[f"coarse_{end}"] / one["rated"] for one in rows)

    def lower_ns(self, vendors=VENDORS, end: str = "mean") -> float:
        """How far tRCD is below what is rated, mean of the modules, in ns."""
        rows = self._rows("trcd_seconds", vendors)
        return mean(1e9 * (one["rated"] - one[f"coarse_{end}"]) for one in rows)

    def _rows(self, axis: str, vendors) -> list[dict]:
        return [one for vendor in vendors for one in self.settings[axis, vendor]]


def saving(shard: dict, law: str, ratio: float) -> float:
    """Share of the energy saved with the supply at this share of what is rated."""
    joules = shard["points"]["0"]["joules"][law]
    names = [f"{v:.2f}" for v in reversed(LOWER_VOLTS)] + ["0"]
    volts = [shard["vdd_volts"] - float(name) for name in names]
    totals = [joules[name]["total"] for name in names]
    return 1 - float(np.interp(ratio * shard["vdd_volts"], volts, totals)) / totals[-1]


def speedup(shard: dict, lower: float) -> float:
    """Share by which an inference is faster with tRCD so many ns lower."""
    seconds = [shard["points"][str(ns)]["seconds"] for ns in (0, *LOWER_NS)]
    return seconds[0] / float(np.interp(lower, (0, *LOWER_NS), seconds)) - 1


def borne_table(borne: list[Borne]):
    """Yield a row a network and variant: what it bears, and the setting that is on each vendor."""
    columns = [f"{vendor}: {what}" for vendor in VENDORS for what in ("V/V0", "tRCD, ns")]
    first = ["network", "", "may be lost", "accuracy", "BER at 1 % [95 %]", "by the mean"]
    yield from head(first + columns)
    for one in borne:
        cells = []
        for vendor in VENDORS:
            volts = [one.vdd(vendor, end) for end in ("mean", "high")]
            lower = [one.lower_ns(vendor, end) for end in ("mean", "high")]
            cells.append("{:.2f} ({:.2f})".format(*volts))
            cells.append("-{:.1f} (-{:.1f})".format(*lower))
        ber, low, high, by_mean = (
            rate(float(one.stated[name])) for name in ("ber", "low", "high", "mean_ber")
        )
        said = one.stated["accuracy"], f"{ber} [{low}, {high}]", by_mean
        yield row(one.network, one.variant, f"{100 * one.loss:g} %", *said, *cells)


def saved_tables(borne: list[Borne], shards: dict):
    """Yield what each system saves, a table for each loss of accuracy allowed."""
    for loss in dict.fromkeys(one.loss for one in borne):
        yield f"\nWith at most {100 * loss:g} % of accuracy lost:" if loss else "\nWith none lost:"
        yield from saved_table([one for one in borne if one.loss == loss], shards)
        if loss in PAPER:
            yield row("paper: mean (most)", "boosted", *PAPER[loss])


def saved_table(borne: list[Borne], shards: dict):
    """Yield a row a network and variant, then, of several networks, the mean and the most."""
    columns = [f"{s}: {what}" for s in SYSTEMS for what in (", ".join(LAWS) + ", %", "faster, %")]
    yield from head(["network", "", *columns])
    gained = defaultdict(list)
    for one in borne:
        cells, ends = [], [(one.vdd(end=end), one.lower_ns(end=end)) for end in ("mean", "high")]
        for system in SYSTEMS:
            shard, gains = shards.get((system, one.network)), None
            if shard is not None:
                gains = [
                    [100 * saving(shard, law, volts) for law in LAWS]
                    + [100 * speedup(shard, lower)]
                    for volts, lower in ends
                ]
            gained[one.variant, system].append(gains)
            cells += _said(gains)
        yield row(one.network, one.variant, *cells)
    if len({one.network for one in borne}) == 1:
        return
    for title, of in (("mean", partial(np.mean, axis=0)), ("most", partial(np.max, axis=0))):
        for name in dict.fromkeys(name for name, _ in gained):
            cells = []
            for system in SYSTEMS:
                each = gained[name, system]
                # Of all the networks or of none: for each end of the range, each column by itself.
                known = None not in each
                cells += _said(of(np.array(each)) if known else None)
            yield row(f"**{title} of {len(gained[name, SYSTEMS[0]])}**", name, *cells)


def _said(gains) -> list[str]:
    """What is saved under each law, and how much faster, each with the high end."""
    if gains is None:
        return ["not run", ""]
    *saved, faster = (f"{middle:.1f} ({high:.1f})" for middle, high in zip(*gains, strict=True))
    return [" / ".join(saved), faster]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shards", type=Path)
    parser.add_argument("--add", type=Path, nargs="+", default=[], metavar="RUN_FOLDER")
    parser.add_argument("--tolerances", type=Path, default=TOLERANCES)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    shards = read(given.shards)
    if not shards:
        parser.error(f"{given.shards} holds no shards")
    if given.add:
        add([one for folder in given.add for one in rows_of_run(folder)], given.tolerances)
    modules = measured_modules()
    borne = [Borne(one, modules) for one in tolerances_in(given.tolerances)]
    if not borne:
        parser.error(f"{given.tolerances} holds no tolerances; --add RUN_FOLDER puts some there")
    lines = "\n".join([*borne_table(borne), *saved_tables(borne, shards)])
    print(lines)
    if given.out:
        given.out.write_text(lines + "\n")


if __name__ == "__main__":
    in_one_line(main)
