"""Figures of a run. Each function takes plain data and returns a matplotlib figure.

Nothing here touches pyplot's global state.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from eden.style import COLOURS, STYLE

__all__ = [
    "accuracy_figure",
    "curriculum_figure",
    "energy_figure",
    "placement_figure",
    "tolerance_figure",
]

_NAMES = {"before": "before boosting", "after": "after boosting"}


def accuracy_figure(
    curves: Mapping[str, Sequence[tuple[float, Sequence[float]]]],
    *,
    target: float,
    tolerances: Mapping[str, float],
    points: Iterable[tuple[str, float, float, float]] = (),
) -> Figure:
    """Accuracy against BER with the band of the draws.

    Args:
        curves: "before" and "after" -> (ber, accuracies of the draws), BER rising.
        target: Accuracy to keep.
        tolerances: "before" and "after" -> tolerable BER.
        points: Operating points of the device as (label, ber, lowest, highest estimate).

    Returns:
        The figure.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 4.2))
        whole, near = figure.subplots(1, 2, width_ratios=(1.25, 1))
        for axes in (whole, near):
            for which, curve in curves.items():
                _band(axes, curve, which)
                if which in tolerances:
                    axes.axvline(
                        tolerances[which], color=COLOURS[which], linestyle=":", linewidth=1.3
                    )
            axes.axhline(target, color=COLOURS["good"], linestyle="--", linewidth=1.2)
            axes.set_xscale("log")
            axes.set_xlabel("bit error rate of every load")
            axes.grid(True)
        left, right = whole.get_xlim()
        _operating_points(whole, points, left, right)
        whole.set_xlim(left, right)
        whole.set_ylim(0.0, 1.0)
        whole.yaxis.set_major_formatter(PercentFormatter(1.0))
        whole.set_ylabel("accuracy on validation images")
        best = max(max(values) for curve in curves.values() for _, values in curve)
        near.set_ylim(target - 0.03, best + 0.008)
        near.set_xlim(left, max(*tolerances.values(), left * 30) * 8)
        near.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        near.set_title("near the target")
        near.text(
            left * 1.2,
            target - 0.001,
            f"target {target:.1%}",
            color=COLOURS["good"],
            va="top",
            fontsize=9,
        )
        handles, _ = whole.get_legend_handles_labels()
        handles.append(Line2D([], [], color=COLOURS["grey"], linestyle=":", label="tolerable BER"))
        whole.legend(handles=handles, loc="lower left")
        figure.tight_layout()
        return figure


def _band(axes, curve: Sequence[tuple[float, Sequence[float]]], which: str) -> None:
    """The mean of the draws and the band from the worst to the best."""
    bers, draws = [ber for ber, _ in curve], [values for _, values in curve]
    colour = COLOURS[which]
    axes.fill_between(
        bers,
        [min(v) for v in draws],
        [max(v) for v in draws],
        color=colour,
        alpha=0.18,
        linewidth=0,
    )
    axes.plot(
        bers,
        [sum(v) / len(v) for v in draws],
        color=colour,
        marker="o",
        markersize=3.5,
        label=_NAMES[which],
    )


def _operating_points(axes, points, left: float, right: float) -> None:
    """Marks at the top for the device's points, with a bar over the range of estimates."""
    for index, (label, ber, low, high) in enumerate(p for p in points if left <= p[1] <= right):
        height = 0.965 - 0.05 * index
        axes.plot(
            [max(low, left), min(high, right)],
            [height, height],
            color=COLOURS["grey"],
            linewidth=2,
            alpha=0.5,
            solid_capstyle="butt",
        )
        axes.plot([ber], [height], marker="D", markersize=5, color=COLOURS["grey"])
        axes.annotate(
            label,
            (ber, height),
            xytext=(-7, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=8.5,
            color="#374151",
        )


def tolerance_figure(
    fine: Mapping[str, Mapping[str, float]], coarse: Mapping[str, float]
) -> Figure:
    """Tolerance by tensor, before and after boosting.

    Args:
        fine: "before" and "after" -> tensor name -> BER.
        coarse: "before" and "after" -> BER of the whole network.

    Returns:
        The figure.
    """
    names = list(next(iter(fine.values())))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.6, 0.9 + 0.31 * len(names)))
        axes = figure.add_subplot()
        for row, name in enumerate(names):
            values = [bers[name] for bers in fine.values()]
            axes.plot([min(values), max(values)], [row, row], color=COLOURS["light"], linewidth=2)
        for which, bers in fine.items():
            axes.scatter(
                [bers[n] for n in names],
                range(len(names)),
                s=44,
                color=COLOURS[which],
                label=f"{_NAMES[which]}, fine",
                zorder=3,
            )
            axes.axvline(
                coarse[which],
                color=COLOURS[which],
                linestyle=":",
                linewidth=1.3,
                label=f"{_NAMES[which]}, coarse",
            )
        axes.set_xscale("log")
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set_xlabel("tolerable bit error rate")
        axes.grid(True, axis="x")
        axes.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=2)
        return figure


