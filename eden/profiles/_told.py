"""Fits as text, and as the points of a device's description."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from eden._say import rate, refusal
from eden.profiles._conditions import HEADS
from eden.profiles._fit import Fit

_SHOWN = {"spread": lambda value: f"{value:.3g}"}


def place_of(point: dict[str, Any]) -> str:
    """Write a module and operating point in one line."""
    said = [f"{HEADS[name][0]} {HEADS[name][1](value)}"
            for name, value in point.items()
            if value is not None and value not in ("", "cell")]  # fmt: skip
    return ", ".join(said)


def print_fit(fit: Fit) -> None:
    """Print what was chosen, its numbers with their intervals, and why."""
    best = fit.best
    print(f"{place_of(fit.point)}: model {best.number} ({best.name})")
    for name, value in best.parameters.items():
        shown = _SHOWN.get(name, rate)
        low, high = best.intervals[name]
        limit = "below " if best.censored else ""
        percent = f"{100 * best.confidence:g} %"
        print(f"  {name} {limit}{shown(value)}, {percent} {shown(low)} to {shown(high)}")
    print(f"  variance over that of model 0: {fit.overdispersion:.3g}")
    print(f"  {fit.why}")


def device_of(fits: Iterable[Fit], base: str, name: str) -> str:
    """Make the description of a device of the fits of one module.

    Args:
        fits: Of one module, at operating points that differ in voltage or latency.
        base: JSON of a device of the same geometry and rating: what a profile does not hold
            (geometry, timing, currents, nominal point) is taken from it.
        name: Of the new device.

    Returns:
        JSON that `eden.devices.from_json` reads; where the profile leaves a setting open it is the
        base's nominal one.

    Raises:
        ValueError: The fits are of several modules, of one setting twice, or of whole rows.
    """
    fits = list(fits)
    modules = sorted({str(fit.point["module"]) for fit in fits})
    if len(modules) != 1:
        raise ValueError(refusal("modules", modules, "one, for a device"))
    device = json.loads(base)
    points, sources = [], {}
    for fit in fits:
        point = {k: fit.point[k] or device["nominal"][k]
                 for k in ("vdd_volts", "trcd_seconds", "trp_seconds")}  # fmt: skip
        if any(all(point[k] == other[k] for k in point) for other in points):
            raise ValueError(
                f"{place_of(fit.point)}: a second point of these settings, accepted: one "
                "temperature and refresh interval, one unit"
            )
        if fit.point["unit"] == "row":
            raise ValueError(f"{place_of(fit.point)}: rows were counted, accepted: cells or lines")
        key = "line_fraction" if fit.point["unit"] == "line" else "bit_fraction"
        share = 0.0 if fit.best.censored else fit.best.ber
        sources[f"points[{len(points)}].{key}"] = f"model {fit.best.number} ({fit.best.name})"
        points.append({**point, key: share, **_range(fit, share), "cells_tested": _cells(fit)})
    device |= {"name": name, "points": points}
    device["description"] = f"module {modules[0]}; all but its points as {json.loads(base)['name']}"
    kept = {k: v for k, v in device.get("sources", {}).items() if not k.startswith("points")}
    device["sources"] = kept | sources
    return json.dumps(device, indent=1)


def _range(fit: Fit, share: float) -> dict[str, float]:
    """The interval of the rate, where the fit has one and something failed."""
    if share == 0:
        return {}
    if "ber" in fit.best.intervals:
        ends = [fit.best.intervals["ber"]]
    elif "ber_one" in fit.best.intervals:  # of as many ones as zeros
        ends = [fit.best.intervals["ber_one"], fit.best.intervals["ber_zero"]]
    else:
        return {}
    low, high = (float(np.mean([end[side] for end in ends])) for side in (0, 1))
    return {"fraction_low": min(max(low, 0.0), share), "fraction_high": min(max(high, share), 1.0)}


def _cells(fit: Fit) -> int:
    return int(np.sum(fit.counts.units)) * (512 if fit.point["unit"] == "line" else 1)
