"""Which measured modules a network bears, and what boosting, protecting and placing it buy there.

    python scripts/modules.py RUN_FOLDER ... [--out FOLDER]
    python scripts/modules.py baseline=2.0e-5 boosted=6.5e-4 protected=1.3e-3 both=2.6e-3

Tolerances are those of finished runs, a table a network, or numbers.
For every measured module and each of its axes
(voltage, tRCD, refresh interval; all else as measured, at the hottest temperature): the lowest
measured setting whose mean BER the network bears, and where log BER between that and the next
measured one crosses the tolerance. Nothing was measured there, and where nothing failed at the
milder end it is not even known from below: a crossing is a guess, marked ``~``. With a run folder,
also what fine placement of its tensors reaches: by their fine tolerances, or where there are none
by the coarse one in each bank. Writes modules.csv, modules.md, modules.svg.
"""

import argparse
import csv
import json
import math
from collections import Counter
from pathlib import Path

from eden import devices, place
from eden._say import rate
from eden.folder import Results, RunFolder

NAMES = {"baseline": "baseline", "control": "control", "boosted": "boosted",
         "protected": "protected", "boosted-protected": "both"}  # fmt: skip
# By axis: its unit, the factor to it, digits, and whether less is harsher.
AXES = {
    "vdd_volts": ("V", 1.0, 3, True),
    "trcd_seconds": ("ns", 1e9, 2, True),
    "refresh_seconds": ("s", 1.0, 3, False),
}
ESTIMATES = ("mean", "low", "high")


def measured_modules():
    """List the devices whose every operating point was measured on them."""
    known = map(devices.load, devices.names())
    return [d for d in known if all(p.quality != "assumed" for p in d.points)]


def ladder(device, axis):
    """List the known points along an axis from mild to harsh, all else alike."""
    longer = axis == "refresh_seconds"
    points = [p for p in device.points[1:] if (p.refresh_stretch != 1) == longer]
    if axis == "trcd_seconds":
        slowest = max(p.trp_seconds for p in points)
        points = [p for p in points if p.trp_seconds == slowest]
    return sorted(points, key=lambda p: getattr(p, axis), reverse=AXES[axis][3])


def borne(points, tolerance, estimate="mean"):
    """Return the harshest point borne, with all milder ones, or None; and the next one."""
    last = None
    for point in points:
        if point.estimate(estimate) > tolerance:
            return last, point
        last = point
    return last, None


def crossing(last, following, axis, tolerance):
    """Say where log BER between two points is the tolerance; None at the end of the axis."""
    if last is None or following is None:
        return None
    if tolerance <= 0 or last.ber >= following.ber:
        return getattr(last, axis)
    share = math.log(tolerance / last.ber) / math.log(following.ber / last.ber)
    low, high = getattr(last, axis), getattr(following, axis)
    if axis == "refresh_seconds":
        return low * (high / low) ** share
    return low + share * (high - low)


def along(device, axis):
    """Return the device with what was measured along this axis alone, for fine placement."""
    description = json.loads(device.to_json())
    kept = {(p.vdd_volts, p.trcd_seconds, p.trp_seconds) for p in ladder(device, axis)}
    description["points"] = [
        p
        for p in description["points"]
        if (p["vdd_volts"], p["trcd_seconds"], p["trp_seconds"]) in kept
    ]
    description.pop("retention", None)
    return devices.from_json(json.dumps(description))


def fine_setting(device, axis, tolerances):
    """Return the lowest setting that fine placement by banks reaches, and its share of bytes."""
    if tolerances is None or axis == "refresh_seconds":
        return None, None
    placed = place(tolerances, along(device, axis), method="greedy")
    bytes_at = Counter()
    for entry in placed.entries.values():
        bytes_at[getattr(placed.points[entry.partition], axis)] += entry.size_bytes
    lowest = min(bytes_at)
    return lowest, bytes_at[lowest] / bytes_at.total()


