"""Files of traces, piece by piece: plain or gzip, with a bar."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from tqdm.auto import tqdm

_AT_ONCE = 1 << 20
_GZIP = b"\x1f\x8b"


def pieces(path: Path, *, progress: bool) -> Iterator[bytes]:
    """Yield the content of a file or a pipe, unpacked where it is gzip.

    Raises:
        ValueError: One line that names the file, for a packed file that is damaged.
        OSError: If it cannot be read.
    """
    with open(path, "rb") as file:
        packed = file.peek(2)[:2] == _GZIP
        seekable = file.seekable()  # a pipe is not
        size = path.stat().st_size if seekable else None
        with tqdm(
            total=size, unit="B", unit_scale=True, desc=path.name, disable=not progress
        ) as bar:
            source = gzip.GzipFile(fileobj=file) if packed else file
            while piece := _read(source, path):
                yield piece
                bar.update(file.tell() - bar.n if seekable else len(piece))


def _read(source, path: Path) -> bytes:
    try:
        return source.read(_AT_ONCE)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path}: damaged gzip, or cut short: {error}") from None


class Out:
    """A file that is written as a trace goes by, and is not left half done.

    Packed where its name ends in ``.gz``.
    """

    def __init__(self, path: Path):
        self.path = path
        self._begun = path.with_name(f".eden-{path.name}.tmp")

    def __enter__(self) -> Callable[[bytes], object]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.suffix == ".gz":
            self._file = gzip.open(self._begun, "wb", compresslevel=4)
        else:
            self._file = open(self._begun, "wb")
        return self._file.write

    def __exit__(self, kind, error, trace) -> None:
        self._file.close()
        if kind is None:
            self._begun.replace(self.path)
        else:
            self._begun.unlink(missing_ok=True)
