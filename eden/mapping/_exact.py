"""The exact placement of tensors, as a mixed-integer linear program.

scipy's `milp` (HiGHS) rather than a solver of our own: it proves the bound behind the gap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array


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


@dataclass(frozen=True)
class Budget:
    """What single cells may do, as the core's ``Budget``.

    Attributes:
        tensor: Of each way, which the problem takes for a tensor.
        hazard: ``[ways, slots]``, infinite where a way may not lie.
        limit: What the hazards may add up to.
    """

    tensor: Sequence[int]
    hazard: np.ndarray
    limit: float


class _Rows:
    """Rows of a sparse constraint matrix with their limits."""

    def __init__(self):
        self.entries: list[tuple[int, int, float]] = []
        self.limits: list[tuple[float, float]] = []

    def add(self, terms: list[tuple[int, float]], low: float, high: float) -> None:
        self.entries += [(len(self.limits), column, value) for column, value in terms]
        self.limits.append((low, high))

    def constraint(self, columns: int) -> LinearConstraint:
        rows, cols, values = zip(*self.entries, strict=True)
        matrix = coo_array((values, (rows, cols)), shape=(len(self.limits), columns))
        low, high = np.array(self.limits).T
        return LinearConstraint(matrix.tocsr(), low, high)


def solve(problem, *, time_limit_seconds: float = 60.0, budget: Budget | None = None) -> Solution:
    """Place every tensor at the least total cost.

    Variables: x[t, s] = 1 if tensor t lies in slot s (only where its tolerance allows), y[g, o] = 1
    if group g runs at point o. Every tensor has one slot; no partition is overfilled; a slot is
    open only if its group runs at its point; a group runs at one point. With a budget t counts the
    ways of storing tensors, a tensor has one of them, and the hazards keep to the limit.

    Args:
        problem: ``tensor_bytes``, ``tolerances``, ``room_bytes``, ``slots`` and ``cost`` as in the
            core's ``MapProblem``.
        time_limit_seconds: After this time the best placement so far is returned, with its bound.
        budget: To be kept, to the solver's tolerance of about 1e-6.

    Returns:
        The placement and the proven bound.
    """
    # Once: the core copies each of them when asked.
    slots, cost, tensor_bytes = problem.slots, problem.cost, problem.tensor_bytes
    room_bytes = problem.room_bytes
    x = [
        (t, s)
        for t, tolerance in enumerate(problem.tolerances)
        for s, slot in enumerate(slots)
        if slot.ber <= tolerance and (budget is None or budget.hazard[t, s] <= budget.limit)
    ]
    tensor = range(len(tensor_bytes)) if budget is None else budget.tensor
    x_of_tensor: dict[int, list[int]] = {t: [] for t in sorted(set(tensor))}
    x_of_partition: dict[int, list[int]] = {}
    for column, (t, s) in enumerate(x):
        x_of_tensor[tensor[t]].append(column)
        x_of_partition.setdefault(slots[s].partition, []).append(column)
    if not all(x_of_tensor.values()):
        return Solution(None, float("inf"))

    points_of_group: dict[int, set[int]] = {}
    for _, s in x:
        points_of_group.setdefault(slots[s].group, set()).add(slots[s].point)
    # A group with one point needs no choice.
    choices = [(g, o) for g, points in points_of_group.items() if len(points) > 1 for o in points]
    y = {choice: len(x) + i for i, choice in enumerate(choices)}

    unit_bytes = math.gcd(*tensor_bytes)
    rows = _Rows()
    for columns in x_of_tensor.values():
        rows.add([(c, 1.0) for c in columns], 1, 1)
    for partition, columns in x_of_partition.items():
        # In whole bytes, up to a common divisor: the solver's tolerances are absolute.
        terms = [(c, tensor_bytes[x[c][0]] / unit_bytes) for c in columns]
        rows.add(terms, 0, room_bytes[partition] // unit_bytes)
    for column, (_, s) in enumerate(x):
        choice = y.get((slots[s].group, slots[s].point))
        if choice is not None:
            rows.add([(column, 1.0), (choice, -1.0)], -1, 0)
    for group, points in points_of_group.items():
        if len(points) > 1:
            rows.add([(y[group, o], 1.0) for o in points], 0, 1)

    if budget is not None:
        shares = [(c, budget.hazard[t, s] / budget.limit) for c, (t, s) in enumerate(x)]
        rows.add([(c, share) for c, share in shares if share > 0] or [(0, 0.0)], 0, 1)

    joules = np.array([cost[t][slots[s].price] for t, s in x] + [0.0] * len(y))
    # Microjoules would vanish beside the solver's absolute tolerances.
    unit = joules.max() or 1.0
    found = milp(
        joules / unit,
        constraints=rows.constraint(len(joules)),
        integrality=np.ones(len(joules)),
        bounds=Bounds(0, 1),
        options={"time_limit": time_limit_seconds, "mip_rel_gap": 0.0},
    )
    if found.status == 2:  # proven infeasible
        return Solution(None, float("inf"))
    bound = 0.0 if found.mip_dual_bound is None else max(0.0, float(found.mip_dual_bound * unit))
    if found.x is None:
        return Solution(None, bound)
    chosen = {tensor[t]: (t, s) for value, (t, s) in zip(found.x, x, strict=False) if value > 0.5}
    ways, taken = zip(*(chosen[t] for t in x_of_tensor), strict=True)
    return Solution(list(taken), bound, list(ways))