def rows_of(device, axis, tolerances):
    """List a row a network: what it bears on this module along this axis."""
    points, rated = ladder(device, axis), getattr(device.nominal, axis)
    rows = []
    for name, (tolerance, fine) in tolerances.items():
        coarse = {e: borne(points, tolerance, e)[0] for e in ESTIMATES}
        last, following = borne(points, tolerance)
        reached, share = fine_setting(device, axis, fine)
        row = {
            "module": device.name,
            "vendor": device.vendor,
            "axis": axis,
            "network": name,
            "ber_borne": tolerance,
            "rated": rated,
            "crossing": crossing(last, following, axis, tolerance),
            "next_ber": None if following is None else following.ber,
            "fine": reached,
            "fine_share": share,
        }
        for e in ESTIMATES:
            row[f"coarse_{e}"] = rated if coarse[e] is None else getattr(coarse[e], axis)
        rows.append(row)
    return rows


def written(axis, value):
    _, factor, digits, _ = AXES[axis]
    return "" if value is None else f"{value * factor:.{digits}f}".rstrip("0").rstrip(".")


def gain(axis, before, after):
    """Write how far a setting is beyond another, in the direction of harsher ones."""
    if before is None or after is None:
        return ""
    unit, factor, _, falls = AXES[axis]
    ahead = (before - after if falls else after - before) * factor
    return "0" if abs(ahead) < 1e-9 else f"{ahead:.3g} {unit}"


def markdown(rows, tolerances):
    """Write the table: a line a module and axis."""
    names = list(tolerances)
    heads = ["module", "vendor", "axis", "rated"]
    heads += [f"{name} ({rate(t)})" for name, (t, _) in tolerances.items()]
    bought = [name for name in names if name != names[0]]
    placed = [n for n in names if any(r["network"] == n and r["fine"] is not None for r in rows)]
    heads += [f"{name} buys" for name in bought] + [f"placing buys {name}" for name in placed]
    lines = ["| " + " | ".join(heads) + " |", "| --- " * len(heads) + "|"]
    for i in range(0, len(rows), len(names)):
        here = {row["network"]: row for row in rows[i : i + len(names)]}
        first = here[names[0]]
        axis = first["axis"]
        cells = [first["module"], first["vendor"], axis.partition("_")[0]]
        cells.append(f"{written(axis, first['rated'])} {AXES[axis][0]}")
        for name in names:
            row = here[name]
            said = written(axis, row["coarse_mean"])
            ends = {written(axis, row[f"coarse_{e}"]) for e in ("low", "high")} - {said}
            said += f" ({', '.join(sorted(ends))})" if ends else ""
            said += f" ~{written(axis, row['crossing'])}" if row["crossing"] else ""
            cells.append(said)
        start = first["coarse_mean"]
        cells += [gain(axis, start, here[name]["coarse_mean"]) for name in bought]
        for name in placed:
            row = here[name]
            said = gain(axis, row["coarse_mean"], row["fine"])
            if said not in ("0", "") and row["fine_share"] < 1:
                said += f" ({100 * row['fine_share']:.0f} % of bytes)"
            cells.append(said)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def figure(modules, tolerances, path):
    """Draw BER along each axis, a line a module by vendor, and the tolerances across."""
    from matplotlib.figure import Figure

    colours = {"A": "#D55E00", "B": "#0072B2", "C": "#009E73", "": "#6b7280"}
    axes = [axis for axis in AXES if any(axis in d.axes for d in modules)]
    drawn = Figure(figsize=(4.6 * len(axes), 3.8), layout="constrained")
    panels = drawn.subplots(1, len(axes), sharey=True, squeeze=False)[0]
    for axis, panel in zip(axes, panels, strict=True):
        unit, factor, _, falls = AXES[axis]
        for device in modules:
            if axis not in device.axes:
                continue
            points = ladder(device, axis)
            x = [getattr(p, axis) * factor for p in points]
            label = f"vendor {device.vendor}" if device.vendor else "DDR4"
            known = panel.get_legend_handles_labels()[1]
            colour = colours[device.vendor]
            panel.plot(x, [p.ber for p in points], "-", lw=0.9, color=colour,
                       label=None if label in known else label)  # fmt: skip
            for censored in (False, True):
                some = [
                    (v, p.ber) for v, p in zip(x, points, strict=True) if p.censored == censored
                ]
                panel.plot(*zip(*some, strict=True) if some else ((), ()), "v" if censored else "o",
                           ms=3.5, mfc="none" if censored else colour, color=colour)  # fmt: skip
        for tolerance, _ in tolerances.values():
            panel.axhline(tolerance, color="0.4", lw=0.8, ls="--")
        panel.set_yscale("log")
        panel.set_xscale("linear" if falls else "log")
        panel.set_xlabel(f"{axis.partition('_')[0]}, {unit}")
        panel.legend(fontsize=7)
    panels[0].set_ylabel("mean BER (hollow: at most)")
    height = 0.0  # names beside the last panel, a third of a decade apart at least
    for name, (tolerance, _) in sorted(tolerances.items(), key=lambda item: item[1][0]):
        height = max(tolerance, 2.2 * height)
        panels[-1].annotate(
            name, (1, tolerance), (1.06, height), xycoords=("axes fraction", "data"), fontsize=7,
            va="center", arrowprops={"arrowstyle": "-", "lw": 0.5, "color": "0.4"},
        )  # fmt: skip
    drawn.savefig(path, bbox_inches="tight")


