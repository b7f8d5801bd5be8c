"""Fit the error models to the public studies' modules, and predict what was held out.

FOLDER holds the studies' CSV files (docs/profiles.md, Public studies). Prints Markdown: a line a
module and operating point where anything failed, then the log-losses of held-out observations.

Run: python scripts/fit_modules.py FOLDER [--all]
"""

import argparse
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np

from eden import profiles
from eden.profiles import operating_points

LATENCY, LINES, RETENTION = (
    "ddr3_latency_ber.csv",
    "ddr3l_voltage_faulty_lines.csv",
    "ddr3l_retention.csv",
)
ROWS = "ddr3l_row_failures.csv"
DDR4 = ("ddr4_row_retention_hyhy03.csv", "ddr4_row_retention_axmicr02.csv")


def said(value) -> str:
    return "" if value is None else f"{value:.3g}"


def line_of(point: dict, fit) -> str:
    best = fit.best
    numbers = ", ".join(f"{name} {value:.2g}" for name, value in best.parameters.items())
    limit = "< " if best.censored else ""
    rates = fit.models[-1].rates() if fit.models[-1].number == 3 else {}
    ratio = ""
    if rates and min(rates.values()) >= 0 and max(rates.values()) > 0:
        one, zero = rates["ber_one"], rates["ber_zero"]
        ratio = "0->1 only" if one < 1e-18 else "1->0 only" if zero < 1e-18 else f"{zero / one:.2f}"
    leads = {m.number: fit.models[0].bic - m.bic for m in fit.models[1:]}
    shown = "; ".join(f"{n}: {v:+.3g}" for n, v in leads.items())
    where = " | ".join([
        str(point["module"]), str(point["vendor"] or ""), said(point["vdd_volts"]),
        said(point["trcd_seconds"] and 1e9 * point["trcd_seconds"]),
        said(point["trp_seconds"] and 1e9 * point["trp_seconds"]),
        said(point["refresh_seconds"]), said(point["temperature_celsius"]),
    ])  # fmt: skip
    return (f"| {where} | {best.number} | {shown} | {fit.overdispersion:.3g} | {ratio} | "
            f"{limit}{numbers} |")  # fmt: skip


HEAD = """| module | vendor | VDD V | tRCD ns | tRP ns | wait s | C | best | BIC of 0 minus others | dispersion | 0->1 / 1->0 | numbers |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"""  # noqa: E501


def fits_of(path: Path, every: bool) -> list:
    profile = profiles.read(path)
    found, spared = [], 0
    print(f"\n## {path.name}\n\n{HEAD}")
    for point, part in operating_points(profile):
        fit = profiles.fit(part)
        found.append((point, fit))
        if fit.best.censored and not every:
            spared += 1
        else:
            print(line_of(point, fit), flush=True)
    chosen = Counter(fit.best.number for _, fit in found if not fit.best.censored)
    print(f"\nChosen: {dict(sorted(chosen.items()))}; nothing failed at {spared} more points.")
    return found


def log_loss(failed, tested, rate) -> float:
    """Mean over tests of -log of the probability given to what happened."""
    rate = np.clip(rate, 1e-12, 1 - 1e-12)
    lost = failed * np.log(rate) + (tested - failed) * np.log1p(-rate)
    return float(-lost.sum() / tested.sum())


def by_direction(found: list) -> None:
    """Fit on the first four banks, predict the other four, ones and zeros apart."""
    print("\n## Held out: banks 4 to 7, from banks 0 to 3\n")
    print("| module | vendor | tRCD ns | model | log-loss | of model 0 |\n" + "| --- " * 6 + "|")
    for point, fit in found:
        if fit.best.number != 3 or point["trcd_seconds"] is None:
            continue
        counts = fit.counts
        pure = counts.groups[:, 5] >= 0
        units = counts.units * counts.groups[:, 4]
        failed = (counts.groups[:, 1] + counts.groups[:, 3]).astype(float)
        first = pure & (counts.places[:, 0] < 4)
        held = pure & (counts.places[:, 0] >= 4)
        one = counts.groups[:, 5] == 1
        if not (failed[first].sum() and first.any() and held.any()):
            continue
        flat = (failed[first].sum() + 0.5) / (units[first].sum() + 1)
        rate = np.zeros(len(failed))
        for side in (one, ~one):
            here = first & side
            rate[side] = (failed[here].sum() + 0.5) / (units[here].sum() + 1)
        losses = [
            log_loss(failed[held], units[held], r) for r in (rate[held], np.full(held.sum(), flat))
        ]
        print(f"| {point['module']} | {point['vendor']} | {1e9 * point['trcd_seconds']:g} | 3 | "
              f"{losses[0]:.4g} | {losses[1]:.4g} |")  # fmt: skip


def by_row(found: list, axis: str) -> None:
    """Fit at one setting, predict each row group at the next at that one's own mean rate."""
    print(f"\n## Held out: rows at the next {axis}, at its own mean rate\n")
    print("| module | fitted at | predicted at | log-loss | of model 0 |\n" + "| --- " * 5 + "|")
    for (point, fit), (other, next_fit) in pairwise(found):
        same = all(point[k] == other[k] for k in point if k != axis)
        if not same or fit.best.number != 2 or next_fit.best.censored:
            continue
        places = {tuple(p): i for i, p in enumerate(fit.counts.places.tolist())}
        weak, _ = fit.best._weak_of_labels()
        label = fit.best.label
        assert label is not None
        _, names = np.unique(fit.counts.places[:, :3], axis=0, return_inverse=True)
        groups = next_fit.counts
        at = np.array([names.ravel()[places[tuple(p)]] if tuple(p) in places else -1
                       for p in groups.places.tolist()])  # fmt: skip
        share = np.where(at >= 0, weak[np.maximum(at, 0)], weak.mean())
        failed, tested = groups.groups[:, 1].astype(float), groups.units
        mean = failed.sum() / tested.sum()
        # One factor on the stresses, as with_ber of the model scales them.
        low, high = 1e-12, 1e12
        stress = -np.log1p(-np.minimum(share, 1 - 1e-12))
        for _ in range(200):
            middle = np.sqrt(low * high)
            rate = -np.expm1(-stress * middle)
            low, high = (middle, high) if (rate * tested).sum() < failed.sum() else (low, middle)
        losses = [log_loss(failed, tested, r) for r in (rate, np.full(len(tested), mean))]
        print(f"| {point['module']} | {point[axis]} | {other[axis]} | {losses[0]:.4g} | "
              f"{losses[1]:.4g} |")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--all", action="store_true", help="points without failures too")
    given = parser.parse_args()
    latency = fits_of(given.folder / LATENCY, given.all)
    fits_of(given.folder / LINES, given.all)
    fits_of(given.folder / RETENTION, given.all)
    rows = fits_of(given.folder / ROWS, given.all)
    ddr4 = [fits_of(given.folder / name, given.all) for name in DDR4]
    by_direction(latency)
    by_row(rows, "vdd_volts")
    for found in ddr4:
        by_row(found, "refresh_seconds")


if __name__ == "__main__":
    from one_line import in_one_line

    in_one_line(main)
