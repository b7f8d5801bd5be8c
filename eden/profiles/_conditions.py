"""What a profile holds, a line a module and operating point."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from eden._say import rate
from eden.profiles._profile import Profile

AXES = (
    *("vdd_volts", "trcd_seconds", "trp_seconds"),
    *("refresh_seconds", "temperature_celsius", "pattern", "unit"),
)
_AT_ONCE = 1 << 20
HEADS = {
    "module": ("module", str),
    "vendor": ("vendor", str),
    "vdd_volts": ("VDD V", lambda value: f"{value:g}"),
    "trcd_seconds": ("tRCD ns", lambda value: f"{1e9 * value:g}"),
    "trp_seconds": ("tRP ns", lambda value: f"{1e9 * value:g}"),
    "refresh_seconds": ("refresh s", lambda value: f"{value:g}"),
    "temperature_celsius": ("\u00b0C", lambda value: f"{value:g}"),
    "pattern": ("pattern", str),
    "unit": ("of", str),
}


def conditions(profile: Profile) -> list[dict]:
    """Add up a profile by module and operating point.

    Returns:
        For each, in the order of modules and rising conditions: the columns that tell them apart,
        ``rows``, ``tested`` (units x reads), ``failures``, and ``share`` = failures / tested. A
        share of 0 is known only to lie below 1 / tested.
    """
    keys = ["module", "vendor", *AXES]
    names = ("tested", "failures", "rows")
    # A part at a time, for the sake of memory; then the parts' sums.
    parts = [
        _sums(_counted(profile.table.slice(begin, _AT_ONCE), keys), keys, names)
        for begin in range(0, max(len(profile), 1), _AT_ONCE)
    ]
    found = _sums(pa.concat_tables(parts), keys, names)
    rows = found.sort_by([(name, "ascending") for name in keys]).to_pylist()
    for row in rows:
        row["share"] = row["failures"] / row["tested"]
    return rows


def _counted(table: pa.Table, keys: list[str]) -> pa.Table:
    """Rows with what was tested of them and what failed, as numbers."""
    flat = {name: table.column(name) for name in keys}
    for name in ("module", "vendor", "pattern", "unit"):
        flat[name] = flat[name].cast(pa.string())
    cells, reads = (np.asarray(table.column(name), np.float64) for name in ("cells", "reads"))
    failed = sum(
        np.asarray(pc.fill_null(table.column(name), 0))
        for name in ("failures_1to0", "failures_0to1")
    )
    ones = np.ones(len(table), np.int64)
    return pa.table(flat | {"tested": cells * reads, "failures": failed, "rows": ones})


def _sums(table: pa.Table, keys: list[str], names: tuple[str, ...]) -> pa.Table:
    found = table.group_by(keys, use_threads=False).aggregate([(name, "sum") for name in names])
    return found.rename_columns([name.removesuffix("_sum") for name in found.column_names])


def print_profile(profile: Profile, *, most: int | None = 40) -> None:
    """Print what a profile holds; of many conditions the first `most`."""
    found = conditions(profile)
    console = Console()
    console.print(f"{len(profile):,} observations of {len(profile.modules)} modules", markup=False)
    for note in profile.notes:
        console.print(f"- {note}", markup=False, highlight=False)
    shown = [name for name in HEADS if any(row[name] not in (None, "") for row in found)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in shown:
        table.add_column(HEADS[name][0])
    for name in ("rows", "tested", "failures", "share"):
        table.add_column(name, justify="right")
    for row in found[:most]:
        cells = ["" if row[name] is None else HEADS[name][1](row[name]) for name in shown]
        share = rate(row["share"]) if row["failures"] else f"< {rate(1 / row['tested'])}"
        numbers = (f"{row['rows']}", f"{row['tested']:.2g}", f"{row['failures']:.6g}", share)
        table.add_row(*cells, *numbers)
    # Wider than a narrow terminal rather than with numbers cut off.
    width = Measurement.get(console, console.options.update_width(1000), table).maximum
    Console(width=max(console.width, width)).print(table, markup=False)
    if most is not None and len(found) > most:
        console.print(f"... and {len(found) - most} more; --all shows them")


def place_of(point: dict[str, Any]) -> str:
    """Write a module and operating point in one line."""
    said = [f"{HEADS[name][0]} {HEADS[name][1](value)}"
            for name, value in point.items()
            if value not in (None, "") and (name, value) != ("unit", "cell")]  # fmt: skip
    return ", ".join(said)
