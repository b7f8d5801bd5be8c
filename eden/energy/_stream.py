"""Energy and time of tensors moved from end to end, by the counts of the DRAM engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eden._native import core
from eden._say import a_kind, an_int, one_of, within
from eden.devices import Device, OperatingPoint
from eden.energy._joules import LAWS, Components
from eden.energy._streams import streams_of

_LARGEST = 2**62


@dataclass(frozen=True)
class Transfer:
    """A tensor read or written from end to end at an operating point.

    Attributes:
        write: Written rather than read.
        interleaved: Lines lie in turn in several banks; else within one bank after the other.
        address: First byte in the address space of that order.
        size_bytes: Bytes moved, at least 1.
        point: Operating point.
        times: How often, at most 1e18.
        banks: That lines are interleaved over; None for all of the module.
    """

    write: bool
    interleaved: bool
    address: int
    size_bytes: int
    point: OperatingPoint
    times: float = 1.0
    banks: int | None = None

    def __post_init__(self):
        for name in ("write", "interleaved"):
            a_kind(name, getattr(self, name), bool, "True or False")
        an_int("address", self.address, 0, _LARGEST)
        an_int("size_bytes", self.size_bytes, 1, _LARGEST)
        a_kind("point", self.point, OperatingPoint, "an operating point")
        within("times", self.times, 0, 1e18)
        if self.banks is not None:
            an_int("banks", self.banks, 1, 1024)

    def access_in(self, device: Device) -> core.StreamAccess:
        """Return it as the core takes it."""
        banks = device.geometry.banks if self.banks is None else self.banks
        return core.StreamAccess(
            write=self.write,
            banks=banks if self.interleaved else 1,
            address=self.address,
            bytes=self.size_bytes,
        )


def stream(
    device: Device, transfers: Sequence[Transfer], laws: Sequence[str]
) -> tuple[dict[str, Components], float]:
    """Return joules of the rank by law, and seconds, of transfers made one after another.

    Each finds rows of another tensor open; refreshes, and rows opened again after them, have their
    share of its time.

    Raises:
        ValueError: For a transfer outside the module or an unknown law.
    """
    a_kind("device", device, Device, "a device")
    a_kind("laws", laws, (tuple, list), "a list of laws")
    for law in laws:
        one_of("law", law, LAWS)
    moved = [
        core.Transfer(t.access_in(device), t.point.native, t.times, t.point.refresh_stretch)
        for t in transfers
    ]
    return _told(streams_of(device).energy(moved, list(laws)))


def idle(
    device: Device, seconds: float, point: OperatingPoint, laws: Sequence[str]
) -> tuple[dict[str, Components], float]:
    """Return the same of time in which nothing is moved and all rows are closed.

    Raises:
        ValueError: For an unknown law, or no time.
    """
    a_kind("device", device, Device, "a device")
    within("seconds", seconds, 0, 1e6)
    for law in laws:
        one_of("law", law, LAWS)
    stretch = point.refresh_stretch
    return _told(streams_of(device).idle(seconds, point.vdd_volts, stretch, list(laws)))


def _told(
    found: tuple[dict[str, dict[str, float]], float],
) -> tuple[dict[str, Components], float]:
    joules, seconds = found
    return {law: Components(**parts) for law, parts in joules.items()}, seconds


def reading_joules(
    device: Device,
    places: Sequence[tuple[int, int]],
    reads: Sequence[float],
    *,
    banks: int,
    law: str,
    points: Sequence[OperatingPoint] | None = None,
) -> dict[OperatingPoint, list[float]]:
    """Return the joules of reading each tensor by itself, by operating point.

    Args:
        device: With timing and currents at the points asked.
        places: Address and size of each tensor, in bytes.
        reads: How often each is read.
        banks: That lines are interleaved over.
        law: Voltage law.
        points: Operating points asked; None for the known ones.

    Raises:
        ValueError: For a tensor outside the module or an unknown law.
    """
    a_kind("device", device, Device, "a device")
    one_of("law", law, LAWS)
    # By the thousand: one address and size is one access, which the core checks.
    access_of = {
        place: core.StreamAccess(write=False, banks=banks, address=place[0], bytes=place[1])
        for place in dict.fromkeys(places)
    }
    accesses = [access_of[place] for place in places]
    points = device.points if points is None else points
    settings = [(point.native, point.refresh_stretch) for point in points]
    joules = streams_of(device).joules_by_point(accesses, list(reads), settings, law)
    return {point: [row[i] for row in joules] for i, point in enumerate(points)}


def lines(device: Device, size_bytes: int) -> int:
    """Return a size rounded up to whole lines, in bytes."""
    a_kind("device", device, Device, "a device")
    an_int("size_bytes", size_bytes, 0)
    line = device.geometry.line_bytes
    return -(-size_bytes // line) * line
