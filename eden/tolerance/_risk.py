"""P(miss) against the BER, and the BER of a stated risk: curves weighted by what draws showed.

A draw that misses first between two steps of the grid says so much of P(miss) there: what is known
of a draw is between which steps its first miss lies. Where accuracy recovers at a higher BER,
P(miss) there is below what first misses say, never above. All is Bayesian: what is uncertain is
averaged over, weighted by how well it agrees with the draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import Any

import numpy as np

from eden._say import a_kind, keys_of, one_of, refusal, within
from eden.tolerance._grid import STEPS_A_DECADE, ber_of

_CONFIDENCE = 0.95
_ALMOST_MORE = 1 + 1e-9  # than any probability: as sums of weights round


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
    bers: tuple[float, ...] = field(repr=False)
    misses: tuple[float, ...] = field(repr=False)

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
        values = dict(keys_of("risk", data, [one.name for one in fields(cls)]))
        for name in ("interval", "bers", "misses"):
            a_kind(f"{name} of risk", values[name], (list, tuple), "a list")
            values[name] = tuple(values[name])
            for value in values[name]:
                within(f"{name} of risk", value, 0, 2)
        within("miss_probability", values["miss_probability"], 0, 0.5, above=True)
        within("ber of risk", values["ber"], 0, 1)
        one_of("number of misses", len(values["misses"]), [len(values["bers"])])
        one_of("number of ends of the interval of risk", len(values["interval"]), [2])
        if not values["bers"] or values["bers"][0] == 0 or values["misses"][-1] > _ALMOST_MORE:
            raise ValueError(refusal("risk", data, "BERs above 0, each with a probability"))
        # Sums of curves that rise, each rounded.
        for name, least in (("interval", 1), ("bers", 1), ("misses", 1 - 1e-9)):
            if any(b < least * a for a, b in pairwise(values[name])):
                raise ValueError(refusal(f"{name} of risk", data[name], "numbers that rise"))
        return cls(**values)


class Curves:
    """What P(miss) may be, and how likely each of it is.

    Args:
        steps: Of the grid, each one above the last.
        curves: ``[n, steps]``, rising.
        priors: Logarithms of their weights before any draw, ``[n]``.
        high: Highest step asked; beyond it nothing is said.
    """

    def __init__(self, steps: np.ndarray, curves: np.ndarray, priors: np.ndarray, high: int):
        self.steps, self.curves, self.weights, self.high = steps, curves, priors.copy(), high

    def see(self, after: int | None, until: int | None) -> None:
        """Take in a draw.

        Args:
            after: The step that its first miss lies above; None where it may lie anywhere below.
            until: The step that it lies at or below; None where it met the target wherever asked.
        """
        upper = np.ones(len(self.curves)) if until is None else self._at(until)
        lower = np.zeros(len(self.curves)) if after is None else self._at(after)
        self.weights += np.log(np.maximum(upper - lower, 1e-30))

    def step_of_risk(self, at: float) -> float:
        """The step at which P(miss) is this, at most the highest asked."""
        return min(float(_steps_at(self.steps, self._mean()[None], at)[0]), self.high)

    def stated(self, at: float) -> Risk:
        """The BER at which P(miss) is ``at``, its interval, and P(miss) at all of them."""
        share, mean = self._share(), self._mean()
        each = np.minimum(_steps_at(self.steps, self.curves, at), self.high)
        order = np.argsort(each)
        tail = (1 - _CONFIDENCE) / 2
        ends = np.searchsorted(np.cumsum(share[order]), [tail, 1 - tail])
        least, most = each[order][np.minimum(ends, len(each) - 1)]
        return Risk(
            miss_probability=at,
            ber=ber_of(self.step_of_risk(at)),
            interval=(float(ber_of(least)), float(ber_of(most))),
            bers=tuple(ber_of(int(step)) for step in self.steps),
            misses=tuple(float(p) for p in mean),
        )

    def _at(self, step: int) -> np.ndarray:
        return self.curves[:, step - int(self.steps[0])]

    def _share(self) -> np.ndarray:
        share = np.exp(self.weights - self.weights.max())
        return share / share.sum()

    def _mean(self) -> np.ndarray:
        return self._share() @ self.curves


def _steps_at(steps: np.ndarray, curves: np.ndarray, at: float) -> np.ndarray:
    """The steps at which rising curves pass a probability, between steps by its logarithm.

    Below the first step, where single cells alone miss, it falls with the BER, as in `Risk.at`.
    """
    above = (curves <= at).sum(1)
    inner = np.clip(above, 1, len(steps) - 1)
    rows = np.arange(len(curves))
    lower = np.log(np.maximum(curves[rows, inner - 1], 1e-30))
    upper = np.log(np.maximum(curves[rows, inner], 1e-30))
    part = (np.log(at) - lower) / np.where(upper > lower, upper - lower, 1.0)
    between = steps[inner - 1] + part
    first = np.log10(np.maximum(curves[:, 0], 1e-30))
    below = steps[0] + STEPS_A_DECADE * (np.log10(at) - first)
    return np.where(above == 0, below, np.where(above == len(steps), steps[-1], between))
