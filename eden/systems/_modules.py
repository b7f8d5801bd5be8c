"""Modules side by side, each on channels and at a supply of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from eden.devices import OperatingPoint, Partition
from eden.mapping import Placement


def module_number(name: str, known: Mapping[str, Partition]) -> int:
    """Return the module of a partition; what is none of them lies in the first."""
    return known[name].module if name in known else 0


def waiting_points(placement: Placement) -> dict[int, OperatingPoint]:
    """Return the point at which each module with partitions in use waits: the mildest of theirs."""
    known, points = placement.partitions, defaultdict(list)
    for name, point in placement.points.items():
        points[module_number(name, known)].append(point)
    return {
        module: max(own, key=lambda p: (p.vdd_volts, -p.refresh_stretch))
        for module, own in points.items()
    }
