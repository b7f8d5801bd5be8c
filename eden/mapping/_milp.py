"""The exact placement as a mixed-integer linear program."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, hstack, vstack

from eden.mapping._knapsack import ROUNDING
from eden.mapping._program import Columns, Program


def solve(
    program: Program, below: float, time_limit_seconds: float
) -> tuple[Columns | None, float]:
    """Find the cheapest placement that costs less than something.

    Variables: x[t, s] = 1 if tensor t lies in slot s (only where its tolerance allows), y[g, o] = 1
    if group g runs at point o. Every tensor has one slot, in one way; no partition is overfilled; a
    slot is open only if its group runs at its point; a group runs at one point; the shares of the
    budget add up to 1 at most.

    Args:
        program: Its columns, and the bound that tells which of them count.
        below: What no less than costs is not looked for.
        time_limit_seconds: After this time the best placement so far is returned.

    Returns:
        The placement or None, and the proven bound; `below` if it is proven that there is none.
    """
    columns, n = program.columns, program.tensors
    if math.isfinite(below):
        gap = below - program.prices.bound + ROUNDING * below
        columns = columns.only(program.within(columns, gap))
    count, choices = len(columns.tensor), len(program.choices)
    # In whole bytes, up to a common divisor: the solver's tolerances are absolute.
    unit_bytes = np.gcd.reduce(columns.size)
    share, *sizes = program.takes(columns)
    takes = np.array([share, *(size // unit_bytes for size in sizes)])
    one = _matrix(1.0, columns.tensor, np.arange(count), (n, count))
    x, y = [one, coo_array(takes)], [coo_array((n + len(takes), choices))]
    low = [np.ones(n), np.full(len(takes), -np.inf)]
    high = [np.ones(n), [1.0], program.room[program.tight] // unit_bytes]
    if choices:
        column, choice = np.nonzero(
            (program.group[columns.slot][:, None] == program.choices[:, 0])
            & (program.point[columns.slot][:, None] == program.choices[:, 1])
        )
        row, links = np.arange(len(column)), len(column)
        _, group = np.unique(program.choices[:, 0], return_inverse=True)
        groups = int(group.max()) + 1
        x += [_matrix(1.0, row, column, (links, count)), coo_array((groups, count))]
        y.append(_matrix(-1.0, row, choice, (links, choices)))
        y.append(_matrix(1.0, group, np.arange(choices), (groups, choices)))
        low.append(np.full(links + groups, -np.inf))
        high += [np.zeros(links), np.ones(groups)]
    # scipy says of limits that they are numbers, and takes one a row.
    limits: Any = np.hstack(low), np.hstack(high)

    # What all placements pay, and microjoules beside it, would vanish in the solver's tolerances.
    least = program.least(columns.joules, columns.tensor)
    more = columns.joules - least[columns.tensor]
    unit = more.max() or 1.0
    found = milp(
        np.pad(more / unit, (0, choices)),
        constraints=LinearConstraint(hstack([vstack(x), vstack(y)], "csr"), *limits),
        integrality=np.ones(count + choices),
        bounds=Bounds(0, 1),
        options={"time_limit": time_limit_seconds, "mip_rel_gap": 0.0},
    )
    if found.status == 2:  # proven infeasible
        return None, below
    proven = found.mip_dual_bound
    bound = 0.0 if proven is None else min(below, float(least.sum() + proven * unit))
    if found.x is None:
        return None, bound
    chosen = columns.only(found.x[:count] > 0.5)
    return chosen.only(np.argsort(chosen.tensor)), bound


def _matrix(value: float, row: np.ndarray, column: np.ndarray, shape: tuple) -> coo_array:
    return coo_array((np.full(len(row), value), (row, column)), shape=shape)
