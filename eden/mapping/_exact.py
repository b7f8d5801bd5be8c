"""The exact placement of tensors.

The bound of `Program` leaves few columns. Where only the budget and one partition's room are to be
kept, as in a network that any bank has room for, dynamic programming finds the cheapest of them.
Else a mixed-integer linear program does, by scipy's `milp` (HiGHS) rather than a solver of our own:
it proves the bound behind the gap.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from eden.mapping._knapsack import ROUNDING, Knapsack
from eden.mapping._program import Budget, Columns, Program

# Above the bound, in parts of it: where a placement is looked for first, and how that grows.
_FIRST, _GROWTH = 1e-6, 4.0
# Choices kept of a tensor: of what finds a good placement, and of what proves the best.
_FEW, _MANY = 300, 200_000


@dataclass(frozen=True)
class Solution:
    """What the solver found.

    Attributes:
        slots: Slot of each tensor, or None if it found no placement.
        bound: No placement costs less, in the unit of the costs; infinite if none exists.
        ways: The way in which each tensor is stored.
    """

    slots: list[int] | None
    bound: float
    ways: list[int] | None = None


def solve(
    problem,
    *,
    time_limit_seconds: float = 60.0,
    budget: Budget | None = None,
    below: float = math.inf,
) -> Solution:
    """Place every tensor at the least total cost.

    Every tensor has one slot; no partition is overfilled; a group runs at one point, and a slot is
    open only if its group runs at its point. With a budget t counts the ways of storing tensors, a
    tensor has one of them, and the hazards keep to the limit.

    Args:
        problem: ``tensor_bytes``, ``tolerances``, ``room_bytes``, ``slots`` and ``cost`` as in the
            core's ``MapProblem``.
        time_limit_seconds: After this time the best placement so far is returned, with its bound.
        budget: To be kept; by the solver of the linear program to about 1e-6.
        below: Placements that cost no less are not looked for; where all do, none is found and the
            bound is at least this.

    Returns:
        The placement and the proven bound, to 1e-12.
    """
    begun = time.monotonic()
    program = Program.of(problem, budget)
    bound = program.prices.bound
    if bound >= below or math.isinf(bound):
        return Solution(None, bound)

    def kept(found: Columns) -> bool:
        # Added up as the caller does: of the shares the last bit may differ.
        return budget is None or budget.hazard[found.way, found.slot].sum() <= budget.limit

    found = None
    if len(program.tight) <= 1:
        # Time is left for the other method if this one has too many choices.
        found, bound = _by_knapsack(program, below, kept, begun + time_limit_seconds / 2)
        if found is not None and not program.keeps(found):
            found = None
        if bound >= (below if found is None else found.joules.sum()):
            return _told(found, bound)
    # Here, as it takes half a second to import: greedy placement needs none of it.
    from eden.mapping import _milp

    if found is not None:
        below = float(found.joules.sum())
    better, proven = _milp.solve(
        program, below, max(1e-3, begun + time_limit_seconds - time.monotonic())
    )
    if better is not None and (found is None or kept(better)):
        found = better
    return _told(found, max(bound, proven))


def _told(found: Columns | None, bound: float) -> Solution:
    if found is None:
        return Solution(None, bound)
    return Solution(found.slot.tolist(), bound, found.way.tolist())


def _by_knapsack(
    program: Program, below: float, kept: Callable[[Columns], bool], deadline: float
) -> tuple[Columns | None, float]:
    """Find the cheapest placement, groups being free to run at several points.

    Returns:
        The cheapest one found or None, and the bound: its joules if it is the cheapest of all; with
        none as high as asked for, infinite if that was more than anything costs. Lower if there
        were too many choices.
    """
    columns, prices = program.relaxed, program.prices
    dearest = np.zeros(program.tensors)
    np.maximum.at(dearest, columns.tensor, columns.joules)
    most = min(below, float(dearest.sum()))
    none = below if most == below else math.inf
    unit_bytes = int(np.gcd.reduce(columns.size))
    sizes, room, price = np.zeros_like(columns.size), 0, 0.0
    for tight in program.tight:  # one, or none
        sizes = program.takes(columns)[1] // unit_bytes
        room, price = int(program.room[tight]) // unit_bytes, float(prices.room[tight]) * unit_bytes
    rounding, gap, budget, widest = ROUNDING * most, _FIRST * most, 1 + ROUNDING, _FEW
    best, bound = None, prices.bound
    while time.monotonic() < deadline:
        few = program.within(columns, min(gap, most - prices.bound) + rounding)
        reach, own = min(prices.bound + gap, most), columns.only(few)
        knapsack = Knapsack(own.tensor, own.joules, own.share, sizes[few], room, price)
        found, whole = knapsack.cheapest(budget, reach + rounding, widest, deadline)
        proof = whole and budget > 1
        if found is None:
            bound = max(bound, reach) if proof else bound
            if whole and reach >= most:
                return best, none if proof and best is None else bound
        else:
            placed = own.only(found)
            joules = float(placed.joules.sum())
            bound = max(bound, joules) if proof else bound
            if not kept(placed):  # by the last bit
                budget -= 2 * ROUNDING
                continue
            if whole:
                return placed, bound
            best, most = placed, min(most, joules)
        if not whole and widest > _FEW:
            break
        if not whole and (found is not None or reach >= most):
            widest, gap = _MANY, math.inf
        gap *= _GROWTH
    return best, bound
