"""The files of public studies, told by their headers: what each row says was observed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from eden.profiles._schema import TEXT, Column

LATENCY = "DRAM-Latency-Variation-Study, SIGMETRICS 2016"
VOLTAGE = "DRAM-Voltage-Study, SIGMETRICS 2017"
DDR4 = "ReadDisturbanceVTS25"
# Of the studies' modules: 2 GiB in lines of 64 bytes, banks of 2^31 cells.
_LINES, _BANK_CELLS = 2**25, 2**31
# Of the latency study: each share of bits is a count over as many.
_SHARE_CELLS = 2**30


@dataclass(frozen=True)
class Block:
    """Some rows of a study's file.

    Attributes:
        path: File that they were read from, for refusals.
        table: Of the columns that are read.
    """

    path: Path
    table: pa.Table

    def text(self, name: str) -> np.ndarray:
        """A column of text as [n, 1]."""
        return self.table.column(name).cast(pa.string()).to_numpy(zero_copy_only=False)[:, None]

    def number(self, *names: str) -> np.ndarray:
        """One or more columns of numbers as float64 [n, names]."""
        columns = [self.table.column(name).to_numpy() for name in names]
        return np.column_stack(columns).astype(np.float64)


@dataclass(frozen=True)
class Observed:
    """What rows of a file say was observed, [n, k] for k observations a row.

    Attributes:
        columns: Of the schema; arrays that broadcast to [n, k], or one value for all. Those left
            out are empty.
        kept: bool [n, k]; None if all are.
        left_out: Why observations were, and how many.
        wrong: bool [n]: rows that contradict themselves; None if none does.
        says: Why, in one line.
    """

    columns: dict[str, Any]
    kept: np.ndarray | None = None
    left_out: dict[str, int] = field(default_factory=dict)
    wrong: np.ndarray | None = None
    says: str = ""


@dataclass(frozen=True)
class Form:
    """A public file.

    Attributes:
        header: The names on its first line, by which it is known.
        columns: Those that are read, and what they may hold.
        observations: What becomes of its rows.
        source: Study that published it.
        notes: What is to be said of it.
        rounds: Whether it repeats measurements: rows of one place are then rounds.
    """

    header: tuple[str, ...]
    columns: tuple[Column, ...]
    observations: Callable[[Block], Observed]
    source: str
    notes: tuple[str, ...]
    rounds: bool = False


def _text(name: str, says: str) -> Column:
    return Column(name, TEXT, None, None, True, says)


def _number(name: str, low: float, high: float, says: str, *, whole: bool = False) -> Column:
    return Column(name, pa.float64(), low, high, True, says, whole)


def _latency(block: Block) -> Observed:
    shares, mean = block.number(*_BANKS), block.number("DIMMBER")
    trp, pattern = block.number("tRP"), block.text("Pattern")
    untested = (trp < 12.5) & (np.arange(8) == 0)
    open_row = (trp <= 5.0) & ~untested
    return Observed(
        {
            "module": block.text("Label"),
            "vendor": block.text("VendorMask"),
            "trcd_seconds": np.round(block.number("tRCD") * 1e-9, 15),
            "trp_seconds": np.round(trp * 1e-9, 15),
            "temperature_celsius": block.number("Temperature"),
            "pattern": pattern,
            "bank": np.arange(8),
            "cells": _SHARE_CELLS,
            "reads": 1,
            **_by_pattern(pattern, np.rint(shares * _SHARE_CELLS)),
        },
        kept=~(untested | open_row),
        left_out={
            "bank 0 where tRP varies: the study's test did not reach it": int(untested.sum()),
            "tRP of 5 ns and less: reads return the row that was open before": int(open_row.sum()),
        },
        # Twelve digits are given.
        wrong=(abs(shares.mean(1, keepdims=True) - mean) > 1e-9 * shares.max(1, keepdims=True))[
            :, 0
        ],
        says="DIMMBER is not the mean of the banks",
    )


def _by_pattern(pattern: np.ndarray, failures: np.ndarray) -> dict[str, np.ndarray]:
    """The failures of a fill by direction; of a mixed one it is not known, and all are 1 to 0."""
    digits, at = np.unique(pattern, return_inverse=True)
    stored = np.array([{"0": 0, "f": 1}.get("".join(set(word[2:])), -1) for word in digits])
    stored = stored[at].reshape(pattern.shape)
    return {
        "failures_1to0": np.where(stored == 0, 0, failures),
        "failures_0to1": np.where(stored == 0, failures, np.where(stored == 1, 0, np.nan)),
    }


def _lines(block: Block) -> Observed:
    share = block.number("error_cacheline_percent") / 100
    return Observed(
        {
            "module": block.text("dimm_name"),
            "vendor": block.text("vendor"),
            "vdd_volts": block.number("vdd"),
            "trcd_seconds": 1e-8,
            "trp_seconds": 1e-8,
            "cells": _LINES,
            "reads": 1,
            "failures_1to0": np.rint(share * _LINES),
            "unit": "line",
        }
    )


def _retention(block: Block) -> Observed:
    failures, total = block.number(*_COUNTS), block.number("total_dimm_bit_err_count")
    return Observed(
        {
            "module": block.text("dimm_name"),
            "vendor": block.text("vendor"),
            "vdd_volts": block.number("vdd"),
            "refresh_seconds": np.round(block.number("refresh_interval(ms)") * 1e-3, 9),
            "temperature_celsius": block.number("temperature(C)"),
            "bank": np.arange(8),
            "cells": _BANK_CELLS,
            "reads": 1,
            "failures_1to0": failures,
        },
        wrong=failures.sum(1) != total[:, 0],
        says="total_dimm_bit_err_count is not the sum of the banks",
    )


def _row_failures(block: Block) -> Observed:
    first, end = block.number("row_lo"), block.number("row_hi")
    return Observed(
        {
            "module": block.text("dimm"),
            "vendor": block.text("vendor"),
            "vdd_volts": block.number("vdd"),
            "trcd_seconds": 1e-8,
            "trp_seconds": 1e-8,
            "bank": block.number("bank"),
            "row_first": first,
            "row_last": end - 1,
            "cells": end - first,
            "reads": 1,
            "failures_1to0": np.rint(block.number("prob") * (end - first)),
            "unit": "row",
        },
        wrong=(end <= first)[:, 0],
        says="row_hi is not above row_lo",
    )


def _ddr4(block: Block) -> Observed:
    # The fill as elsewhere: a word of 32 bits that repeats a byte is that byte.
    fills = {"00000000": "0x0", "ffffffff": "0xff"}
    words, at = np.unique(block.text("Pattern"), return_inverse=True)
    words = np.array([fills.get(w.lower(), "0x" + w.lower()) for w in words], dtype=object)
    pattern = words[at].reshape(-1, 1)
    return Observed(
        {
            "module": block.path.name.partition(".")[0].rpartition("_")[2],
            "temperature_celsius": block.number("Temp"),
            "refresh_seconds": block.number("tWAIT"),
            "pattern": pattern,
            "row_first": block.number("Row"),
            "row_last": block.number("Row"),
            "cells": 65536,
            "reads": 1,
            **_by_pattern(pattern, block.number("NumBitflips")),
        }
    )


_BANKS = tuple(f"Bank{i}" for i in range(8))
_COUNTS = tuple(f"bank{i}_bit_err_count" for i in range(8))
_CONDITIONS = ("Label", "Pattern", "Temperature", "VendorMask", "tRAS", "tRCD", "tRP", "Model")
_VDD = _number("vdd", 0.3, 5, "volts")
_MODULE, _VENDOR = _text("dimm_name", "name of the module"), _text("vendor", "its maker")
FORMS = (
    Form(
        ("", *_BANKS, "DIMMBER", *_CONDITIONS),
        (
            *(_number(name, 0, 1, "share of bits") for name in (*_BANKS, "DIMMBER")),
            *(_text("Label", "name of the module"), _text("VendorMask", "its maker")),
            _text("Pattern", "a hexadecimal fill"),
            _number("Temperature", -100, 200, "degrees Celsius"),
            *(_number(name, 0.1, 1000, "nanoseconds") for name in ("tRCD", "tRP")),
            _text("Model", "its model"),
        ),
        _latency,
        LATENCY,
        (
            "cells and reads: the study gives shares of bits; each is a count over 2^30, its "
            "repeats are not known",
            "mixed patterns (0x55, 0xaa and the like): failures_1to0 holds all failures",
        ),
        rounds=True,
    ),
    Form(
        ("dimm_name", "vdd", "vendor", "error_cacheline_percent"),
        (_MODULE, _VDD, _VENDOR, _number("error_cacheline_percent", 0, 100, "per cent")),
        _lines,
        VOLTAGE,
        ("lines of 64 bytes were counted (unit), of 2^25 a module, at tRCD = tRP = 10 ns",),
    ),
    Form(
        (
            *("dimm_name", "vendor", "vdd", "temperature(C)", "refresh_interval(ms)"),
            *(*_COUNTS, "total_dimm_bit_err_count"),
        ),
        (
            *(_MODULE, _VENDOR, _VDD),
            _number("temperature(C)", -100, 200, "degrees Celsius"),
            _number("refresh_interval(ms)", 1e-3, 1e9, "milliseconds"),
            *(_number(name, 0, _BANK_CELLS, "wrong bits", whole=True) for name in _COUNTS),
            _number("total_dimm_bit_err_count", 0, 8 * _BANK_CELLS, "wrong bits", whole=True),
        ),
        _retention,
        VOLTAGE,
        ("the pattern is not known: failures_1to0 holds all failures; banks of 2^31 cells",),
        rounds=True,
    ),
    Form(
        ("dimm", "vendor", "vdd", "bank", "row_lo", "row_hi", "prob"),
        (
            *(_text("dimm", "name of the module"), _VENDOR, _VDD),
            _number("bank", 0, 2**20, "number of the bank", whole=True),
            _number("row_lo", 0, 2**31 - 1, "first row", whole=True),
            _number("row_hi", 1, 2**31 - 1, "row behind the last", whole=True),
            _number("prob", 0, 1, "share of rows"),
        ),
        _row_failures,
        f"{VOLTAGE}, read off its heat maps",
        (
            "rows were counted (unit): the map's probability times the rows of a group, one trial "
            "each; read off pictures, so weights of banks and rows rather than rates, and a choice "
            "of model holds for this count only",
        ),
    ),
    Form(
        ("Temp", "Pattern", "tWAIT", "Row", "NumBitflips"),
        (
            _number("Temp", -100, 200, "degrees Celsius"),
            _text("Pattern", "a word in hexadecimal"),
            _number("tWAIT", 1e-6, 1e6, "seconds"),
            _number("Row", 0, 2**31 - 1, "number of the row", whole=True),
            _number("NumBitflips", 0, 65536, "wrong bits of a row", whole=True),
        ),
        _ddr4,
        DDR4,
        (
            "rows that the file does not list are not known: untested, or without failures",
            "rows of 65,536 cells; the module is the last word of the file's name",
        ),
    ),
)
