"""The files of public studies, told by their headers, row by row as observations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from eden._say import refusal

LATENCY = "DRAM-Latency-Variation-Study, SIGMETRICS 2016"
VOLTAGE = "DRAM-Voltage-Study, SIGMETRICS 2017"
DDR4 = "ReadDisturbanceVTS25"
# Of the studies' modules: 2 GiB in lines of 64 bytes, banks of 2^31 cells.
_LINES, _BANK_CELLS = 2**25, 2**31


@dataclass(frozen=True)
class Form:
    """A public file: its header, what becomes of a row, and what is to be said of it."""

    header: tuple[str, ...]
    observations: Callable[[Row], Iterator[dict]]
    notes: tuple[str, ...]


class Row:
    """A row of a public file by the names of its header.

    Raises:
        ValueError: One line that names file and line, where values are missing.
    """

    def __init__(self, path: Path, line: int, header: tuple[str, ...], values: list[str]):
        self.path, where = path, f"{path}, line {line}"
        if len(values) != len(header):
            said = f"{len(values)} values, accepted: {len(header)}, as in the header"
            raise ValueError(f"{where}: {said}")
        self.where, self.values = where, dict(zip(header, values, strict=True))

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def number(self, name: str, low: float = 0.0, high: float = 1e15) -> float:
        """A value as a number within a range."""
        try:
            value = float(self[name])
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            said = refusal(name, self[name][:40], f"a number from {low:g} to {high:g}")
            raise ValueError(f"{self.where}: {said}")
        return value


def _latency(row: Row) -> Iterator[dict]:
    cells = 2**30
    trcd, trp = row.number("tRCD", 0.1, 1000), row.number("tRP", 0.1, 1000)
    common = {
        "module": row["Label"],
        "vendor": row["VendorMask"],
        "trcd_seconds": round(trcd * 1e-9, 15),
        "trp_seconds": round(trp * 1e-9, 15),
        "temperature_celsius": row.number("Temperature", -100, 200),
        "pattern": row["Pattern"],
        "source": LATENCY,
    }
    for bank in range(8):
        failures = round(row.number(f"Bank{bank}", 0, 1) * cells)
        if trp < 12.5 and bank == 0:
            yield {"left out": "bank 0 where tRP varies: the study's test did not reach it"}
        elif trp <= 5.0:
            yield {"left out": "tRP of 5 ns and less: reads return the row that was open before"}
        else:
            counts = _by_pattern(row["Pattern"], failures)
            yield common | {"bank": bank, "cells": cells, "reads": 1, **counts}


def _by_pattern(pattern: str, failures: int) -> dict[str, int]:
    """The failures of a fill: of a mixed one the directions are not known, but the total."""
    digits = set(pattern[2:])
    if digits == {"0"}:
        return {"failures_1to0": 0, "failures_0to1": failures}
    if digits == {"f"}:
        return {"failures_1to0": failures, "failures_0to1": 0}
    return {"failures_1to0": failures}


def _lines(row: Row) -> Iterator[dict]:
    share = row.number("error_cacheline_percent", 0, 100) / 100
    yield {
        "module": row["dimm_name"],
        "vendor": row["vendor"],
        "vdd_volts": row.number("vdd", 0.3, 5),
        "trcd_seconds": 1e-8,
        "trp_seconds": 1e-8,
        "cells": _LINES,
        "reads": 1,
        "failures_1to0": round(share * _LINES),
        "source": VOLTAGE,
        "unit": "line",
    }


def _retention(row: Row) -> Iterator[dict]:
    for bank in range(8):
        yield {
            "module": row["dimm_name"],
            "vendor": row["vendor"],
            "vdd_volts": row.number("vdd", 0.3, 5),
            "refresh_seconds": round(row.number("refresh_interval(ms)", 1e-3, 1e9) * 1e-3, 9),
            "temperature_celsius": row.number("temperature(C)", -100, 200),
            "bank": bank,
            "cells": _BANK_CELLS,
            "reads": 1,
            "failures_1to0": round(row.number(f"bank{bank}_bit_err_count")),
            "source": VOLTAGE,
        }


def _row_failures(row: Row) -> Iterator[dict]:
    first, end = int(row.number("row_lo", 0, 2**31)), int(row.number("row_hi", 1, 2**31))
    yield {
        "module": row["dimm"],
        "vendor": row["vendor"],
        "vdd_volts": row.number("vdd", 0.3, 5),
        "trcd_seconds": 1e-8,
        "trp_seconds": 1e-8,
        "bank": int(row.number("bank", 0, 2**20)),
        "row_first": first,
        "row_last": end - 1,
        "cells": end - first,
        "reads": 1,
        "failures_1to0": round(row.number("prob", 0, 1) * (end - first)),
        "source": f"{VOLTAGE}, read off its heat maps",
        "unit": "row",
    }


def _ddr4(row: Row) -> Iterator[dict]:
    number = int(row.number("Row", 0, 2**31 - 1))
    # The fill as elsewhere: a word of 32 bits that repeats a byte is that byte.
    pattern = {"00000000": "0x0", "ffffffff": "0xff"}.get(
        row["Pattern"].lower(), "0x" + row["Pattern"].lower()
    )
    yield {
        "module": row.path.name.partition(".")[0].rpartition("_")[2],
        "temperature_celsius": row.number("Temp", -100, 200),
        "refresh_seconds": row.number("tWAIT", 1e-6, 1e6),
        "pattern": pattern,
        "row_first": number,
        "row_last": number,
        "cells": 65536,
        "reads": 1,
        **_by_pattern(pattern, round(row.number("NumBitflips"))),
        "source": DDR4,
    }


_BANKS = tuple(f"Bank{i}" for i in range(8))
_CONDITIONS = ("Label", "Pattern", "Temperature", "VendorMask", "tRAS", "tRCD", "tRP", "Model")
FORMS = (
    Form(
        ("", *_BANKS, "DIMMBER", *_CONDITIONS),
        _latency,
        (
            "cells and reads: the study gives shares of bits; each is a count over 2^30, its "
            "repeats are not known",
            "mixed patterns (0x55, 0xaa and the like): failures_1to0 holds all failures",
        ),
    ),
    Form(
        ("dimm_name", "vdd", "vendor", "error_cacheline_percent"),
        _lines,
        ("lines of 64 bytes were counted (unit), of 2^25 a module, at tRCD = tRP = 10 ns",),
    ),
    Form(
        tuple(
            ["dimm_name", "vendor", "vdd", "temperature(C)", "refresh_interval(ms)"]
            + [f"bank{i}_bit_err_count" for i in range(8)]
            + ["total_dimm_bit_err_count"]
        ),
        _retention,
        ("the pattern is not known: failures_1to0 holds all failures; banks of 2^31 cells",),
    ),
    Form(
        ("dimm", "vendor", "vdd", "bank", "row_lo", "row_hi", "prob"),
        _row_failures,
        (
            "rows were counted (unit): the map's probability times the rows of a group, one trial "
            "each; read off pictures, so weights of banks and rows rather than rates",
        ),
    ),
    Form(
        ("Temp", "Pattern", "tWAIT", "Row", "NumBitflips"),
        _ddr4,
        (
            "rows that the file does not list are not known: untested, or without failures",
            "rows of 65,536 cells; the module is the last word of the file's name",
        ),
    ),
)
