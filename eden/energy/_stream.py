"""Energy and time of tensors moved from end to end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eden._native import core
from eden.devices import Device, OperatingPoint
from eden.energy._joules import Components, dram_energy


@dataclass(frozen=True)
class Transfer:
    """A tensor read or written from end to end at an operating point.

    Attributes:
        write: Written rather than read.
        interleaved: Lines lie in turn in all banks; else within one bank after the other.
        address: First byte in the module's address space of that order.
        size_bytes: Bytes moved, at least 1.
        point: Operating point.
        times: How often.
    """

    write: bool
    interleaved: bool
    address: int
    size_bytes: int
    point: OperatingPoint
    times: float = 1.0


def stream(
    device: Device, transfers: Sequence[Transfer], laws: Sequence[str]
) -> tuple[dict[str, Components], float]:
    """Return joules of the rank by law, and seconds, of transfers made one after another.

    Raises:
        ValueError: For a transfer outside the module or an unknown law.
    """
    accesses = [
        core.StreamAccess(
            write=t.write,
            interleaved=t.interleaved,
            address=t.address,
            bytes=t.size_bytes,
            trcd_seconds=t.point.trcd_seconds,
            trp_seconds=t.point.trp_seconds,
        )
        for t in transfers
    ]
    counted = core.stream(device.geometry, device.timing, accesses)
    joules = {law: Components() for law in laws}
    cycles = 0.0
    for counts, transfer in zip(counted, transfers, strict=True):
        # Every command goes to all chips of the rank.
        times = transfer.times * device.geometry.chips
        for law in laws:
            one = dram_energy(
                counts,
                device.currents,
                device.timing,
                vdd_volts=transfer.point.vdd_volts,
                law=law,
            )
            joules[law] += one.scaled(times)
        cycles += transfer.times * (counts.active_cycles + counts.precharged_cycles)
    return joules, cycles * device.timing.clock_seconds


def lines(device: Device, size_bytes: int) -> int:
    """Return a size rounded up to whole lines, in bytes."""
    line = device.geometry.line_bytes
    return -(-size_bytes // line) * line
