"""The devices that come with eden, and one of them, as tables on the terminal."""

from __future__ import annotations

from typing import Any

from eden._say import rate
from eden.devices._device import Device
from eden.devices._load import load, names
from eden.devices._points import Ber, OperatingPoint

# How settings are written: by axis its unit and the factor to it.
UNITS = {
    "vdd_volts": ("VDD", "V", 1.0),
    "trcd_seconds": ("tRCD", "ns", 1e9),
    "trp_seconds": ("tRP", "ns", 1e9),
    "refresh_seconds": ("refresh", "s", 1.0),
    "temperature_celsius": ("temperature", "\u00b0C", 1.0),
}


def print_devices() -> None:
    """Print a line a device: axes and their ranges, vendor, measured points, what is assumed."""
    table = _table("device", "vendor", "points", "axes", "BER", "assumed", justify="left")
    for name in names():
        device = load(name)
        measured = [p for p in device.measured if p.quality in ("measured", "estimated")]
        rates = [p.ber for p in device.measured if p.quality != "nominal" and not p.censored]
        table.add_row(
            name,
            device.vendor,
            str(len(measured)),
            ", ".join(said_range(axis, *ends) for axis, ends in device.axes.items()),
            f"{rate(min(rates))} to {rate(max(rates))}" if rates else "",
            "; ".join(text.partition(":")[0] for text in device.assumed),
        )
    _print(table)


def print_device(device: Device) -> None:
    """Print a device: what it is and assumes, its points, and how its banks differ."""
    said = [f"{device.name}: {device.description}"]
    g, parts = device.geometry, device.organisation
    said.append(
        f"{device.standard or 'standard not stated'}, {g.chips} chips x {g.chip_width_bits} bits, "
        f"{g.banks} banks in {parts['bank_groups']} group(s) of {g.rows_per_bank} rows of "
        f"{g.row_bytes} bytes; {parts['ranks']} rank(s), {parts['channels']} channel(s)"
    )
    for axis, ends in device.axes.items():
        said.append(f"axis {said_range(axis, *ends)}")
    said += [f"assumed: {text}" for text in device.assumed]
    print("\n".join(said))
    _print(_points_table(device.measured))
    point = uneven_point(device)
    if point is not None:
        table = _table("bank", "BER", "from", "to", "subarrays")
        of_bank: dict[int, list[float]] = {}
        for part in device.subarrays:
            of_bank.setdefault(part.bank, []).append(part.at(point).ber)
        for part in device.partitions:
            inner = of_bank[part.bank]
            spread = f"{rate(min(inner))} to {rate(max(inner))}"
            table.add_row(part.name, *_rates(part.at(point)), spread)
        print(f"Banks at {said_settings(point)}:")
        _print(table)


def uneven_point(device: Device) -> OperatingPoint | None:
    """Return the point of the highest rate at which the banks differ; None if they never do."""
    for point in sorted(device.measured, key=lambda p: p.ber, reverse=True):
        if len({part.at(point).ber for part in device.partitions}) > 1:
            return point
    return None


def said_range(axis: str, low: float, high: float) -> str:
    """Write the range of an axis: ``VDD 1.05 to 1.35 V``."""
    name, unit, factor = UNITS[axis]
    ends = f"{low * factor:g}" if low == high else f"{low * factor:g} to {high * factor:g}"
    return f"{name} {ends} {unit}"


def said_settings(point: OperatingPoint) -> str:
    """Write the settings of a point."""
    said = []
    for axis in UNITS:
        value = getattr(point, axis)
        if value is not None and (axis != "refresh_seconds" or point.refresh_stretch != 1):
            said.append(said_range(axis, value, value))
    return ", ".join(said)


def _points_table(points: tuple[OperatingPoint, ...]) -> Any:
    heads = [f"{name}, {unit}" for name, unit, _ in UNITS.values()]
    table = _table(*heads, "BER", "from", "to", "known as")
    for point in points:
        cells = []
        for axis, (_, _, factor) in UNITS.items():
            value = getattr(point, axis)
            cells.append("" if value is None else f"{value * factor:.6g}")
        at_most = "< " if point.censored else ""
        first, *range_ = _rates(point)
        table.add_row(*cells, at_most + first, *range_, point.quality)
    return table


def _rates(rates: OperatingPoint | Ber) -> tuple[str, str, str]:
    return rate(rates.ber), rate(rates.ber_low), rate(rates.ber_high)


def _table(*heads: str, justify: Any = "right") -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for head in heads:
        table.add_column(head, justify=justify)
    return table


def _print(table: Any) -> None:
    from rich.console import Console
    from rich.measure import Measurement

    console = Console()
    # Wider than a narrow terminal rather than with numbers cut off.
    width = Measurement.get(console, console.options.update_width(1000), table).maximum
    Console(width=max(console.width, width)).print(table, markup=False)
