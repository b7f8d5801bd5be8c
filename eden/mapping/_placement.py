"""Placements: which tensor lies where in a device, at which operating point, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field
from functools import cached_property
from typing import Any

from eden import devices, network
from eden._files import parse_json
from eden._say import a_kind, keys_of, rate
from eden.mapping._hazard import SingleCells
from eden.mapping._pieces import Place
from eden.mapping._validity import (
    check_placement,
    check_point,
    check_stated,
    partitions_of,
    pieces_of,
)
from eden.network import Config, Coverage


@dataclass(frozen=True)
class Entry:
    """One tensor in its place.

    Attributes:
        name: Tensor name, such as ``conv1.weight``.
        kind: ``weight`` or ``input``.
        elements: Elements of one copy.
        size_bytes: Bytes of one copy in the stored format.
        reads: How often an inference reads it.
        tolerance: Highest BER it bears, in [0, 1].
        partition: Name of its partition; ``module`` if lines are interleaved over all banks.
        address: First byte within the partition.
        row_bytes: Bytes of a row there.
        ber: Bit error rate there, of the placement's estimate.
        why: Why it went there, in one line.
        protection: How it is stored, as in `Config.protect`.
        places: Where what protects it lies: copies, check bytes or strong bits.
    """

    name: str
    kind: str
    elements: int
    size_bytes: int
    reads: float
    tolerance: float
    partition: str
    address: int
    row_bytes: int
    ber: float
    why: str
    protection: str = "none"
    places: tuple[Place, ...] = ()

    @property
    def error(self):
        """Uniform error model of its partition."""
        return devices.uniform(self.ber)


@dataclass(frozen=True)
class Rejection:
    """A setting of the module that would be cheaper, or cost no more, and was not taken.

    Attributes:
        vdd_volts: Supply voltage of the setting.
        why: What does not fit, or what it would cost.
    """

    vdd_volts: float
    why: str


@dataclass(frozen=True)
class Placement:
    """Where the tensors of a network lie in a device.

    Attributes:
        device: That they lie in, one module of it or `modules` side by side.
        config: How the network lies in DRAM (stored format, correction, calibration).
        method: ``greedy``, ``exact`` or ``coarse``.
        estimate: Which BER of the measured range was used: ``low``, ``mean`` or ``high``.
        law: Voltage law of the objective.
        entries: Tensors by name, in the order given.
        points: Operating point of each partition in use, by name.
        partition_bers: BER of every partition at the voltage chosen and the point in use there (the
            first one where none is), of the placement's estimate.
        energy_joules: The objective: reading every tensor as often as an inference does.
        bound_joules: No placement reads them for less (proven).
        verdict_volts: Supply voltage that each estimate of the BER range leads to. None where none
            does, or where the exact method would have to solve once more to tell.
        rejected: Cheaper settings that were not taken, and why.
        coverage: What of the network the tensors placed are; None where that is not known.
        single_cells: The budget of single cells and what of it is used; None without a risk.
        modules: How many modules like the device lie side by side.
    """

    device: devices.Device
    config: Config | None
    method: str
    estimate: str
    law: str
    entries: Mapping[str, Entry] = field(repr=False)
    points: Mapping[str, devices.OperatingPoint] = field(repr=False)
    partition_bers: Mapping[str, float] = field(repr=False)
    energy_joules: float
    bound_joules: float
    verdict_volts: Mapping[str, float | None]
    rejected: tuple[Rejection, ...] = field(repr=False)
    coverage: Coverage | None = field(default=None, repr=False)
    single_cells: SingleCells | None = None
    modules: int = 1

    def __str__(self) -> str:
        volts = sorted({point.vdd_volts for point in self.points.values()})
        said = f"{self.modules} x {self.device.name}" if self.modules > 1 else self.device.name
        lines = [f"{self.method} placement on {said} at {', '.join(f'{v:g}' for v in volts)} V"]
        lines += [
            f"  {name}: {entry.partition}, address {entry.address}, BER {rate(entry.ber)}"
            + (f", {entry.protection}" if entry.protection != "none" else "")
            for name, entry in self.entries.items()
        ]
        if self.single_cells is not None:
            cells = self.single_cells
            lines.append(
                f"  hazard of single cells {cells.hazard:.2g} of {cells.limit:.2g}, for a risk of "
                f"{cells.miss_probability:g}"
            )
        kinds = {point.quality for point in self.points.values()} - {"nominal", "measured"}
        if kinds:
            lines.append(f"  rates of points that are {', '.join(sorted(kinds))}, not measured")
        if self.never_read:
            lines.append(f"  at the rated point, never read: {', '.join(self.never_read)}")
        if self.on_chip:
            lines.append(f"  on chip: {', '.join(self.on_chip)}")
        return "\n".join([*lines, *([str(self.coverage)] if self.coverage else [])])

    def pieces(self, name: str) -> tuple[Place, ...]:
        """Return all pieces of memory that a tensor takes, its own first."""
        return pieces_of(self.entries[name], self.config)

    @cached_property
    def partitions(self) -> dict[str, devices.Partition]:
        """The partitions and subarrays of all modules, by name."""
        return partitions_of(self.device, self.modules)

    @property
    def gap(self) -> float:
        """Proven distance from the optimum, as a fraction of the energy; 0 means optimal."""
        if self.energy_joules == 0:
            return 0.0
        return max(0.0, 1 - self.bound_joules / self.energy_joules)

    @property
    def vdd_volts(self) -> float:
        """Highest supply voltage in use (the module's, where voltage belongs to the module)."""
        return max(point.vdd_volts for point in self.points.values())

    @property
    def never_read(self) -> list[str]:
        """Tensors that the network never read; they have no place, and lie at the rated point."""
        known = None if self.config is None else self.config.calibration
        return [] if known is None else known.never_read

    @property
    def on_chip(self) -> list[str]:
        """Inputs that never go through DRAM; they have no place."""
        return [] if self.config is None else network.on_chip(self.config)

    def to_json(self) -> str:
        """Return the placement as JSON text, with its device and config; SI units."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """Return the placement as plain data."""
        cells = self.single_cells
        return {
            "method": self.method,
            "estimate": self.estimate,
            "law": self.law,
            "vdd_volts": self.vdd_volts,
            "energy_joules": self.energy_joules,
            "bound_joules": self.bound_joules,
            "gap": self.gap,
            "verdict_volts": dict(self.verdict_volts),
            "rejected": [vars(r) for r in self.rejected],
            "tensors": {name: _without_name(entry) for name, entry in self.entries.items()},
            "points": {name: point.to_dict() for name, point in self.points.items()},
            "partition_bers": dict(self.partition_bers),
            "coverage": None if self.coverage is None else self.coverage.to_dict(),
            **({} if cells is None else {"single_cells": vars(cells)}),
            **({} if self.modules == 1 else {"modules": self.modules}),
            "config": None if self.config is None else self.config.to_dict(),
            "device": json.loads(self.device.to_json()),
        }

    @classmethod
    def from_json(cls, text: str) -> Placement:
        """Read what `to_json` wrote.

        Raises:
            ValueError: For text that is not a placement.
        """
        try:
            return cls.from_dict(parse_json(text))
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError(f"placement is not valid JSON: {error}") from error

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Placement:
        """Build from what `to_dict` returned.

        Raises:
            ValueError: For missing or unknown fields, values out of their range, and what the
                device contradicts.
        """
        try:
            keys_of("placement", data, _REQUIRED, _LATE)
            device = devices.from_json(json.dumps(data["device"]))
            seen = data.get("coverage")
            cells = data.get("single_cells")
            if cells is not None:
                cells = SingleCells(**keys_of("single_cells", cells, _SINGLE_CELLS))
            a_kind("rejected", data["rejected"], (list, tuple), "a list")
            points = {}
            for name, p in data["points"].items():
                keys_of(f"point {name}", p, _OF_POINT, _LATE_OF_POINT)
                points[name] = device.at(
                    p["vdd_volts"],
                    p["trcd_seconds"],
                    p["trp_seconds"],
                    temperature_celsius=p.get("temperature_celsius"),
                    refresh_seconds=p.get("refresh_seconds"),
                )
                check_point(name, points[name], p)
            placement = cls(
                device=device,
                coverage=None if seen is None else Coverage.from_dict(seen),
                single_cells=cells,
                config=None if data["config"] is None else Config.from_dict(data["config"]),
                entries={n: _entry(n, fields) for n, fields in data["tensors"].items()},
                points=points,
                rejected=tuple(Rejection(**r) for r in data["rejected"]),
                modules=data.get("modules", 1),
                **{key: data[key] for key in _PLAIN},
            )
            check_placement(placement)
            check_stated(placement, data)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a placement: {error}") from error
        return placement


_PLAIN = (
    "method",
    "estimate",
    "law",
    "partition_bers",
    "energy_joules",
    "bound_joules",
    "verdict_volts",
)
# Of a point; the later ones stand there where they say more than that it is rated.
_FIELDS = devices.OperatingPoint.__dataclass_fields__.values()
_OF_POINT = tuple(f.name for f in _FIELDS if f.default is MISSING)
_LATE_OF_POINT = tuple(f.name for f in _FIELDS if f.default is not MISSING)
_SINGLE_CELLS = tuple(SingleCells.__dataclass_fields__)
_REQUIRED = (*_PLAIN, "device", "config", "tensors", "points", "rejected")
_LATE = ("vdd_volts", "gap", "coverage", "single_cells", "modules")


def _without_name(entry: Entry) -> dict[str, Any]:
    # Without a protection an entry is what it was before there were any.
    late = {"protection": entry.protection, "places": [vars(place) for place in entry.places]}
    plain = {key: value for key, value in vars(entry).items() if key not in ("name", *late)}
    return plain if entry.protection == "none" else {**plain, **late}


def _entry(name: str, fields: Mapping[str, Any]) -> Entry:
    places = tuple(Place(**place) for place in fields.get("places", ()))
    return Entry(name=name, **{**fields, "places": places})
