"""Where the tensors lie, and what they meet there."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from eden._say import rate
from eden.folder import Results
from eden.report._page import Section, TextTable
from eden.report._style import BESIDE, COLOURS, styled
from eden.report._words import TITLES

_BORNE: dict[str, Any] = {"marker": "|", "markeredgewidth": 2.4, "color": "#111827"}


def placement_section(results: Results) -> Section:
    """Show where the tensors of the declared placement lie."""
    network, method = results.verification["network"], results.verification["method"]
    placement = results.placement(network, method)  # as declared; a retreat is in verify.json
    tensors, rows = [], []
    # JSON files hold their keys sorted; tensors are shown in the order of the network.
    for name in (tensor.name for tensor in results.tolerances(network, "coarse").tensors):
        entry = placement.entries[name]
        borne = {"name": name, "tolerance": entry.tolerance, "ber": entry.ber}
        point = placement.points.get(entry.partition, placement.device.nominal)
        volts = point.vdd_volts
        tensors.append({**borne, "partition": entry.partition, "vdd_volts": volts})
        size = sum(piece.size_bytes for piece in placement.pieces(name))
        stored = f"{size:,}" if entry.protection == "none" else f"{size:,} ({entry.protection})"
        where = [name, stored, entry.partition, f"{entry.address:,}"]
        rows.append([*where, rate(entry.tolerance), rate(entry.ber), entry.why])
    return Section(
        "The declared placement",
        figure=placement_figure(tensors, title=f"{TITLES[network]}, {method}, as declared"),
        alt="For every tensor the bit error rate of its partition and what it bears",
        tables=(
            TextTable(["tensor", "bytes", "partition", "address", "bears", "meets", "why"], rows),
        ),
        notes=(
            *(f"{r.vdd_volts:.3f} V was not taken: {r.why}" for r in placement.rejected),
            *str(placement.coverage or "").splitlines(),
        ),
    )


@styled
def placement_figure(
    tensors: Sequence[Mapping[str, Any]], *, floor: float = 1e-10, title: str = ""
) -> Figure:
    """Draw what each tensor bears and what its partition does to it.

    Args:
        tensors: Dicts with ``name``, ``tolerance``, ``ber`` (of its partition at the chosen
            point), ``partition`` and ``vdd_volts``.
        floor: Where a BER of nought is drawn.
        title: Above the axes.

    Returns:
        The figure.
    """
    figure = Figure(figsize=(7.6, 1.0 + 0.31 * len(tensors)))
    axes = figure.add_subplot()
    colours = _by_partition(tensors)
    for row, tensor in enumerate(tensors):
        ber, colour = max(tensor["ber"], floor), colours[tensor["partition"]]
        axes.plot([ber, tensor["tolerance"]], [row, row], color=colour, alpha=0.35, linewidth=3)
        axes.plot(ber, row, marker="s", markersize=7, color=colour)
        axes.plot(tensor["tolerance"], row, markersize=13, **_BORNE)
        where = f"{tensor['partition']}, {tensor['vdd_volts']:g} V"
        axes.annotate(where, (tensor["tolerance"], row), xytext=(9, 0), **BESIDE)
    axes.set_xscale("log")
    axes.set_yticks(range(len(tensors)), [tensor["name"] for tensor in tensors])
    axes.set_ylim(len(tensors) - 0.4, -0.6)
    left, right = axes.get_xlim()
    axes.set_xlim(left, right * (right / left) ** 0.22)
    if right < 30 * left:  # decades alone would be one label, or none
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(lambda value, _: rate(value))
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("bit error rate")
    axes.set_title(title, pad=24)  # above the legend
    axes.grid(True, axis="x")
    met: dict[str, Any] = {"color": COLOURS["grey"], "marker": "s", "label": "of the partition"}
    borne: dict[str, Any] = {"markersize": 11, "label": "the tensor bears", **_BORNE}
    handles = [Line2D([], [], linestyle="", **kind) for kind in (met, borne)]
    axes.legend(handles=handles, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2)
    return figure


def _by_partition(tensors: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    cycle = [COLOURS[c] for c in ("after", "before", "good", "accent", "other", "soft")]
    partitions = sorted({tensor["partition"] for tensor in tensors})
    return {name: cycle[i % len(cycle)] for i, name in enumerate(partitions)}