def tolerances_of(given):
    """Read tolerances off run folders and NAME=BER: name -> (BER, those to place by, or None).

    Of several networks each name has that of its network before it.
    """
    folders = [RunFolder(Path(text)) for text in given if "=" not in text]
    pairs = [text.partition("=") for text in given if "=" in text]
    networks = []
    for folder in folders:
        results, found = Results(folder), {}
        first = f"{folder.recipe.network.name} " if len(folders) > 1 or pairs else ""
        for variant in folder.recipe.variants:
            coarse = results.tolerances(variant.name, "coarse")
            try:
                fine = results.tolerances(variant.name, "fine")
            except OSError:  # no fine search: each tensor bears what all of them do
                fine = coarse
            found[first + NAMES[variant.name]] = (coarse.coarse_ber, fine)
        networks.append(found)
    try:
        found = {name: (float(ber), None) for name, _, ber in pairs}
    except ValueError:
        found = {"": (-1, None)}
    if not all(name and 0 <= ber <= 1 for name, (ber, _) in found.items()):
        said = f"tolerances are {' '.join(given)!r}, accepted: run folders and NAME=BER in [0, 1]"
        raise ValueError(said)
    names = [name for found in networks for name in found] + [name for name, *_ in pairs]
    networks += [found] if found else []
    if len(set(names)) < len(names):
        raise ValueError(f"networks are {', '.join(names)}, accepted: each name once")
    return networks


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tolerances", nargs="+", help="run folders, and NAME=BER ...")
    parser.add_argument("--out", type=Path, default=Path("modules"), help="folder for the results")
    given = parser.parse_args()
    networks = tolerances_of(given.tolerances)
    modules = measured_modules()
    rows, tables = [], []
    for tolerances in networks:
        found = [
            row
            for axis in AXES
            for device in modules
            if axis in device.axes
            for row in rows_of(device, axis, tolerances)
        ]
        tables.append(markdown(found, tolerances))
        rows += found
    given.out.mkdir(parents=True, exist_ok=True)
    with open(given.out / "modules.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    table = "\n".join(tables)
    (given.out / "modules.md").write_text(table)
    figure(
        modules, {k: v for found in networks for k, v in found.items()}, given.out / "modules.svg"
    )
    print(table)


if __name__ == "__main__":
    from one_line import in_one_line

    in_one_line(main)
