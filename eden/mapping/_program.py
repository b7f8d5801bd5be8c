"""The program of the exact placement: its columns, and what no placement costs less than.

A column is a way of storing a tensor in a slot; a placement has one of each tensor. What is left
out here is in no placement, or another column is as good in every respect.

The bound is Lagrange's: with a price of at least 0 on each limit, and each tensor in its cheapest
column so priced, the joules less what the limits are worth are no more than those of any placement
(M. L. Fisher, The Lagrangian Relaxation Method for Solving Integer Programming Problems, 1981). It
holds for whatever prices the solver of the linear relaxation returns. A column that is dearer than
the cheapest of its tensor by more than a placement may cost above the bound is in none such.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np


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


@dataclass(frozen=True)
class Columns:
    """Ways in slots, ``[columns]`` each.

    Attributes:
        tensor: Which one it is of.
        way: In which it is stored.
        slot: In which it lies.
        joules: What it costs.
        share: Of the budget, 0 to 1.
        size: In bytes.
    """

    tensor: np.ndarray
    way: np.ndarray
    slot: np.ndarray
    joules: np.ndarray
    share: np.ndarray
    size: np.ndarray

    def only(self, which: np.ndarray) -> Columns:
        """Return some of them, by a mask or their numbers."""
        return Columns(*(getattr(self, field.name)[which] for field in fields(self)))


@dataclass(frozen=True)
class Prices:
    """What the limits are worth in joules, and what follows.

    Attributes:
        share: Of the whole budget.
        room: Of a byte of each partition.
        bound: No placement costs less; infinite if there is none.
    """

    share: float
    room: np.ndarray
    bound: float


@dataclass(frozen=True)
class Program:
    """What is to be chosen from, within which limits.

    Attributes:
        every: All columns.
        tensors: How many there are.
        partition: Of each slot.
        group: Of each slot; a group runs at one point.
        point: Of each slot.
        room: Bytes of each partition.
    """

    every: Columns
    tensors: int
    partition: np.ndarray
    group: np.ndarray
    point: np.ndarray
    room: np.ndarray

    @classmethod
    def of(cls, problem, budget: Budget | None) -> Program:
        """State the program of a ``MapProblem``, whose tensors are ways where there is a budget."""
        # Once: the core copies each of them when asked.
        slots, size, room = problem.slots, np.array(problem.tensor_bytes), problem.room_bytes
        partition, group, point, price = np.array(
            [(s.partition, s.group, s.point, s.price) for s in slots]
        ).T
        room = np.array(room)
        bers, tolerances = np.array([slot.ber for slot in slots]), np.array(problem.tolerances)
        may = (bers <= tolerances[:, None]) & (size[:, None] <= room[partition])
        tensor = np.arange(len(size)) if budget is None else np.array(budget.tensor)
        if budget is not None:
            may &= budget.hazard <= budget.limit
        way, slot = np.nonzero(may)
        share = np.zeros(len(way))
        if budget is not None and budget.limit > 0:
            share = budget.hazard[way, slot] / budget.limit
        joules = np.array(problem.cost)[way, price[slot]]
        every = Columns(tensor[way], way, slot, joules, share, size[way])
        return cls(every, int(tensor.max()) + 1, partition, group, point, room)

    @cached_property
    def tight(self) -> np.ndarray:
        """The partitions that have no room for all tensors that may lie there."""
        largest = np.zeros((len(self.room), self.tensors), dtype=np.int64)
        at = self.partition[self.every.slot], self.every.tensor
        np.maximum.at(largest, at, self.every.size)
        return np.flatnonzero(largest.sum(axis=1) > self.room)

    @cached_property
    def choices(self) -> np.ndarray:
        """Groups of slots and their points, ``[choices, 2]``, where there is more than one."""
        used = np.unique(self.every.slot)
        pairs = np.unique(np.stack([self.group[used], self.point[used]], axis=1), axis=0)
        points = np.bincount(pairs[:, 0])
        return pairs[points[pairs[:, 0]] > 1]

    @cached_property
    def columns(self) -> Columns:
        """Those of which no other of the tensor costs no more of anything."""
        chosen = np.isin(self.group[self.every.slot], self.choices[:, 0])
        return self._undominated(self.in_tight | chosen)

    @cached_property
    def relaxed(self) -> Columns:
        """The same if groups could run at all of their points at once."""
        return self._undominated(self.in_tight)

    @cached_property
    def in_tight(self) -> np.ndarray:
        """Which of all columns take room of a tight partition."""
        return np.isin(self.partition[self.every.slot], self.tight)

    def _undominated(self, apart: np.ndarray) -> Columns:
        rest, c = np.flatnonzero(~apart), self.every
        kept = rest[front(c.tensor[rest], c.joules[rest], c.share[rest])]
        return c.only(np.sort(np.concatenate([kept, np.flatnonzero(apart)])))

    def takes(self, columns: Columns) -> list[np.ndarray]:
        """What each column takes of each limit: the budget, and each tight partition in bytes."""
        where = self.partition[columns.slot]
        return [columns.share, *(np.where(where == p, columns.size, 0) for p in self.tight)]

    @cached_property
    def prices(self) -> Prices:
        """Those at which the linear relaxation is cheapest, groups being left out of it."""
        # Here, as it takes half a second: greedy placement needs none of it.
        from scipy.optimize import linprog
        from scipy.sparse import coo_array, vstack

        columns, n, room = self.relaxed, self.tensors, np.zeros(len(self.room))
        if len(np.unique(columns.tensor)) < n:
            return Prices(0.0, room, np.inf)
        count = len(columns.tensor)
        one = coo_array((np.ones(count), (columns.tensor, np.arange(count))), shape=(n, count))
        most = np.array([1.0, *self.room[self.tight]])
        unit = columns.joules.max() or 1.0
        found = linprog(
            columns.joules / unit,
            A_ub=vstack(
                [coo_array(t[None]) / m for t, m in zip(self.takes(columns), most, strict=True)]
            ),
            b_ub=np.ones(len(most)),
            A_eq=one,
            b_eq=np.ones(n),
            method="highs",
        )
        if found.status == 2:  # proven infeasible
            return Prices(0.0, room, np.inf)
        worth = np.zeros(len(most))
        if found.status == 0:
            worth = np.maximum(0.0, -unit * found.ineqlin.marginals)
        room[self.tight] = worth[1:] / most[1:]
        prices = Prices(float(worth[0]), room, 0.0)
        least = self.least(self.priced(columns, prices), columns.tensor)
        return Prices(prices.share, room, max(0.0, float(least.sum() - worth.sum())))

    def priced(self, columns: Columns, prices: Prices) -> np.ndarray:
        """What each column costs with what it takes of the limits."""
        room = prices.room[self.partition[columns.slot]] * columns.size
        return columns.joules + prices.share * columns.share + room

    def least(self, cost: np.ndarray, tensor: np.ndarray) -> np.ndarray:
        """The least cost of a column of each tensor, infinite where it has none."""
        least = np.full(self.tensors, np.inf)
        np.minimum.at(least, tensor, cost)
        return least

    def within(self, columns: Columns, gap: float) -> np.ndarray:
        """Numbers of those that may be in a placement of no more than a gap above the bound."""
        cost = self.priced(columns, self.prices)
        least = self.least(cost, columns.tensor)
        return np.flatnonzero(cost - least[columns.tensor] <= gap)

    def keeps(self, chosen: Columns) -> bool:
        """Whether a column of each tensor leaves room, and each group at one of its points."""
        used = np.bincount(self.partition[chosen.slot], chosen.size, len(self.room))
        pairs = np.unique(np.stack([self.group[chosen.slot], self.point[chosen.slot]]), axis=1)
        return bool((used <= self.room).all()) and len(pairs[0]) == len(np.unique(pairs[0]))


def front(of: np.ndarray, cost: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return the numbers of what nothing else of the same group has no more of both than.

    Args:
        of: The group of each.
        cost: What is compared first.
        share: What is compared beside it.

    Returns:
        By group and cost, ascending; of equals one.
    """
    order = np.lexsort((share, cost, of))
    # Within a group the share falls from one to the next; between groups, all are lower.
    _, rank = np.unique(share[order], return_inverse=True)
    _, number = np.unique(of[order], return_inverse=True)
    fall = rank - number * (len(rank) + 1)
    least = np.minimum.accumulate(fall)
    first = np.ones(len(fall), dtype=bool)
    first[1:] = fall[1:] < least[:-1]
    return order[first]
