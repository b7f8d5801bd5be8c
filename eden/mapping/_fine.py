"""Fine placement: a tensor in one partition, an operating point a bank.

A knob of the whole module (the voltage) is common to all banks, so the problem is solved once for
each of its measured settings, or for each that several modules may have beside each other, and the
cheapest feasible one wins. Lines are interleaved over the banks of equal partitions, which is what
their reads are priced by.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain, combinations_with_replacement

from eden import devices
from eden._native import core
from eden.mapping import _exact
from eden.mapping._pieces import Part, Place, addresses_of
from eden.mapping._placement import Rejection
from eden.mapping._task import Layout, Outcome, Price, Solved, Task, entries_of, protecting
from eden.mapping._ways import Found, Ways

# Sums of joules in another order differ by less than this.
_ROUNDING = 1e-12


def place_finely(task: Task, estimate: str) -> Outcome:
    """Solve the settings of the module until no further one can be cheaper."""
    outcome = Outcome()
    # Cheapest first: a setting whose bound is above the best found cannot win.
    for problem in problems_of(task, estimate):
        hopeless = math.isinf(problem.bound)
        if outcome.best is not None and problem.bound >= outcome.best.joules and not hopeless:
            continue
        best = math.inf if outcome.best is None else outcome.best.joules
        found, bound, missing = problem.solve(task, best)
        outcome.bound = min(outcome.bound, bound)
        if found is None and best <= bound < math.inf:
            continue  # nor can this one
        if found is None:
            outcome.rejected.append(Rejection(problem.vdd_volts, missing))
            continue
        joules = found.joules
        if problem.ways is None:
            joules = core.assignment_cost(problem.native, found.slots)
        if outcome.best is None or joules < outcome.best.joules:
            lay_out = partial(problem.lay_out, task, found)
            outcome.best = Solved(problem.vdd_volts, joules, lay_out)
    outcome.rejected.sort(key=lambda r: r.vdd_volts)
    return outcome


def problems_of(task: Task, estimate: str) -> list[Problem]:
    """List the settings of the module by the least joules that they could cost."""
    partitions = task.device.side_by_side(task.modules, task.level)
    # Modules are alike: which of them has which setting is the same.
    chosen = combinations_with_replacement(settings_of(task.device, task.further), task.modules)
    problems = [Problem.at(task, partitions, settings, estimate) for settings in chosen]
    return sorted(problems, key=lambda p: (p.bound, p.vdd_volts))


@dataclass(frozen=True)
class Problem:
    """Fine placement at one setting of the knobs of each module."""

    vdd_volts: float
    partitions: Sequence[devices.Partition]
    points: Sequence[devices.OperatingPoint]
    slots: list[tuple[int, int, float]]  # partition, point, BER
    bound: float  # infinite if a tensor bears no partition
    plain: core.MapProblem | None = None  # without a budget
    ways: Ways | None = None  # with a budget to keep

    @classmethod
    def at(cls, task, partitions, settings: Sequence[Sequence], estimate: str) -> Problem:
        """State the problem at one setting a module: the points that its banks choose from."""
        points = list(dict.fromkeys(chain.from_iterable(settings)))
        slots = [
            (i, points.index(point), devices.pick(partition.at(point), estimate))
            for i, partition in enumerate(partitions)
            for point in settings[partition.module]
        ]
        banks = [(partition.module, partition.bank) for partition in partitions]
        groups = {bank: g for g, bank in enumerate(dict.fromkeys(banks))}
        alike = Counter((partitions[i].shape, o, ber) for i, o, ber in slots)
        each = [(o, alike[partitions[i].shape, o, ber]) for i, o, ber in slots]
        numbers = {price: number for number, price in enumerate(dict.fromkeys(each))}
        prices = [Price(points[o], banks) for o, banks in numbers]
        native_slots = [
            core.MapSlot(
                partition=i,
                group=groups[banks[i]],
                point=o,
                ber=ber,
                reduction=_reduction(task.device, points[o]),
                price=numbers[price],
            )
            for (i, o, ber), price in zip(slots, each, strict=True)
        ]
        vdd = max(point.vdd_volts for point in points)
        if task.hazards is not None:
            rooms = [partition.size_bytes for partition in partitions]
            ways = Ways.at(task, rooms, prices, native_slots)
            return cls(vdd, partitions, points, slots, ways.bound, ways=ways)
        native = core.MapProblem(
            tensor_bytes=task.sizes,
            tolerances=[part.tolerance for part in task.parts],
            room_bytes=[max(0, p.size_bytes - task.spare) for p in partitions],
            slots=native_slots,
            cost=list(zip(*(task.joules_at(price) for price in prices), strict=True)),
        )
        bound = core.cost_bound(native)
        return cls(vdd, partitions, points, slots, math.inf if bound is None else bound, native)

    @property
    def native(self) -> core.MapProblem:
        """The problem as the core states it."""
        if self.plain is not None:
            return self.plain
        assert self.ways is not None
        return self.ways.native

    @cached_property
    def rates(self) -> list[float]:
        """The lowest BER of each partition, in order."""
        lowest: dict[int, float] = {}
        for i, _, ber in self.slots:
            lowest[i] = min(ber, lowest.get(i, 1.0))
        return sorted(lowest.values())

    def greedy(self, task: Task) -> tuple[Found | None, str]:
        """Place by Algorithm 1, and within the budget; else say what is missing."""
        if self.ways is None:
            slots, shortfalls, joules = core.map_greedily(self.native)
            found, over = None if shortfalls else Found(slots, joules), ""
        else:
            found, shortfalls, over = self.ways.greedily()
        said = [self._shortfall(task, t, bytes_) for t, bytes_ in shortfalls]
        return found, "; ".join(said) or over

    def solve(self, task: Task, best: float) -> tuple[Found | None, float, str]:
        """Return the placement or None, the proven bound, and what is missing.

        Args:
            task: What is asked for.
            best: What no less than costs is of no use: joules of a placement at another setting.
        """
        greedy, missing = self.greedy(task)
        if task.method == "greedy" or math.isinf(self.bound):
            return greedy, self.bound, missing
        if greedy is not None and greedy.joules <= self.bound * (1 + _ROUNDING):
            return greedy, self.bound, missing
        # Equal to rounding is not better.
        below = min(best, math.inf if greedy is None else greedy.joules * (1 - _ROUNDING))
        if self.ways is None:
            seconds, found = task.time_limit_seconds, None
            solved = _exact.solve(self.native, time_limit_seconds=seconds, below=below)
            bound = solved.bound
            if solved.slots is not None:
                found = Found(solved.slots, core.assignment_cost(self.native, solved.slots))
        else:
            found, bound = self.ways.exactly(task.time_limit_seconds, below)
        bound = max(bound, self.bound)
        # Equal to rounding: the greedy one has the cleaner partitions.
        if found is None or (greedy and found.joules >= greedy.joules * (1 - _ROUNDING)):
            return greedy, bound, missing
        return found, bound, missing

    def lay_out(self, task: Task, found: Found) -> Layout:
        """Lay the parts of each partition one after another."""
        slots, limits = found.slots, [part.tolerance for part in task.parts]
        if self.ways is not None:
            task, slots, limits = self.ways.chosen(task, found)
        used: dict[int, list[int]] = {}
        for number, slot in enumerate(slots):
            used.setdefault(self.slots[slot][0], []).append(number)
        where: list[list[Place]] = [[] for _ in slots]
        points = {}
        line_bytes = task.device.geometry.line_bytes
        for i, numbers in used.items():
            partition = self.partitions[i]
            parts = [task.parts[number] for number in numbers]
            addresses, _ = addresses_of(parts, line_bytes, partition.row_bytes)
            for number, part, pieces in zip(numbers, parts, addresses, strict=True):
                _, o, ber = self.slots[slots[number]]
                points[partition.name] = self.points[o]
                where[number] = [
                    Place(partition.name, address, partition.row_bytes, size, ber)
                    for address, size in zip(pieces, part.sizes, strict=True)
                ]
        whys = [self._why(limit, slot) for limit, slot in zip(limits, slots, strict=True)]
        entries = entries_of(task, where, whys)
        banks = [(partition.module, partition.bank) for partition in self.partitions]
        in_use = {banks[i]: points[self.partitions[i].name] for i in used}
        bers = {}
        for i, o, ber in self.slots:
            if in_use.get(banks[i], self.points[o]) == self.points[o]:
                bers.setdefault(self.partitions[i].name, ber)
        return Layout(entries, points, bers)

    def _why(self, limit: float, slot: int) -> str:
        i, o, ber = self.slots[slot]
        borne = bisect_right(self.rates, limit)
        return (
            f"bears BER {limit:.2g}: {borne} of {len(self.partitions)} partitions "
            f"at {self.points[o].vdd_volts:g} V qualify; {self.partitions[i].name} has {ber:.2g} "
            "and room"
        )

    def _way(self, task: Task, t: int) -> tuple[Task, Part, float]:
        """Return the task, the part and the limit that a tensor of the problem stands for."""
        if self.ways is None or not self.ways.choose:
            return task, task.parts[t], self.native.tolerances[t]
        n = len(task.tensors)
        way = self.ways.tasks[t // n]
        return way, way.parts[t % n], self.ways.tolerances[t]

    def _shortfall(self, task: Task, t: int, missing_bytes: int) -> str:
        task, part, limit = self._way(task, t)
        lowest = self.rates[0]
        if lowest > limit:
            return (
                f"{part.name} bears BER {limit:.2g}, the lowest of a partition is "
                f"{lowest:.2g} ({missing_bytes} bytes of room missing)"
            )
        size = self.native.tensor_bytes[t]
        return (
            f"{part.name} needs {size} bytes{protecting(task, part)}, {missing_bytes} bytes of "
            "room missing in the roomiest partition that it bears"
        )


def settings_of(
    device: devices.Device, further: Sequence[devices.OperatingPoint] = ()
) -> Iterable[list[devices.OperatingPoint]]:
    """Group the points by the knobs that the whole module shares; refresh is always one."""
    knobs = {"vdd": "vdd_volts", "trcd": "trcd_seconds", "trp": "trp_seconds"}
    owners = device.granularity.items()
    shared = [knobs[knob] for knob, owner in owners if owner == "module"]
    shared += ["refresh_seconds"]
    groups: dict[tuple, list[devices.OperatingPoint]] = {}
    for point in (*device.points, *further):
        groups.setdefault(tuple(getattr(point, knob) for knob in shared), []).append(point)
    return groups.values()


def _reduction(device: devices.Device, point: devices.OperatingPoint) -> float:
    """How far the parameters are below nominal, as the sum of their fractions."""
    trp = 1 - point.trp_seconds / device.nominal.trp_seconds
    return point.reduction + point.trcd_reduction + trp
