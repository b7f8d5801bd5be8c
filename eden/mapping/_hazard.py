"""Hazard: how many of the cells that miss the target alone a placement expects to be weak.

P(a single cell misses) = 1 - exp(-hazard), so hazards of tensors add up to -ln(1 - P). That of a
tensor is the sum over the bits of its elements of ``expected`` (cells of this bit that, weak, miss
the target alone; Criticality counts them behind any correction code) times P(the bit reads wrong).

``expected`` counts cells that are weak, and these fail at an access with probability F of the error
model it was found with. So an unprotected cell counts with its weak fraction, BER / F; what a
protection leaves of the BER counts likewise: as many wrong reads in the mean. For models with more
than one F it is the ratio of their mean BER to their mean weak fraction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eden._say import an_int, refusal, within
from eden.access import Protection, formats
from eden.errors import failure_of

# Of the budget -ln(1 - q), single cells may take this share. The rest is left to the bulk: draws
# that no cell misses alone, which the tolerance of each tensor limits.
SINGLE_CELLS = 0.5


@dataclass(frozen=True)
class SingleCells:
    """What a placement was held to, and what it has of it.

    Attributes:
        miss_probability: The risk q of a draw that misses the target.
        limit: Hazard that it leaves to single cells, half of -ln(1 - q).
        hazard: Of the single cells of all tensors in their places.
    """

    miss_probability: float
    limit: float
    hazard: float


def single_cells_limit(miss_probability: float) -> float:
    """Return the hazard that single cells may add up to at a risk q in (0, 0.5]."""
    return -SINGLE_CELLS * math.log1p(-miss_probability)


@dataclass(frozen=True)
class Hazards:
    """The critical cells of the tensors to be placed.

    Attributes:
        stored: Name of the stored format.
        miss_probability: The risk q to keep.
        weights: Expected critical cells over F, ``[tensors, bits]``.
    """

    stored: str
    miss_probability: float
    weights: np.ndarray

    @classmethod
    def of(cls, risk: Any, config: Any, tensors: Sequence, miss_probability: float) -> Hazards:
        """Read what a search for critical cells found.

        Args:
            risk: Its result, as `eden.criticality` returns it: ``config`` and ``strata``.
            config: Of the tolerances, None if they have none.
            tensors: Those to be placed.
            miss_probability: The risk q, in (0, 0.5].

        Raises:
            TypeError: If it is something else.
            ValueError: If it is of another network or format, or of known cells, or q outside its
                range.
        """
        within("miss_probability", miss_probability, 0, 0.5, above=True)
        if not all(hasattr(risk, name) for name in ("config", "strata")):
            accepted = "what eden.criticality returns"
            raise TypeError(refusal("type of risk", type(risk).__name__, accepted))
        if config is None:
            raise ValueError("risk: the tolerances have no config, and so no stored format")
        if risk.config.stored != config.stored:
            said = f"{config.stored}, as the tolerances are"
            raise ValueError(refusal("stored format of risk", risk.config.stored, said))
        if risk.config.error.kind == "cells":
            accepted = "one by which cells are weak by chance: known ones stay where they are"
            raise ValueError(refusal("error model of risk", "cells", accepted))
        bits = formats.get(config.stored).bits
        rows = {tensor.name: number for number, tensor in enumerate(tensors)}
        weights, seen = np.zeros((len(tensors), bits)), set()
        for stratum in risk.strata:
            row = rows.get(stratum.tensor)
            if row is None:
                continue  # not placed
            name = stratum.tensor
            an_int(f"bit of {name} in risk", stratum.bit, 0, bits - 1)
            within(f"critical cells of {name}", stratum.expected, 0)
            elements = tensors[row].elements
            apart = getattr(stratum, "stored", None) is not None  # those that store one bit
            cells = getattr(stratum, "cells", elements)
            if cells > elements or not (apart or cells == elements):
                said = f"{elements}, its elements"
                raise ValueError(refusal(f"cells of {name} in risk", cells, said))
            weights[row, stratum.bit] += stratum.expected
            seen.add(name)
        if missing := [name for name in rows if name not in seen]:
            raise ValueError(f"risk: {missing[0]} is missing; it is of another network")
        failure = failure_of(risk.config.error)
        return cls(config.stored, miss_probability, weights / failure)

    @property
    def limit(self) -> float:
        """What the hazards of all tensors may add up to."""
        return single_cells_limit(self.miss_probability)

    def at(
        self, tensors: Sequence[int], how: Protection, bers: np.ndarray, *, strong: bool = False
    ) -> np.ndarray:
        """Return the hazard of tensors that are stored in one way, at each BER of their cells.

        Args:
            tensors: Their numbers.
            how: How they are stored.
            bers: ``[n]``, in [0, 1].
            strong: Whether of strong bits in a home of that BER; else of all other bits.

        Returns:
            ``[tensors, n]``.
        """
        weights = self.weights[list(tensors)]
        total = np.zeros((len(weights), len(bers)))
        for bit in np.flatnonzero(weights.any(axis=0)).tolist():
            total += weights[:, bit, None] * self._wrong(how, bers, bit, strong=strong)
        return total

    def over(self, names: Sequence[str], each: np.ndarray, where: str) -> str:
        """Say by how much hazards exceed the limit, and which tensors carry most; else nothing.

        Args:
            names: Of the tensors.
            each: The hazard of each, ``[n]``.
            where: For the message.
        """
        total, limit = float(each.sum()), self.limit
        if total <= limit:
            return ""
        most = [i for i in np.argsort(-each, kind="stable")[:4] if each[i] > 0]
        said = ", ".join(f"{names[i]} {each[i]:.2g}" for i in most)
        return (
            f"the hazard of single cells {where} is {total:.2g}, {total - limit:.2g} above the "
            f"{limit:.2g} that a risk of {self.miss_probability:g} leaves them; most in {said}"
        )

    def effective(self, tensors: Sequence[int], how: Protection, bers: np.ndarray) -> np.ndarray:
        """Return the highest P(wrong) among the critical bits of tensors; all, where none is known.

        Where a protection leaves bits bare, these count as well: of a few cells tried none may
        have been critical, and the tolerance is a limit of the bulk of them.

        Args:
            tensors: Their numbers.
            how: How they are stored.
            bers: ``[n]``, or ``[tensors, 1]`` for one a tensor.

        Returns:
            ``[tensors, n]``.
        """
        critical = self.weights[list(tensors)] > 0
        critical |= ~critical.any(axis=1, keepdims=True) | (how.kind in ("strong_bits", "embedded"))
        highest = np.zeros((len(critical), bers.shape[-1]))
        for bit in np.flatnonzero(critical.any(axis=0)).tolist():
            rates = np.where(critical[:, bit, None], self._wrong(how, bers, bit), 0.0)
            np.maximum(highest, rates, out=highest)
        return highest

    def _wrong(
        self, how: Protection, bers: np.ndarray, bit: int, *, strong: bool = False
    ) -> np.ndarray:
        """P(a bit reads wrong) by the cells of one home: what lies in another counts there."""
        bits = formats.get(self.stored).bits
        if strong:
            return bers if bit >= bits - how.bits else np.zeros_like(bers)
        return how.error_probability(bers, bit, self.stored, strong=0.0)
