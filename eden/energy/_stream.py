"""Energy and time of tensors moved from end to end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eden._native import core
from eden._say import a_kind, an_int, one_of, within
from eden.devices import Device, OperatingPoint
from eden.energy._joules import LAWS, Components

_LARGEST = 2**62


@dataclass(frozen=True)
class Transfer:
    """A tensor read or written from end to end at an operating point.

    Attributes:
        write: Written rather than read.
        interleaved: Lines lie in turn in all banks; else within one bank after the other.
        address: First byte in the module's address space of that order.
        size_bytes: Bytes moved, at least 1.
        point: Operating point.
        times: How often, at most 1e18.
    """

    write: bool
    interleaved: bool
    address: int
    size_bytes: int
    point: OperatingPoint
    times: float = 1.0

    def __post_init__(self):
        for name in ("write", "interleaved"):
            a_kind(name, getattr(self, name), bool, "True or False")
        an_int("address", self.address, 0, _LARGEST)
        an_int("size_bytes", self.size_bytes, 1, _LARGEST)
        a_kind("point", self.point, OperatingPoint, "an operating point")
        within("times", self.times, 0, 1e18)


def stream(
    device: Device, transfers: Sequence[Transfer], laws: Sequence[str]
) -> tuple[dict[str, Components], float]:
    """Return joules of the rank by law, and seconds, of transfers made one after another.

    Raises:
        ValueError: For a transfer outside the module or an unknown law.
    """
    a_kind("device", device, Device, "a device")
    a_kind("laws", laws, (tuple, list), "a list of laws")
    for law in laws:
        one_of("law", law, LAWS)
    moved = [
        core.Transfer(
            _access(t.address, t.size_bytes, write=t.write, interleaved=t.interleaved),
            t.point.native,
            t.times,
            t.point.refresh_stretch,
        )
        for t in transfers
    ]
    joules, seconds = core.stream_energy(device.native, moved, list(laws))
    return {law: Components(**joules[law]) for law in laws}, seconds


def reading_joules(
    device: Device,
    places: Sequence[tuple[int, int]],
    reads: Sequence[float],
    *,
    interleaved: bool,
    law: str,
    further: Sequence[OperatingPoint] = (),
) -> dict[OperatingPoint, list[float]]:
    """Return the joules of reading each tensor by itself, by known operating point.

    Args:
        device: The device.
        places: Address and size of each tensor, in bytes.
        reads: How often each is read.
        interleaved: As for `Transfer`.
        law: Voltage law.
        further: Operating points beside the known ones.

    Raises:
        ValueError: For a tensor outside the module or an unknown law.
    """
    a_kind("device", device, Device, "a device")
    one_of("law", law, LAWS)
    accesses = [_access(a, size, write=False, interleaved=interleaved) for a, size in places]
    points = (*device.points, *further)
    settings = [(point.native, point.refresh_stretch) for point in points]
    joules = core.joules_by_point(device.native, accesses, list(reads), settings, law)
    return {point: [row[i] for row in joules] for i, point in enumerate(points)}


def lines(device: Device, size_bytes: int) -> int:
    """Return a size rounded up to whole lines, in bytes."""
    a_kind("device", device, Device, "a device")
    an_int("size_bytes", size_bytes, 0)
    line = device.geometry.line_bytes
    return -(-size_bytes // line) * line


def _access(address: int, size_bytes: int, *, write: bool, interleaved: bool):
    return core.StreamAccess(
        write=write, interleaved=interleaved, address=address, bytes=size_bytes
    )
