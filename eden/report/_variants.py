"""What boosting and protection buy, side by side: a row a network as it is stored."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from eden._say import percent, rate
from eden.devices import OperatingPoint
from eden.folder import Results
from eden.mapping import Placement
from eden.report._page import Section, TextTable
from eden.report._style import BESIDE, COLOURS, LEAST, styled
from eden.report._words import TITLES, adapting_lines, borne_by, control_line, volts_at_ends
from eden.tolerance import Tolerances, share_interval

HEAD = ["network", "BER borne", "95 %", "times", "bytes", "V", "V low/high", "energy", "P(miss)"]


def variants_table(results: Results) -> TextTable:
    """Compare the networks as they are stored, placed by the declared method."""
    recipe = results.folder.recipe
    first = results.tolerances("baseline", "coarse").coarse_ber
    rows, names = [], [variant.name for variant in recipe.variants]
    for name in names:
        coarse = results.tolerances(name, "coarse")
        placement = results.placement(name, recipe.verify.method)
        saving = results.energy[f"{name}-{recipe.verify.method}"]["saving"]
        rows.append(
            [
                TITLES[name],
                rate(coarse.coarse_ber),
                "\u2013".join(map(rate, _ends(coarse))),
                f"{coarse.coarse_ber / first:.1f}" if first else "",
                percent(added) if (added := added_bytes(placement)) else "",
                f"{placement.vdd_volts:.3f}",
                volts_at_ends(placement),
                " ".join(percent(-saving[law], 0) for law in ("linear", "cv2", "array")),
                "{:.0f}\u2013{:.0f}%".format(*(100 * end for end in _miss_interval(results, name))),
            ]
        )
    return TextTable(HEAD, rows, names.index(recipe.verify.network))


def _ends(coarse: Tolerances) -> tuple[float, ...]:
    """The interval of the BER borne; by another criterion than the stated risk it has none."""
    return coarse.interval or () if coarse.criterion == "risk" else ()


def _label(point: OperatingPoint) -> str:
    plain = point.reduction != 0 and point.refresh_stretch == 1
    return f"{point.vdd_volts:.3f} V" if plain else point.label


def labels_of(points: Sequence[OperatingPoint]) -> list[str]:
    """Name each point by what was lowered, with tRCD and tRP where that is true of others too."""
    said = [_label(point) for point in points]
    latencies = [f", {p.trcd_seconds * 1e9:g}/{p.trp_seconds * 1e9:g} ns" for p in points]
    both = zip(said, latencies, strict=True)
    return [text + more * (said.count(text) > 1) for text, more in both]


def variants_section(results: Results, table: TextTable) -> Section:
    """Show the BER that each of them bears beside those of the module."""
    names = [variant.name for variant in results.folder.recipe.variants]
    coarse = {TITLES[name]: results.tolerances(name, "coarse") for name in names}
    points = [point for point in results.device.points if point.ber > 0 and not point.censored]
    figure = variants_figure(
        {title: (t.coarse_ber, _ends(t) or (t.coarse_ber,) * 2) for title, t in coarse.items()},
        {
            label: (p.ber, (p.ber_low, p.ber_high))
            for label, p in zip(labels_of(points), points, strict=True)
        },
    )
    draws = results.fresh("baseline")["seeds"]
    return Section(
        "What came out",
        text=(
            "Boosting retrains the network; protection stores a few of its tensors so that weak "
            "cells do less. A supply is borne where the rate of the module's cells lies below that "
            "of the network; single banks are better or worse than the module.",
            *adapting_lines(results),
            control_line(results),
        ),
        figure=figure,
        alt="Bit error rate that each network bears, and that of the module by supply voltage",
        tables=(table,),
        notes=(
            f"BER borne: {borne_by(results.folder.recipe)}, with its interval where it is of a "
            "stated probability. Bytes: read more, for protection. V, V low/high: supply for the "
            "middle, and if the low or the high end of the module's range held; then DRAM energy "
            "against nominal under the laws linear, cv2 and array, protection included.",
            f"P(miss): what {draws} fresh draws at the BER borne say of it (Clopper and Pearson, "
            "95 %), on the validation images.",
        ),
    )


def added_bytes(placement: Placement) -> float:
    """Return the bytes that an inference reads for protection, as a share of all others."""
    plain = {name: e.reads * e.size_bytes for name, e in placement.entries.items()}
    moved = sum(
        entry.reads * sum(piece.size_bytes for piece in placement.pieces(name))
        for name, entry in placement.entries.items()
    )
    return moved / sum(plain.values()) - 1 if any(plain.values()) else 0.0


def _miss_interval(results: Results, name: str) -> tuple[float, float]:
    """Bounds on P(miss) at the BER borne, by draws that no search has seen."""
    seen = results.fresh(name)
    return share_interval(seen["misses"], seen["seeds"])


Range = tuple[float, Sequence[float]]


@styled
def variants_figure(borne: Mapping[str, Range], points: Mapping[str, Range]) -> Figure:
    """Draw the BERs that networks bear above those of a module.

    Args:
        borne: Network -> BER, and its interval.
        points: Supply -> BER, and its lowest and highest estimate.

    Returns:
        The figure.
    """
    rows = [*borne, *points]
    figure = Figure(figsize=(7.6, 1.0 + 0.36 * len(rows)))
    axes = figure.add_subplot()
    for row, (name, (ber, ends)) in enumerate([*borne.items(), *points.items()]):
        network = name in borne
        colour = COLOURS["after" if network else "grey"]
        low, high, at = (max(one, LEAST) for one in (*ends, ber))
        axes.plot([low, high], [row, row], color=colour, alpha=0.4, linewidth=5)
        axes.plot([at], [row], marker="o" if network else "D", color=colour, markersize=7)
        at, beside = (max(high, at), 9) if network else (min(low, at), -9)
        side = "left" if network else "right"
        axes.annotate(rate(ber), (at, row), xytext=(beside, 0), ha=side, **BESIDE)
    axes.axhline(len(borne) - 0.5, color=COLOURS["light"], linewidth=1)
    axes.set_xscale("log")
    left, right = axes.get_xlim()
    axes.set_xlim(left * (left / right) ** 0.12, right)
    axes.set_yticks(range(len(rows)), rows)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set(xlabel="bit error rate: borne by a network (above), of the module (below)")
    axes.grid(True, axis="x")
    return figure
