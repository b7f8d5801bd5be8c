"""What a profile's rows must be, a batch at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from eden.profiles._schema import COLUMNS, UNITS, Column

_PATTERN = re.compile(r"0x[0-9a-f]{1,16}")


@dataclass(frozen=True)
class Flaw:
    """The first row of a batch that cannot be right.

    Attributes:
        row: Its number in the batch, from 0.
        says: Why, in one line.
    """

    row: int
    says: str


def first_flaw(batch: pa.RecordBatch) -> Flaw | None:
    """Find the first row that is no observation, and what is wrong with it."""
    flaws = [*_single(batch, COLUMNS), *_together(batch)]
    return min(flaws, key=lambda flaw: flaw.row) if flaws else None


def first_out_of_range(batch: pa.RecordBatch, columns: Sequence[Column]) -> Flaw | None:
    """Find the first row of a study's file with a value that its column does not take."""
    return min(_single(batch, columns), key=lambda flaw: flaw.row, default=None)


def _single(batch: pa.RecordBatch, columns: Sequence[Column]) -> Iterator[Flaw]:
    """Flaws of one column each."""
    for column in columns:
        values = batch.column(column.name)
        if column.low is None:
            yield from _text_flaws(column, values)
            continue
        if column.needed and values.null_count:
            row = int(np.argmax(values.is_null().to_numpy(zero_copy_only=False)))
            yield Flaw(row, f"{column.name} is empty, accepted: {column.accepted}")
        if values.null_count == len(values):
            continue
        given, numbers = numbers_of(values)
        wrong = given & ~((numbers >= column.low) & (numbers <= column.high))
        if column.whole:
            wrong |= given & (np.floor(numbers) != numbers)
        if wrong.any():
            row = int(np.argmax(wrong))
            value = values[row].as_py()
            yield Flaw(row, f"{column.name} is {value}, accepted: {column.accepted}")


def _text_flaws(column: Column, values: pa.DictionaryArray) -> Iterator[Flaw]:
    accepted = {
        "pattern": lambda word: word == "" or _PATTERN.fullmatch(word) is not None,
        "unit": lambda word: word in ("", *UNITS),
    }.get(column.name, lambda word: bool(word.strip()) or not column.needed)
    said = {"pattern": "a hexadecimal fill such as 0xff, or nothing", "unit": ", ".join(UNITS)}
    words = values.dictionary.to_pylist()
    unprintable = [i for i, word in enumerate(words) if word and not word.isprintable()]
    wrong = [i for i, word in enumerate(words) if word is None or not accepted(word)]
    for found, says in (
        (wrong, said.get(column.name, column.says)), (unprintable, "printable text")
    ):  # fmt: skip
        rows = np.isin(values.indices.to_numpy(zero_copy_only=False), found)
        if found and rows.any():
            row = int(np.argmax(rows))
            yield Flaw(row, f"{column.name} is {values[row].as_py()!r}, accepted: {says}")
    if column.needed and values.null_count:
        row = int(np.argmax(values.is_null().to_numpy(zero_copy_only=False)))
        yield Flaw(row, f"{column.name} is empty, accepted: {column.says}")


def _together(batch: pa.RecordBatch):
    """Faults between columns."""
    has_first, first = numbers_of(batch.column("row_first"))
    has_last, last = numbers_of(batch.column("row_last"))
    wrong = has_first != has_last
    if wrong.any():
        yield Flaw(int(np.argmax(wrong)), "row_first and row_last must both be given, or neither")
    wrong = has_first & has_last & (first > last)
    if wrong.any():
        row = int(np.argmax(wrong))
        says = f"row_first is {first[row]:.0f}, accepted: at most row_last, {last[row]:.0f}"
        yield Flaw(row, says)

    has_bit, _ = numbers_of(batch.column("bit_address"))
    several = has_bit & (numbers_of(batch.column("cells"))[1] != 1)
    if several.any():
        row = int(np.argmax(several))
        said = (
            f"cells is {batch.column('cells')[row].as_py()}, accepted: 1 where bit_address is given"
        )
        yield Flaw(row, said)
    units = batch.column("unit")
    other = [i for i, word in enumerate(units.dictionary.to_pylist()) if word in ("line", "row")]
    wrong = has_bit & np.isin(units.indices.to_numpy(zero_copy_only=False), other)
    if wrong.any():
        row = int(np.argmax(wrong))
        yield Flaw(
            row, f"unit is {units[row].as_py()!r}, accepted: cell where bit_address is given"
        )

    known_10, down = numbers_of(batch.column("failures_1to0"))
    known_01, up = numbers_of(batch.column("failures_0to1"))
    wrong = ~known_10 & ~known_01
    if wrong.any():
        yield Flaw(int(np.argmax(wrong)), "failures_1to0 and failures_0to1 are both empty")
    tested = numbers_of(batch.column("cells"))[1] * numbers_of(batch.column("reads"))[1]
    failed = np.where(known_10, down, 0) + np.where(known_01, up, 0)
    wrong = failed > tested
    if wrong.any():
        row = int(np.argmax(wrong))
        accepted = f"at most reads x cells, {tested[row]:.0f}"
        yield Flaw(row, f"failures are {failed[row]:.0f}, accepted: {accepted}")
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
            yield Flaw(row, says)


def numbers_of(values: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Which values are given, and all as float64, 0 where they are not."""
    if values.null_count == 0:
        numbers = values.to_numpy(zero_copy_only=False)
        return np.ones(len(values), bool), numbers.astype(np.float64, copy=False)
    given = values.is_valid().to_numpy(zero_copy_only=False)
    filled = pc.fill_null(values, 0).to_numpy(zero_copy_only=False)
    return given, filled.astype(np.float64, copy=False)
