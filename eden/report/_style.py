"""How all figures look, and a figure as SVG: the same bytes on every run."""

import base64
import io
from typing import Any

import matplotlib
from matplotlib.figure import Figure

# Okabe and Ito's palette, told apart also by colour-blind eyes.
COLOURS = {
    "before": "#D55E00",
    "after": "#0072B2",
    "control": "#CC79A7",
    "good": "#009E73",
    "accent": "#E69F00",
    "soft": "#56B4E9",
    "other": "#CC79A7",
    "grey": "#6b7280",
    "light": "#d1d5db",
}
NAMES = {
    "before": "before boosting",
    "control": "control: as long without errors",
    "after": "after boosting",
}
_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "eden",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#9ca3af",
    "axes.labelcolor": "#374151",
    "axes.axisbelow": True,
    "xtick.color": "#4b5563",
    "ytick.color": "#4b5563",
    "grid.color": "#e5e7eb",
    "legend.frameon": False,
    "legend.fontsize": 9,
}
# Decorates what draws: matplotlib's settings are ours for as long as it does.
styled = matplotlib.rc_context(_STYLE)
# Small writing beside a mark, and where it stands from there.
NOTE: dict[str, Any] = {"fontsize": 8.5, "color": "#374151"}
LEAST = 1e-12  # where a rate of 0 stands on a logarithmic axis
BESIDE: dict[str, Any] = {**NOTE, "textcoords": "offset points", "va": "center"}


@styled
def svg(figure: Figure) -> bytes:
    """Write a figure as SVG, without a date and with stable ids."""
    out = io.BytesIO()
    figure.savefig(out, format="svg", metadata={"Date": None}, bbox_inches="tight")
    return out.getvalue()


def svg_uri(figure: Figure) -> str:
    """Write a figure as a data URI, for a page that works offline."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg(figure)).decode()
