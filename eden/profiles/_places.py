"""Whether the observations of a profile count a cell twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from eden.profiles._rules import numbers_of
from eden.profiles._schema import NAMES

# What tells one observation from another; and that apart from where it lies.
_PLACE = tuple(
    name for name in NAMES if name not in ("cells", "reads", "failures_1to0", "failures_0to1")
)
_OF_CELL = ("bank", "row_first", "row_last", "bitline")
_WHERE = (*_OF_CELL, "bit_address")
_CONDITION = tuple(name for name in _PLACE if name not in _WHERE)
_ALL_ROWS = 2**31 - 1
_BLOCK = 1 << 18


def first_repeat(table: pa.Table) -> tuple[int, int] | None:
    """Find two rows of one place, condition and source: ``(row, the earlier one)``.

    Args:
        table: Of the schema, with one dictionary for all chunks of a column.
    """
    ranked = place_hashes(table)
    ranked.sort()  # in place: made anew where two are the same, for a large table fills the memory
    repeated = ranked[1:][ranked[1:] == ranked[:-1]]
    if len(repeated) == 0:
        return None
    # The same hash is a hint: the rows themselves decide.
    seen: dict[tuple, int] = {}
    for row in np.flatnonzero(np.isin(place_hashes(table), repeated)).tolist():
        known = table.column("bit_address")[row].is_valid
        place = tuple(
            None if known and name in _OF_CELL else table.column(name)[row].as_py()
            for name in _PLACE
        )
        if place in seen:
            return row, seen[place]
        seen[place] = row
    return None


def place_hashes(table: pa.Table, names: tuple[str, ...] = _PLACE) -> np.ndarray:
    """A number a row, equal for rows of one place, condition and source.

    An address is a cell, whatever else is said of where it lies.
    """
    hashes = np.zeros(table.num_rows, np.uint64)
    known = _each(table, "bit_address", lambda chunk: chunk.is_valid())
    for name in names:
        before = 0
        for chunk in table.column(name).chunks:
            at = slice(before, before + len(chunk))
            words = _words(chunk)
            if name in _OF_CELL:
                words = np.where(known[at], np.uint64(0), words)
            hashes[at] = _mixed(hashes[at], words)
            before += len(chunk)
    return hashes


def _words(values: pa.Array) -> np.ndarray:
    """The values as 64-bit numbers, equal where they are."""
    if pa.types.is_dictionary(values.type):
        return values.indices.to_numpy(zero_copy_only=False).astype(np.uint64)
    # An empty value is none of the numbers; -0.0 is 0.0.
    given, numbers = numbers_of(values)
    return np.where(given, numbers + 0.0, np.nan).view(np.uint64)


def _mixed(seen: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Fold words into hashes: multiply, shift, as splitmix64 does."""
    mixed = (seen ^ words) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    return mixed * np.uint64(0xBF58476D1CE4E5B9)


def first_overlap(table: pa.Table) -> tuple[int, int] | None:
    """Find two observations of one condition and source that hold the same cells.

    A bank that is not given stands for all, and so do rows and a bitline. Single cells may stand
    beside a group, which then holds what is left of it.

    Args:
        table: Of the schema, with one dictionary for all chunks of a column, without repeats.

    Returns:
        Numbers of two such rows, the earlier one last.
    """
    if table.num_rows == 0:
        return None
    given = {
        name: _each(table, name, lambda chunk: chunk.is_valid())
        for name in ("bank", "row_first", "bitline")
    }
    units = table.column("unit").chunk(0).dictionary.to_pylist()
    cell = [i for i, word in enumerate(units) if word == "cell"]
    of_cells = _each(table, "unit", lambda chunk: np.isin(chunk.indices, cell))
    group = ~(of_cells & _each(table, "cells", lambda chunk: np.asarray(chunk) == 1))
    sets: list[tuple[tuple[str, ...], np.ndarray, np.ndarray]] = []
    if given["row_first"].any():
        sets.append(((*_CONDITION, "bank", "bitline"), group, group))
    for name, other in (("bank", "bitline"), ("bitline", "bank")):
        sets.append(((*_CONDITION, other), group & given[name], group & ~given[name]))
    banks = group & given["bank"] & ~given["bitline"]
    sets.append((_CONDITION, banks, group & given["bitline"] & ~given["bank"]))
    both = group & given["bank"] & given["bitline"]
    sets.append((_CONDITION, both, group & ~given["bank"] & ~given["bitline"]))
    for names, one, other in sets:
        if one.any() and other.any():
            found = _intersection(table, names, one, other)
            if found is not None:
                return found
    return None


def _each(table: pa.Table, name: str, what: Callable[[pa.Array], Any]) -> np.ndarray:
    """What is so of each value of a column, chunk by chunk for the sake of memory."""
    found = [np.asarray(what(chunk), bool) for chunk in table.column(name).chunks]
    return np.concatenate([*found, np.empty(0, bool)])


def _intersection(
    table: pa.Table, names: tuple[str, ...], one: np.ndarray, other: np.ndarray
) -> tuple[int, int] | None:
    """Find a row of one set whose row range meets one of the other, alike in these columns."""
    keys, parts = place_hashes(table, names), max(1, table.num_rows >> 18)
    either = one | other
    for part in range(parts):  # so much at a time, for the sake of memory
        at = np.concatenate(
            [
                begin
                + np.flatnonzero(
                    (keys[begin : begin + _BLOCK] % np.uint64(parts) == part)
                    & either[begin : begin + _BLOCK]
                )
                for begin in range(0, len(keys), _BLOCK)
            ]
        )
        first, last = _rows(table, "row_first", at, 0), _rows(table, "row_last", at, _ALL_ROWS)
        order = np.lexsort((first, keys[at]))
        at, first, last = at[order], first[order], last[order]
        key = keys[at]
        # Keys as ranks above the rows: the greatest so far is of the same key, or is none.
        base = np.cumsum(np.r_[0, key[1:] != key[:-1]]) << 32
        for a, b in ((one[at], other[at]), (other[at], one[at])):
            ends = np.maximum.accumulate(np.where(a, base + last + 1, base))
            before = np.r_[0, ends[:-1]]
            meets = b & (before > base + first)
            if meets.any():
                late = int(np.argmax(meets))
                early = int(np.flatnonzero(ends[:late] == before[late])[0])
                later, earlier = sorted((int(at[late]), int(at[early])), reverse=True)
                return later, earlier
    return None


def _rows(table: pa.Table, name: str, at: np.ndarray, value: int) -> np.ndarray:
    return pc.fill_null(table.column(name).take(pa.array(at)), value).to_numpy()
