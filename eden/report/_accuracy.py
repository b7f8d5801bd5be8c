"""Accuracy against bit error rate."""

from collections.abc import Iterable, Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from eden._say import rate
from eden.folder import Results
from eden.report._page import Section, TextTable
from eden.report._style import BESIDE, COLOURS, NAMES, styled
from eden.report._words import TITLES, WHICH, borne_by, measure

_COLUMNS = ["network", "without errors", "tolerates", "95 %", "draws end at"]
_COLUMNS += ["by the mean", "by the sweep"]


def accuracy_section(results: Results) -> Section:
    """Show accuracy against BER, and the rates that each network tolerates."""
    curves: dict[str, list[tuple[float, list[float]]]] = {}
    networks = results.folder.recipe.networks
    for network in networks:
        by_ber: dict[float, list[float]] = {}
        for row in results.rows("curve.csv"):
            if row["network"] == network:
                by_ber.setdefault(row["ber"], []).append(row["accuracy"])
        curves[WHICH[network]] = sorted(by_ber.items())
    names = [v.name for v in results.folder.recipe.variants]
    searched = {n: results.tolerances(n, "coarse") for n in names if results.searched_as(n) == n}
    coarse = {n: searched[n] for n in networks}
    points = [
        (p.label, p.ber, p.ber_low, p.ber_high)
        for p in results.device.points
        if p.quality != "nominal" and not p.censored
    ]
    figure = accuracy_figure(
        curves,
        target=results.curve["target_accuracy"],
        tolerances={WHICH[network]: t.coarse_ber for network, t in coarse.items()},
        points=points,
        counted=measure(results.folder.recipe.accuracy),
    )
    rows = [
        [
            TITLES[network],
            f"{t.clean_accuracy:.4f}",
            rate(t.coarse_ber),
            "" if t.interval is None else "{} to {}".format(*map(rate, t.interval)),
            f"{rate(min(t.thresholds))} to {rate(max(t.thresholds))}",
            "none" if t.mean_ber is None else rate(t.mean_ber),
            "none" if t.sweep_ber is None else rate(t.sweep_ber),
        ]
        for network, t in searched.items()
    ]
    recipe, drawn = results.folder.recipe, results.curve["images"]
    text = (
        f"The line is the mean over error draws, the band their range, on {drawn:,} images; the "
        "target is of these too."
    )
    if recipe.accuracy == "precision":
        text += " Accuracy is the average precision over photos, at IoU 0.5 as COCO's."
    elif recipe.data.size is not None:
        text += (
            " Accuracy is the share of photos whose boxes are right: F1 at IoU 0.5 of at least one "
            "half, of boxes likelier than 0.25."
        )
    return Section(
        "Accuracy against bit error rate",
        text=(text,),
        figure=figure,
        alt="Accuracy against bit error rate of each network, with the band of the draws",
        tables=(TextTable(_COLUMNS, rows),),
        notes=(
            f"Tolerates: {borne_by(results.folder.recipe)}. The interval is of the rate at the "
            "stated risk, at 95 %. By the mean: the highest rate at which the mean over the draws "
            "meets the target, as papers often count; by the sweep: no draw misses, less a margin. "
            "Grey marks: the module's operating points, with the range their measurement leaves.",
        ),
    )


@styled
def accuracy_figure(
    curves: Mapping[str, Sequence[tuple[float, Sequence[float]]]],
    *,
    target: float,
    tolerances: Mapping[str, float],
    points: Iterable[tuple[str, float, float, float]] = (),
    counted: str = "accuracy",
) -> Figure:
    """Draw accuracy against BER with the band of the draws.

    Args:
        curves: "before", "control" and "after" -> (ber, accuracies of the draws), BER rising.
        target: Accuracy to keep.
        tolerances: The same -> tolerable BER.
        points: Operating points of the device as (label, ber, lowest, highest estimate).
        counted: What the axis says.

    Returns:
        The figure.
    """
    figure = Figure(figsize=(9.6, 4.2))
    whole, near = figure.subplots(1, 2, width_ratios=(1.25, 1))
    for axes in (whole, near):
        for which, curve in curves.items():
            _band(axes, curve, which)
            if which in tolerances:
                axes.axvline(tolerances[which], color=COLOURS[which], linestyle=":", linewidth=1.3)
        axes.axhline(target, color=COLOURS["good"], linestyle="--", linewidth=1.2)
        axes.set(xscale="log", xlabel="bit error rate of every load")
        axes.grid(True)
    left, right = whole.get_xlim()
    _operating_points(whole, points, left, right)
    whole.set(xlim=(left, right), ylim=(0.0, 1.0), ylabel=f"{counted} on validation images")
    whole.yaxis.set_major_formatter(PercentFormatter(1.0))
    best = max(max(values) for curve in curves.values() for _, values in curve)
    near.set(ylim=(target - 0.03, best + 0.008), title="near the target")
    near.set_xlim(left, max(*tolerances.values(), left * 30) * 8)
    near.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    said = {"color": COLOURS["good"], "va": "top", "fontsize": 9}
    near.text(left * 1.2, target - 0.001, f"target {target:.1%}", **said)
    handles, _ = whole.get_legend_handles_labels()
    handles.append(Line2D([], [], color=COLOURS["grey"], linestyle=":", label="tolerable BER"))
    whole.legend(handles=handles, loc="lower left", frameon=True, edgecolor="none")
    figure.tight_layout()
    return figure


def _band(axes, curve: Sequence[tuple[float, Sequence[float]]], which: str) -> None:
    """Draw the mean of the draws and the band from the worst to the best."""
    bers, draws = [ber for ber, _ in curve], [values for _, values in curve]
    colour = COLOURS[which]
    lowest, highest = [min(v) for v in draws], [max(v) for v in draws]
    axes.fill_between(bers, lowest, highest, color=colour, alpha=0.18, linewidth=0)
    mean = [sum(v) / len(v) for v in draws]
    axes.plot(bers, mean, color=colour, marker="o", markersize=3.5, label=NAMES[which])


def _operating_points(axes, points, left: float, right: float) -> None:
    """Mark the device's points at the top, with a bar over the range of estimates."""
    for index, (label, ber, low, high) in enumerate(p for p in points if left <= p[1] <= right):
        height = 0.965 - 0.05 * index
        bar, grey = [max(low, left), min(high, right)], COLOURS["grey"]
        axes.plot(bar, [height, height], color=grey, linewidth=2, alpha=0.5, solid_capstyle="butt")
        axes.plot([ber], [height], marker="D", markersize=5, color=grey)
        axes.annotate(label, (ber, height), xytext=(-7, 0), ha="right", **BESIDE)
