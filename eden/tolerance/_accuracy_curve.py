"""Accuracy against BER, for a figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from eden._say import a_kind, within
from eden.access import seeds_for
from eden.network import Config
from eden.tolerance._evaluator import Evaluate
from eden.tolerance._network import under_errors
from eden.tolerance._shared import calibrated, check_asked, progress_bar


@dataclass(frozen=True)
class CurvePoint:
    """Accuracies at one BER, one for each draw."""

    ber: float
    accuracies: tuple[float, ...]


def accuracy_curve(
    model: torch.nn.Module,
    evaluate: Evaluate,
    *,
    config: Config,
    bers: list[float],
    seeds: int = 10,
    seed: int = 0,
    folder: Path | str | None = None,
    progress: bool = False,
    label: str = "",
) -> list[CurvePoint]:
    """Accuracy against BER under several draws, for a figure.

    Args:
        model: The network; left as it was.
        evaluate: ``evaluate(model) -> accuracy``.
        config: What is injected.
        bers: Where, each in [0, 1].
        seeds: Draws a BER.
        seed: Of the family of draws.
        folder: Keeps each finished trial as a Parquet shard, and replays those it finds.
        progress: Show a progress bar.
        label: What the progress bar's title begins with.

    Returns:
        A point a BER, in the order given.
    """
    check_asked(model, evaluate, folder, config=config)
    a_kind("bers", bers, Sequence, "a list of numbers from 0 to 1")
    for ber in bers:
        within("bers", ber, 0, 1)
    draws = seeds_for("curve", seeds, seed=seed)
    config = calibrated(model, config)
    with (
        under_errors(model, evaluate, config, folder=folder, subject={"seed": seed}) as network,
        progress_bar(bers, label, "accuracy curve", "BER", progress) as bar,
    ):
        return [CurvePoint(b, tuple(network.accuracies("curve", float(b), draws))) for b in bar]
