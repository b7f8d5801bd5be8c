"""The BER at which P(miss) is a stated risk, from the thresholds of draws and from single cells.

A draw that misses first between two steps of the grid says so much of P(miss) there: thresholds are
interval-censored. They are first misses; where accuracy recovers at a higher BER, P(miss) there is
below what they say, never above.

With single cells P(miss) is a compound Poisson sum (`_compound`) of which draws decide one factor,
near 1, and whether more is lost together than its parts say: a hazard that rises with the square
of the BER, as that of pairs of cells does. Without, P(miss) = 1 - exp(-(ber / s)^k), where the
draws have to say both; a few of them say little of rare misses, and the interval shows it. Both
are Bayesian: what is uncertain is averaged over, weighted by how well it agrees with the
thresholds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from eden import errors
from eden._say import a_kind, keys_of, one_of, refusal, within
from eden.network import Config, protections_of
from eden.tolerance._compound import Compound, Placed, Wrong
from eden.tolerance._critical import Criticality
from eden.tolerance._grid import ber_of
from eden.tolerance._strata import Stratum

# Grid steps below that of the lowest draw down to which P(miss) is worked out: four decades.
_BELOW = 40
_REPLICATES = 32
# The factor on costs before any draw was seen: log-normal about 1 with this spread.
_SCALES = np.exp(np.linspace(-0.6, 0.6, 9))
_SCALE_SPREAD = 0.25
# The exponent k likewise, and its range. Alone, critical cells make 1, the bulk more.
_EXPONENTS = np.exp(np.linspace(np.log(0.6), np.log(8.0), 40))
_EXPONENT, _EXPONENT_SPREAD = 1.3, 0.4
_CONFIDENCE = 0.95
# Of a grid step, in natural logarithms.
_NEPERS = np.log(10) / 10


@dataclass(frozen=True)
class Risk:
    """P(miss) against BER, and the BER of a stated risk.

    Attributes:
        miss_probability: The risk stated.
        ber: At which P(miss) is that; the highest asked where P(miss) is less there.
        interval: Of this BER, at 95 %.
        bers: Rising.
        misses: P(miss) at each of them.
    """

    miss_probability: float
    ber: float
    interval: tuple[float, float]
    bers: tuple[float, ...]
    misses: tuple[float, ...]

    def at(self, ber: float) -> float:
        """P(miss) at a BER; below those known it falls with the BER, above it stays.

        Raises:
            ValueError: If the BER is outside [0, 1].
        """
        within("ber", ber, 0, 1)
        if ber <= self.bers[0]:
            return self.misses[0] * ber / self.bers[0]
        return float(np.interp(np.log(ber), np.log(self.bers), self.misses))

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able dict; `from_dict` is its inverse."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in vars(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Risk:
        """Rebuild from `to_dict`.

        Raises:
            ValueError: If a field is missing or unknown, or its value out of its range.
        """
        values = dict(keys_of("risk", data, [field.name for field in fields(cls)]))
        for name in ("interval", "bers", "misses"):
            a_kind(f"{name} of risk", values[name], (list, tuple), "a list")
            values[name] = tuple(values[name])
            for value in values[name]:
                within(f"{name} of risk", value, 0, 2)
        within("miss_probability", values["miss_probability"], 0, 1)
        within("ber of risk", values["ber"], 0, 1)
        one_of("number of misses", len(values["misses"]), [len(values["bers"])])
        if len(values["interval"]) != 2 or sorted(values["bers"]) != list(values["bers"]):
            raise ValueError(refusal("risk", data, "an interval of two, BERs that rise"))
        return cls(**values)


def wrong_by(config: Config, names: Sequence[str]) -> Wrong:
    """How many weak cells a bit has at a BER, as the config guards its tensor: P(bit wrong) / F.

    Where cells that store a 1 and a 0 are apart, copies of a bit fail as it does; the check bits
    and neighbours of a code store either.

    Args:
        config: What is stored, and how.
        names: Of its tensors.
    """
    protections, error = protections_of(list(names), config), config.error
    # A rate does not make known cells weak, it makes them fail more often.
    failure = 1.0 if isinstance(error, errors.Cells) else errors.failure_of(error)
    known: dict[Any, np.ndarray] = {}

    def wrong(stratum: Stratum, bers: np.ndarray) -> np.ndarray:
        guard, own = protections[stratum.tensor], failure
        if stratum.stored is not None and guard.kind in _OF_ONE_BIT:
            own = errors.failure_of(error, stratum.stored)
        name = guard, stratum.bit, own, bers.tobytes()
        if name not in known:
            rates = bers if own == failure else np.minimum(bers * (own / failure), own)
            read_wrong = guard.error_probability(rates, stratum.bit, config.stored)
            known[name] = read_wrong / (own or 1.0)
        return known[name]

    return wrong


# Protections that hold a bit more than once.
_OF_ONE_BIT = ("triple", "embedded")


def risk_of_draws(thresholds: Sequence[int], *, low: int, high: int, at: float) -> Risk:
    """P(miss) from the thresholds of draws alone.

    Args:
        thresholds: Of each draw the step before its first miss.
        low: Lowest step asked; ``low - 1`` is the threshold of a draw that misses there.
        high: Highest step asked; the threshold of a draw that met the target there.
        at: The risk stated, in (0, 1).
    """
    steps = np.arange(min(thresholds) - _BELOW, high + 2)
    middle = np.linspace(min(thresholds) - _BELOW, max(thresholds) + 20, 200)
    curves, priors = [], []
    for k in _EXPONENTS:
        # In steps: (ber / s)^k = exp(k (step - s) ln(10) / 10).
        hazard = np.exp(np.clip(k * (steps[None] - middle[:, None]) * _NEPERS, -700, 6))
        curves.append(-np.expm1(-hazard))
        spread = (np.log(k) - np.log(_EXPONENT)) / _EXPONENT_SPREAD
        priors.append(np.full(len(middle), -(spread**2) / 2))
    return _stated(steps, np.concatenate(curves), np.concatenate(priors), thresholds, low, high, at)


def risk_of_cells(
    criticality: Criticality,
    thresholds: Sequence[int],
    *,
    low: int,
    high: int,
    at: float,
    allowed: float,
    wrong: Wrong,
    placed: Placed | None = None,
    seed: int = 0,
) -> Risk:
    """P(miss) from single cells, and from draws how their costs combine.

    Args:
        criticality: What was seen of single cells.
        thresholds: As in `risk_of_draws`; may be empty.
        low: Likewise.
        high: Likewise.
        at: Likewise.
        allowed: Accuracy that may be lost, > 0.
        wrong: How often a bit reads wrong at a BER.
        placed: Where its cells lie, if that makes a difference.
        seed: Of the replicates of the cells not tried.
    """
    steps = np.arange(min(thresholds, default=low) - _BELOW, high + 2)
    compound = Compound(
        criticality.strata, allowed, [ber_of(int(step)) for step in steps], wrong, placed
    )
    random = np.random.default_rng(seed)
    curves, priors = [], []
    # What single cells do not explain: pairs that cost more than both, of hazard (ber / s)^2.
    rest = np.linspace(min(thresholds, default=low), high + 20, 16) if thresholds else []
    apart = [np.exp(-np.exp(np.minimum(2 * (steps - s) * _NEPERS, 6))) for s in rest]
    for _ in range(_REPLICATES):
        counts = compound.shares(random)
        for scale in _SCALES:
            cells = compound.miss_probabilities(counts, scale)
            prior = -((np.log(scale) / _SCALE_SPREAD) ** 2) / 2
            curves += [cells, *(1.0 - (1.0 - cells) * meets for meets in apart)]
            priors += [prior, *[prior - np.log(max(len(rest), 1))] * len(rest)]
    return _stated(steps, np.array(curves), np.array(priors), thresholds, low, high, at)


def _stated(
    steps: np.ndarray,
    curves: np.ndarray,
    priors: np.ndarray,
    thresholds: Sequence[int],
    low: int,
    high: int,
    at: float,
) -> Risk:
    """Average curves of P(miss), weighted by prior and thresholds, and find the risk stated.

    Args:
        steps: Of the grid, each one above the last.
        curves: ``[n, steps]``, rising.
        priors: Logarithms, ``[n]``.
        thresholds: As in `risk_of_draws`, and what follows.
        low: Lowest step asked.
        high: Highest step asked.
        at: The risk stated.
    """
    weight = priors.copy()
    for threshold in thresholds:
        missed = threshold - steps[0] + 1  # where it first misses
        upper = np.ones(len(curves)) if threshold >= high else curves[:, missed]
        lower = np.zeros(len(curves)) if threshold < low else curves[:, missed - 1]
        weight += np.log(np.maximum(upper - lower, 1e-30))
    weight = np.exp(weight - weight.max())
    weight /= weight.sum()
    mean = weight @ curves
    # Beyond the highest step nothing was asked.
    each = np.array([min(_step_at(steps, curve, at), high) for curve in curves])
    order = np.argsort(each)
    tail = (1 - _CONFIDENCE) / 2
    ends = np.searchsorted(np.cumsum(weight[order]), [tail, 1 - tail])
    least, most = each[order][np.minimum(ends, len(each) - 1)]
    return Risk(
        miss_probability=at,
        ber=ber_of(min(_step_at(steps, mean, at), high)),
        interval=(ber_of(least), ber_of(most)),
        bers=tuple(ber_of(step) for step in steps),
        misses=tuple(float(p) for p in mean),
    )


def _step_at(steps: np.ndarray, curve: np.ndarray, at: float) -> float:
    """The step at which a rising curve passes a probability, between steps by its logarithm."""
    above = int(np.searchsorted(curve, at, side="right"))
    if above == 0 or above == len(curve):
        return float(steps[min(above, len(curve) - 1)])
    lower, upper = np.log(np.maximum(curve[[above - 1, above]], 1e-30))
    return float(steps[above - 1] + (np.log(at) - lower) / (upper - lower))
