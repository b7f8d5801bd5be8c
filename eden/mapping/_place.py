"""Placement of tensors in a device at the least energy that their tolerances allow.

Fine: a tensor lies in one partition and meets that partition's BER. One operating point belongs to
a bank; a knob of the whole module (the voltage) is common to all of them, so the problem is solved
once for each of its measured settings and the cheapest feasible one wins. Coarse: 64-byte lines are
interleaved over all banks, and the tensors meet the module's mean BER.

Only measured points are used; interpolated ones are for plots.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial, reduce
from itertools import accumulate
from operator import add

from eden import devices, energy
from eden._native import core
from eden._say import one_of, refusal, within
from eden.mapping import _exact as milp
from eden.mapping._placement import WHOLE_MODULE, Entry, Placement, Rejection

METHODS = ("greedy", "exact", "coarse")
LEVELS = ("bank", "subarray")
# Sums of joules in another order differ by less than this.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class _Task:
    """What is asked for, one estimate of the BER apart."""

    tensors: tuple
    coarse_ber: float
    device: devices.Device
    method: str
    level: str
    law: str
    time_limit_seconds: float

    @cached_property
    def sizes(self) -> list[int]:
        """Bytes of the lines that each tensor fills."""
        return [energy.lines(self.device, tensor.size_bytes) for tensor in self.tensors]

    @cached_property
    def addresses(self) -> list[int]:
        """Where each tensor starts in a coarse placement: one after another."""
        return list(accumulate(self.sizes[:-1], initial=0))

    @cached_property
    def joules(self) -> dict[devices.OperatingPoint, list[float]]:
        """By point, the energy of an inference's reads of each tensor."""
        coarse = self.method == "coarse"
        addresses = self.addresses if coarse else [0] * len(self.tensors)
        sizes = [tensor.size_bytes for tensor in self.tensors]
        return energy.reading_joules(
            self.device,
            list(zip(addresses, sizes, strict=True)),
            [tensor.reads for tensor in self.tensors],
            interleaved=coarse,
            law=self.law,
        )


@dataclass(frozen=True)
class _Layout:
    """Where each tensor lies."""

    entries: dict[str, Entry]
    points: dict[str, devices.OperatingPoint]
    partition_bers: dict[str, float]


@dataclass(frozen=True)
class _Solved:
    """A placement at one setting of the module."""

    vdd_volts: float
    joules: float
    lay_out: Callable[[], _Layout]


@dataclass
class _Outcome:
    """The cheapest placement, and what stood against others."""

    best: _Solved | None = None
    bound: float = math.inf
    rejected: list[Rejection] = field(default_factory=list)


