"""P(miss) from what single cells cost: weak cells come at random, and what they cost adds up.

The number of weak cells of a kind is Poisson distributed and costs add up, so what a draw costs is
a compound Poisson sum; a draw misses where the sum exceeds what may be lost. One critical cell is
enough, which is lambda; so are two that cost more than half as much each. That costs add up is an
assumption; a factor on those of cells that do not miss alone stands for what it leaves out, and the
thresholds of draws say how great it is (`_risk`). Gains count against losses, never against cells
that miss alone, and at no BER to more than what is lost there: errors do not help, and of millions
of cells of which thirty were tried what they gain is chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from eden.tolerance._strata import Stratum

# What may be lost, in the unit in which costs are told apart.
UNITS = 32
_SIZE = 64 * UNITS
# One more cell costs more than all n tried with probability 1 / (n + 1), and then so many times the
# most of them, each equally likely: of bits of LeNet of which 90 cells or more were tried, boosted
# and not, 3.0 % cost more than all of 30 others, in the median 1.35 times, on average 1.62.
BEYOND = (1.1, 1.3, 1.6, 2.5)

# How often a bit reads wrong at each of some BERs of the cells that it lies in.
Wrong = Callable[[Stratum, np.ndarray], np.ndarray]
# Stress of the cell of each element and factor at each BER; None where all cells are alike.
Placed = Callable[[Stratum, np.ndarray], tuple[np.ndarray, np.ndarray] | None]
# Cells of a tensor whose stresses differ by less are taken together: an eighth of a factor of 2.
_STEP = np.log(2) / 8


class Compound:
    """The costs of the cells of a network, cells that read wrong equally often taken together.

    Args:
        strata: What was seen of single cells.
        allowed: Accuracy that may be lost, > 0.
        bers: BERs asked for, rising.
        wrong: How often a bit reads wrong at each of them.
        placed: Where the cells lie: a cell tried then counts with its own stress, and those not
            tried with the mean of theirs.
    """

    def __init__(
        self,
        strata: Sequence[Stratum],
        allowed: float,
        bers: Sequence[float],
        wrong: Wrong,
        placed: Placed | None = None,
    ):
        tried, at = [stratum for stratum in strata if stratum.tried], np.asarray(bers, dtype=float)
        rates = np.array([wrong(stratum, at) for stratum in tried])
        own = None
        if placed is not None and any(stratum.elements for stratum in tried):
            own = _own_rates(tried, at, rates, placed)
        # [kinds, bers] and of each stratum its kind.
        self.rates, kind = np.unique(rates.reshape(len(tried), -1), axis=0, return_inverse=True)
        self.rest = np.array([stratum.cells - stratum.tried for stratum in tried])
        beyond = [[max(0.0, *stratum.losses) * ratio for ratio in BEYOND] for stratum in tried]
        parts = [part for s, more in zip(tried, beyond, strict=True) for part in (s.losses, more)]
        self.sizes = np.array([len(part) for part in parts]).reshape(-1, 2)
        self.seen = np.repeat([1.0, 0.0] * len(tried), self.sizes.reshape(-1))
        self.weight = np.repeat([1.0, 1 / len(BEYOND)] * len(tried), self.sizes.reshape(-1))
        self.kinds = np.repeat(kind.reshape(-1), self.sizes.sum(1))
        units = np.concatenate(parts) / allowed * UNITS
        self.units, self.critical = units, units > UNITS * (1 + 1e-9)
        self.own_kinds = None
        if own is not None:
            of_own, which = np.unique(own, axis=0, return_inverse=True)
            self.own_kinds = len(self.rates) + which.reshape(-1)
            self.rates = np.concatenate([self.rates, of_own])

    def shares(
        self, random: np.random.Generator | None = None, *, beyond: float = 1.0
    ) -> np.ndarray:
        """How many cells each cost stands for: a cell tried for itself and some of those not tried.

        Args:
            random: Draws them as the cells tried leave them uncertain (Rubin's Bayesian bootstrap);
                None has each cell tried stand for as many.
            beyond: Share of those that are expected to cost more than all tried which do.
        """
        mass = self.weight if random is None else random.gamma(self.weight)
        mass = mass * np.where(self.seen, 1.0, beyond)
        sizes = self.sizes.sum(1)
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(int)
        per = np.add.reduceat(mass, starts)
        return self.seen + mass * np.repeat(self.rest / per, sizes)

    def miss_probabilities(self, counts: np.ndarray, scale: float = 1.0) -> np.ndarray:
        """Return P(miss) at each BER, rising: of a critical cell, or of what others cost together.

        Args:
            counts: From `shares`.
            scale: Factor on the costs of cells that do not miss alone.
        """
        at = np.clip(self.units * scale, -2 * UNITS, UNITS)
        low = np.floor(at).astype(int)
        part = at - low
        kinds, critical = self.kinds, self.critical
        if self.own_kinds is not None:  # each cell tried by itself, and then those it stands for
            kinds, counts = np.concatenate([kinds, self.own_kinds]), counts - self.seen
            counts = np.concatenate([counts, self.seen])
            low, part, critical = np.tile(low, 2), np.tile(part, 2), np.tile(critical, 2)
        others, many = np.where(critical, 0.0, counts), len(self.rates)
        index = np.concatenate([low % _SIZE, (low + 1) % _SIZE]) + _SIZE * np.tile(kinds, 2)
        mass = np.concatenate([others * (1 - part), others * part])
        cells = np.bincount(index, mass, _SIZE * many).reshape(-1, _SIZE)
        hazards = self.rates.T @ cells  # [bers, costs]
        gained, lost = hazards @ np.maximum(-_SIGNED, 0), hazards @ np.maximum(_SIGNED, 0)
        believed = np.minimum(1.0, lost / np.maximum(gained, 1e-300))
        hazards *= np.where(_SIGNED < 0, believed[:, None], 1.0)
        sums = np.fft.irfft(np.exp(np.fft.rfft(hazards) - hazards.sum(1, keepdims=True)), _SIZE)
        # Beyond three quarters stand the sums below 0.
        misses = np.clip(sums[:, UNITS + 1 : _SIZE * 3 // 4].sum(1), 0.0, 1.0)
        # Where so much is lost that sums run round the circle, all draws miss.
        misses = np.where(lost - believed * gained > 16 * UNITS, 1.0, misses)
        deciding = self.rates.T @ np.bincount(kinds, np.where(critical, counts, 0.0), many)
        return np.maximum.accumulate(misses - (1.0 - misses) * np.expm1(-deciding))


def _own_rates(
    tried: Sequence[Stratum], bers: np.ndarray, rates: np.ndarray, placed: Placed
) -> np.ndarray:
    """Return the rates of each cell tried, ``[cells, bers]``; those of strata become of the rest.

    After the cells of each stratum come those that stand for costs beyond theirs.

    A cell that is weak with probability P counts as -log(1 - P) of them: at least one is weak as
    often.
    """
    own = []
    for number, stratum in enumerate(tried):
        found = placed(stratum, bers) if stratum.elements else None
        if found is None:
            own.append(np.tile(rates[number], (stratum.tried + len(BEYOND), 1)))
            continue
        stresses, factors = found
        here = stresses[list(stratum.elements)]
        # All cells of the bit, also those that store the other one: a stress knows no bit.
        rest = len(stresses) - len(here)
        rates[number] = factors * ((stresses.sum() - here.sum()) / rest if rest else 0.0)
        logarithms = np.log(np.maximum(here, 1e-300))
        alike = np.exp(np.round(logarithms / _STEP) * _STEP)
        own.append(np.where(here > 0, alike, 0.0)[:, None] * factors)
        own.append(np.tile(rates[number], (len(BEYOND), 1)))
    return np.concatenate(own)


_SIGNED = np.where(np.arange(_SIZE) < _SIZE * 3 // 4, np.arange(_SIZE), np.arange(_SIZE) - _SIZE)
