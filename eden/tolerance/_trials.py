"""Finished trials: each is one immutable Parquet file named by the hash of its bytes.

A search asks the same questions in the same order every time it runs. With its trials on disk, a
search that was cut short replays the answers it has and goes on from there; since a shard is never
changed, the folder ends in the same bits as if nothing had happened.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from eden._files import digest_bytes, write_bytes

Row = dict[str, Any]


class Trials:
    """Answers of finished trials, in memory and, given a folder, as shards on disk.

    Args:
        folder: Where the shards lie; ``None`` keeps them in memory alone.
        context: What all trials of this search share (the model's digest, the images, the
            target); trials of another context in the same folder are not seen.
    """

    def __init__(self, folder: Path | str | None = None, *, context: str = ""):
        self.folder = None if folder is None else Path(folder)
        self.context = context
        self._answers: dict[str, list[Row]] = {}
        self._asked: set[str] = set()
        if self.folder is not None and self.folder.is_dir():
            for path in sorted(self.folder.glob("*.parquet")):
                self._load(path)

    @property
    def asked(self) -> int:
        """Trials asked for since this object was made, whether run or replayed."""
        return len(self._asked)

    def get(self, question: Mapping[str, Any], answer: Callable[[], Iterable[Row]]) -> list[Row]:
        """The rows of the trial ``question``, from disk or by running ``answer`` once.

        Args:
            question: What identifies the trial within this context (JSON-able).
            answer: Runs the trial; each row holds ``seed`` (int), ``ber`` (float or None) and
                ``accuracy`` (float in [0, 1], on the images that were asked); where it was asked by
                image, ``right`` (str).

        Returns:
            The rows, in the order ``answer`` gave them.
        """
        key = json.dumps({"context": self.context, **question}, sort_keys=True)
        self._asked.add(key)
        if key not in self._answers:
            rows = [{"right": None, **row} for row in answer()]
            if self.folder is not None:
                data = _to_parquet(key, rows)
                write_bytes(self.folder / f"{digest_bytes(data)[:32]}.parquet", data)
            self._answers[key] = rows
        return self._answers[key]

    def _load(self, path: Path) -> None:
        data = path.read_bytes()
        if digest_bytes(data)[:32] != path.stem:
            # Damaged: without it the trial simply runs again and writes the right shard.
            path.unlink()
            return
        for row in _from_parquet(data):
            key = row.pop("trial")
            self._answers.setdefault(key, []).append(row)


def _schema():
    import pyarrow as pa

    return pa.schema(
        [
            ("trial", pa.string()),
            ("seed", pa.int64()),
            ("ber", pa.float64()),
            ("accuracy", pa.float64()),
            ("right", pa.string()),
        ]
    )


def _to_parquet(key: str, rows: list[Row]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pylist([{"trial": key, **row} for row in rows], schema=_schema())
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def _from_parquet(data: bytes) -> list[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pq.read_table(pa.BufferReader(data)).to_pylist()
