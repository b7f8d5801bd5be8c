"""Fits as text, and as the points of a device's description."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np

from eden._say import rate, refusal
from eden.profiles._conditions import place_of
from eden.profiles._fit import Fit
from eden.profiles._models import UNIT_BITS, of_cell

# That refresh all rows (JESD79-3, tREFI).
_COMMANDS = 8192
_SHOWN = {"spread": lambda value: f"{value:.3g}"}


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
    if best.number in (1, 2):  # the mean of a distribution may miss what two heads of it show
        print(f"  ber of the places tested {rate(best.ber)}")
    if (bits := UNIT_BITS[fit.point["unit"]]) > 1 and not best.censored:
        alone = rate(float(of_cell(best.ber, fit.point["unit"])))
        ends = f"{rate(best.ber / bits)} (one each) to {rate(best.ber)} (all)"
        print(f"  of bits {alone} if they fail independently; {ends}")
    print(f"  variance over that of model 0: {fit.overdispersion:.3g}")
    print(f"  {fit.why}")


def device_of(fits: Iterable[Fit], base: str, name: str) -> str:
    """Make the description of a device of the fits of one module.

    Args:
        fits: Of one module, at operating points that differ in voltage, latency, temperature or
            refresh interval; a longer interval than the rated one is retention.
        base: JSON of a device of the same geometry and rating: what a profile does not hold
            (geometry, timing, currents, nominal point) is taken from it, and said to be assumed.
        name: Of the new device.

    Returns:
        JSON that `eden.devices.from_json` reads; where the profile leaves a setting open it is the
        base's nominal one.

    Raises:
        ValueError: The fits are of several modules, of one setting twice, of whole rows, or of a
            longer wait without a temperature.
    """
    fits = list(fits)
    modules = sorted({str(fit.point["module"]) for fit in fits})
    if len(modules) != 1:
        raise ValueError(refusal("modules", modules, "one, for a device"))
    device = json.loads(base)
    of = device["name"]
    # What was measured on the base's module is none of this one's.
    measured: dict[str, list[dict]] = {"points": [], "retention": []}
    sources = {}
    for fit in fits:
        kind, settings = _settings(fit, device)
        if any(all(settings[k] == other.get(k) for k in settings) for other in measured[kind]):
            raise ValueError(
                f"{place_of(fit.point)}: a second point of these settings, accepted: one unit"
            )
        if fit.point["unit"] == "row":
            raise ValueError(f"{place_of(fit.point)}: rows were counted, accepted: cells or lines")
        key = "line_fraction" if fit.point["unit"] == "line" else "bit_fraction"
        share = 0.0 if fit.best.censored else fit.best.ber
        sources[f"{kind}[{len(measured[kind])}].{key}"] = (
            f"model {fit.best.number} ({fit.best.name})"
        )
        found = {key: share, **_range(fit, share), "cells_tested": _cells(fit)}
        measured[kind].append(settings | found)
    device |= {"name": name, "points": measured["points"], "retention": measured["retention"]}
    if not measured["retention"]:
        del device["retention"]
    device["description"] = f"module {modules[0]}; all but its points as {of}"
    device["assumed"] = [*device.get("assumed", []), f"geometry, timing, currents, rating: of {of}"]
    kept = {
        k: v
        for k, v in device.get("sources", {}).items()
        if not k.startswith(("points", "retention"))
    }
    device["sources"] = kept | sources
    return json.dumps(device, indent=1)


def _settings(fit: Fit, device: dict) -> tuple[str, dict[str, float]]:
    """Which list of a device a fit belongs to, points or retention, and its settings there.

    Raises:
        ValueError: One line, for a wait that no device can say.
    """
    point, nominal = fit.point, device["nominal"]
    settings = {k: point[k] or nominal[k] for k in ("vdd_volts", "trcd_seconds", "trp_seconds")}
    celsius, wait = point["temperature_celsius"], point["refresh_seconds"]
    if celsius is not None:
        settings["temperature_celsius"] = celsius
    commands = min(_COMMANDS, device["geometry"]["rows_per_bank"])
    if wait is None or wait <= 1.01 * commands * device["timing"]["trefi_seconds"]:
        return "points", settings
    latencies = {k: settings.pop(k) for k in ("trcd_seconds", "trp_seconds")}
    if celsius is None or any(latencies[k] < nominal[k] for k in latencies):
        raise ValueError(
            f"{place_of(point)}: a wait of {wait:g} s without a temperature or at lowered "
            "latencies, accepted: retention at a stated temperature and rated latencies"
        )
    if point["unit"] != "cell":
        raise ValueError(f"{place_of(point)}: {point['unit']}s were counted, accepted: cells")
    return "retention", settings | {"refresh_seconds": wait}


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
