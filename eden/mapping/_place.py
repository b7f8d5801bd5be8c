"""Placement of tensors in a device at the least energy that their tolerances allow.

Only measured points are used, but for those that a caller names: interpolated ones carry a range.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from eden import devices, energy
from eden._say import a_kind, an_int, one_of, refusal, within
from eden.access import NONE, Protection, formats
from eden.mapping._coarse import place_coarsely
from eden.mapping._fine import place_finely, problems_of
from eden.mapping._hazard import Hazards, SingleCells
from eden.mapping._placement import Entry, Placement
from eden.mapping._task import Task
from eden.mapping._validity import METHODS, check_tensor
from eden.network import Config, Pattern, protections_of

# Bytes at the rated point for what `auto` chooses, or everything would go there.
_FEW = 4096


def place(
    tolerances,
    device: devices.Device,
    *,
    method: str = "greedy",
    level: str = "bank",
    estimate: str = "mean",
    law: str = "linear",
    time_limit_seconds: float = 60.0,
    protect: Mapping[Pattern, str | Protection] | str | None = None,
    risk: Any = None,
    miss_probability: float | None = None,
    reliable_bytes: int | None = None,
    points: Sequence[devices.OperatingPoint] = (),
    modules: int = 1,
) -> Placement:
    """Place the tensors of a network in a device.

    Args:
        tolerances: What characterisation found: ``config``, ``coarse_ber`` and ``tensors``, each
            with ``name``, ``kind``, ``elements``, ``size_bytes``, ``reads`` and ``tolerance``;
            ``coverage``, if it is there, goes along.
        device: With the partitions and operating points to choose among.
        method: ``greedy`` (Algorithm 1 of the paper), ``exact`` (mixed-integer program with the
            proven gap) or ``coarse`` (one operating point, lines interleaved over all banks).
        level: Partitions of fine placement: ``bank`` (those of the device) or ``subarray``.
        estimate: Which BER of the measured range counts: ``low``, ``mean`` or ``high``. The voltage
            that each of them leads to is in ``verdict_volts``; the exact method solves for this
            one alone and tells the others' voltage where greedy placement proves it.
        law: Voltage law of the objective: ``linear``, ``cv2`` or ``array``.
        time_limit_seconds: Of the exact method, for each setting of the module; above 0.
        protect: How tensors are stored, by pattern as in `Config.protect`, or ``none``; None for
            what the tolerances were found with. Each copy, check byte and strong bit has a place
            and costs its reads; what is reliable lies at the rated point. ``auto`` picks for each
            tensor the cheapest of none, secded, triple and reliable that keeps the budget of
            ``risk`` (greedy and exact).
        risk: The critical cells, as `eden.criticality` returns them (``config`` and ``strata``):
            their hazard in all partitions then keeps to half of -ln(1 - q). The other half is
            left to the bulk, which the tolerances limit. A tensor that is stored otherwise than
            its tolerance was found may lie where its critical bits read wrong as seldom.
        miss_probability: The risk q, in (0, 0.5]; None for that of the tolerances.
        reliable_bytes: How many bytes at the rated point tensors may take as ``reliable``; None
            for 4,096 where ``auto`` chooses them, and for as many as ``protect`` names.
        points: Operating points of the device that may be used beside `Device.points`: of other
            temperatures, interpolated, or of lowered voltage and longer refresh at once. The
            estimate picks from their range, as from that of others.
        modules: How many modules like the device lie side by side, 1 to 4, each on a channel and
            at a supply of its own; coarse placement takes one.

    Returns:
        The placement; `str` of it says where tensors lie, and what of the network they are.

    Raises:
        ValueError: For an unknown name, a tensor that makes no sense, a risk of another network,
            format or target, or tensors that fit nowhere: which ones, and how many bytes of room
            are missing, or by how much the budget is exceeded.

    Reference: paper.md, Mapping, Algorithm 1.
    """
    one_of("method", method, METHODS)
    one_of("level", level, devices.LEVELS)
    one_of("estimate", estimate, devices.ESTIMATES)
    one_of("law", law, energy.LAWS)
    within("time_limit_seconds", time_limit_seconds, 0, above=True)
    a_kind("device", device, devices.Device, "a device, as eden.devices.load returns it")
    an_int("modules", modules, 1, 4)
    if method == "coarse":
        one_of("modules of a coarse placement", modules, [1])
    for point in points:
        a_kind("one of points", point, devices.OperatingPoint, "what device.at returns")
        one_of("device of one of points", point.device, [device.name])
    if not all(hasattr(tolerances, name) for name in ("config", "coarse_ber", "tensors")):
        accepted = "what characterize_coarse or characterize_fine returns"
        raise TypeError(refusal("type of tolerances", type(tolerances).__name__, accepted))
    tensors = tuple(tolerances.tensors)
    _check(tensors, tolerances.coarse_ber if method == "coarse" else 0.0)
    auto = protect == "auto"
    _check_auto(method, risk, auto=auto)
    if reliable_bytes is not None:
        an_int("reliable_bytes", reliable_bytes, 0, 2**62)
    config, protections = _protected(tolerances, None if auto else protect)
    hazards = _hazards(tolerances, risk, miss_probability)
    task = Task(
        tensors=tensors,
        coarse_ber=tolerances.coarse_ber,
        device=device,
        method=method,
        level=level,
        law=law,
        time_limit_seconds=time_limit_seconds,
        # Without a config there is no protection, and the width of an element counts for nothing.
        bits=8 if config is None else formats.get(config.stored).bits,
        protections=() if auto else protections,
        hazards=hazards,
        reliable_bytes=(_FEW if reliable_bytes is None else reliable_bytes) if auto else None,
        further=tuple(dict.fromkeys(point for point in points if point not in device.points)),
        modules=modules,
    )
    if not auto:
        _check_reliable(task, reliable_bytes)
    if not task.parts:
        raise ValueError("every tensor is protected as reliable: nothing is left to place")
    # Where protections are chosen, the cost of what is reliable is part of the choice.
    asked_for, rated_joules = task, task.rated_joules
    solve = place_coarsely if method == "coarse" else place_finely
    chosen = solve(task, estimate)
    best = chosen.best
    if best is None:
        # The mildest setting is the last to be refused: where it has no errors, for room alone.
        raise ValueError(f"tensors that fit nowhere on {device.name}: {chosen.rejected[-1].why}")
    layout = best.lay_out()
    entries, cells = layout.entries, None
    if hazards is not None:
        if auto and config is not None:
            found = {name: Protection.parse(e.protection) for name, e in entries.items()}
            config = config.with_(protect={n: how for n, how in found.items() if how != NONE})
            task = replace(task, protections=tuple(found.values()), reliable_bytes=None)
        entries, cells = _with_hazards(task, entries)
    return Placement(
        device=device,
        config=config,
        method=method,
        estimate=estimate,
        law=law,
        entries=entries,
        points=layout.points,
        partition_bers=layout.partition_bers,
        energy_joules=best.joules + rated_joules,
        bound_joules=min(chosen.bound, best.joules) + rated_joules,
        verdict_volts={
            which: best.vdd_volts if which == estimate else _verdict(asked_for, which)
            for which in devices.ESTIMATES
        },
        rejected=tuple(chosen.rejected),
        coverage=getattr(tolerances, "coverage", None),
        single_cells=cells,
        modules=modules,
    )


def _verdict(task: Task, estimate: str) -> float | None:
    """Return the voltage that an estimate leads to, or None; of the exact method, if proven."""
    if task.method == "exact":
        cheapest, *others = problems_of(task, estimate)
        greedy, _ = cheapest.greedy(task)
        proven = greedy is not None and all(greedy.joules <= problem.bound for problem in others)
        return cheapest.vdd_volts if proven else None
    best = (place_coarsely if task.method == "coarse" else place_finely)(task, estimate).best
    return None if best is None else best.vdd_volts


def _protected(
    tolerances, protect: Mapping[Pattern, str | Protection] | str | None
) -> tuple[Config | None, tuple[Protection, ...]]:
    """The config with the protections asked for, and the protection of each tensor."""
    config, tensors = tolerances.config, tolerances.tensors
    if protect is None:
        return config, tuple(Protection.parse(getattr(t, "protection", NONE)) for t in tensors)
    asked = {} if protect == "none" else protect
    accepted = "'auto', 'none', None, a mapping of patterns to protections"
    a_kind("protect", asked, Mapping, accepted)
    if config is None:
        if asked:
            raise ValueError("protect: the tolerances have no config, and so no stored format")
        return config, (NONE,) * len(tensors)
    config = config.with_(protect=asked)
    found = protections_of([tensor.name for tensor in tensors], config)
    named = {name: how for name, how in found.items() if how != NONE}
    return config.with_(protect=named), tuple(found.values())


def _hazards(tolerances, risk: Any, miss_probability: float | None) -> Hazards | None:
    """The budget of single cells, if one is asked for."""
    if risk is None:
        if miss_probability is not None:
            raise ValueError(
                refusal("risk", None, "critical cells where miss_probability is given")
            )
        return None
    if (target := getattr(tolerances, "target_accuracy", None)) is not None:
        one_of("target_accuracy of risk", getattr(risk, "target_accuracy", target), [target])
    stated = getattr(tolerances, "risk", None)
    if miss_probability is None and stated is not None:
        miss_probability = stated.miss_probability
    if miss_probability is None:
        accepted = "a number above 0, at most 0.5, as these tolerances state no risk"
        raise ValueError(refusal("miss_probability", None, accepted))
    return Hazards.of(risk, tolerances.config, tolerances.tensors, miss_probability)


def _with_hazards(task: Task, entries: Mapping[str, Entry]) -> tuple[dict[str, Entry], SingleCells]:
    """Say of each tensor in its place what its single cells are worth."""
    assert task.hazards is not None
    hazards, names, numbers = task.hazards, list(entries), range(len(entries))
    # Rates are few: what each tensor would be worth at all of them, and without protection.
    own = [entry.ber for entry in entries.values()]
    strong = [(entry.places[-1] if entry.places else entry).ber for entry in entries.values()]
    rates, at = np.unique([own, strong], return_inverse=True)
    at = at.reshape(2, -1)
    plain = hazards.at(numbers, NONE, rates)[numbers, at[0]]
    each = np.zeros(len(names))
    for part, row in zip(task.parts, task.hazard(rates.tolist()), strict=True):
        each[part.tensor] += row[at[1 if part.strong else 0][part.tensor]]
    found = {}
    for name, entry, hazard, without in zip(names, entries.values(), each, plain, strict=True):
        said = f"hazard of its single cells {hazard:.2g} of {hazards.limit:.2g} for all"
        if entry.protection not in ("none", "reliable"):
            said += f", without {entry.protection} {without:.2g}"
        found[name] = replace(entry, why=f"{entry.why}; {said}")
    total = SingleCells(hazards.miss_probability, hazards.limit, float(each.sum()))
    return found, total


def _check_auto(method: str, risk: Any, *, auto: bool) -> None:
    if auto and risk is None:
        raise ValueError(refusal("risk", None, "critical cells where protect is 'auto'"))
    if auto and method == "coarse":
        accepted = "'none', None, a mapping of patterns to protections, as method is 'coarse'"
        raise ValueError(refusal("protect", "auto", accepted))


def _check_reliable(task: Task, most: int | None) -> None:
    """Refuse tensors named as reliable for which the rated point has no room.

    Raises:
        ValueError: Naming them, and how many bytes are missing.
    """
    reliable = {t.name: t.size_bytes for t, how in task.protected if how.kind == "reliable"}
    size = sum(energy.lines(task.device, each) for each in reliable.values())
    room = task.device.geometry.size_bytes if most is None else most
    if size > room:
        said = f"at least {size} for {', '.join(reliable)}: {size - room} bytes of room missing"
        raise ValueError(refusal("reliable_bytes", room, said))


def _check(tensors: Sequence, coarse_ber: float) -> None:
    if not tensors:
        raise ValueError(refusal("tensors of tolerances", tensors, "at least one"))
    within("coarse_ber", coarse_ber, 0, 1)
    names = Counter(tensor.name for tensor in tensors)
    for tensor in tensors:
        one_of(f"number of tensors named {tensor.name}", names[tensor.name], [1])
        check_tensor(tensor)
