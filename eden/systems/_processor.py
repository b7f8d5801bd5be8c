"""Processors: cores with caches before a DRAM, simulated access by access (CPU, GPU)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eden._native import core
from eden._say import a_kind, a_number, an_int, one_of
from eden.dram import Memory
from eden.systems._homes import Homes, Passes
from eden.systems._layers import Call
from eden.systems._ran import Given, Ran

_SWITCHES = ("prefetch", "colliding_buffers")
_NUMBERS = ("clock_hz", "memory_seconds")
_INTEGERS = (
    "cores",
    "width",
    "window",
    "misses_in_flight",
    "vector_bytes",
    "multiply_units",
    "line_bytes",
    "l1_bytes",
    "l1_ways",
    "l2_bytes",
    "l2_ways",
    "l2_cycles",
    "shared_bytes",
    "shared_ways",
    "shared_cycles",
    "prefetch_streams",
    "prefetch_degree",
    "prefetch_distance",
    "prefetches_in_flight",
    "page_bytes",
    "page_seed",
    "channel_groups",
    "channel_bytes",
    "samples",
)
PARAMETERS = ("kernel", *_NUMBERS, *_INTEGERS, *_SWITCHES)
KERNELS = ("im2col", "direct", "tiled")
# A product touches its caches about so often for each request that reaches DRAM.
_ACCESSES_A_REQUEST = 10


def native(parameters: Mapping[str, Any], accesses: int = 2_000_000) -> core.Processor:
    """Return the processor of these parameters.

    Args:
        parameters: All of `PARAMETERS`.
        accesses: Of a phase of a layer, those beyond these are not simulated.

    Raises:
        TypeError: For a parameter of another type.
        ValueError: One line, for one that cannot be, such as caches that are no power of two sets.
    """
    one_of("kernel", parameters["kernel"], KERNELS)
    for name in _SWITCHES:
        a_kind(name, parameters[name], bool, "True, False")
    for name in _NUMBERS:
        a_number(name, parameters[name])
    for name in _INTEGERS:
        an_int(name, parameters[name], 0, 2**53)
    own = {k: v for k, v in parameters.items() if k != "kernel"}
    return core.Processor(**{**own, **{n: float(own[n]) for n in _NUMBERS}, "accesses": accesses})


def run(system: Given, calls: Sequence[Call], homes: Homes, most_requests: int) -> list[Ran]:
    """Run layers one after the other; arguments as those of `Kind.run`."""
    machine = _machine(
        system, homes.memory, homes.map or system.map, most_requests * _ACCESSES_A_REQUEST
    )
    found = []
    for one in calls:
        out = machine.layer(one.layer)
        read, written = out["read_bytes"], out["written_bytes"]
        layer = one.layer
        passes = Passes(
            read["weight"] / max(1, layer.weight_bytes),
            read["input"] / max(1, layer.input_bytes),
            written["output"] / max(1, layer.output_bytes),
        )
        notes = {
            "output_read_bytes": read["output"],
            "scratch_read_bytes": read["scratch"],
            "scratch_write_bytes": written["scratch"],
            "read_latency_seconds": out["read_latency_seconds"],
            "standard_error_seconds": out["standard_error_seconds"],
        }
        found.append(
            Ran(
                layer,
                tuple(homes.streams(one, passes)),
                out["compute_seconds"],
                out["busy_seconds"],
                out["seconds"],
                out["simulated"],
                out["row_hits"],
                out["counts"],
                notes,
            )
        )
    return found


@dataclass(frozen=True)
class Timed:
    """What a layer, or a synthetic pattern of accesses, took of a processor.

    Attributes:
        seconds: Of all of it.
        compute_seconds: Were all data in the first cache.
        busy_seconds: Of the data buses, mean of the channels.
        row_hits: Share of the accesses to DRAM for which no row was opened.
        read_latency_seconds: Mean, from the controller's queue to the last beat.
        standard_error_seconds: Of the seconds, where samples stand for the whole; else 0.
    """

    seconds: float
    compute_seconds: float
    busy_seconds: float
    row_hits: float
    read_latency_seconds: float
    standard_error_seconds: float

    @classmethod
    def of(cls, out: Mapping[str, Any]) -> Timed:
        """Return the fields that it has."""
        return cls(**{name: out[name] for name in cls.__dataclass_fields__})


def layer_times(
    system: Given, memory: Memory, layers: Sequence[core.Layer], *, accesses: int = 2_000_000
) -> list[Timed]:
    """Return what layers take of a processor, one after the other.

    Args:
        system: Of kind ``processor``.
        memory: Its memory, all channels, at the latencies to look at.
        layers: As `layers_of` returns them.
        accesses: Of each phase of a layer, those beyond these are not simulated; at least 1,000.
    """
    machine = _machine(system, memory, system.map, accesses)
    return [Timed.of(machine.layer(layer)) for layer in layers]


def pattern_time(
    system: Given,
    memory: Memory,
    *,
    accesses: int,
    random: bool,
    dependent: bool = False,
    write_share: float = 0.0,
    instructions: int = 8,
    span_bytes: int = 1 << 30,
    seed: int = 1,
) -> Timed:
    """Return what lines read in order, or at random, take of a processor.

    Args:
        system: Of kind ``processor``.
        memory: Its memory, all channels, at the latencies to look at.
        accesses: Of all cores together, a line each, at least 1.
        random: At random over ``span_bytes``; else in order: the cores of a CPU each their own
            part, those of a GPU side by side.
        dependent: Whether each address comes from the load before.
        write_share: Share of the accesses that write.
        instructions: Of each access, itself included.
        span_bytes: What they go over.
        seed: Of the random lines.

    Raises:
        ValueError: One line, for a number that cannot be.
    """
    out = _machine(system, memory, system.map, max(1000, accesses)).pattern(
        accesses=accesses,
        span_bytes=span_bytes,
        random=random,
        dependent=dependent,
        write_share=float(write_share),
        instructions=instructions,
        seed=seed,
    )
    return Timed.of(out)


def _machine(system: Given, memory: Memory, map: str, accesses: int) -> core.ProcessorRun:
    return core.ProcessorRun(
        native(system.parameters, accesses),
        system.parameters["kernel"],
        memory.native,
        map,
        json.dumps(system.policy(memory)),
    )


def assumptions(system: Given) -> tuple[str, ...]:
    """Return what the numbers of a processor rest on."""
    p = system.parameters
    kernels = {
        "im2col": "convolutions as blocked products over im2col, which goes through DRAM",
        "direct": "convolutions directly on blocks of sixteen channels",
        "tiled": "convolutions as products by tiles of 128 x 128, without im2col",
    }
    pages = f"scattered in pages of {p['page_bytes']} bytes" if p["page_bytes"] else "as they are"
    return (
        f"{system.name}: {p['cores']} cores at {p['clock_hz'] / 1e9:g} GHz, {p['width']} wide, a "
        f"load may be {p['window']} instructions behind, {p['misses_in_flight']} lines in flight a "
        "core; stores wait for room alone",
        f"{kernels[p['kernel']]}; products of at most 8 columns go by rows of the weights",
        f"addresses {pages}; prefetcher {'on' if p['prefetch'] else 'off'}; caches of least "
        "recent use, written back, empty at first and not emptied at the end",
        "no instruction misses, no translation of addresses, no other program; cores do not see "
        "each other's writes before the shared cache",
        "what im2col and packing write, and outputs that are read again, are notes of a layer and "
        "are charged at the supplies of its tensors",
        "activations, pooling, norms and biases cost nothing; a recurrent layer makes the gates of "
        "all inputs in one product, and steps after the second are as the second; of attention the "
        "products of feature maps are not modelled",
    )
