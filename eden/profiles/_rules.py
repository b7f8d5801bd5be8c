"""What a profile's rows must be, a batch at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from eden.profiles._schema import COLUMNS, NAMES, UNITS

_PATTERN = re.compile(r"0x[0-9a-f]{1,16}")
_COUNTED = ("failures_1to0", "failures_0to1")
# What tells one observation from another.
_PLACE = tuple(n for n in NAMES if n not in ("cells", "reads", *_COUNTED))


@dataclass(frozen=True)
class Fault:
    """The first row of a batch that cannot be right.

    Attributes:
        row: Its number in the batch, from 0.
        says: Why, in one line.
    """

    row: int
    says: str


def first_fault(batch: pa.RecordBatch) -> Fault | None:
    """Find the first row that is no observation, and what is wrong with it."""
    faults = [*_single(batch), *_together(batch)]
    return min(faults, key=lambda fault: fault.row) if faults else None


def _single(batch: pa.RecordBatch):
    """Faults of one column each."""
    for column in COLUMNS:
        values = batch.column(column.name)
        if column.low is None:
            yield from _text_faults(column.name, values, needed=column.needed)
            continue
        if column.needed and values.null_count:
            row = int(np.argmax(values.is_null().to_numpy(zero_copy_only=False)))
            yield Fault(row, f"{column.name} is empty, accepted: {column.accepted}")
        if values.null_count == len(values):
            continue
        given, numbers = _numbers(values)
        wrong = given & ~((numbers >= column.low) & (numbers <= column.high))
        if wrong.any():
            row = int(np.argmax(wrong))
            value = values[row].as_py()
            yield Fault(row, f"{column.name} is {value}, accepted: {column.accepted}")


def _text_faults(name: str, values: pa.DictionaryArray, *, needed: bool):
    accepted = {
        "module": lambda word: bool(word.strip()),
        "pattern": lambda word: word == "" or _PATTERN.fullmatch(word) is not None,
        "unit": lambda word: word in ("", *UNITS),
    }.get(name, lambda word: True)
    said = {
        "module": "a name",
        "pattern": "a hexadecimal fill such as 0xff, or nothing",
        "unit": ", ".join(UNITS),
    }
    words = values.dictionary.to_pylist()
    wrong = [i for i, word in enumerate(words) if word is None or not accepted(word)]
    wrong += [i for i, word in enumerate(words) if word and not word.isprintable()]
    if wrong:
        found = np.isin(values.indices.to_numpy(zero_copy_only=False), wrong)
        if found.any():
            row = int(np.argmax(found))
            says = said.get(name, "printable text")
            yield Fault(row, f"{name} is {values[row].as_py()!r}, accepted: {says}")
    if needed and values.null_count:
        row = int(np.argmax(values.is_null().to_numpy(zero_copy_only=False)))
        yield Fault(row, f"{name} is empty, accepted: {said[name]}")


def _together(batch: pa.RecordBatch):
    """Faults between columns."""
    has_first, first = _numbers(batch.column("row_first"))
    has_last, last = _numbers(batch.column("row_last"))
    wrong = has_first != has_last
    if wrong.any():
        yield Fault(int(np.argmax(wrong)), "row_first and row_last must both be given, or neither")
    wrong = has_first & has_last & (first > last)
    if wrong.any():
        row = int(np.argmax(wrong))
        says = f"row_first is {first[row]:.0f}, accepted: at most row_last, {last[row]:.0f}"
        yield Fault(row, says)

    has_bit, _ = _numbers(batch.column("bit_address"))
    several = has_bit & (_numbers(batch.column("cells"))[1] != 1)
    if several.any():
        row = int(np.argmax(several))
        said = (
            f"cells is {batch.column('cells')[row].as_py()}, accepted: 1 where bit_address is given"
        )
        yield Fault(row, said)
    units = batch.column("unit")
    other = [i for i, word in enumerate(units.dictionary.to_pylist()) if word in ("line", "row")]
    wrong = has_bit & np.isin(units.indices.to_numpy(zero_copy_only=False), other)
    if wrong.any():
        row = int(np.argmax(wrong))
        yield Fault(
            row, f"unit is {units[row].as_py()!r}, accepted: cell where bit_address is given"
        )

    known_10, down = _numbers(batch.column("failures_1to0"))
    known_01, up = _numbers(batch.column("failures_0to1"))
    wrong = ~known_10 & ~known_01
    if wrong.any():
        yield Fault(int(np.argmax(wrong)), "failures_1to0 and failures_0to1 are both empty")
    tested = _numbers(batch.column("cells"))[1] * _numbers(batch.column("reads"))[1]
    failed = np.where(known_10, down, 0) + np.where(known_01, up, 0)
    wrong = failed > tested
    if wrong.any():
        row = int(np.argmax(wrong))
        accepted = f"at most reads x cells, {tested[row]:.0f}"
        yield Fault(row, f"failures are {failed[row]:.0f}, accepted: {accepted}")
    yield from _impossible(batch, down, up, known_10, known_01)


def _impossible(batch, down, up, known_10, known_01):
    """A fill of zeros has no 1 to lose, one of ones no 0."""
    patterns = batch.column("pattern")
    words = patterns.dictionary.to_pylist()
    at = patterns.indices.to_numpy(zero_copy_only=False)
    for digits, count, known, name in (
        ("0", down, known_10, "failures_1to0"),
        ("f", up, known_01, "failures_0to1"),
    ):
        uniform = [i for i, word in enumerate(words) if word and set(word[2:]) == {digits}]
        wrong = np.isin(at, uniform) & known & (count > 0)
        if wrong.any():
            row = int(np.argmax(wrong))
            says = f"{name} is {count[row]:.0f}, accepted: 0 with pattern {patterns[row].as_py()}"
            yield Fault(row, says)


def _numbers(values: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Which values are given, and all as float64, 0 where they are not."""
    if values.null_count == 0:
        numbers = values.to_numpy(zero_copy_only=False)
        return np.ones(len(values), bool), numbers.astype(np.float64, copy=False)
    given = values.is_valid().to_numpy(zero_copy_only=False)
    filled = pc.fill_null(values, 0).to_numpy(zero_copy_only=False)
    return given, filled.astype(np.float64, copy=False)


