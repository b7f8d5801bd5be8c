"""One error model fitted to counts: its numbers, intervals, and the object of eden.errors."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from statistics import NormalDist

import numpy as np

from eden import errors
from eden._native import core
from eden._say import refusal
from eden.profiles._counts import CELLS, SEEN, STORED, Counts

NAMES = ("uniform", "bitline", "wordline", "data-dependent")
# Bits of a line and of a row of a rank, where these were counted.
UNIT_BITS = {"cell": 1, "line": 512, "row": 65536}
_MOST_ROWS = 2**22


@dataclass(frozen=True)
class FreeNumbers:
    """Which numbers are free, as the core takes them."""

    failure: bool
    by_stored: bool
    spread: bool
    # Of F, from how sums split: its log-odds, and how sharply.
    hint: tuple[float, float] = (0.0, 0.0)

    def fit(self, groups: np.ndarray) -> core.WeakFit:
        """Fit these groups."""
        return core.fit_weak(groups, **self.__dict__)


@dataclass(frozen=True, eq=False)
class FittedModel:
    """One of the four error models, fitted.

    Attributes:
        number: 0 to 3, as in the paper.
        log_likelihood: Of all observations; of all models on the same.
        parameters: The free numbers and their estimates: ``weak_fraction``,
            ``failure_probability`` (of model 3 ``..._one`` and ``..._zero``), and of models 1 and
            2 ``spread``, the standard deviation of P from line to line over its mean. Where P and F
            cannot be told apart, ``ber`` = P x F (``ber_one``, ``ber_zero``) stands for both.
        bic: Bayes' information criterion, the lower the better.
        separable: Whether P and F can be told apart.
        censored: Nothing failed: the rate is the upper limit of one over what was tested.
        confidence: Of the intervals.
        counts: What it was fitted to.
        label: Of each place its bitline or row group; only of models 1 and 2.
        pieces: Parts that were fitted by themselves: free numbers, groups, and the core's fit.
    """

    number: int
    log_likelihood: float
    parameters: dict[str, float]
    bic: float
    separable: bool
    censored: bool
    confidence: float
    counts: Counts = field(repr=False)
    label: np.ndarray | None = field(repr=False, default=None)
    pieces: tuple[tuple[FreeNumbers, np.ndarray, core.WeakFit], ...] = field(repr=False, default=())

    @property
    def name(self) -> str:
        """``uniform``, ``bitline``, ``wordline`` or ``data-dependent``."""
        return NAMES[self.number]

    @property
    def ber(self) -> float:
        """Mean P x F over what was tested; of model 3 at as many ones as zeros."""
        if self.number in (1, 2):
            weak, cells = self._weak_of_labels()
            return float(np.average(weak, weights=cells) * self.pieces[0][2].failure)
        return float(np.mean(list(self.rates().values())))

    def rates(self) -> dict[str, float]:
        """P x F under the names of `parameters`: one number, or one for each stored bit."""
        if self.censored:
            return {"ber": self.parameters["ber"]}
        found = {}
        for name, (_, _, fit, number) in _rates(self).items():
            failure = fit.failure_zero if number == "rate_zero" else fit.failure
            found[name] = fit.weak * failure
        return found

    @cached_property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """Intervals by profile likelihood for each of `parameters`, and for ``ber``.

        An end at 0 or 1 (of ``spread`` at 0) is the number's own bound: the data do not say more.
        """
        drop = _drop(self.confidence)
        if self.censored:
            # n reads without failure have the likelihood (1 - rate)^n.
            return {"ber": (0.0, -float(np.expm1(-drop / self.counts.tested)))}
        found = {}
        for name, (form, groups, fit, number) in (_rates(self) | _numbers(self)).items():
            low, high = core.profile_interval(
                groups, **form.__dict__, best=fit, number=number, drop=drop
            )
            if number == "shape":
                low, high = (float(1 / np.sqrt(end)) if end else np.inf for end in (high, low))
            found[name] = (low, high)
        return found

    @cached_property
    def error(self) -> errors.Uniform | errors.Bitline | errors.Wordline | errors.DataDependent:
        """The model as `eden.inject` takes it.

        Lines and rows that were not tested have the mean P. Where P and F cannot be told apart,
        weak cells always fail (F = 1). Where lines or rows were counted, P is that of independent
        cells: 1 - (1 - share)^(1 / bits), and F that of the lines: of a cell where a weak line
        has but one.

        Raises:
            ValueError: The profile's bitlines or rows are beyond what a model may have.
        """
        unit, fit = self.counts.point["unit"], self.pieces[0][2] if self.pieces else None
        if fit is None or (self.number == 0 and not self.separable):
            return errors.Uniform(of_cell(self.ber, unit))
        if self.number == 3:
            if self.separable:
                one, zero = fit.failure, fit.failure_zero
                return errors.DataDependent(of_cell(fit.weak, unit), one, zero)
            one, zero = (of_cell(self.rates()[f"ber_{bit}"], unit) for bit in ("one", "zero"))
            weak = max(one, zero)
            return errors.DataDependent(weak, one / weak, zero / weak)
        failure = fit.failure if self.separable else 1.0
        if self.number == 0:
            return errors.Uniform(of_cell(fit.weak, unit), failure)
        mean = fit.weak if self.separable else fit.weak * fit.failure
        weak = self._weak_of_labels()[0] * (mean / fit.weak)
        weak, mean = of_cell(weak, unit), of_cell(mean, unit)
        if self.number == 1:
            return errors.Bitline(_bitline_table(self.counts, weak, mean), failure)
        return errors.Wordline(_row_table(self.counts, weak, mean), failure)

    def _weak_of_labels(self) -> tuple[np.ndarray, np.ndarray]:
        """The expected P of each bitline or group of rows, given its counts, and its cells."""
        _, groups, fit = self.pieces[0]
        assert self.label is not None
        cells = np.bincount(self.label, groups[:, CELLS] + groups[:, SEEN])
        weak = np.bincount(self.label, fit.expected_weak)
        a, b = fit.shape, fit.shape * (1 - fit.weak) / fit.weak
        return (a + weak) / (a + b + cells), cells


def _rates(model: FittedModel) -> dict[str, tuple[FreeNumbers, np.ndarray, core.WeakFit, str]]:
    """Where each P x F is found: the fit, and its name in the core."""
    if model.number != 3:
        return {"ber": (*model.pieces[0], "rate")}
    if len(model.pieces) == 2:  # ones and zeros by themselves
        one, zero = model.pieces
        return {"ber_one": (*one, "rate"), "ber_zero": (*zero, "rate")}
    piece = model.pieces[0]
    return {"ber_one": (*piece, "rate"), "ber_zero": (*piece, "rate_zero")}


def _numbers(model: FittedModel) -> dict[str, tuple[FreeNumbers, np.ndarray, core.WeakFit, str]]:
    """Where each of the other parameters is found."""
    piece, found = model.pieces[0], {}
    if model.separable:
        found["weak_fraction"] = (*piece, "weak")
        if model.number == 3:
            found["failure_probability_one"] = (*piece, "failure")
            found["failure_probability_zero"] = (*piece, "failure_zero")
        else:
            found["failure_probability"] = (*piece, "failure")
    if piece[0].spread:
        found["spread"] = (*piece, "shape")
    return found


def fit_model(
    number: int, counts: Counts, label: np.ndarray | None, *, separable: bool, confidence: float
) -> FittedModel:
    """Fit one model to counts, or to their sums by label.

    The likelihood, and the criterion that is made of it, are of these groups.
    """
    if not counts.failed.any():
        limit = {"ber": 1 / counts.tested}
        return FittedModel(number, 0.0, limit, 0.0, False, True, confidence, counts)
    groups, at = (counts.groups.copy(), None) if label is None else counts.summed(label)
    free, stored = counts.reads > 1, groups[:, STORED].copy()
    if number != 3:
        groups[:, STORED] = 1
    hint = (0.0, 0.0)
    if label is not None and at is not None and free and len(groups) < len(counts.groups):
        hint = _hint(counts, label, groups, at)
    form = FreeNumbers(free, number == 3 and separable, number in (1, 2), hint)
    parts = [groups]
    if number == 3 and not separable:  # the two directions share no number
        parts = [groups[stored == bit] for bit in (1, 0)]
        for part in parts:
            part[:, STORED] = 1
    pieces = tuple((form, part, form.fit(part)) for part in parts)
    likelihood = counts.log_ways + sum(fit.log_likelihood for _, _, fit in pieces)
    model = FittedModel(
        number, likelihood, {}, 0.0, separable, False, confidence, counts, at, pieces
    )
    return replace(model, parameters=_estimates(model), bic=model_bic(model, likelihood, counts))


def _hint(
    counts: Counts, label: np.ndarray, sums: np.ndarray, at: np.ndarray
) -> tuple[float, float]:
    """What the split of the sums says of F, under the P that each line is then expected to have."""
    sums, share = sums.copy(), np.ones(len(label))
    sums[:, STORED], hint = 1, (0.0, 0.0)
    cells = np.bincount(at, sums[:, CELLS] + sums[:, SEEN])
    numbers = {"weak": 0.5, "shape": math.inf, "failure": 1.0}  # at first all lines are alike
    for _ in range(3):
        hint = core.hint_of_parts(counts.groups, label, share, **numbers)
        fit = FreeNumbers(True, False, True, hint).fit(sums)
        numbers = {"weak": fit.weak, "shape": fit.shape, "failure": fit.failure}
        a, b = fit.shape, fit.shape * (1 - fit.weak) / fit.weak
        share = ((a + np.bincount(at, fit.expected_weak)) / (a + b + cells) / fit.weak)[label]
    return hint


def _estimates(model: FittedModel) -> dict[str, float]:
    fit = model.pieces[0][2]
    values = {
        "weak": fit.weak,
        "failure": fit.failure,
        "failure_zero": fit.failure_zero,
        "shape": float(1 / np.sqrt(fit.shape)),
    }
    rates = {} if model.separable else model.rates()
    return rates | {name: values[number] for name, (*_, number) in _numbers(model).items()}


def model_bic(model: FittedModel, log_likelihood: float, counts: Counts) -> float:
    """Bayes' criterion: -2 log L + numbers x log of the observations.

    Where P and F cannot be told apart although there were several reads, F is fitted all the same,
    for what it says of the scatter, and counts as a number.
    """
    scatter = len(model.pieces) if not model.separable and counts.reads > 1 else 0
    free = len(model.parameters) + scatter
    return -2 * log_likelihood + free * math.log(max(len(counts.groups), 2))


def _drop(confidence: float) -> float:
    """Half of the quantile of chi squared with one degree of freedom."""
    return NormalDist().inv_cdf((1 + confidence) / 2) ** 2 / 2


def of_cell(share, unit: str):
    """P of independent cells from the share of lines or rows with any wrong bit."""
    if unit == "cell":
        return share
    return -np.expm1(np.log1p(-np.minimum(share, 1 - 1e-12)) / UNIT_BITS[unit])


def _bitline_table(counts: Counts, weak: np.ndarray, mean: float) -> np.ndarray:
    lines = np.unique(counts.places[:, 3])
    last, most = int(lines[-1]), 65536
    if last >= most:
        raise ValueError(refusal("bitline", last, f"at most {most - 1} in a model"))
    table = np.full(max(512, 1 << last.bit_length()), mean)
    table[lines] = weak
    return table


def _row_table(counts: Counts, weak: np.ndarray, mean: float) -> np.ndarray:
    """P of each row: those of the first bank from row 0 on, then those of the next."""
    groups = np.unique(counts.places[:, :3], axis=0)
    banks, at = np.unique(groups[:, 0], return_inverse=True)
    rows = int(groups[:, 2].max()) + 1
    if rows * len(banks) > _MOST_ROWS:
        raise ValueError(refusal("rows", rows * len(banks), f"at most {_MOST_ROWS} in a model"))
    table = np.full((len(banks), rows), mean)
    for bank, (_, first, last), share in zip(at.ravel(), groups, weak, strict=True):
        table[bank, first : last + 1] = share
    return table.reshape(-1)
