"""The picture of a fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from eden.profiles._counts import FAILURES, READS, SEEN_FAILURES


def plot_fit(fit: Any, axes: Any = None) -> Any:
    """Draw the share of failed reads of each place, in rising order, with the models' rates."""
    import matplotlib.pyplot as plt

    if axes is None:
        axes = plt.figure(figsize=(7, 4)).add_subplot()
    counts = fit.counts
    failed = counts.groups[:, FAILURES] + counts.groups[:, SEEN_FAILURES]
    share = np.sort(failed / (counts.units * counts.groups[:, READS]))
    axes.plot(np.arange(1, len(share) + 1), share, ".", color="0.4", label="observed, by place")
    for model in fit.models:
        for i, (name, rate) in enumerate(model.rates().items()):
            width = 2.5 if model is fit.best else 1.0
            label = f"model {model.number} ({model.name}), {name.replace('_', ' ')}"
            axes.axhline(rate, lw=width, ls="-" if i == 0 else "--", color=f"C{model.number}",
                         label=label)  # fmt: skip
    axes.set_xlabel("places, in rising order")
    axes.set_ylabel("share of reads that failed")
    if share.max() > 0:
        axes.set_yscale("symlog", linthresh=max(share[share > 0].min(), 1e-15))
    axes.legend(fontsize="small")
    said = [str(fit.point[k]) for k in ("module", "vdd_volts", "trcd_seconds") if fit.point[k]]
    axes.set_title(" ".join(said))
    return axes
