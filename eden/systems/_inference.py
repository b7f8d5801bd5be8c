"""Time and DRAM energy of an inference on a system that has a memory of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from torch import nn

from eden._native import core
from eden._say import a_kind, an_int, refusal, within
from eden.dram import Memory
from eden.errors import Uniform
from eden.mapping import Placement
from eden.network import Config
from eden.systems._cost import Inference, LayerCost
from eden.systems._homes import Homes, OnePoint, Placed, check_device, clocks_at
from eden.systems._kinds import KINDS
from eden.systems._layers import Call, batch_of, calls_of
from eden.systems._parts import Parts, joules_of
from eden.systems._ran import Ran
from eden.systems._system import System, system_of

MOST_REQUESTS = 200_000


def inference(
    model: nn.Module,
    sample,
    *,
    system: System | str | Path,
    vdd_volts: float | None = None,
    trcd_seconds: float | None = None,
    trp_seconds: float | None = None,
    config: Config | None = None,
    stored: str | None = None,
    most_requests: int = MOST_REQUESTS,
) -> Inference:
    """Return time and DRAM energy of one inference with all of its memory at one operating point.

    Args:
        model: The network (``torch.nn.Module``); not changed.
        sample: Its input, a tuple of inputs or a mapping of keyword arguments; dimension 0 of the
            first tensor is the batch.
        system: A system with a memory of its own, its name, or a path (`System.load`).
        vdd_volts: Main supply in volts; the rated one if left out.
        trcd_seconds: tRCD in seconds, rounded up to clocks, at least one; rated if left out.
        trp_seconds: tRP, by the same rule.
        config: How the network is stored; what it does not store lies there as it is.
        stored: Instead of a config, the stored format of all tensors. With neither, tensors are
            stored as they are.
        most_requests: Of each layer that are simulated, at least 1,000.

    Raises:
        TypeError: For an argument of another type.
        ValueError: One line, for an unknown system, a point that cannot be, a sample without a
            batch, and a network whose shapes cannot be found.
    """
    system = system_of(system)
    if config is not None and stored is not None:
        raise ValueError("config and stored are both given, accepted: one of them")
    _run_of(system)
    if stored is not None:
        config = Config(Uniform(0.0), stored=stored)
    rated = system.load_memory()
    volts = rated.vdd_volts if vdd_volts is None else vdd_volts
    within("vdd_volts", volts, rated.vdd_volts / 2, 1.5 * rated.vdd_volts)
    for name, value in (("trcd_seconds", trcd_seconds), ("trp_seconds", trp_seconds)):
        if value is not None:
            within(name, value, 0, 1e-6)
    memory = rated.with_clocks(clocks_at(rated, trcd_seconds, trp_seconds))
    calls = _calls(model, sample, config, system)
    return _of(
        system, calls, batch_of(sample), rated, lambda: OnePoint(memory, volts), most_requests
    )


def placed_inference(
    model: nn.Module,
    sample,
    placement: Placement,
    system: System,
    *,
    most_requests: int = MOST_REQUESTS,
) -> Inference:
    """Return the same with each tensor where a placement has it, as `eden.evaluate_energy` does."""
    a_kind("placement", placement, Placement, "a placement, as eden.place returns it")
    if placement.config is None:
        raise ValueError("placement has no config; accepted: one made from tolerances with theirs")
    rated = system.load_memory()
    check_device(rated, placement, system.name)
    calls = _calls(model, sample, placement.config, system)
    return _of(
        system, calls, batch_of(sample), rated, lambda: Placed(rated, placement), most_requests
    )


def _calls(model: nn.Module, sample, config: Config | None, system: System) -> list[Call]:
    return keep_on_chip(calls_of(model, sample, config), system.on_chip_bytes)


def _run_of(system: System):
    if (run := KINDS[system.kind].run) is None:
        accepted = "a system with a memory of its own, such as tpu"
        raise ValueError(refusal("system", system.name, accepted))
    return run


def _of(
    system: System,
    calls: Sequence[Call],
    batch: int,
    rated: Memory,
    homes: Callable[[], Homes],
    most_requests: int,
) -> Inference:
    an_int("most_requests", most_requests, 1000, 10**9)
    run = _run_of(system)
    reference = run(system, calls, OnePoint(rated, rated.vdd_volts), most_requests)
    here = homes()
    runs = run(system, calls, here, most_requests)
    halved = (
        run(system, calls, homes(), most_requests // 2)
        if any(r.fraction < 1 for r in runs)
        else runs
    )
    by_law = joules_of(here.memory, runs)
    joules = {law: _sum(parts) for law, parts in by_law.items()}
    of_half = _sum(joules_of(here.memory, halved, ("linear",))["linear"])
    errors = [
        abs(of_half.total / joules["linear"].total - 1),
        abs(sum(r.seconds for r in halved) / sum(r.seconds for r in runs) - 1),
    ]
    layers = tuple(
        LayerCost(
            name=ran.layer.name,
            kind=ran.layer.kind,
            weight_read_bytes=ran.moved("weight"),
            input_read_bytes=ran.moved("input"),
            output_write_bytes=ran.moved("output", write=True) + ran.moved("input", write=True),
            compute_seconds=ran.compute_seconds,
            dram_seconds=ran.dram_seconds,
            seconds=ran.seconds,
            row_hits=ran.row_hits,
            fraction=ran.fraction,
            joules={law: by_law[law][i] for law in by_law},
            notes=ran.notes,
        )
        for i, ran in enumerate(runs)
    )
    return Inference(
        system=system.name,
        memory=rated.name,
        batch=batch,
        layers=layers,
        joules=joules,
        rated_joules=_sum(joules_of(rated, reference, ("linear",))["linear"]),
        rated_seconds=sum(ran.seconds for ran in reference),
        sampling_error=max(errors),
        assumptions=_assumptions(system, rated, calls, runs),
    )


def _sum(parts: Sequence[Parts]) -> Parts:
    found = Parts()
    for one in parts:
        found = found.plus(one)
    return found


def _assumptions(
    system: System, memory: Memory, calls: Sequence[Call], runs: Sequence[Ran]
) -> tuple[str, ...]:
    policy = system.policy(memory)
    rest = policy.get("power_down_clocks", 0)
    notes = [
        *KINDS[system.kind].assumptions(system),
        f"memory: {memory.name}, {system.channels} channel(s), map {system.map}, page "
        f"{policy.get('page', 'open')}; "
        + (f"power-down after {rest} idle clocks" if rest else "no power-down"),
        "idle time pays standby or power-down, and all time refresh; nothing is counted between "
        "inferences",
        "tensors that are not placed stay at the rated supply; a layer with tensors at several "
        "supplies is charged by the bytes at each",
        "joules follow the main supply by each law (docs/dram.md); time does not depend on it",
    ]
    if not _has_pins(memory):
        notes.append(f"{memory.name} does not describe its pins: I/O and termination count as 0")
    notes += [
        f"unknown layer {c.layer.name} ({c.module}): its bytes are counted at the rated point, "
        "its arithmetic is not"
        for c in calls
        if c.layer.kind == "other"
    ]
    if any(ran.fraction < 1 for ran in runs):
        part = min(ran.fraction for ran in runs)
        notes.append(f"long layers are simulated in part, at least {100 * part:.3g} % of each")
    return tuple(notes)


def _has_pins(memory: Memory) -> bool:
    found = memory.native.energy(core.TraceCounts(reads=1, writes=1), 0.0, "linear", {})
    return found["read_interface"] + found["write_termination"] > 0


def keep_on_chip(calls: Sequence[Call], on_chip_bytes: int) -> list[Call]:
    """Return the layers with those feature maps on chip that fit, as `eden.Config` has it.

    An IFM that fits beside the OFM of its layer, both of one inference, never goes through DRAM,
    nor does that OFM; what the first layer reads comes from DRAM in any case.
    """
    found = []
    for number, one in enumerate(calls):
        layer = one.layer
        both = -(-(layer.input_bytes + layer.output_bytes) // layer.batch)
        if both <= on_chip_bytes and layer.kind != "other":
            layer = layer.on_chip(
                weight=layer.weight_on_chip,
                input=layer.input_on_chip or number > 0,
                output=True,
            )
        found.append(replace(one, layer=layer))
    return found
