"""Files of text: opened plain or packed, read in blocks, and their lines found again."""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import stat
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
from tqdm.auto import tqdm

from eden.profiles._schema import Column

_LONGEST_LINE = 1 << 16
_BLOCK = 1 << 22
_BREAK = re.compile(r"\r\n|\r|\n")
# What unpacking raises of a file that is cut short or damaged.
_DAMAGED = (EOFError, OSError, zlib.error)


def check_regular(path: Path) -> None:
    """Refuse a pipe, a folder and the like.

    Raises:
        ValueError: If it is no regular file.
        OSError: If there is none.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise ValueError(f"{path} is no regular file")


@contextmanager
def opened(path: Path, *, progress: bool) -> Iterator[Any]:
    """Open the bytes of a file, unpacked, with a bar over those read."""
    check_regular(path)
    size = os.stat(path).st_size
    with (
        open(path, "rb") as raw,
        tqdm(total=size, unit="B", unit_scale=True, desc=path.name, disable=not progress) as bar,
    ):
        counted = _Counted(raw, bar)
        packed = path.name.endswith(".gz")
        yield gzip.GzipFile(fileobj=counted) if packed else io.BufferedReader(counted, 1 << 20)


class _Counted(io.RawIOBase):
    def __init__(self, raw, bar):
        self.raw, self.bar = raw, bar

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        n = self.raw.readinto(buffer)
        self.bar.update(n)
        return n


def header_of(path: Path) -> list[str]:
    """Return the names on the first line.

    Raises:
        ValueError: One line, for a file that is empty, damaged or no text.
    """
    try:
        with opened(path, progress=False) as file:
            line = file.readline(_LONGEST_LINE)
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path}, line 1: no text in UTF-8") from None
    except _DAMAGED as error:
        if isinstance(error, FileNotFoundError | IsADirectoryError | PermissionError):
            raise
        raise ValueError(f"{path} is damaged: {error}") from None
    if not text.strip():
        raise ValueError(f"{path} is empty, accepted: a header and a row an observation")
    try:
        return next(csv.reader([text.rstrip("\r\n")]))
    except csv.Error as error:  # a carriage return within the line, for example
        raise ValueError(f"{path}, line 1: {error}") from None


def rows(path: Path, *, progress: bool) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows below the header with the numbers of their lines; empty lines are none.

    Raises:
        ValueError: One line that names the file and the line, for what is no CSV.
    """
    line = 1
    try:
        with opened(path, progress=progress) as file:
            text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
            reader = csv.reader(text, strict=True)
            next(reader)
            for row in reader:
                line = reader.line_num
                if row:
                    yield line, row
    except _DAMAGED as error:
        raise ValueError(f"{path}, after line {line}: cut short or damaged ({error})") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path}, after line {line}: no text in UTF-8") from None
    except csv.Error as error:
        raise ValueError(f"{path}, line {line + 1}: {error}") from None


def line_of(path: Path, number: int) -> int:
    """The line of a row by its number from 0."""
    for at, (line, _) in enumerate(rows(path, progress=False)):
        if at == number:
            return line
    return number + 2


def read_blocks(
    path: Path, header: list[str], columns: Sequence[Column], *, progress: bool
) -> Iterator[pa.Table]:
    """Read some columns of a file, a block of lines after the other.

    Each is parsed before the next is read: Arrow's own reader of streams reads ahead in threads,
    which a refusal would leave behind.

    Args:
        path: CSV, plain or gzip.
        header: The names on its first line.
        columns: Those that are read, by the names of the header.
        progress: Show a bar.

    Raises:
        ValueError: One line, for a value that is not of its column's type.
    """
    names = [column.name for column in columns]
    convert = pyarrow.csv.ConvertOptions(
        column_types={column.name: column.type for column in columns},
        null_values=[""],
        strings_can_be_null=False,
        include_columns=names,
    )
    parse = pyarrow.csv.ParseOptions(newlines_in_values=False)
    options = pyarrow.csv.ReadOptions(column_names=header, block_size=1 << 20, use_threads=True)
    try:
        with opened(path, progress=progress) as file:
            file.readline()  # the header
            for block in _blocks(file):
                if block.strip():
                    part = pyarrow.csv.read_csv(pa.BufferReader(block), options, parse, convert)
                    if _hexadecimal(block, part):
                        _find(path, header, columns)
                    yield part
    except (pa.ArrowException, *_DAMAGED) as error:
        _find(path, header, columns)
        raise ValueError(f"{path}: {str(error).splitlines()[0]}") from None


def _hexadecimal(block: bytes, part: pa.Table) -> bool:
    """Whether there may be a 0x10 among the numbers, which Arrow takes for 16."""
    block = block.replace(b'"', b"")  # "0"x10 is one, too
    marks = block.count(b"0x") + block.count(b"0X")
    for column in part.columns:
        if pa.types.is_dictionary(column.type):
            for word in column.value_counts().to_pylist():
                marks -= word["counts"] * (word["values"] or "").lower().count("0x")
    return marks > 0


def _blocks(file: Any) -> Iterator[bytes]:
    """The rest of a file in pieces of some MiB that end with a line."""
    begun: list[bytes] = []
    while piece := file.read(_BLOCK):
        end = piece.rfind(b"\n") + 1
        if end:
            yield b"".join([*begun, piece[:end]])
            begun = []
        begun.append(piece[end:])
    yield b"".join(begun)


def _find(path: Path, header: list[str], columns: Sequence[Column]) -> None:
    """Raise for the first row that cannot be read, if there is one."""
    of = {column.name: column for column in columns}
    for line, row in rows(path, progress=False):
        if len(row) != len(header):
            says = f"{len(row)} values, accepted: {len(header)}, as in the header"
            raise ValueError(f"{path}, line {line}: {says}")
        for name, word in zip(header, row, strict=True):
            column = of.get(name)
            if "\n" in word or "\r" in word:
                first = line - sum(len(_BREAK.findall(word)) for word in row)
                raise ValueError(f"{path}, line {first}: a line that ends within quotes")
            if column is None or column.low is None or word == "":
                continue
            if not _fits(word, column):
                says = f"{column.name} is {word[:40]!r}, accepted: {column.accepted}"
                raise ValueError(f"{path}, line {line}: {says}")


def _fits(word: str, column: Column) -> bool:
    # Numbers to Python, not to Arrow.
    if not word.isascii() or "_" in word or word[0] == "+" or word.strip(" \t") != word.strip():
        return False
    try:
        if not pa.types.is_integer(column.type):
            float(word)
            return True
        return abs(int(word)) < 2 ** (column.type.bit_width - 1)
    except ValueError:
        return False