def placement_figure(
    tensors: Sequence[Mapping[str, Any]], *, floor: float = 1e-10, title: str = ""
) -> Figure:
    """What each tensor bears and what its partition does to it.

    Args:
        tensors: Dicts with ``name``, ``tolerance``, ``ber`` (of its partition at the chosen
            point), ``partition`` and ``vdd_volts``.
        floor: Where a BER of nought is drawn.
        title: Above the axes.

    Returns:
        The figure.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.6, 1.0 + 0.31 * len(tensors)))
        axes = figure.add_subplot()
        colours = _by_partition(tensors)
        for row, tensor in enumerate(tensors):
            ber, colour = max(tensor["ber"], floor), colours[tensor["partition"]]
            axes.plot([ber, tensor["tolerance"]], [row, row], color=colour, alpha=0.35, linewidth=3)
            axes.plot(ber, row, marker="s", markersize=7, color=colour)
            axes.plot(
                tensor["tolerance"],
                row,
                marker="|",
                markersize=13,
                markeredgewidth=2.4,
                color="#111827",
            )
            axes.annotate(
                f"{tensor['partition']}, {tensor['vdd_volts']:g} V",
                (tensor["tolerance"], row),
                xytext=(9, 0),
                textcoords="offset points",
                va="center",
                fontsize=8.5,
                color="#374151",
            )
        axes.set_xscale("log")
        axes.set_yticks(range(len(tensors)), [tensor["name"] for tensor in tensors])
        axes.set_ylim(len(tensors) - 0.4, -0.6)
        left, right = axes.get_xlim()
        axes.set_xlim(left, right * (right / left) ** 0.22)
        axes.set_xlabel("bit error rate")
        axes.set_title(title)
        axes.grid(True, axis="x")
        axes.legend(
            handles=[
                Line2D(
                    [],
                    [],
                    color=COLOURS["grey"],
                    marker="s",
                    linestyle="",
                    label="of the partition",
                ),
                Line2D(
                    [],
                    [],
                    color="#111827",
                    marker="|",
                    markersize=11,
                    markeredgewidth=2.4,
                    linestyle="",
                    label="the tensor bears",
                ),
            ],
            loc="lower right",
            bbox_to_anchor=(1.0, 1.0),
            ncols=2,
        )
        return figure


def _by_partition(tensors: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    cycle = [COLOURS[c] for c in ("after", "before", "good", "accent", "other", "soft")]
    partitions = sorted({tensor["partition"] for tensor in tensors})
    return {name: cycle[i % len(cycle)] for i, name in enumerate(partitions)}


def energy_figure(
    laws: Mapping[str, Mapping[str, Mapping[str, float]]], *, unit_joules: float = 1e-6
) -> Figure:
    """Energy by component, a panel a voltage law, a bar a placement.

    Args:
        laws: Law -> bar label -> component -> joules; every bar has the same components.
        unit_joules: The axis counts these.

    Returns:
        The figure.
    """
    cycle = [COLOURS[c] for c in ("after", "soft", "good", "accent", "before", "other")]
    with matplotlib.rc_context(STYLE):
        bars = max(len(rows) for rows in laws.values())
        figure = Figure(figsize=(9.6, 1.4 + 0.36 * bars))
        panels = figure.subplots(1, len(laws), sharey=True, sharex=True, squeeze=False)[0]
        for axes, (law, rows) in zip(panels, laws.items(), strict=True):
            labels = list(rows)
            nominal = sum(rows[labels[0]].values())
            left = [0.0] * len(labels)
            for index, component in enumerate(rows[labels[0]]):
                widths = [rows[label][component] / unit_joules for label in labels]
                axes.barh(
                    range(len(labels)),
                    widths,
                    left=left,
                    height=0.68,
                    color=cycle[index % len(cycle)],
                    label=component,
                )
                left = [a + b for a, b in zip(left, widths, strict=True)]
            for row, total in enumerate(left):
                change = total * unit_joules / nominal - 1.0
                said = "" if row == 0 else f"{change:+.1%}".replace("-", "\u2212")
                axes.text(total, row, f" {said}", va="center", fontsize=8.5, color="#374151")
            axes.set_yticks(range(len(labels)), labels)
            axes.set_title(f"law: {law}")
            axes.grid(True, axis="x")
            axes.set_xlabel(_unit_label(unit_joules))
        panels[0].invert_yaxis()
        right = panels[0].get_xlim()[1]
        panels[0].set_xlim(0, right * 1.22)
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(
            handles, names, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(names)
        )
        figure.tight_layout()
        return figure


def _unit_label(unit_joules: float) -> str:
    prefix = {1e-9: "n", 1e-6: "\u00b5", 1e-3: "m", 1.0: ""}[unit_joules]
    return f"{prefix}J an inference"


def curriculum_figure(epochs: Sequence[Mapping[str, Any]]) -> Figure:
    """BER and loss by epoch of boosting.

    Args:
        epochs: Dicts with ``epoch``, ``ber``, ``loss``, and at the end of a round ``accuracy``
            (mean over the draws of its check; else None).

    Returns:
        The figure.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.6, 3.8))
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(1.3, 1))
        number = [row["epoch"] for row in epochs]
        bers = [row["ber"] for row in epochs]
        top.step(number, bers, where="mid", color=COLOURS["before"])
        for row in epochs:
            if row["accuracy"] is not None:
                top.plot(row["epoch"], row["ber"], marker="o", color=COLOURS["after"])
                top.annotate(
                    f"{row['accuracy']:.1%}",
                    (row["epoch"], row["ber"]),
                    xytext=(0, 6),
                    textcoords="offset points",
                    ha="center",
                    fontsize=8.5,
                )
        top.set_ylim(0, max(bers) * 1.3)
        top.set_ylabel("BER in training")
        top.grid(True)
        bottom.plot(
            number,
            [row["loss"] for row in epochs],
            color=COLOURS["after"],
            marker="o",
            markersize=3.5,
        )
        bottom.set_ylabel("mean loss")
        bottom.set_xlabel("epoch of boosting")
        bottom.xaxis.get_major_locator().set_params(integer=True)
        bottom.grid(True)
        figure.align_ylabels()
        return figure
