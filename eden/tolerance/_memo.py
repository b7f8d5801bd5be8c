"""What was asked and answered: each trial is an immutable Parquet file named by its bytes' hash.

Such a file is a shard, ``eden-HASH.parquet``; what else lies in the folder is somebody else's.

A search asks the same questions in the same order every time it runs. With its trials on disk, a
search that was cut short replays the answers it has and goes on from there; since a shard is never
changed, the folder ends in the same bits as if nothing had happened.
"""

import json
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from eden._files import digest_bytes, write_bytes
from eden._say import refusal

Row = dict[str, Any]

# Earlier versions named shards by their hash alone. They are read; only a name that nobody else
# gives is also removed when its file is damaged.
_SHARD = re.compile(r"(eden-)?([0-9a-f]{32})\.parquet")


class Note(NamedTuple):
    """A trial that was asked for: its name, its rows where it was run, what `known` finds it by."""

    name: str
    rows: list[Row] | None
    reads: Hashable


class Memo:
    """Answers of finished trials, in memory and, given a folder, as shards on disk.

    Args:
        folder: Where the shards lie; ``None`` keeps them in memory alone.
        context: What all trials of this search share (the model, the config, the images); trials
            of another context in the same folder are not seen.
    """

    def __init__(self, folder: Path | str | None = None, *, context: str = ""):
        self.folder = None if folder is None else Path(folder)
        self.context = context
        self._rows: dict[Hashable, list[Row]] = {}
        self._asked: set[str] = set()
        self._notes: list[Note] | None = None
        if self.folder is not None and self.folder.is_dir():
            for path in sorted(self.folder.glob("*.parquet")):
                if (named := _SHARD.fullmatch(path.name)) and path.is_file():
                    self._load(path, ours=named[1] is not None, expected=named[2])
        elif self.folder is not None and self.folder.exists():
            raise ValueError(f"folder {self.folder}: is a file; a folder is needed")

    @property
    def count(self) -> int:
        """Trials asked for since this object was made, whether run or replayed."""
        return len(self._asked)

    def known(self, reads: Hashable) -> Row | None:
        """The row of a trial asked for since this object was made, by what it reads."""
        return self._rows[reads][0] if reads in self._rows else None

    def knows(self, question: Mapping[str, Any]) -> bool:
        """Whether the rows of a trial are there, in memory or from disk."""
        return self._name(question) in self._rows

    def get(
        self,
        question: Mapping[str, Any],
        answer: Callable[[], Iterable[Row]],
        *,
        reads: Hashable = None,
    ) -> list[Row]:
        """The rows of the trial ``question``, from disk or by running ``answer`` once.

        Args:
            question: What identifies the trial within this context (JSON-able).
            answer: Runs the trial; each row holds ``seed`` (int), ``ber`` (float or None) and
                ``accuracy`` (float in [0, 1], on the images that were asked); where it was asked by
                image, ``right`` (str).
            reads: Finds the trial by `known` too; questions that read the same bits share it.

        Returns:
            The rows, in the order ``answer`` gave them.
        """
        name = self._name(question)
        rows = None if name in self._rows else [{"right": None, **row} for row in answer()]
        note = Note(name, rows, reads)
        self._take(note)
        if self._notes is not None:
            self._notes.append(note)
        elif rows is not None:
            self._write(note)
        return self._rows[name]

    @contextmanager
    def noting(self) -> Iterator[list[Note]]:
        """Write no trial inside the context, but note all that are asked for, for `learn`."""
        before, self._notes = self._notes, []
        try:
            yield self._notes
        finally:
            self._notes = before

    def learn(self, notes: Iterable[Note]) -> None:
        """Take over what was noted, here or by a copy, and write what was run."""
        for note in notes:
            self._take(note)
            if note.rows is not None:
                self._write(note)

    def _name(self, question: Mapping[str, Any]) -> str:
        return json.dumps({"context": self.context, **question}, sort_keys=True)

    def _take(self, note: Note) -> None:
        self._asked.add(note.name)
        if note.rows is not None:
            self._rows.setdefault(note.name, note.rows)
        if note.reads is not None:
            self._rows[note.reads] = self._rows[note.name]

    def _write(self, note: Note) -> None:
        if self.folder is not None:
            data = _to_parquet(note.name, note.rows or [])
            path = self.folder / f"eden-{digest_bytes(data)[:32]}.parquet"
            write_bytes(path, data, lasting=False)  # torn, it is known as damaged

    def _load(self, path: Path, *, ours: bool, expected: str) -> None:
        data = path.read_bytes()
        if digest_bytes(data)[:32] != expected:
            # Damaged: without it the trial simply runs again and writes the right shard.
            if ours:
                path.unlink()
            return
        for row in _from_parquet(path, data):
            self._rows.setdefault(row.pop("trial"), []).append(row)


def _schema():
    import pyarrow as pa

    text, number = pa.string(), pa.float64()
    columns = {"trial": text, "seed": pa.int64(), "ber": number, "accuracy": number, "right": text}
    return pa.schema(columns)


def _to_parquet(name: str, rows: list[Row]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{"trial": name, **row} for row in rows]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, _schema()), sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def _from_parquet(path: Path, data: bytes) -> list[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # A third of what `read_table` takes, which looks for a data set of many files.
        table = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{path}: is not a shard of trials: {error}") from error
    if not table.schema.equals(_schema()):
        said = ", ".join(f"{field.name} {field.type}" for field in table.schema)
        raise ValueError(f"{path}: is not a shard of trials: its columns are {said}")
    for row in (rows := table.to_pylist()):
        # The name is the hash, so this is no damage: somebody wrote it so.
        if row["trial"] is None or row["seed"] is None or not _is_share(row["accuracy"]):
            raise ValueError(
                f"{path}: trial {row['trial']!r}: "
                + refusal("accuracy", row["accuracy"], "a number from 0 to 1, with trial and seed")
            )
    return rows


def _is_share(value: float | None) -> bool:
    return value is not None and 0.0 <= value <= 1.0
