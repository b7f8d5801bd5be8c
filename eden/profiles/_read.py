"""Reading a profile, in its own form or in one of the public studies' (docs/profiles.md)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from eden._say import refusal
from eden.profiles._csv import header_of, line_of, read_table, rows
from eden.profiles._profile import Profile
from eden.profiles._schema import NAMES, OPTIONAL, REQUIRED, SCHEMA, TEXT, absent, is_header
from eden.profiles._studies import FORMS, Form, Row

_AT_ONCE = 1 << 16


def read(path: Path | str, *, progress: bool = False) -> Profile:
    """Read a profile in the form of docs/profiles.md or of a public study.

    The file is ``.csv``, ``.csv.gz`` or ``.parquet``; a study's is a CSV known by its header. All
    of it is checked before anything is returned.

    Args:
        path: The file.
        progress: Show a bar.

    Returns:
        The profile; what a public file leaves open stands in its ``notes``.

    Raises:
        ValueError: One line that names the file and the line, for what is no observation.
        OSError: If the file cannot be read.
    """
    path = Path(path)
    if path.name.endswith(".parquet"):
        return _parquet(path)
    header = header_of(path)
    if is_header(header):
        table = read_table(path, header, progress=progress)
        return Profile.checked(table, (), lambda row: f"{path}, line {line_of(path, row)}")
    for form in FORMS:
        if header == list(form.header):
            return _public(path, form, progress=progress)
    missing = [name for name in REQUIRED if name not in header]
    unknown = [name for name in header if name not in NAMES]
    said = f"lacks {', '.join(missing)}" if missing else "has unknown or repeated columns"
    if unknown:
        said += f"; not known: {', '.join(map(repr, unknown[:5]))}"
    raise ValueError(f"{path}, line 1: the header {said[:400]} (docs/profiles.md has the columns)")


def _parquet(path: Path) -> Profile:
    try:
        table = pyarrow.parquet.read_table(path)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, FileNotFoundError | PermissionError):
            raise
        raise ValueError(f"{path}: {str(error).splitlines()[0]}") from None
    if not is_header(table.column_names):
        raise ValueError(f"{path}: {refusal('columns', table.column_names, ', '.join(NAMES))}")
    for name in OPTIONAL:
        if name not in table.column_names:
            table = table.append_column(name, absent(name, len(table)))
    try:
        table = table.select(NAMES)
        for at, name in enumerate(NAMES):
            if SCHEMA.field(name).type == TEXT and table.column(name).null_count:
                words = pc.fill_null(table.column(name).cast(pa.string()), "")  # empty is a value
                table = table.set_column(at, name, words)
        table = table.cast(SCHEMA)
    except (pa.ArrowException, ValueError) as error:
        raise ValueError(f"{path}: {str(error).splitlines()[0]}") from None
    return Profile.checked(table, (), lambda row: f"{path}, row {row + 1}")


def _public(path: Path, form: Form, *, progress: bool) -> Profile:
    batches, lines, waiting = [], [], []
    rounds: Counter[tuple] = Counter()
    notes: dict[str, int] = dict.fromkeys(form.notes, 0)

    def flush() -> None:
        columns = [
            pa.array([row.get(n, "" if SCHEMA.field(n).type == TEXT else None) for row in waiting])
            for n in NAMES
        ]
        batches.append(pa.table(columns, NAMES).cast(SCHEMA))
        waiting.clear()

    for line, values in rows(path, progress=progress):
        row = Row(path, line, form.header, values)
        for found in form.observations(row):
            if "left out" in found:
                notes[found["left out"]] = notes.get(found["left out"], 0) + 1
                continue
            # Studies repeat their measurements: each round is told apart.
            place = tuple(v for k, v in found.items() if not k.startswith(("cells", "failures")))
            rounds[place] += 1
            if rounds[place] > 1:
                found["source"] += f", round {rounds[place]}"
            waiting.append(found)
            lines.append(line)
        if len(waiting) >= _AT_ONCE:
            flush()
    flush()
    table = pa.concat_tables(batches)
    said = [f"{count} observations left out: {note}" if count else note
            for note, count in notes.items()]  # fmt: skip
    return Profile.checked(table, said, lambda row: f"{path}, line {lines[row]}")
