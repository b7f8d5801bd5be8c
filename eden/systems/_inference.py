"""Time and DRAM energy of an inference on a system that has a memory of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from torch import nn

from eden._say import a_kind
from eden.errors import Uniform
from eden.mapping import Placement
from eden.network import Config
from eden.systems._cost import Inference
from eden.systems._layers import Call, batch_of, calls_of
from eden.systems._prepared import Prepared, run_of
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
    prepared = prepare(
        model, sample, system=system, config=config, stored=stored, most_requests=most_requests
    )
    return prepared.at(vdd_volts=vdd_volts, trcd_seconds=trcd_seconds, trp_seconds=trp_seconds)


def prepare(
    model: nn.Module,
    sample,
    *,
    system: System | str | Path,
    config: Config | None = None,
    stored: str | None = None,
    most_requests: int = MOST_REQUESTS,
) -> Prepared:
    """Return a network on a system, to look at with its memory at many operating points.

    ``prepare(...).at(vdd_volts=..., trcd_seconds=...)`` is `inference` with the same arguments, but
    runs the layers once for each set of latencies.

    Args:
        model: As of `inference`.
        sample: As of `inference`.
        system: As of `inference`.
        config: As of `inference`.
        stored: As of `inference`.
        most_requests: As of `inference`.

    Raises:
        TypeError: For an argument of another type.
        ValueError: One line, for an unknown system, a sample without a batch, and a network whose
            shapes cannot be found.
    """
    system = system_of(system)
    if config is not None and stored is not None:
        raise ValueError("config and stored are both given, accepted: one of them")
    run_of(system)
    if stored is not None:
        config = Config(Uniform(0.0), stored=stored)
    calls = _calls(model, sample, config, system)
    return Prepared(system, calls, batch_of(sample), most_requests)


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
        raise ValueError("placement has no config, accepted: one made from tolerances with theirs")
    calls = _calls(model, sample, placement.config, system)
    return Prepared(system, calls, batch_of(sample), most_requests).placed(placement)


def _calls(model: nn.Module, sample, config: Config | None, system: System) -> list[Call]:
    return keep_on_chip(calls_of(model, sample, config), system.on_chip_bytes)


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