def place(
    tolerances,
    device: devices.Device,
    *,
    method: str = "greedy",
    level: str = "bank",
    estimate: str = "mean",
    law: str = "linear",
    time_limit_seconds: float = 60.0,
) -> Placement:
    """Place the tensors of a network in a device.

    Args:
        tolerances: What characterisation found: ``config``, ``coarse_ber`` and ``tensors``, each
            with ``name``, ``kind``, ``elements``, ``size_bytes``, ``reads`` and ``tolerance``.
        device: The device.
        method: ``greedy`` (Algorithm 1 of the paper), ``exact`` (mixed-integer program with the
            proven gap) or ``coarse`` (one operating point, lines interleaved over all banks).
        level: Partitions of fine placement: ``bank`` (those of the device) or ``subarray``.
        estimate: Which BER of the measured range counts: ``low``, ``mean`` or ``high``. The voltage
            that each of them leads to is in ``verdict_volts``; the exact method solves for this
            one alone and tells the others' voltage where greedy placement proves it.
        law: Voltage law of the objective: ``linear``, ``cv2`` or ``array``.
        time_limit_seconds: Of the exact method, for each setting of the module; above 0.

    Returns:
        The placement.

    Raises:
        ValueError: For an unknown name, a tensor that makes no sense, or tensors that fit nowhere:
            which ones, and how many bytes of room are missing.

    Reference: paper.md, Mapping, Algorithm 1.
    """
    one_of("method", method, METHODS)
    one_of("level", level, LEVELS)
    one_of("estimate", estimate, devices.ESTIMATES)
    one_of("law", law, energy.LAWS)
    tensors = tuple(tolerances.tensors)
    _check(tensors, tolerances.coarse_ber if method == "coarse" else 0.0)
    task = _Task(tensors, tolerances.coarse_ber, device, method, level, law, time_limit_seconds)
    solve = _place_coarsely if method == "coarse" else _place_finely
    chosen = solve(task, estimate)
    best = chosen.best
    if best is None:
        # The mildest setting is the last to be refused: there, only room can be missing.
        raise ValueError(f"tensors that fit nowhere on {device.name}: {chosen.rejected[-1].why}")
    layout = best.lay_out()
    return Placement(
        device=device,
        config=tolerances.config,
        method=method,
        estimate=estimate,
        law=law,
        entries=layout.entries,
        points=layout.points,
        partition_bers=layout.partition_bers,
        energy_joules=best.joules,
        bound_joules=min(chosen.bound, best.joules),
        verdict_volts={
            which: best.vdd_volts if which == estimate else _verdict(task, which)
            for which in devices.ESTIMATES
        },
        rejected=tuple(chosen.rejected),
    )


def _verdict(task: _Task, estimate: str) -> float | None:
    """Return the voltage that an estimate leads to, or None; of the exact method, if proven."""
    if task.method == "exact":
        cheapest, *others = _problems(task, estimate)
        joules = cheapest.greedy_joules
        proven = joules is not None and all(joules <= problem.bound for problem in others)
        return cheapest.vdd_volts if proven else None
    best = (_place_coarsely if task.method == "coarse" else _place_finely)(task, estimate).best
    return None if best is None else best.vdd_volts


def _problems(task: _Task, estimate: str) -> list[_Problem]:
    """List the settings of the module by the least joules that they could cost."""
    device = task.device
    partitions = device.partitions if task.level == "bank" else device.subarrays
    problems = [_Problem.at(task, partitions, points, estimate) for points in _settings(device)]
    return sorted(problems, key=lambda p: (p.bound, p.vdd_volts))


def _place_finely(task: _Task, estimate: str) -> _Outcome:
    outcome = _Outcome()
    # Cheapest first: a setting whose bound is above the best found cannot win.
    for problem in _problems(task, estimate):
        hopeless = math.isinf(problem.bound)
        if outcome.best is not None and problem.bound >= outcome.best.joules and not hopeless:
            continue
        slots, bound, missing = problem.solve(task)
        outcome.bound = min(outcome.bound, bound)
        if slots is None:
            outcome.rejected.append(Rejection(problem.vdd_volts, missing))
            continue
        joules = core.assignment_cost(problem.native, slots)
        if outcome.best is None or joules < outcome.best.joules:
            lay_out = partial(problem.lay_out, task, slots)
            outcome.best = _Solved(problem.vdd_volts, joules, lay_out)
    outcome.rejected.sort(key=lambda r: r.vdd_volts)
    return outcome


