"""Where the tensors lie, and what they meet there."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from eden._say import rate
from eden.folder import Results
from eden.report._page import Section, Table
from eden.report._style import COLOURS, STYLE
from eden.report._words import METHOD_TITLES, TITLES


def placement_section(results: Results) -> Section:
    """The section of the report about it."""
    network, method = results.verification["network"], results.verification["method"]
    placement = results.placement(network, method)  # as declared; a retreat is in verify.json
    tensors = [
        {
            "name": name,
            "tolerance": entry.tolerance,
            "ber": entry.ber,
            "partition": entry.partition,
            "vdd_volts": placement.points[entry.partition].vdd_volts,
        }
        for name, entry in _in_order(results, network, placement.entries)
    ]
    rows = [_place(name, e) for name, e in _in_order(results, network, placement.entries)]
    return Section(
        "Placement",
        figure=placement_figure(
            tensors, title=f"{TITLES[network]}, {METHOD_TITLES[method]}, as declared"
        ),
        alt="For every tensor the bit error rate of its partition and what it bears",
        tables=(Table(["tensor", "bytes", "partition", "address", "bears", "meets", "why"], rows),),
        notes=tuple(f"{r.vdd_volts:.3f} V was not taken: {r.why}" for r in placement.rejected),
    )


def _place(name: str, entry: Any) -> list[str]:
    place = [name, f"{entry.size_bytes:,}", entry.partition, f"{entry.address:,}"]
    return [*place, rate(entry.tolerance), rate(entry.ber), entry.why]


def _in_order(results: Results, network: str, entries: Any) -> list[tuple[str, Any]]:
    # JSON files hold their keys sorted; tensors are shown in the order of the network.
    return [(t.name, entries[t.name]) for t in results.tolerances(network, "coarse").tensors]


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
