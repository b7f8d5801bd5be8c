"""Placement of tensors in a device at the least energy that their tolerances allow.

Only measured points are used; interpolated ones are for plots.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from eden import devices, energy
from eden._say import a_kind, one_of, refusal, within
from eden.access import Protection, formats
from eden.access.protection import NONE
from eden.mapping._coarse import place_coarsely
from eden.mapping._fine import place_finely, problems_of
from eden.mapping._placement import Placement
from eden.mapping._task import Task
from eden.mapping._validity import METHODS, check_tensor
from eden.network import Config, Pattern, protections_of

LEVELS = ("bank", "subarray")


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
) -> Placement:
    """Place the tensors of a network in a device.

    Args:
        tolerances: What characterisation found: ``config``, ``coarse_ber`` and ``tensors``, each
            with ``name``, ``kind``, ``elements``, ``size_bytes``, ``reads`` and ``tolerance``;
            ``coverage``, if it is there, goes along.
        device: The device.
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
            and costs its reads; what is reliable lies at the rated point.

    Returns:
        The placement; `str` of it says where tensors lie, and what of the network they are.

    Raises:
        ValueError: For an unknown name, a tensor that makes no sense, or tensors that fit nowhere:
            which ones, and how many bytes of room are missing.

    Reference: paper.md, Mapping, Algorithm 1.
    """
    one_of("method", method, METHODS)
    one_of("level", level, LEVELS)
    one_of("estimate", estimate, devices.ESTIMATES)
    one_of("law", law, energy.LAWS)
    within("time_limit_seconds", time_limit_seconds, 0, above=True)
    a_kind("device", device, devices.Device, "a device, as eden.devices.load returns it")
    if not all(hasattr(tolerances, name) for name in ("config", "coarse_ber", "tensors")):
        accepted = "what characterize_coarse or characterize_fine returns"
        raise TypeError(refusal("type of tolerances", type(tolerances).__name__, accepted))
    tensors = tuple(tolerances.tensors)
    _check(tensors, tolerances.coarse_ber if method == "coarse" else 0.0)
    config, protections = _protected(tolerances, protect)
    # Without a config there is no protection, and the width of an element counts for nothing.
    bits = 8 if config is None else formats.get(config.stored).bits
    asked = (tensors, tolerances.coarse_ber, device, method, level, law, time_limit_seconds)
    task = Task(*asked, bits, protections)
    if not task.parts:
        raise ValueError("every tensor is protected as reliable: nothing is left to place")
    solve = place_coarsely if method == "coarse" else place_finely
    chosen = solve(task, estimate)
    best = chosen.best
    if best is None:
        # The mildest setting is the last to be refused: there, only room can be missing.
        raise ValueError(f"tensors that fit nowhere on {device.name}: {chosen.rejected[-1].why}")
    layout = best.lay_out()
    return Placement(
        device=device,
        config=config,
        method=method,
        estimate=estimate,
        law=law,
        entries=layout.entries,
        points=layout.points,
        partition_bers=layout.partition_bers,
        energy_joules=best.joules + task.rated_joules,
        bound_joules=min(chosen.bound, best.joules) + task.rated_joules,
        verdict_volts={
            which: best.vdd_volts if which == estimate else _verdict(task, which)
            for which in devices.ESTIMATES
        },
        rejected=tuple(chosen.rejected),
        coverage=getattr(tolerances, "coverage", None),
    )


def _verdict(task: Task, estimate: str) -> float | None:
    """Return the voltage that an estimate leads to, or None; of the exact method, if proven."""
    if task.method == "exact":
        cheapest, *others = problems_of(task, estimate)
        joules = cheapest.greedy_joules
        proven = joules is not None and all(joules <= problem.bound for problem in others)
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
    a_kind("protect", asked, Mapping, "'none', None, a mapping of patterns to protections")
    if config is None:
        if asked:
            raise ValueError("protect: the tolerances have no config, and so no stored format")
        return config, (NONE,) * len(tensors)
    config = config.with_(protect=asked)
    found = protections_of([tensor.name for tensor in tensors], config)
    named = {name: how for name, how in found.items() if how != NONE}
    return config.with_(protect=named), tuple(found.values())


def _check(tensors: Sequence, coarse_ber: float) -> None:
    if not tensors:
        raise ValueError(refusal("tensors of tolerances", tensors, "at least one"))
    within("coarse_ber", coarse_ber, 0, 1)
    names = Counter(tensor.name for tensor in tensors)
    for tensor in tensors:
        one_of(f"number of tensors named {tensor.name}", names[tensor.name], [1])
        check_tensor(tensor)