@dataclass(frozen=True)
class _Problem:
    """Fine placement at one setting of the module's knobs."""

    vdd_volts: float
    partitions: Sequence[devices.Partition]
    points: Sequence[devices.OperatingPoint]
    slots: list[tuple[int, int, float]]  # partition, point, BER
    native: core.MapProblem
    bound: float  # infinite if a tensor bears no partition

    @classmethod
    def at(cls, task, partitions, points, estimate: str) -> _Problem:
        slots = [
            (i, o, devices.pick(partition.at(point), estimate))
            for i, partition in enumerate(partitions)
            for o, point in enumerate(points)
        ]
        groups = {bank: g for g, bank in enumerate(dict.fromkeys(p.bank for p in partitions))}
        cost = zip(*(task.joules[point] for point in points), strict=True)
        native = core.MapProblem(
            tensor_bytes=task.sizes,
            tolerances=[t.tolerance for t in task.tensors],
            room_bytes=[p.size_bytes for p in partitions],
            slots=[
                core.MapSlot(
                    partition=i,
                    group=groups[partitions[i].bank],
                    point=o,
                    ber=ber,
                    reduction=_reduction(task.device, points[o]),
                )
                for i, o, ber in slots
            ],
            cost=list(cost),
        )
        bound = core.cost_bound(native)
        vdd = max(point.vdd_volts for point in points)
        return cls(vdd, partitions, points, slots, native, math.inf if bound is None else bound)

    @cached_property
    def rates(self) -> list[float]:
        """The lowest BER of each partition, in order."""
        lowest: dict[int, float] = {}
        for i, _, ber in self.slots:
            lowest[i] = min(ber, lowest.get(i, 1.0))
        return sorted(lowest.values())

    @property
    def greedy_joules(self) -> float | None:
        """The cost of Algorithm 1, None if it finds no placement."""
        _, shortfalls, joules = core.map_greedily(self.native)
        return None if shortfalls else joules

    def solve(self, task: _Task) -> tuple[list[int] | None, float, str]:
        """Return the slot of each tensor or None, the proven bound, and what is missing."""
        slots, shortfalls, joules = core.map_greedily(self.native)
        greedy = None if shortfalls else slots
        missing = "; ".join(self._shortfall(task, t, bytes_) for t, bytes_ in shortfalls)
        if task.method == "greedy" or math.isinf(self.bound):
            return greedy, self.bound, missing
        if greedy is not None and joules <= self.bound * (1 + _ROUNDING):
            return greedy, self.bound, missing
        exact = milp.solve(self.native, time_limit_seconds=task.time_limit_seconds)
        bound = max(exact.bound, self.bound)
        found = exact.slots
        if found is None:
            return greedy, bound, missing
        # Equal to rounding: the greedy one has the cleaner partitions.
        better = core.assignment_cost(self.native, found) < joules * (1 - _ROUNDING)
        return (found if greedy is None or better else greedy), bound, missing

    def lay_out(self, task: _Task, slots: Sequence[int]) -> _Layout:
        """Lay the tensors of each partition one after another."""
        entries, used, points = {}, {}, {}
        for t, (tensor, slot) in enumerate(zip(task.tensors, slots, strict=True)):
            i, o, ber = self.slots[slot]
            partition = self.partitions[i]
            address = used.get(i, 0)
            used[i] = address + task.sizes[t]
            points[partition.name] = self.points[o]
            entries[tensor.name] = _entry(
                tensor, partition.name, address, partition.row_bytes, ber, self._why(tensor, slot)
            )
        in_use = {self.partitions[i].bank: points[self.partitions[i].name] for i in used}
        bers = {}
        for i, o, ber in self.slots:
            bank = self.partitions[i].bank
            if bank not in in_use or in_use[bank] == self.points[o]:
                bers.setdefault(self.partitions[i].name, ber)
        return _Layout(entries, points, bers)

    def _why(self, tensor, slot: int) -> str:
        i, o, ber = self.slots[slot]
        borne = bisect_right(self.rates, tensor.tolerance)
        return (
            f"bears BER {tensor.tolerance:.2g}: {borne} of {len(self.partitions)} partitions "
            f"at {self.points[o].vdd_volts:g} V qualify; {self.partitions[i].name} has {ber:.2g} "
            "and room"
        )

    def _shortfall(self, task: _Task, t: int, missing_bytes: int) -> str:
        tensor = task.tensors[t]
        lowest = self.rates[0]
        if lowest > tensor.tolerance:
            return (
                f"{tensor.name} bears BER {tensor.tolerance:.2g}, the lowest of a partition is "
                f"{lowest:.2g} ({missing_bytes} bytes of room missing)"
            )
        return (
            f"{tensor.name} needs {task.sizes[t]} bytes, {missing_bytes} bytes of "
            "room missing in the roomiest partition that it bears"
        )


