"""The curriculum of boosting."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from eden._say import rate
from eden.folder import Results
from eden.report._page import Section, Table
from eden.report._style import COLOURS, STYLE


def curriculum_section(results: Results) -> Section:
    """The section of the report about it."""
    epochs = results.rows("curriculum.csv")
    target = results.boosting["target_accuracy"]
    rows = [
        [
            f"{row['epoch']:.0f}",
            rate(row["ber"]),
            f"{row['accuracy']:.4f}",
            _yes(row["met"]),
            _yes(row["kept"]),
        ]
        for row in epochs
        if row["accuracy"] is not None
    ]
    return Section(
        "Curriculum of boosting",
        text=(
            "Errors are injected in the forward pass while the network trains; their rate rises "
            "step by step. A round to a higher rate follows while the network meets the target at "
            "the last under every draw, and the last network that met it is kept.",
        ),
        notes=()
        if results.boosting["kept"]
        else ("It then missed the target without errors; the network as trained was kept.",),
        figure=curriculum_figure(epochs),
        alt="Bit error rate and loss by epoch of boosting",
        tables=(
            Table(
                [
                    "after epoch",
                    "at BER",
                    "mean accuracy there",
                    f"every draw reaches {target:.4f}",
                    "kept",
                ],
                rows,
            ),
        ),
    )


def _yes(said: str) -> str:
    return "yes" if said == "True" else "no"


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
