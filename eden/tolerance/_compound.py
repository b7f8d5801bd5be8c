"""P(miss) from what single cells cost: weak cells come at random, and what they cost adds up.

The number of weak cells of a kind is Poisson distributed and costs add up, so what a draw costs is
a compound Poisson sum; a draw misses where the sum exceeds what may be lost. One critical cell is
enough, which is lambda; so are two that cost more than half as much each. That costs add up is an
assumption; a factor on those of cells that do not miss alone stands for what it leaves out, and the
thresholds of draws say how great it is (`_risk`).
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


class Compound:
    """The costs of the cells of a network, cells that read wrong equally often taken together.

    Args:
        strata: What was seen of single cells.
        allowed: Accuracy that may be lost, > 0.
        bers: BERs asked for, rising.
        wrong: How often a bit reads wrong at each of them.
    """

    def __init__(
        self, strata: Sequence[Stratum], allowed: float, bers: Sequence[float], wrong: Wrong
    ):
        tried = [stratum for stratum in strata if stratum.tried]
        rates = np.array([wrong(stratum, np.asarray(bers, dtype=float)) for stratum in tried])
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

    def shares(
        self, random: np.random.Generator | None = None, *, beyond: bool = True
    ) -> np.ndarray:
        """How many cells each cost stands for: a cell tried for itself and some of those not tried.

        Args:
            random: Draws them as the cells tried leave them uncertain (Rubin's Bayesian bootstrap);
                None has each cell tried stand for as many.
            beyond: Whether some of those not tried cost more than all that were.
        """
        mass = self.weight if random is None else random.gamma(self.weight)
        mass = mass if beyond else mass * self.seen
        sizes = self.sizes.sum(1)
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(int)
        per = np.add.reduceat(mass, starts)
        return self.seen + mass * np.repeat(self.rest / per, sizes)

    def miss_probabilities(self, counts: np.ndarray, scale: float = 1.0) -> np.ndarray:
        """Return P(miss) at each BER, rising.

        Args:
            counts: From `shares`.
            scale: Factor on the costs of cells that do not miss alone.
        """
        alone = np.clip(self.units, UNITS + 1, 2 * UNITS)
        others = np.clip(self.units * scale, -2 * UNITS, UNITS)
        at = np.where(self.critical, alone, others)
        low = np.floor(at).astype(int)
        part = at - low
        index = np.concatenate([low % _SIZE, (low + 1) % _SIZE]) + _SIZE * np.tile(self.kinds, 2)
        mass = np.concatenate([counts * (1 - part), counts * part])
        cells = np.bincount(index, mass, _SIZE * len(self.rates)).reshape(-1, _SIZE)
        spectra = np.fft.rfft(cells) - cells.sum(1, keepdims=True)
        lost = np.fft.irfft(np.exp(self.rates.T @ spectra), _SIZE)
        # Beyond three quarters stand the sums below 0.
        misses = lost[:, UNITS + 1 : _SIZE * 3 // 4].sum(1)
        # Where so much is lost that sums run round the circle, all draws miss.
        drift = self.rates.T @ (cells * _SIGNED).sum(1)
        misses = np.where(drift > 16 * UNITS, 1.0, misses)
        return np.maximum.accumulate(np.clip(misses, 0.0, 1.0))


_SIGNED = np.where(np.arange(_SIZE) < _SIZE * 3 // 4, np.arange(_SIZE), np.arange(_SIZE) - _SIZE)
