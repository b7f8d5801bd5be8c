"""Coarse placement: lines interleaved over all banks at one operating point."""

from __future__ import annotations

from functools import partial, reduce
from operator import add

from eden import devices
from eden.mapping._pieces import Place, addresses_of
from eden.mapping._placement import Rejection
from eden.mapping._task import Layout, Outcome, Price, Solved, Task, entries_of, protecting
from eden.mapping._validity import WHOLE_MODULE


def place_coarsely(task: Task, estimate: str) -> Outcome:
    """Take the cheapest point whose mean BER the network bears."""
    device = task.device
    geometry = device.geometry
    addresses, end = addresses_of(task.parts, geometry.line_bytes, geometry.row_bytes)
    missing = end - geometry.size_bytes
    if missing > 0:
        names = ", ".join(part.name + protecting(task, part) for part in task.parts)
        why = f"{names} need {end} bytes, {missing} bytes of room missing"
        return Outcome(rejected=[Rejection(device.nominal.vdd_volts, why)])
    outcome = Outcome()
    for point in task.points:
        ber = devices.pick(point, estimate)
        if ber > task.coarse_ber:
            why = f"the module's mean BER {ber:.2g} is above the {task.coarse_ber:.2g} borne"
            outcome.rejected.append(Rejection(point.vdd_volts, why))
            continue
        if over := _over(task, ber):
            outcome.rejected.append(Rejection(point.vdd_volts, over))
            continue
        # sum() rounds otherwise from Python 3.12 on, and the files of two versions would differ.
        joules = reduce(add, task.joules_at(Price(point, geometry.banks)))
        outcome.bound = min(outcome.bound, joules)
        if outcome.best is not None and joules >= outcome.best.joules:
            continue
        lay_out = partial(_lay_out_coarsely, task, point, ber, addresses)
        outcome.best = Solved(point.vdd_volts, joules, lay_out)
    outcome.rejected.sort(key=lambda r: r.vdd_volts)
    return outcome


def _over(task: Task, ber: float) -> str:
    """Say by how much the single cells of all tensors exceed the budget, if they do."""
    if task.hazards is None:
        return ""
    each = task.hazard([ber])[:, 0]
    names = [part.name for part in task.parts]
    return task.hazards.over(names, each, f"at the module's mean BER {ber:.2g}")


def _lay_out_coarsely(
    task: Task, point: devices.OperatingPoint, ber: float, addresses: list[list[int]]
) -> Layout:
    why = f"the network bears BER {task.coarse_ber:.2g}; the module's mean is {ber:.2g}"
    row_bytes = task.device.geometry.row_bytes
    where = [
        [
            Place(WHOLE_MODULE, address, row_bytes, size, ber)
            for address, size in zip(pieces, part.sizes, strict=True)
        ]
        for part, pieces in zip(task.parts, addresses, strict=True)
    ]
    entries = entries_of(task, where, [why] * len(where))
    return Layout(entries, {WHOLE_MODULE: point}, {WHOLE_MODULE: ber})
