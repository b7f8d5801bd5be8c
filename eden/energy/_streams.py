"""The engine's memory of a device, with the clocks and pins that the device does not state."""

from __future__ import annotations

from functools import lru_cache

from eden._native import core
from eden.devices import Device
from eden.dram import Memory, load_memory, memory_names


@lru_cache(maxsize=32)
def like(device: Device) -> Memory:
    """Return the memory of eden's that is most like a device.

    One of the same standard if there is one, and of those the one of the closest supply and clock.
    """
    memories = [load_memory(name) for name in memory_names()]
    standard = device.standard.removesuffix("L")
    alike = [memory for memory in memories if memory.standard == standard] or memories
    volts, clock = device.currents.vdd_volts, device.timing.clock_seconds

    def distance(memory: Memory) -> tuple[float, float]:
        return abs(memory.clock_seconds / clock - 1), abs(memory.vdd_volts - volts)

    return min(alike, key=distance)


@lru_cache(maxsize=32)
def streams_of(device: Device) -> core.Streams:
    """Return what counts the transfers of a device, and remembers them."""
    return core.Streams(device.native, like(device).native)
