"""Reading a profile, in its own form or in one of the public studies' (docs/profiles.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
from tqdm.auto import tqdm

from eden._say import refusal
from eden.profiles._csv import check_regular, header_of, line_of, read_blocks
from eden.profiles._places import place_hashes
from eden.profiles._profile import Profile, renamed
from eden.profiles._rules import first_out_of_range
from eden.profiles._schema import (
    COLUMNS,
    NAMES,
    REQUIRED,
    SCHEMA,
    TEXT,
    Column,
    absent,
    fill_of,
    is_header,
)
from eden.profiles._studies import FORMS, Block, Form, Observed


def read(path: Path | str, *, progress: bool = False) -> Profile:
    """Read a profile in the form of docs/profiles.md or of a public study.

    The file is ``.csv``, ``.csv.gz`` or ``.parquet``; a study's is a CSV known by its header. All
    of it is checked before anything is returned.

    Args:
        path: Of the file; what its name ends in says the form.
        progress: Show a bar.

    Returns:
        The profile; what a public file leaves open stands in its ``notes``.

    Raises:
        ValueError: One line that names the file and the line, for what is no observation.
        OSError: If the file cannot be read.
    """
    path = Path(path)
    if path.name.endswith(".parquet"):
        return _parquet(path, progress=progress)
    header = header_of(path)
    if is_header(header):
        columns = [column for column in COLUMNS if column.name in header]
        blocks = [_whole(part) for part in read_blocks(path, header, columns, progress=progress)]
        return _checked(path, blocks, (), lambda row: f"{path}, line {line_of(path, row)}")
    for form in FORMS:
        if header == list(form.header):
            return _public(path, form, progress=progress)
    missing = [name for name in REQUIRED if name not in header]
    unknown = [name for name in header if name not in NAMES]
    said = f"lacks {', '.join(missing)}" if missing else "has unknown or repeated columns"
    if unknown:
        said += f"; not known: {', '.join(map(repr, unknown[:5]))}"
    raise ValueError(f"{path}, line 1: the header {said[:400]} (docs/profiles.md has the columns)")


def _parquet(path: Path, *, progress: bool) -> Profile:
    check_regular(path)
    try:
        with (
            pyarrow.parquet.ParquetFile(path) as file,
            tqdm(total=file.metadata.num_rows, desc=path.name, disable=not progress) as bar,
        ):
            parts = []
            for part in file.iter_batches(1 << 20):
                parts.append(part)
                bar.update(len(part))
            table = pa.Table.from_batches(parts, file.schema_arrow)
            names = table.column_names
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if isinstance(error, PermissionError):
            raise
        raise ValueError(f"{path}: {str(error).splitlines()[0]}") from None
    if not is_header(names):
        raise ValueError(f"{path}: {refusal('columns', names, ', '.join(NAMES))}")
    columns = {}
    for column in COLUMNS:
        if column.name not in names:
            continue
        try:
            columns[column.name] = _cast(table.column(column.name), column)
        except (pa.ArrowException, ValueError) as error:
            said = str(error).splitlines()[0]
            raise ValueError(f"{path}: column {column.name}: {said}") from None
    whole = _whole(pa.table(columns))
    return _checked(path, [whole], (), lambda row: f"{path}, row {row + 1}")


def _cast(values: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    """A column of Parquet in the schema's type.

    Raises:
        ValueError: It is of a kind that is neither this nor could be written as it.
    """
    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    if not (pa.types.is_null(kind) or (text if column.type == TEXT else number)):
        accepted = "text" if column.type == TEXT else column.accepted
        raise ValueError(refusal("type", str(kind), accepted))
    if column.type == TEXT:
        values = pc.fill_null(values.cast(pa.string()), "")  # an empty word is a value
        values.validate(full=True)  # that it is UTF-8
    return values.cast(column.type)


def _checked(
    path: Path, blocks: list[pa.Table], notes: Iterable[str], name_of: Callable[[int], str]
) -> Profile:
    if sum(map(len, blocks)) == 0:
        raise ValueError(f"{path}: no observations, accepted: a row an observation")
    whole = [pa.concat_tables(blocks)]
    blocks.clear()  # what is made anew of a column is then not held twice
    return Profile.checked(whole.pop(), notes, name_of)


def _whole(part: pa.Table) -> pa.Table:
    """All columns of the schema; what a file lacks or leaves empty shares its memory."""
    columns = []
    for name in NAMES:
        column = part.column(name) if name in part.column_names else None
        if column is None or column.null_count == len(part):
            column = absent(name, len(part))
        columns.append(column)
    return pa.table(columns, schema=SCHEMA)


def _public(path: Path, form: Form, *, progress: bool) -> Profile:
    blocks, of_row, left_out, before = [], [], Counter(), 0
    for part in read_blocks(path, list(form.header), form.columns, progress=progress):
        flaw = first_out_of_range(part.combine_chunks().to_batches()[0], form.columns)
        if flaw is not None:
            raise ValueError(f"{path}, line {line_of(path, before + flaw.row)}: {flaw.says}")
        found = form.observations(Block(path, part))
        if found.wrong is not None and found.wrong.any():
            row = before + int(np.argmax(found.wrong))
            raise ValueError(f"{path}, line {line_of(path, row)}: {found.says}")
        left_out.update(found.left_out)
        table, rows = _observations(found, form.source, len(part))
        blocks.append(table)
        of_row.append(before + rows)
        before += len(part)
    if form.rounds and sum(map(len, blocks)):
        blocks = [_rounds(pa.concat_tables(blocks).unify_dictionaries())]
    said = [f"{count} observations left out: {why}" for why, count in left_out.items() if count]
    rows = np.concatenate([*of_row, np.empty(0, np.int32)])
    return _checked(
        path, blocks, [*form.notes, *said], lambda row: f"{path}, line {line_of(path, rows[row])}"
    )


def _observations(found: Observed, source: str, rows: int) -> tuple[pa.Table, np.ndarray]:
    """What was kept as rows of the schema, and the row of the file that each comes from."""
    values = {name: np.asarray(value) for name, value in found.columns.items()}
    shape = np.broadcast_shapes((rows, 1), *(value.shape for value in values.values()))
    kept = np.ones(shape, bool) if found.kept is None else found.kept
    number = int(kept.sum())
    columns = []
    for field in SCHEMA:
        if field.name == "source":
            indices = pa.array(np.zeros(number, np.int32))
            columns.append(pa.DictionaryArray.from_arrays(indices, [source]))
        elif field.name not in values:
            columns.append(absent(field.name, number))
        else:
            flat = np.broadcast_to(values[field.name], shape)[kept]
            if field.type == TEXT:
                column = pa.array(flat, pa.string()).dictionary_encode()
            else:
                column = pa.array(flat, from_pandas=True).cast(field.type)  # NaN: not resolved
            columns.append(column)
    return pa.table(columns, schema=SCHEMA), np.nonzero(kept)[0].astype(np.int32)


def _rounds(table: pa.Table) -> pa.Table:
    """Number the observations of each place and condition in `source`: they are rounds."""
    table = renamed(table, "pattern", fill_of)
    places = place_hashes(table)
    order = np.argsort(places, kind="stable")
    first = np.r_[True, places[order][1:] != places[order][:-1]]
    starts = np.flatnonzero(first)
    rounds = np.empty(len(table), np.int32)
    rounds[order] = np.arange(len(table)) - np.repeat(starts, np.diff(np.r_[starts, len(table)]))
    source = table.column("source")[0].as_py()
    words = [source, *(f"{source}, round {i + 1}" for i in range(1, int(rounds.max()) + 1))]
    column = pa.DictionaryArray.from_arrays(pa.array(rounds), pa.array(words))
    return table.set_column(NAMES.index("source"), SCHEMA.field("source"), column)
