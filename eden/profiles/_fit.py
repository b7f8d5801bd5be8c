"""Which error model a module's failures follow: all are fitted, and the evidence weighed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eden._say import one_of, refusal, within
from eden.profiles._conditions import place_of
from eden.profiles._counts import (
    READS,
    SEEN,
    STORED,
    Counts,
    both_fills,
    counts_of,
    labels,
    rows_once,
)
from eden.profiles._models import NAMES, FittedModel, fit_model, model_bic
from eden.profiles._profile import Profile

# "Very strong" evidence, as Kass and Raftery call it: Bayes Factors, 1995, section 3.2.
SEPARATES = 10.0


@dataclass(frozen=True, eq=False)
class Fit:
    """The error models fitted to one module at one operating point.

    Attributes:
        point: Module, vendor, conditions and unit; None where the profile leaves one open.
        models: Those that the profile can tell, by number; all of them on the same observations.
        best: The one chosen.
        why: The reason, in one line.
        overdispersion: Variance over that of model 0, of the finest places: about 1 if they are
            alike.
        untold: Numbers of the models that the profile cannot tell, each with its reason.
        counts: What the models were fitted to.
    """

    point: dict[str, Any]
    models: tuple[FittedModel, ...]
    best: FittedModel
    why: str
    overdispersion: float
    untold: dict[int, str]
    counts: Counts

    def plot(self, axes=None):
        """Draw the observed share of each place beside the models'; returns matplotlib's axes.

        Args:
            axes: To draw on; default new ones.
        """
        from eden.profiles._plot import plot_fit

        return plot_fit(self, axes)


def fit(profile: Profile, model: str | int = "auto", *, confidence: float = 0.99) -> Fit:
    """Fit the error models to one module at one operating point, and choose.

    Each weak cell fails in each read with probability F, so failures are sums of binomials over a
    binomial number of weak cells; all models compete under that compound likelihood. Models 1 and
    2 let P vary from bitline to bitline, or from one group of rows to the next, by a beta
    distribution. Rounds (rows that differ in `source` alone) are further reads of the same cells.

    Args:
        profile: Of one module and operating point; `operating_points` takes others apart.
        model: ``auto`` chooses by Bayes' criterion, and model 0 where no other leads by 10; a
            number from 0 to 3 is taken.
        confidence: Of the intervals, in (0, 1).

    Returns:
        The fit; intervals are worked out when they are asked for.

    Raises:
        ValueError: The profile holds several modules or operating points, or cannot tell the model
            asked for.

    Reference: paper, section 4; docs/fits.md.
    """
    one_of("model", str(model), ["auto", "0", "1", "2", "3"])
    within("confidence", confidence, 0, 1, above=True, below=True)
    counts = counts_of(profile)
    separable = _separable(counts)
    zero = fit_model(0, counts, None, separable=separable, confidence=confidence)
    models, leads, untold = {0: zero}, {0: 0.0}, {}
    for number in (1, 2, 3):
        if zero.censored:
            untold[number] = "has nothing to go by: no read failed"
            continue
        try:
            models[number], leads[number] = _against(zero, number, separable=separable)
        except ValueError as error:
            untold[number] = str(error)
    wanted = int(model) if str(model) != "auto" else _chosen(leads)
    if wanted in untold:
        said = refusal("model", wanted, f"others here: it {untold[wanted]}")
        raise ValueError(f"{place_of(counts.point)}: {said}")
    return Fit(
        point=counts.point,
        models=tuple(models.values()),
        best=models[wanted],
        why=_why(wanted, str(model) == "auto", leads, zero, untold),
        overdispersion=overdispersion(counts, zero),
        untold=untold,
        counts=counts,
    )


def _separable(counts: Counts) -> bool:
    """Whether P and F can be told apart: by cells, or by sums over rows or bitlines, read again."""
    again = counts.groups[:, READS] > 1
    single = counts.groups[again, SEEN].any()
    fine = (counts.places[again, 1:] >= 0).any(axis=1).sum() > 1
    return bool(single or fine)


def _against(zero: FittedModel, number: int, *, separable: bool) -> tuple[FittedModel, float]:
    """Fit a model, and say by how much its criterion is below that of model 0.

    Sums over a bitline or a row group tell all that there is to tell about the spread: how a sum
    splits among the places of its line is the same under both models. So the model's likelihood is
    that of model 0 times what the sums gain, and likewise for those observations whose fill is
    known.
    """
    counts = zero.counts
    if number == 3:
        named, label = both_fills(counts), None
    else:
        named, label = labels(counts, number)
    part, confidence = counts.subset(named), zero.confidence
    if not part.failed.any():
        raise ValueError("needs a failure on such a place")
    model = fit_model(number, part, label, separable=separable, confidence=confidence)
    base = fit_model(0, part, label, separable=separable, confidence=confidence)
    gain = model.log_likelihood - base.log_likelihood
    likelihood = zero.log_likelihood + gain
    bic = model_bic(model, likelihood, zero.counts)
    model = replace(model, log_likelihood=likelihood, bic=bic)
    worth = 1.0 if number != 3 else _scatter_of_fills(part, model)
    lead = zero.bic - model.bic
    return model, lead - 2 * gain * (1 - 1 / worth)


def _scatter_of_fills(counts: Counts, model: FittedModel) -> float:
    """How much more than the law lets it the share of the fill of ones varies from place to place.

    A place that fails more does so under both fills, which says nothing of them; what counts is how
    its failures split. Where that scatters, what the model gains is worth so much less (a
    quasi-likelihood: Wedderburn, 1974). At least 1, and 1 where places cannot be compared.
    """
    _, place = rows_once(counts.places.T)
    one = counts.groups[:, STORED] == 1
    failed = counts.failed.astype(np.float64)
    rates = model.rates()
    tested = counts.units * counts.groups[:, READS]
    expected = tested * np.where(one, rates["ber_one"], rates["ber_zero"])
    ones, both, wanted, all_wanted = (
        np.bincount(place, values) for values in (failed * one, failed, expected * one, expected)
    )
    share = np.divide(wanted, all_wanted, out=np.zeros_like(wanted), where=all_wanted > 0)
    variance = both * share * (1 - share)
    counted = variance > 1e-9
    if counted.sum() < 2:
        return 1.0
    chi = ((ones - both * share)[counted] ** 2 / variance[counted]).sum() / (counted.sum() - 1)
    # What weak cells that fail together make of themselves is in the likelihood already.
    failures = [f for *_, fit in model.pieces for f in (fit.failure, fit.failure_zero)]
    together = 1 + (counts.reads - 1) * max(failures) if counts.reads > 1 else 1.0
    return max(1.0, float(chi) / together)


def _chosen(leads: dict[int, float]) -> int:
    best = max(leads, key=lambda number: leads[number])
    return best if leads[best] >= SEPARATES else 0


def overdispersion(counts: Counts, model: FittedModel) -> float:
    """Mean of (observed - expected)^2 / variance over the places, under model 0 or 3.

    1 where there is but one place.
    """
    if model.censored:
        return 1.0
    groups, rates = counts.groups, model.rates()
    reads = groups[:, READS].astype(np.float64)
    failed = counts.failed.astype(np.float64)
    if model.number == 3:
        one = groups[:, -1] == 1
        rate = np.where(one, rates["ber_one"], rates["ber_zero"])
        fits = [piece[2] for piece in model.pieces]
        other = fits[-1].failure_zero if len(fits) == 1 else fits[-1].failure
        failure = np.where(one, fits[0].failure, other)
    else:
        rate = np.full(len(groups), rates["ber"])
        failure = np.full(len(groups), model.pieces[0][2].failure)
    failure = np.where(reads > 1, failure, 0.0)
    expected = counts.units * reads * rate
    variance = expected * (1 + (reads - 1) * failure - reads * rate)
    counted = variance > 0
    free = int(counted.sum()) - len(rates)
    if free < 1:
        return 1.0
    return float(((failed - expected)[counted] ** 2 / variance[counted]).sum() / free)


def _why(
    chosen: int, free: bool, leads: dict[int, float], zero: FittedModel, untold: dict[int, str]
) -> str:
    if zero.censored:
        tested = zero.counts.tested
        return f"nothing failed in {tested:.3g} tests: below {1 / tested:.2g}, no model told"
    said = [f"model {n} ({NAMES[n]}): {'+' if v > 0 else ''}{v:.3g}"
            for n, v in leads.items() if n]  # fmt: skip
    against = f"lead in BIC over model 0: {'; '.join(said)}" if said else "no other can be told"
    if not free:
        reason = f"model {chosen} was asked for"
    elif chosen:
        reason = f"model {chosen} leads model 0 by {SEPARATES:g} or more, and the most"
    else:
        reason = f"model 0, as no other leads it by {SEPARATES:g}"
    left = [f"model {n} {why}" for n, why in untold.items()]
    if not zero.separable:
        left.append("only P x F can be told" + _because(zero.counts))
    return "; ".join([f"{reason} ({against})", *left])


def _because(counts: Counts) -> str:
    if counts.point["unit"] != "cell":
        return f", as {counts.point['unit']}s were counted"
    return ", from one read" if counts.reads == 1 else ", from sums over banks"
