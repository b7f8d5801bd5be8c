"""A profile: observations of a module's failures, checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from eden._files import write_bytes
from eden._say import refusal
from eden.profiles._places import first_overlap, first_repeat
from eden.profiles._rules import first_flaw
from eden.profiles._schema import NAMES, SCHEMA, fill_of


@dataclass(frozen=True)
class Profile:
    """Observations of failures in one long table.

    Attributes:
        table: Columns and types of docs/profiles.md, a row an observation.
        notes: What a reader left out or took for granted, for people to read.
    """

    table: pa.Table
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return self.table.num_rows

    @classmethod
    def of(cls, rows: Iterable[dict], notes: Iterable[str] = ()) -> Profile:
        """Make a profile of rows given as dictionaries; columns not named are empty.

        Raises:
            ValueError: For a column that does not exist or a row that is no observation.
        """
        rows = list(rows)
        for number, row in enumerate(rows, 1):
            for name in row:
                if name not in NAMES:
                    raise ValueError(f"row {number}: {refusal('column', name, ', '.join(NAMES))}")
        text = [name for name in NAMES if pa.types.is_dictionary(SCHEMA.field(name).type)]
        try:
            columns = {
                name: [row.get(name, "" if name in text else None) for row in rows]
                for name in NAMES
            }
            table = pa.table(
                {n: pa.array(v, SCHEMA.field(n).type) for n, v in columns.items()}, SCHEMA
            )
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
            raise ValueError(f"profile: {str(error).splitlines()[0]}") from None
        return cls.checked(table, notes, lambda row: f"row {row + 1}")

    @classmethod
    def checked(cls, table: pa.Table, notes: Iterable[str], name_of) -> Profile:
        """Make a profile of a table of the schema once every row of it has passed.

        Args:
            table: Of the columns of the schema.
            notes: As the attribute.
            name_of: Names a row by its number from 0, for the error.

        Raises:
            ValueError: One line, for the first row that is no observation or repeats another.
        """
        table = table.unify_dictionaries()
        before = 0
        for batch in table.to_batches():
            flaw = first_flaw(batch)
            if flaw is not None:
                raise ValueError(f"{name_of(before + flaw.row)}: {flaw.says}")
            before += len(batch)
        table = renamed(table, "pattern", fill_of)
        table = renamed(table, "unit", lambda word: word or "cell")
        repeat = first_repeat(table)
        if repeat is not None:
            row, earlier = repeat
            raise ValueError(
                f"{name_of(row)}: repeats {name_of(earlier).rsplit(', ', 1)[-1]}; give repeated "
                "measurements as one row with more reads, or say the round in source"
            )
        overlap = first_overlap(table)
        if overlap is not None:
            row, earlier = overlap
            raise ValueError(
                f"{name_of(row)}: holds cells of {name_of(earlier).rsplit(', ', 1)[-1]}, of the "
                "same conditions and source; give each cell once, or say the round in source"
            )
        return cls(table, tuple(notes))

    @property
    def modules(self) -> list[str]:
        """The names of the modules, in the order in which they come."""
        return self.table.column("module").unique().to_pylist()

    def write(self, path: Path | str) -> Path:
        """Write to a ``.csv``, ``.csv.gz`` or ``.parquet`` file, whole or not at all.

        Raises:
            ValueError: For another ending.
            OSError: If it cannot be written.
        """
        path = Path(path)
        sink = pa.BufferOutputStream()
        if path.name.endswith(".parquet"):
            pyarrow.parquet.write_table(self.table, sink, compression="zstd")
        elif path.name.endswith((".csv", ".csv.gz")):
            packed = path.name.endswith(".gz")
            out = pa.CompressedOutputStream(sink, "gzip") if packed else sink
            options = pyarrow.csv.WriteOptions(quoting_style="needed")
            plain = pa.schema([(f.name, _plain(f.type)) for f in SCHEMA])
            pyarrow.csv.write_csv(self.table.cast(plain), out, options)
            out.close()
        else:
            raise ValueError(refusal("name of the file", path.name, "*.csv, *.csv.gz, *.parquet"))
        return write_bytes(path, sink.getvalue().to_pybytes())


def renamed(table: pa.Table, name: str, word_of: Callable[[str], str]) -> pa.Table:
    """The table with other words for the same in a column of text."""
    column = table.column(name)
    if column.num_chunks == 0:
        return table
    words = column.chunk(0).dictionary.to_pylist()
    new = [word_of(word) for word in words]
    if new == words:
        return table
    kept = list(dict.fromkeys(new))
    at = np.array([kept.index(word) for word in new], np.int32)
    chunks = [
        pa.DictionaryArray.from_arrays(pa.array(at[chunk.indices.to_numpy()]), pa.array(kept))
        for chunk in column.chunks
    ]
    index = table.column_names.index(name)
    return table.set_column(index, SCHEMA.field(name), pa.chunked_array(chunks))


def _plain(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_dictionary(kind) else kind
