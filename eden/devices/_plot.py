"""The picture of a device: its error rate along each axis, and where its cells fail."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eden._say import refusal
from eden.devices._device import Device
from eden.devices._listing import UNITS, said_range, said_settings, uneven_point
from eden.devices._points import OperatingPoint

_OF_RETENTION = ("refresh_seconds", "temperature_celsius")
_ENDINGS = (".png", ".svg", ".pdf")


def plot_device(device: Device) -> Any:
    """Draw BER over each axis with its range, and maps of banks and rows where they differ.

    Returns:
        A matplotlib figure.
    """
    from matplotlib.figure import Figure

    axes, point = list(device.axes), uneven_point(device)
    maps = 0 if point is None else 2
    figure = Figure(figsize=(4.2 * max(1, len(axes) + maps), 4.2), layout="constrained")
    panels = figure.subplots(1, max(1, len(axes) + maps), squeeze=False)[0]
    for axis, panel in zip(axes, panels, strict=False):
        _draw_axis(device, axis, panel)
    if point is not None:
        _draw_banks(device, point, panels[-2])
        _draw_rows(device, point, panels[-1])
    said = " (assumed error law)" if _borrowed(device) else ""
    figure.suptitle(f"{device.name}{said}", parse_math=False)
    return figure


def save_plot(device: Device, path: Path) -> None:
    """Draw a device into a file.

    Raises:
        ValueError: For another ending than .png, .svg or .pdf.
        OSError: If it cannot be written.
    """
    if path.suffix not in _ENDINGS:
        raise ValueError(refusal("name of the plot", path.name, ", ".join(_ENDINGS)))
    plot_device(device).savefig(path)


def _borrowed(device: Device) -> bool:
    return any(point.quality == "assumed" for point in device.points)


def _draw_axis(device: Device, axis: str, panel: Any) -> None:
    name, unit, factor = UNITS[axis]
    drawn = []
    for others, line in lines_along(device, axis):
        x = np.array([getattr(point, axis) * factor for point in line])
        y = np.array([point.ber for point in line])
        low, high = (np.array([getattr(p, f"ber_{end}") for p in line]) for end in ("low", "high"))
        (curve,) = panel.plot(x, y, "-", lw=1, label=others)
        drawn.append((curve.get_color(), x, low, high))
        zero = np.array([point.censored for point in line])
        panel.plot(x[~zero], y[~zero], "o", ms=4, color=curve.get_color())
        panel.plot(x[zero], y[zero], "v", ms=4, mfc="none", color=curve.get_color())
    panel.set_yscale("log")
    ends = np.concatenate([end for _, _, low, high in drawn for end in (low, high)] or [[]])
    ends = ends[ends > 0]
    least, most = ends.min(initial=1.0), ends.max(initial=1e-12)
    panel.set_ylim(least / 10, most * 2)  # a range that begins at 0 goes to the edge
    for color, x, low, high in drawn:
        panel.fill_between(x, np.maximum(low, least / 100), high, alpha=0.12, color=color, lw=0)
    if axis == "refresh_seconds":
        at = sorted({float(value) for _, x, _, _ in drawn for value in x})
        panel.set_xscale("log")
        panel.set_xticks(at, [f"{value:.4g}" for value in at], rotation=60, fontsize=7)
        panel.set_xticks([], minor=True)
    panel.set_xlabel(f"{name}, {unit}")
    panel.set_ylabel("BER (hollow: at most)")
    if 1 < len(drawn) <= 24:  # below: within it would cover a curve
        panel.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)


def lines_along(device: Device, axis: str) -> list[tuple[str, Sequence[OperatingPoint]]]:
    """Group the measured points that differ in one axis alone, in its order, by what they share."""
    others = [name for name in UNITS if name != axis]
    groups: dict[tuple, list[OperatingPoint]] = {}
    longer = [point for point in device.measured if point.refresh_stretch != 1]
    # Lines of retention are many: at the voltage nearest to the rated one is enough.
    volts = min((point.reduction for point in longer), default=0)
    for point in device.measured[1:]:
        if point in longer and (axis not in _OF_RETENTION or point.reduction != volts):
            continue
        if getattr(point, axis) is not None:
            groups.setdefault(tuple(getattr(point, name) for name in others), []).append(point)
    lines = []
    for key, points in groups.items():
        if len({getattr(point, axis) for point in points}) > 1:
            said = [
                said_range(name, value, value)
                for name, value in zip(others, key, strict=True)
                if value is not None and name in device.axes
            ]
            ordered = sorted(points, key=lambda point: getattr(point, axis))
            lines.append((", ".join(said) or "measured", ordered))
    return lines


def _draw_banks(device: Device, point: OperatingPoint, panel: Any) -> None:
    rates = [partition.at(point) for partition in device.partitions]
    x = np.arange(len(rates))
    ber = np.array([r.ber for r in rates])
    ends = np.array([[r.ber - r.ber_low, r.ber_high - r.ber] for r in rates]).T
    panel.bar(x, ber, color="0.75")
    panel.errorbar(x, ber, yerr=np.maximum(ends, 0), fmt="none", ecolor="0.3", lw=1)
    panel.set_yscale("log")
    panel.set_xlabel("partition")
    panel.set_ylabel("BER")
    panel.set_title(f"at {said_settings(point)}", fontsize=8)


def _draw_rows(device: Device, point: OperatingPoint, panel: Any) -> None:
    from matplotlib.colors import LogNorm

    banks = device.geometry.banks
    rates = np.array([part.at(point).ber for part in device.subarrays]).reshape(banks, -1)
    least = rates[rates > 0].min() if (rates > 0).any() else 1e-12
    norm = LogNorm(least, max(rates.max(), least * 1.01))
    image = panel.imshow(rates.T, aspect="auto", origin="lower", norm=norm, cmap="viridis")
    panel.figure.colorbar(image, ax=panel, label="BER")
    panel.set_xlabel("bank")
    panel.set_ylabel(f"subarray of {device.geometry.rows_per_subarray} rows")
