"""The picture of a fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from eden.profiles._conditions import place_of
from eden.profiles._counts import MIXED, READS, STORED, Counts, labels
from eden.profiles._models import FittedModel


def plot_fit(fit: Any, axes: Any = None) -> Any:
    """Draw the share of failed reads of each place, in rising order, beside a draw of each model.

    A model that fits looks like what was observed; places that a model cannot name are left out of
    its draw.
    """
    import matplotlib.pyplot as plt

    if axes is None:
        axes = plt.figure(figsize=(7, 4)).add_subplot()
    counts, random = fit.counts, np.random.default_rng(0)
    share = np.sort(counts.failed / (counts.units * counts.groups[:, READS]))
    axes.plot(_ranks(share), share, ".", color="0.4", label="observed, by place")
    for model in fit.models:
        said = f"model {model.number} ({model.name})" + (", chosen" if model is fit.best else "")
        width = 2.0 if model is fit.best else 1.0
        drawn = None if model.censored else _drawn(model, counts, random)
        if drawn is not None:
            marker = "_" if len(drawn) == 1 else ""  # a line of one point shows nothing
            axes.plot(_ranks(drawn), drawn, lw=width, marker=marker, ms=20,
                      color=f"C{model.number}", label=f"{said}, a draw")  # fmt: skip
            continue
        for name, rate in model.rates().items():
            axes.axhline(rate, lw=width, color=f"C{model.number}", label=f"{said}, at most {name}")
    axes.set_xlim(0, 100)
    axes.set_xlabel("places, in rising order, %")
    unit = fit.point["unit"]
    axes.set_ylabel(f"share of {unit}s that failed" + (" in a read" if counts.reads > 1 else ""))
    if share.max() > 0:
        least = max(share[share > 0].min(), 1e-15)
        axes.set_yscale("symlog", linthresh=least)
        most = 2 * share.max()
        axes.set_yticks([0, *10.0 ** np.arange(np.ceil(np.log10(least)), np.log10(most))])
        axes.set_ylim(-least / 10, most)
    axes.legend(fontsize="small")
    axes.set_title(place_of(fit.point), fontsize="small", wrap=True, parse_math=False)
    return axes


def _ranks(values: np.ndarray) -> np.ndarray:
    return 100 * (np.arange(len(values)) + 0.5) / len(values)


def _drawn(model: FittedModel, counts: Counts, random: np.random.Generator) -> np.ndarray:
    """Shares of failed reads as the model would have them, sorted."""
    one, zero = (model.pieces[i][2] for i in (0, -1))
    if model.number in (1, 2):
        named, label = labels(counts, model.number)
        counts, a = counts.subset(named), one.shape
        weak = random.beta(a, a * (1 - one.weak) / one.weak, label.max() + 1)[label]
        failure = np.full(len(weak), one.failure)
    else:
        if model.number == 3:
            counts = counts.subset(counts.groups[:, STORED] != MIXED)
        stored = (counts.groups[:, STORED] != 0) | (model.number == 0)
        weak = np.where(stored, one.weak, zero.weak)
        of_zero = zero.failure if zero is not one else one.failure_zero
        failure = np.where(stored, one.failure, of_zero)
    reads = counts.groups[:, READS]
    weak_cells = random.binomial(counts.units.astype(np.int64), weak)
    failed = random.binomial(weak_cells * reads, failure)
    return np.sort(failed / (counts.units * reads))
