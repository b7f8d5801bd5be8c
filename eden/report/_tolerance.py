"""The tolerance of each tensor."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from eden.folder import NETWORKS, Results
from eden.report._page import Section
from eden.report._style import COLOURS, LEAST, NAMES, styled
from eden.report._words import WHICH


def tolerance_section(results: Results) -> Section:
    """Show the tolerance of every tensor before and after boosting."""
    searched = results.tolerances(NETWORKS[0], "coarse").coverage
    covered = str(searched or "").splitlines()
    part = results.folder.recipe.characterize
    if not part.fine_searches:
        text = (
            "Not searched (recipe key characterize.fine): fine placement goes by the BER of the "
            "whole network and by single cells."
        )
        return Section("Tolerance by tensor", text=(text,), notes=tuple(covered))
    fine = {WHICH[n]: results.tolerances(n, "fine").bers() for n in NETWORKS}
    coarse = {WHICH[n]: results.tolerances(n, "coarse").coarse_ber for n in NETWORKS}
    trials = " and ".join(str(results.tolerances(n, "fine").trials) for n in NETWORKS)
    rose = (
        f" Tensors of {part.groups} runs of neighbouring layers rose together"
        if part.groups
        else ""
    )
    rose += (", then each by itself." if part.fine else ".") if rose else ""
    return Section(
        "Tolerance by tensor",
        text=(
            "The highest bit error rate each weight and input feature map bears while all others "
            "stand at theirs.",
        ),
        figure=tolerance_figure(fine, coarse),
        alt="Tolerable bit error rate of every tensor before and after boosting",
        notes=(f"{trials} questions, each under one draw.{rose}", *covered),
    )


@styled
def tolerance_figure(
    fine: Mapping[str, Mapping[str, float]], coarse: Mapping[str, float]
) -> Figure:
    """Draw tolerance by tensor, before and after boosting.

    Args:
        fine: "before" and "after" -> tensor name -> BER.
        coarse: "before" and "after" -> BER of the whole network.

    Returns:
        The figure.
    """
    fine = {which: {n: max(b, LEAST) for n, b in bers.items()} for which, bers in fine.items()}
    coarse = {which: max(ber, LEAST) for which, ber in coarse.items()}
    names = list(next(iter(fine.values())))
    figure = Figure(figsize=(7.6, 0.9 + 0.31 * len(names)))
    axes = figure.add_subplot()
    for row, name in enumerate(names):
        values = [bers[name] for bers in fine.values()]
        axes.plot([min(values), max(values)], [row, row], color=COLOURS["light"], linewidth=2)
    # Two at one rate are both seen: the first is larger.
    for (which, bers), size in zip(fine.items(), (80, 30), strict=False):
        colour, at = COLOURS[which], [bers[n] for n in names]
        label = f"{NAMES[which]}, fine"
        axes.scatter(at, range(len(names)), s=size, color=colour, label=label, zorder=3)
        label = f"{NAMES[which]}, coarse"
        axes.axvline(coarse[which], color=colour, linestyle=":", linewidth=1.3, label=label)
    axes.set_xscale("log")
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel("tolerable bit error rate")
    axes.grid(True, axis="x")
    axes.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=2)
    return figure
