"""The figure of the studies: dots, one a seed, a panel a network and a line a thing compared."""

from collections.abc import Callable, Sequence
from pathlib import Path

COLOURS = ("#D55E00", "#0072B2")


def draw_dots(
    path: Path,
    networks: Sequence[str],
    lines: Sequence[str],
    kinds: Sequence[str],
    values: Callable[[int, int, int], Sequence[float]],
    label: str,
    *,
    scale: tuple[str, dict] = ("log", {}),
) -> None:
    """Draw it.

    Args:
        path: Where to; its suffix says as what.
        networks: One a panel.
        lines: What is compared, from top to bottom.
        kinds: Of dots on each line: two at most.
        values: Of a panel, a line and a kind, by their numbers.
        label: Of the values.
        scale: Of the values, and its arguments.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    names = 1.3 + 0.075 * max(map(len, lines))  # of lines, in inches
    size = (names + 2.4 * len(networks), 1.5 + 0.3 * len(lines))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(1, len(networks), sharex=True, sharey=True, squeeze=False)[0]
    for number, (network, panel) in enumerate(zip(networks, panels, strict=True)):
        for line in range(len(lines)):
            for kind, (name, colour) in enumerate(zip(kinds, COLOURS, strict=False)):
                if found := values(number, line, kind):  # no dots have no place to lay out
                    at = [line - 0.13 + 0.26 * kind] * len(found)
                    panel.plot(found, at, "o", color=colour, ms=4, label=name, clip_on=False)
        panel.set_xscale(scale[0], **scale[1])
        panel.xaxis.set_minor_formatter(NullFormatter())
        panel.set_title(network, fontsize=10)
        panel.set_xlabel(label)
        panel.grid(axis="x", color="#e5e7eb")
        panel.spines[["top", "right"]].set_visible(False)
    low, high = panels[0].get_xlim()
    panels[0].set_xlim((0, max(high, 1.0)) if scale[0] == "symlog" else (low / 2, high * 2))
    panels[0].set_yticks(range(len(lines)), lines)
    panels[0].set_ylim(len(lines) - 0.5, -0.5)
    seen = {}
    for panel in panels:
        seen |= dict(zip(*reversed(panel.get_legend_handles_labels()), strict=True))
    figure.legend(seen.values(), seen.keys(), ncols=2, loc="outside upper center", frameon=False)
    figure.savefig(path, dpi=110)
