"""Files that are either whole or not there, and bytes that are the same on every run.

A process may be killed, or the disk may fill, at any moment. Everything eden keeps is therefore
written beside its place under a name of eden's own, flushed to the disk unless it need not last,
and then renamed: the earlier state survives until the new one is complete. What does not bear such
a name is somebody else's, and is never removed.
"""

import contextlib
import csv
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

Built = TypeVar("Built")

# Of files not yet whole: nobody else calls a file so.
_BEGUN, _ENDING = ".eden-", ".tmp"


def write_bytes(path: Path | str, data: bytes, *, lasting: bool = True) -> Path:
    """Write a file so that it is either whole or unchanged.

    Args:
        path: Where to; missing parent folders are made.
        data: The whole content.
        lasting: Wait until it is on the disk, which takes milliseconds. Without, a loss of power
            may leave a file of this name that is torn or empty: for what is known by its hash, and
            is cheap to make again.

    Returns:
        The path written.

    Raises:
        OSError: If the disk is full or the place cannot be written. What stood at ``path`` before
            still stands there, and nothing temporary is left.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # With the process in its name, so that two at work in one folder do not share it.
    temporary = path.with_name(f"{_BEGUN}{path.name}.{os.getpid()}{_ENDING}")
    try:
        temporary.unlink(missing_ok=True)  # an earlier life may have had the same number
        with open(temporary, "xb") as file:
            file.write(data)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):
            # The name the user knows, not that of the temporary.
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    if lasting:
        _sync_folder(path.parent)
    return path


def _sync_folder(folder: Path) -> None:
    # A rename is only durable once the folder's own entry is on the disk.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_temporaries(folder: Path) -> None:
    """Remove what writes that were cut short left behind, in a folder and all below it."""
    for path in folder.rglob(f"{_BEGUN}*{_ENDING}"):
        if is_temporary(path):
            path.unlink(missing_ok=True)


def is_temporary(path: Path) -> bool:
    """Tell whether a file is what a write that was cut short left behind."""
    named = path.name.startswith(_BEGUN) and path.name.endswith(_ENDING)
    return named and path.is_file() and not path.is_symlink()


def dump_json(value: Any) -> bytes:
    """Write a value as JSON with sorted keys and one ending newline.

    Raises:
        ValueError: If a number is not finite.
    """
    text = json.dumps(value, sort_keys=True, indent=1, allow_nan=False, ensure_ascii=False)
    return (text + "\n").encode()


def write_json(path: Path | str, value: Any) -> Path:
    """Write ``value`` as JSON through `write_bytes`."""
    return write_bytes(path, dump_json(value))


def parse_json(text: str | bytes) -> Any:
    """Parse JSON in which every key of an object is given once.

    Raises:
        ValueError: For text that is not JSON, and a key that is given twice: the last would win.
    """
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key in found if sum(key == other for other, _ in pairs) > 1)
        raise ValueError(f"key {twice!r} is given twice, accepted: once")
    return found


def read_json(path: Path | str) -> Any:
    """Read a JSON file.

    Raises:
        ValueError: If the file is not JSON; the message names it.
    """
    try:
        return parse_json(Path(path).read_bytes())
    except (ValueError, RecursionError) as error:  # of numbers without end, nesting without end
        raise ValueError(f"{path} is not JSON: {error}") from error


def read_as(path: Path | str, build: Callable[[Any], Built]) -> Built:
    """Read a JSON file and build something of what it holds.

    Raises:
        ValueError: If the file is not JSON, or not of this; the message names it.
    """
    value = read_json(path)
    try:
        return build(value)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def write_csv(path: Path | str, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Path:
    """Write rows as CSV with a header; a column a row lacks stays empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="raise")
    writer.writeheader()
    writer.writerows(rows)
    return write_bytes(path, text.getvalue().encode())


def digest_bytes(*data: bytes | memoryview) -> str:
    """Return the SHA-256 of buffers one after another, in hexadecimal."""
    total = hashlib.sha256()
    for part in data:
        total.update(part)
    return total.hexdigest()


def digest(value: Any) -> str:
    """Return the SHA-256 of a JSON-able value, whatever the order of its keys."""
    return digest_bytes(dump_json(value))
