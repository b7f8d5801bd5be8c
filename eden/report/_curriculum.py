"""The curriculum of boosting."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from eden._say import rate
from eden.folder import Results
from eden.report._page import Section, TextTable
from eden.report._style import COLOURS, styled
from eden.report._words import measure


def curriculum_section(results: Results) -> Section:
    """Show how the errors rose in training, and what the network made of them."""
    epochs = results.rows("curriculum.csv")
    rows = [
        [
            f"{e['epoch']:.0f}",
            rate(e["ber"]),
            f"{e['accuracy']:.4f}",
            rate(e["bears"]) if e["bears"] else "no accuracy to lose",
            _yes(e["kept"]),
        ]
        for e in epochs
        if e["accuracy"] is not None
    ]
    counted = measure(results.folder.recipe.accuracy)
    target = f"{counted} without errors (target {results.boosting['target_accuracy']:.4f})"
    return Section(
        "Curriculum of boosting",
        text=(
            "Errors are injected in the forward pass while the network trains; their rate rises. "
            "After a round the network is judged by single weak cells. A round that costs more "
            "accuracy than may be lost is trained again at half the rate, the first one with "
            "ranges of the inputs that are cut less; one to a higher rate follows while the "
            "network bears more, and the one that bears most is kept.",
        ),
        notes=()
        if results.boosting["kept"]
        else ("It missed the target without errors; the unboosted network was kept.",),
        figure=curriculum_figure(epochs),
        alt="Bit error rate and loss by epoch of boosting",
        tables=(
            TextTable(
                ["after epoch", "BER in training", target, "bears by single cells", "kept"], rows
            ),
        ),
    )


def _yes(said: str) -> str:
    return "yes" if said == "True" else "no"


@styled
def curriculum_figure(epochs: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw BER and loss by epoch of boosting.

    Args:
        epochs: Dicts with ``epoch``, ``ber``, ``loss``, and at the end of a round ``accuracy``
            (without errors; else None).

    Returns:
        The figure.
    """
    figure = Figure(figsize=(7.6, 3.8))
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(1.3, 1))
    number = [row["epoch"] for row in epochs]
    bers = [row["ber"] for row in epochs]
    top.step(number, bers, where="mid", color=COLOURS["before"])
    for row in epochs:
        if row["accuracy"] is not None:
            top.plot(row["epoch"], row["ber"], marker="o", color=COLOURS["after"])
            where = {"xytext": (0, 6), "textcoords": "offset points", "ha": "center"}
            at = (row["epoch"], row["ber"])
            top.annotate(f"{row['accuracy']:.1%}", at, fontsize=8.5, **where)
    top.set(ylim=(0, max(bers) * 1.3), ylabel="BER in training")
    top.grid(True)
    losses = [row["loss"] for row in epochs]
    bottom.plot(number, losses, color=COLOURS["after"], marker="o", markersize=3.5)
    bottom.set(ylabel="mean loss", xlabel="epoch of boosting")
    bottom.xaxis.get_major_locator().set_params(integer=True)
    bottom.grid(True)
    figure.align_ylabels()
    return figure