def first_repeat(table: pa.Table) -> tuple[int, int] | None:
    """Find two rows of one place, condition and source: ``(row, the earlier one)``.

    Args:
        table: Of the schema, with one dictionary for all chunks of a column.
    """
    ranked = _hashes(table)
    ranked.sort()  # in place: made anew where two are the same, for a large table fills the memory
    repeated = ranked[1:][ranked[1:] == ranked[:-1]]
    if len(repeated) == 0:
        return None
    # The same hash is a hint: the rows themselves decide.
    seen: dict[tuple, int] = {}
    for row in np.flatnonzero(np.isin(_hashes(table), repeated)).tolist():
        place = tuple(table.column(name)[row].as_py() for name in _PLACE)
        if place in seen:
            return row, seen[place]
        seen[place] = row
    return None


def _hashes(table: pa.Table) -> np.ndarray:
    """A number a row, equal for rows of one place, condition and source."""
    hashes = np.zeros(table.num_rows, np.uint64)
    for name in _PLACE:
        before = 0
        for chunk in table.column(name).chunks:
            part = hashes[before : before + len(chunk)]
            part[:] = _mixed(part, _words(chunk))
            before += len(chunk)
    return hashes


def _words(values: pa.Array) -> np.ndarray:
    """The values as 64-bit numbers, equal where they are."""
    if pa.types.is_dictionary(values.type):
        return values.indices.to_numpy(zero_copy_only=False).astype(np.uint64)
    # An empty value is none of the numbers; -0.0 is 0.0.
    given, numbers = _numbers(values)
    return np.where(given, numbers + 0.0, np.nan).view(np.uint64)


def _mixed(seen: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Fold words into hashes: multiply, shift, as splitmix64 does."""
    mixed = (seen ^ words) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    return mixed * np.uint64(0xBF58476D1CE4E5B9)
