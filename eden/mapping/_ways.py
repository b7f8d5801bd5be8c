"""Placement within a budget: Algorithm 1, moves to less hazard, and how tensors are stored.

A way is one tensor stored in one protection. Where the protections are given, each tensor has one.
Where they are to be chosen it has those of `CHOSEN`, and as `reliable` a home at the rated point: a
partition of the room stated. `embedded` is not chosen, as it changes the values (and with them what
was characterised), nor `strong_bits`, whose second home would be a choice of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from operator import add

import numpy as np

from eden._native import core
from eden.mapping import _exact
from eden.mapping._program import Budget
from eden.mapping._task import CHOSEN, RELIABLE, Price, Task


@dataclass(frozen=True)
class Found:
    """A placement at one setting.

    Attributes:
        slots: Of each part, or of each tensor where the protections were chosen.
        joules: What it costs.
        ways: Of each tensor, where they were chosen.
    """

    slots: list[int]
    joules: float
    ways: list[int] | None = None


@dataclass(frozen=True)
class Ways:
    """The ways of storing the tensors, and the slots of one setting.

    Attributes:
        tasks: One a protection to choose from, the parts of each being ways; those that are
            reliable come behind.
        tensor_bytes: Of each way, and so on.
        tolerances: As in the core's ``MapProblem``.
        cost: Joules of each way from each slot, as there.
        room_bytes: Of each partition.
        slots: With that of the rated point at the end, if there is one.
        tensor: The number of the tensor of each way; of the part, if there is nothing to choose.
        limit: What the hazards may add up to.
        choose: Whether the protections are to be chosen.
    """

    tasks: Sequence[Task]
    tensor_bytes: list[int]
    tolerances: list[float]
    cost: np.ndarray
    room_bytes: list[int]
    slots: list[core.MapSlot]
    tensor: list[int]
    limit: float
    choose: bool

    @classmethod
    def at(cls, task: Task, rooms: Sequence[int], prices: Sequence[Price], slots: list) -> Ways:
        """State what may be chosen at one setting.

        Args:
            task: What is asked for, with hazards.
            rooms: Bytes of each partition.
            prices: What the slots cost a tensor, by their `price`.
            slots: Those of the partitions.
        """
        assert task.hazards is not None
        tasks = task.ways
        bers = [slot.ber for slot in slots]
        sizes = [size for way in tasks for size in way.sizes]
        tolerances = [limit for way in tasks for limit in way.limits(bers)]
        cost = np.hstack([[way.joules_at(price) for price in prices] for way in tasks]).T
        tensor = [number for way in tasks for number in range(len(way.parts))]
        spare = max(way.spare for way in tasks)
        room = [max(0, size - spare) for size in rooms]
        if task.reliable_bytes is not None:
            plain, geometry = tasks[0], task.device.geometry
            n = len(plain.sizes)
            sizes += plain.sizes
            tolerances += [1.0] * n
            cost = np.pad(cost, ((0, n), (0, 1)))
            cost[-n:, -1] = plain.joules_at(Price(task.device.nominal, geometry.banks))
            tensor += range(n)
            group = 1 + max(slot.group for slot in slots)
            rated_point = 1 + max(slot.point for slot in slots)
            home = {"partition": len(room), "group": group, "point": rated_point}
            slots = [*slots, core.MapSlot(**home, ber=0.0, reduction=0.0, price=len(prices))]
            # A placement has at least one tensor in the device.
            most = min(task.reliable_bytes, sum(plain.sizes) - geometry.line_bytes)
            room.append(most // geometry.line_bytes * geometry.line_bytes)
        rest = (room, slots, tensor, task.hazards.limit, task.reliable_bytes is not None)
        return cls(tasks, sizes, tolerances, cost, *rest)

    @cached_property
    def hazard(self) -> np.ndarray:
        """Of each way in each slot, ``[ways, slots]``; infinite where it may not lie."""
        bers = [slot.ber for slot in self.slots[: len(self.slots) - self.choose]]
        hazard = np.vstack([way.hazard(bers) for way in self.tasks])
        if self.choose:
            hazard = np.pad(hazard, ((0, self._tensors), (0, 1)), constant_values=np.inf)
            hazard[-self._tensors :, -1] = 0.0
        return hazard

    @cached_property
    def native(self) -> core.MapProblem:
        """All ways as tensors of one problem."""
        return self._problem(range(len(self.tensor)))

    @cached_property
    def bound(self) -> float:
        """No placement costs less; infinite if a tensor bears no slot."""
        costs = self.cost[:, [slot.price for slot in self.slots]]
        costs[~self._allowed] = np.inf
        least = np.full(self._tensors, np.inf)
        np.minimum.at(least, self.tensor, costs.min(axis=1))
        # One after another as the core does: a budget that does not bind changes no bit.
        return float(reduce(add, least.tolist(), 0.0))

    @cached_property
    def _allowed(self) -> np.ndarray:
        bers = np.array([slot.ber for slot in self.slots])
        allowed = bers <= np.array(self.tolerances)[:, None]
        if self.choose:  # what is reliable lies at the rated point, and nothing else does
            allowed[-self._tensors :] = False
            allowed[:, -1] = False
            allowed[-self._tensors :, -1] = True
        return allowed

    @cached_property
    def _tensors(self) -> int:
        return max(self.tensor) + 1

    def greedily(self) -> tuple[Found | None, list[tuple[int, int]], str]:
        """Place by Algorithm 1, and move what is above the budget.

        Returns:
            The placement or None; then the ways for which room is missing, with the bytes, or by
            how much and by which tensors the budget is exceeded.
        """
        n = self._tensors
        firsts = [list(range(k, k + n)) for k in range(0, len(self.tensor) - n * self.choose, n)]
        starts = [self._first_borne(firsts), *(firsts if self.choose else [])]
        best, shortfalls, over = None, [], ""
        for number, ways in enumerate(starts):
            slots, missing = self._start(ways)
            if missing:
                shortfalls = shortfalls if number else missing
                continue
            if self.choose and number:
                # No dearer than this protection for all: its own moves come first.
                ways, slots, *_ = self._keep(ways, slots, ways)
            elif self._hazard(ways, slots) <= self.limit:
                best = self._found(ways, slots)
                if not self.choose or best.joules <= self.bound * (1 + 1e-12):
                    break
            ways, slots, _, hazard = self._keep(range(len(self.tensor)), slots, ways)
            if hazard > self.limit:
                over = over or self._over(ways, slots)
                continue
            found = self._found(ways, slots)
            if best is None or found.joules < best.joules:
                best = found
        return best, shortfalls, over

    def exactly(self, time_limit_seconds: float, below: float) -> tuple[Found | None, float]:
        """Solve the program; return what it found that costs less, and the proven bound."""
        found = _exact.solve(
            self.native,
            time_limit_seconds=time_limit_seconds,
            budget=Budget(self.tensor, self.hazard, self.limit),
            below=below,
        )
        if found.slots is None or found.ways is None:
            return None, found.bound
        if self._hazard(found.ways, found.slots) > self.limit:
            return None, found.bound
        return self._found(found.ways, found.slots), found.bound

    def chosen(self, task: Task, found: Found) -> tuple[Task, list[int], list[float]]:
        """Return the task with the protections found, and slot and limit of each of its parts."""
        if found.ways is None:
            return task, found.slots, self.tolerances
        n = self._tensors
        hows = [(*CHOSEN, RELIABLE)[way // n] for way in found.ways]
        placed = [t for t, how in enumerate(hows) if how != RELIABLE]
        limits = [self.tolerances[found.ways[t]] for t in placed]
        chosen = replace(task, protections=tuple(hows), reliable_bytes=None)
        return chosen, [found.slots[t] for t in placed], limits

    def _found(self, ways: Sequence[int], slots: Sequence[int]) -> Found:
        each = self.cost[list(ways), [self.slots[slot].price for slot in slots]]
        joules = float(reduce(add, each.tolist()))
        return Found(list(slots), joules, list(ways) if self.choose else None)

    def _hazard(self, ways: Sequence[int], slots: Sequence[int]) -> float:
        return float(self.hazard[list(ways), list(slots)].sum())

    def _keep(self, among: Sequence[int], slots: Sequence[int], ways: Sequence[int]):
        """Move tensors among some ways until the budget is kept."""
        at = {way: number for number, way in enumerate(among)}
        problem = self.native if len(among) == len(self.tensor) else self._problem(among)
        found, slots, joules, hazard = core.keep_budget(
            problem,
            tensor=[self.tensor[way] for way in among],
            hazard=self.hazard[list(among)],
            limit=self.limit,
            way=[at[way] for way in ways],
            slot=slots,
        )
        return [among[number] for number in found], slots, joules, hazard

    def _first_borne(self, firsts: list[list[int]]) -> list[int]:
        """The first way of each tensor that bears some slot."""
        borne: list[bool] = np.asarray(self._allowed.any(axis=1)).tolist()
        n = self._tensors
        order = [*firsts, list(range(len(self.tensor) - n, len(self.tensor)))]
        return [next((of[t] for of in order if borne[of[t]]), t) for t in range(n)]

    def _start(self, ways: Sequence[int]) -> tuple[list[int], list[tuple[int, int]]]:
        """Algorithm 1 on one way of each tensor; those that are reliable lie at the rated point."""
        last = len(self.tensor) - self._tensors * self.choose
        numbers = [number for number, way in enumerate(ways) if way < last]
        placed = [ways[number] for number in numbers]
        rated = sum(self.tensor_bytes[way] for way in ways if way >= last)
        if rated and rated > self.room_bytes[-1]:
            first = min(way for way in ways if way >= last) - last
            return [], [(first, rated - self.room_bytes[-1])]  # said of it unprotected
        slots = [len(self.slots) - 1] * len(ways)
        missing: list[tuple[int, int]] = []
        if placed:
            own = self.slots[: len(self.slots) - self.choose]
            found, short, _ = core.map_greedily(self._problem(placed, own))
            missing = [(placed[number], missing_bytes) for number, missing_bytes in short]
            for number, slot in zip(numbers, found, strict=True):
                slots[number] = slot
        return slots, missing

    def _problem(self, ways: Sequence[int], slots: list | None = None) -> core.MapProblem:
        return core.MapProblem(
            tensor_bytes=[self.tensor_bytes[way] for way in ways],
            tolerances=[self.tolerances[way] for way in ways],
            room_bytes=self.room_bytes,
            slots=self.slots if slots is None else slots,
            cost=self.cost[list(ways)].tolist(),
        )

    def _over(self, ways: Sequence[int], slots: Sequence[int]) -> str:
        """Say by how much the budget is exceeded, and by which tensors."""
        hazards, names = self.tasks[0].hazards, [part.name for part in self.tasks[0].parts]
        assert hazards is not None
        return hazards.over(names, self.hazard[list(ways), list(slots)], "at best")
