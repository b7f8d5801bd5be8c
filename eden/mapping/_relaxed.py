"""What a placement within a budget costs at least, by Lagrangian relaxation.

Each unit of hazard is given a price in joules, and rooms and the points of banks are left aside:
every tensor then takes its cheapest way and slot by itself, and the sum, less the price of the
whole budget, is a lower bound at any price. Of a thousand tensors none carries much of the budget,
and the best price comes within that little of the optimum.

Reference: Geoffrion, Lagrangean relaxation for integer programming, 1974.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np

# Of the price: to a part in 1e12 of where it is least.
_HALVINGS = 40
_DEAREST = 1e300


@dataclass(frozen=True)
class Relaxed:
    """The bound, and what single choices raise it to.

    Attributes:
        bound: No placement costs less, in joules; infinite if none keeps the budget.
        price: Joules of a unit of hazard; 0 where the cheapest of each tensor keep the budget.
        through: ``[ways, slots]``, nor any that has this way in this slot; infinite where it may
            not lie.
        ways: Of each tensor, such that the budget is kept, at little more than the bound.
        slots: Where these lie; rooms may be exceeded.
    """

    bound: float
    price: float
    through: np.ndarray
    ways: np.ndarray
    slots: np.ndarray


def relax(joules: np.ndarray, hazard: np.ndarray, limit: float, tensors: int) -> Relaxed:
    """Return the greatest lower bound that a price of hazard gives.

    Args:
        joules: ``[ways, slots]``, infinite where a way may not lie; the ways of one kind of all
            tensors, in their order, then those of the next kind.
        hazard: ``[ways, slots]``.
        limit: What the hazards may add up to, above 0.
        tensors: How many there are.
    """
    count, slots = joules.shape
    may = np.isfinite(joules) & (hazard <= limit)
    # One row a tensor: its ways, and their slots.
    shape = (count // tensors, tensors, slots)
    costs, hazards = (
        np.where(may, each, np.inf).reshape(shape).swapaxes(0, 1).reshape(tensors, -1)
        for each in (joules, hazard)
    )
    row = np.arange(tensors)
    free = np.where(np.isfinite(hazards), hazards, 0.0)

    def at(price: float) -> tuple[float, float, np.ndarray]:
        """The bound at a price, the hazard there, and the choice of each tensor."""
        priced = costs + price * free
        chosen = priced.argmin(1)
        # One after another as the core does: a budget that does not bind changes no bit.
        least = reduce(add, priced[row, chosen].tolist(), 0.0) - price * limit
        return least, float(hazards[row, chosen].sum()), chosen

    if hazards.min(1).sum() > limit:  # or infinite, where a tensor may lie nowhere
        return Relaxed(np.inf, np.inf, np.full(joules.shape, np.inf), row, np.zeros_like(row))
    best, best_price = at(0.0), 0.0
    kept = best
    if best[1] > limit:
        low, high = 0.0, (float(costs.max(where=np.isfinite(costs), initial=0.0)) or 1.0) / limit
        while (kept := at(high))[1] > limit and high < _DEAREST:
            low, high = high, 2 * high
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            found = at(middle)
            if found[0] > best[0]:
                best, best_price = found, middle
            if found[1] > limit:
                low = middle
            else:
                high, kept = middle, found
    priced = costs + best_price * free
    through = best[0] + priced - priced.min(1, keepdims=True)
    through = through.reshape(tensors, -1, slots).swapaxes(0, 1).reshape(joules.shape)
    ways, taken = np.divmod(kept[2], slots)
    return Relaxed(best[0], best_price, through, ways * tensors + row, taken)
