"""One column a tensor at the least joules, within the budget and the room of one partition.

Dynamic programming over the tensors. Of the choices for those before, the ones are kept to which no
other is as cheap at no more of the budget in the same room (dominance), and which with the linear
relaxation of those behind may still cost less than what is looked for (the bound). Such lists stay
short where the relaxation is close, as it is with many tensors: all but the cheapest few columns of
a tensor are left out before (D. Pisinger, A Minimal Algorithm for the Multiple-Choice Knapsack
Problem, 1995).

Joules are counted in whole units of 2^-52 of the dearest placement, so that sums of equal terms
are equal in whatever order. For each tensor the result may cost as much more than the cheapest.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from eden.mapping._program import front

# Of the budget: sums of shares in another order differ by less.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Knapsack:
    """Columns, ``[columns]`` each, and limits.

    Attributes:
        tensor: Which one it is of, 0 to one below their number.
        joules: What it costs.
        share: Of the budget.
        used: Of the room, a whole number.
        room: What is used may add up to.
        price: What one of it is worth in joules, at least 0: any holds, the best one bounds best.
    """

    tensor: np.ndarray
    joules: np.ndarray
    share: np.ndarray
    used: np.ndarray
    room: int
    price: float

    def cheapest(
        self, budget: float, most: float, widest: int, deadline: float
    ) -> tuple[np.ndarray | None, bool]:
        """Look for the column of each tensor.

        Args:
            budget: What the shares may add up to.
            most: What more than this costs is not looked for.
            widest: Of more choices than this the ones are left out that promise least.
            deadline: Of `time.monotonic`.

        Returns:
            The columns, None if there are none; and whether nothing was left out: that they are
            the cheapest.
        """
        dearest = np.zeros(self.tensor.max() + 1)
        np.maximum.at(dearest, self.tensor, self.joules)
        unit = (dearest.sum() or 1.0) * 2.0**-52
        counted = np.rint(self.joules / unit)
        by_tensor = np.argsort(self.tensor, kind="stable")
        of = np.split(by_tensor, np.flatnonzero(np.diff(self.tensor[by_tensor])) + 1)
        cost, share, used = np.zeros(1), np.zeros(1), np.zeros(1, dtype=np.int64)
        taken, whole, order = [], True, self._behind[0].order
        for stage, tensor in enumerate(order):
            if time.monotonic() > deadline:
                return None, False
            own = of[tensor]
            cost = (cost[:, None] + counted[own]).ravel()
            share = (share[:, None] + self.share[own]).ravel()
            used = (used[:, None] + self.used[own]).ravel()
            left = stage + 1, share - budget, self.room - used
            rest = np.max([behind.least(*left) for behind in self._behind], axis=0)
            kept = np.flatnonzero(cost * unit + rest <= most)
            if not len(kept):
                return None, whole
            kept = kept[front(used[kept], cost[kept], share[kept])]
            if len(kept) > widest:
                kept = kept[np.argsort(cost[kept] * unit + rest[kept], kind="stable")[:widest]]
                whole = False
            cost, share, used = cost[kept], share[kept], used[kept]
            before, column = np.divmod(kept, len(own))
            taken.append((before.astype(np.int32), own[column].astype(np.int32)))
        at, found = int(np.argmin(cost)), np.zeros(len(of), dtype=np.int64)
        for tensor, (before, column) in zip(order[::-1], taken[::-1], strict=True):
            found[tensor] = column[at]
            at = before[at]
        return found, whole

    @cached_property
    def _behind(self) -> list[_Behind]:
        first = _Behind.of(self, self.price)
        # What leaves room over is bounded better as if there were no end of it.
        return [first, _Behind.of(self, 0.0, first.order)] if self.price > 0 else [first]


@dataclass(frozen=True)
class _Behind:
    """The linear relaxation of the tensors that are left, room being at its price.

    Attributes:
        order: That of the tensors: what weighs most in the budget first.
        steps: From the cheapest column of each down to those of less share, the steps that save
            most for a joule first: what they save of the budget and what they cost, ``[2, steps]``.
        stage: Of the tensor of each step.
        cheapest: Of the tensors from each stage on, in their cheapest columns: joules with what
            the room is worth, and share; then the least room. ``[3, stages + 1]``.
        price: Of the room.
    """

    order: np.ndarray
    steps: np.ndarray
    stage: np.ndarray
    cheapest: np.ndarray
    price: float

    @classmethod
    def of(cls, knapsack: Knapsack, price: float, order: np.ndarray | None = None) -> _Behind:
        """Find the steps, along the lower hull of each tensor's columns."""
        tensor, share = knapsack.tensor, knapsack.share
        cost = knapsack.joules + price * knapsack.used
        first = np.lexsort((share, cost, tensor))
        at = first[np.unique(tensor[first], return_index=True)[1]]
        cheapest = np.stack([cost[at], share[at], np.zeros(len(at))])
        cheapest[2] = np.inf
        np.minimum.at(cheapest[2], tensor, knapsack.used)
        found = [(np.zeros((2, 0)), np.zeros(0, dtype=np.int64))]
        while True:
            left = np.flatnonzero(share < share[at][tensor])
            if not len(left):
                break
            saved = share[at][tensor[left]] - share[left]
            paid = cost[left] - cost[at][tensor[left]]
            flattest = np.lexsort((-saved, paid / saved, tensor[left]))
            which, index = np.unique(tensor[left[flattest]], return_index=True)
            step = flattest[index]
            found.append((np.stack([saved[step], paid[step]]), which))
            at[which] = left[step]
        steps, whose = (np.concatenate(each, axis=-1) for each in zip(*found, strict=True))
        weight = np.zeros(len(at))
        np.maximum.at(weight, whose, steps[0])
        order = np.argsort(-weight, kind="stable") if order is None else order
        stage = np.argsort(order)
        flat = np.argsort(steps[1] / steps[0], kind="stable")
        sums = np.cumsum(np.pad(cheapest[:, order], ((0, 0), (0, 1)))[:, ::-1], axis=1)[:, ::-1]
        return cls(order, steps[:, flat], stage[whose[flat]], sums, price)

    def least(self, stage: int, over: np.ndarray, room: np.ndarray) -> np.ndarray:
        """What the tensors from a stage on cost at least.

        Args:
            stage: The first.
            over: By how much those before exceed the budget; below 0 what they leave of it.
            room: That they leave.
        """
        joules, share, needed = self.cheapest[:, stage]
        steps = self.steps[:, self.stage >= stage]
        saved, paid = np.cumsum(np.pad(steps, ((0, 0), (1, 0))), axis=1)
        over = over + share
        cost = joules + np.interp(over, saved, paid) - self.price * room
        cost[(over > saved[-1] + ROUNDING) | (needed > room)] = np.inf
        return cost
