"""What P(miss) may be before any draw was seen: by single cells, or by the shape of such laws.

With single cells P(miss) is a compound Poisson sum (`_compound`). Draws decide one factor on costs,
near 1, and two hazards that the cells tried do not show: of rare cells that miss alone, which rises
with the BER, and of cells that cost more together than each, which rises with its square. Or, which
is believed where draws leave no other choice, what harmless cells cost is too uncertain to add up:
of a tensor of millions of cells thirty were tried, and cost an image more or less. Then cells say
what misses alone, and draws all else. Without single cells P(miss) = 1 - exp(-(ber / s)^k), where
the draws have to say both; a few of them say little of rare misses, and the interval shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from eden import errors
from eden.network import Config, protections_of
from eden.tolerance._compound import Compound, Placed, Wrong
from eden.tolerance._critical import Criticality
from eden.tolerance._grid import ber_of, step_of
from eden.tolerance._risk import Curves
from eden.tolerance._strata import Stratum

# Grid steps below that of the lowest draw down to which P(miss) is worked out: four decades.
_BELOW = 40
_REPLICATES = 32
_BEYOND = (1.0, 0.3)
# Likewise where costs do not add up, and are too uncertain to be extrapolated either.
_BEYOND_ALONE = (1.0, 0.3, 0.1, 0.0)
# The factor on costs before any draw was seen: log-normal about 1 with this spread.
_SCALES = np.exp(np.linspace(-0.6, 0.6, 9))
_SCALE_SPREAD = 0.25
# The exponent k likewise, and its range. Alone, critical cells make 1, the bulk more.
_EXPONENTS = np.exp(np.linspace(np.log(0.6), np.log(8.0), 40))
_EXPONENT, _EXPONENT_SPREAD = 1.3, 0.4
# Of costs that do not add up: the exponents of what draws say, and the belief in it before any.
_BULK_EXPONENTS = (1.0, 1.5, 2.0, 3.0)
_NOT_ADDED = np.exp(-12.0)
_NOT_ADDED_REPLICATES = 8
# Where nothing may be lost, one part in a hundred thousand may.
LEAST_LOSS = 1e-5
_LOWEST = 1e-9
# Of a grid step, in natural logarithms.
_NEPERS = np.log(10) / 10


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


def curves_of_draws(low: int, high: int, *, about: int) -> Curves:
    """What P(miss) may be, before any draw and without single cells.

    Args:
        low: Lowest step asked.
        high: Highest step asked.
        about: Where to look, e.g. the middle of the thresholds.
    """
    steps = np.arange(low - _BELOW, high + 2)
    middle = np.linspace(about - _BELOW, about + _BELOW, 240)
    curves, priors = [], []
    for k in _EXPONENTS:
        curves.append(-np.expm1(-_hazard(steps, middle, k)))
        spread = (np.log(k) - np.log(_EXPONENT)) / _EXPONENT_SPREAD
        priors.append(np.full(len(middle), -(spread**2) / 2))
    return Curves(steps, np.concatenate(curves), np.concatenate(priors), high)


def curves_of_cells(
    criticality: Criticality,
    *,
    low: int,
    high: int,
    about: int,
    allowed: float,
    wrong: Wrong,
    placed: Placed | None = None,
    seed: int = 0,
) -> Curves:
    """What P(miss) may be by single cells, before any draw.

    Args:
        criticality: What was seen of single cells.
        low: Lowest step asked.
        high: Highest step asked.
        about: Where draws begin to miss, e.g. the lowest threshold.
        allowed: Accuracy that may be lost, > 0.
        wrong: How often a bit reads wrong at a BER.
        placed: Where its cells lie, if that makes a difference.
        seed: Of the replicates of the cells not tried.
    """
    steps = np.arange(min(low, about) - _BELOW, high + 2)
    bers = [ber_of(int(step)) for step in steps]
    compound = Compound(criticality.strata, allowed, bers, wrong, placed)
    random = np.random.default_rng(seed)
    curves, priors = [], []
    # None of either, or one that reaches a hazard of 1 at any of these steps.
    alone = _with_none(_hazard(steps, np.linspace(about, high + 25, 10), 1))
    together = _with_none(_hazard(steps, np.linspace(about, high + 20, 10), 2))
    more = np.exp(-(alone[:, None] + together[None]).reshape(-1, len(steps)))
    prior = np.add.outer(_half_for_none(alone), _half_for_none(together)).reshape(-1)
    for replicate in range(_REPLICATES):
        # How much those not tried that cost most come to is for the draws to say, too.
        counts = compound.shares(random, beyond=_BEYOND[replicate % len(_BEYOND)])
        for scale in _SCALES:
            cells = compound.miss_probabilities(counts, scale)
            curves.append(1.0 - (1.0 - cells) * more)
            priors.append(prior - ((np.log(scale) / _SCALE_SPREAD) ** 2) / 2)
    believed = np.log(sum(np.exp(prior).sum() for prior in priors) * _NOT_ADDED)
    places = np.linspace(about - 10, high + 20, 40)
    bulk = np.concatenate([_hazard(steps, places, k) for k in _BULK_EXPONENTS])
    more = np.exp(-(alone[:, None] + bulk[None]).reshape(-1, len(steps)))
    for replicate in range(_NOT_ADDED_REPLICATES):
        counts = compound.shares(random, beyond=_BEYOND_ALONE[replicate % len(_BEYOND_ALONE)])
        cells = compound.miss_probabilities(counts, 0.0)
        curves.append(1.0 - (1.0 - cells) * more)
        priors.append(np.full(len(more), believed - np.log(len(more) * _NOT_ADDED_REPLICATES)))
    return Curves(steps, np.concatenate(curves), np.concatenate(priors), high)


def ber_by_cells(criticality: Criticality, at: float) -> float:
    """The BER at which P(miss) is ``at`` if single cells say all of it: to compare networks by.

    Of known cells (`eden.errors.Cells`) it is the mean over those that are known, not over all.

    Args:
        criticality: What was seen of single cells.
        at: The risk, in (0, 0.5].
    """
    steps = np.arange(step_of(_LOWEST), step_of(0.4) + 1)
    if not any(stratum.tried for stratum in criticality.strata):
        return ber_of(int(steps[-1]))  # no cell ever fails, or none is known
    wrong = wrong_by(criticality.config, criticality.tensors)
    allowed = max(criticality.allowed_loss, LEAST_LOSS)
    compound = Compound(criticality.strata, allowed, [ber_of(int(step)) for step in steps], wrong)
    misses = compound.miss_probabilities(compound.shares())
    return Curves(steps, misses[None], np.zeros(1), int(steps[-1])).stated(at).ber


def _hazard(steps: np.ndarray, ones: np.ndarray, exponent: float) -> np.ndarray:
    """Hazards that are 1 at steps and rise with a power of the BER, ``[ones, steps]``."""
    return np.exp(np.clip(exponent * (steps[None] - ones[:, None]) * _NEPERS, -700, 6))


def _with_none(hazards: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros_like(hazards[:1]), hazards])


def _half_for_none(hazards: np.ndarray) -> np.ndarray:
    """Logarithms of their weights: as much for the first as for all others."""
    return -np.log(np.where(np.arange(len(hazards)) == 0, 1, len(hazards) - 1))