def _place_coarsely(task: _Task, estimate: str) -> _Outcome:
    device = task.device
    missing = sum(task.sizes) - device.geometry.size_bytes
    if missing > 0:
        names = ", ".join(tensor.name for tensor in task.tensors)
        why = f"{names} need {sum(task.sizes)} bytes, {missing} bytes of room missing"
        return _Outcome(rejected=[Rejection(device.nominal.vdd_volts, why)])
    outcome = _Outcome()
    for point in device.points:
        ber = devices.pick(point, estimate)
        if ber > task.coarse_ber:
            why = f"the module's mean BER {ber:.2g} is above the {task.coarse_ber:.2g} borne"
            outcome.rejected.append(Rejection(point.vdd_volts, why))
            continue
        # sum() rounds otherwise from Python 3.12 on, and the files of two versions would differ.
        joules = reduce(add, task.joules[point])
        outcome.bound = min(outcome.bound, joules)
        if outcome.best is not None and joules >= outcome.best.joules:
            continue
        lay_out = partial(_lay_out_coarsely, task, point, ber)
        outcome.best = _Solved(point.vdd_volts, joules, lay_out)
    outcome.rejected.sort(key=lambda r: r.vdd_volts)
    return outcome


def _lay_out_coarsely(task: _Task, point: devices.OperatingPoint, ber: float) -> _Layout:
    why = f"the network bears BER {task.coarse_ber:.2g}; the module's mean is {ber:.2g}"
    row_bytes = task.device.geometry.row_bytes
    entries = {
        tensor.name: _entry(tensor, WHOLE_MODULE, address, row_bytes, ber, why)
        for tensor, address in zip(task.tensors, task.addresses, strict=True)
    }
    return _Layout(entries, {WHOLE_MODULE: point}, {WHOLE_MODULE: ber})


def _settings(device: devices.Device) -> Iterable[list[devices.OperatingPoint]]:
    """Group the known points by the knobs that the whole module shares."""
    knobs = {"vdd": "vdd_volts", "trcd": "trcd_seconds", "trp": "trp_seconds"}
    shared = [knobs[knob] for knob, owner in device.granularity.items() if owner == "module"]
    groups: dict[tuple, list[devices.OperatingPoint]] = {}
    for point in device.points:
        groups.setdefault(tuple(getattr(point, knob) for knob in shared), []).append(point)
    return groups.values()


def _reduction(device: devices.Device, point: devices.OperatingPoint) -> float:
    """How far the parameters are below nominal, as the sum of their fractions."""
    trp = 1 - point.trp_seconds / device.nominal.trp_seconds
    return point.reduction + point.trcd_reduction + trp


def _entry(tensor, partition: str, address: int, row_bytes: int, ber: float, why: str) -> Entry:
    return Entry(
        name=tensor.name,
        kind=tensor.kind,
        elements=tensor.elements,
        size_bytes=tensor.size_bytes,
        reads=tensor.reads,
        tolerance=tensor.tolerance,
        partition=partition,
        address=address,
        row_bytes=row_bytes,
        ber=ber,
        why=why,
    )


def _check(tensors: Sequence, coarse_ber: float) -> None:
    if not tensors:
        raise ValueError(refusal("tensors of tolerances", tensors, "at least one"))
    within("coarse_ber", coarse_ber, 0, 1)
    names = Counter(tensor.name for tensor in tensors)
    for tensor in tensors:
        one_of(f"number of tensors named {tensor.name}", names[tensor.name], [1])
        within(f"tolerance of {tensor.name}", tensor.tolerance, 0, 1)
        within(f"size_bytes of {tensor.name}", tensor.size_bytes, 1)
