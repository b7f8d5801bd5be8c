"""Accelerators: an array of processing elements between three buffers (Eyeriss, TPU)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from eden._native import core
from eden._say import a_kind, a_number, an_int, keys_of
from eden.systems._homes import Homes, Passes
from eden.systems._layers import Call
from eden.systems._ran import Given, Ran

_INTEGERS = (
    "rows",
    "columns",
    "input_buffer_bytes",
    "weight_buffer_bytes",
    "output_buffer_bytes",
    "accumulator_bytes",
)
PARAMETERS = ("dataflow", *_INTEGERS, "clock_hz", "double_buffered", "on_chip_bytes")


def native(parameters: Mapping[str, Any]) -> core.Accelerator:
    """Return the accelerator of these parameters.

    Raises:
        TypeError: For a parameter of another type.
        ValueError: One line, for one that cannot be.
    """
    a_kind("dataflow", parameters["dataflow"], str, "output_stationary, row_stationary")
    a_kind("double_buffered", parameters["double_buffered"], bool, "True, False")
    a_number("clock_hz", parameters["clock_hz"])
    for name in _INTEGERS:
        an_int(name, parameters[name], 1, 2**40)
    an_int("on_chip_bytes", parameters["on_chip_bytes"], 0, 2**62)
    own = {k: v for k, v in parameters.items() if k not in ("dataflow", "on_chip_bytes")}
    return core.Accelerator(parameters["dataflow"], **{**own, "clock_hz": float(own["clock_hz"])})


def work_of(parameters: Mapping[str, Any], layer: core.Layer) -> core.Work:
    """Return what one layer takes of an accelerator, in closed form.

    Args:
        parameters: Of a system of kind ``accelerator``.
        layer: Its shape and operands.

    Returns:
        ``cycles`` of its array, ``folds`` of it, ``tiles`` between which the buffers are filled
        anew, and how often each tensor crosses between it and DRAM: ``weight_passes``,
        ``input_passes``, ``output_passes``.

    Raises:
        TypeError: For a parameter of another type.
        ValueError: For parameters of another kind, or those that cannot be.
    """
    keys_of("parameters", parameters, PARAMETERS)
    a_kind("layer", layer, core.Layer, "a Layer")
    return core.work_of(native(parameters), layer)


def run(system: Given, calls: Sequence[Call], homes: Homes, most_requests: int) -> list[Ran]:
    """Run layers one after the other; arguments as those of `Kind.run`."""
    accelerator = native(system.parameters)
    clock_hz = system.parameters["clock_hz"]
    policy = json.dumps(system.policy(homes.memory))
    found = []
    for one in calls:
        work = core.work_of(accelerator, one.layer)
        passes = Passes(work.weight_passes, work.input_passes, work.output_passes)
        streams = tuple(homes.streams(one, passes))
        compute = work.cycles / clock_hz
        served = core.serve_layer(
            homes.memory.native,
            [
                core.TensorStream(address=s.address, bytes=s.size_bytes, passes=s.passes, write=w)
                for s in streams
                for w in [s.write]
            ],
            tiles=work.tiles,
            compute_seconds=compute,
            overlap=system.parameters["double_buffered"],
            map=homes.map or system.map,
            policy=policy,
            most_requests=most_requests,
        )
        notes = {"cycles": work.cycles, "folds": work.folds, "tiles": work.tiles}
        found.append(
            Ran(
                one.layer,
                streams,
                compute,
                served.dram_seconds,
                served.seconds,
                served.fraction,
                served.row_hits,
                served.counts,
                notes,
            )
        )
    return found


def assumptions(system: Given) -> tuple[str, ...]:
    """Return what the numbers of an accelerator rest on."""
    given = system.parameters
    kept = {"output_stationary": "an output", "row_stationary": "a row of a filter"}
    overlap = (
        "double buffering: a layer takes the longer of arithmetic and DRAM, halves of the buffers "
        "being filled while the others are used; how it begins and ends is not counted"
        if given["double_buffered"]
        else "no double buffering: a layer takes its arithmetic and then its DRAM"
    )
    return (
        f"{system.name}: {given['rows']} x {given['columns']} elements at "
        f"{given['clock_hz'] / 1e6:g} MHz; each keeps {kept[given['dataflow']]} "
        f"({given['dataflow'].replace('_', ' ')})",
        overlap,
        "a tensor that fits its buffer is read once, others once a tile in the order that moves "
        "less; every OFM is written once and every IFM read from DRAM, unless it stays on chip "
        f"(on_chip_bytes {given['on_chip_bytes']})",
        "a tile's share of every tensor is asked for at once, when the tile before it starts",
        "partial sums never go to DRAM; activations, pooling, norms and biases cost nothing",
    )
