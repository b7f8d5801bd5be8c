"""The run folder: what a run keeps, and how it goes on after having been cut short.

A stage is done when ``stages/<name>.json`` stands, written last, with the stage's fingerprint and
the hash of every file it made. Until then its files count for nothing and the stage is done again;
only finished trials are kept, as their answers cannot be anything else. Whatever differs between
two machines or two runs (times, host, paths) goes into files named ``env*`` or ``time*``; all
others are the same to the last bit. Torch cuts its sums by the number of threads and rounds them
accordingly, so a run goes on with as many as it began with.
"""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from eden._files import (
    digest,
    digest_bytes,
    is_temporary,
    read_as,
    read_json,
    remove_temporaries,
    write_json,
)
from eden._say import an_int
from eden._versions import versions
from eden.folder._provenance import differing_keys, environment
from eden.folder._recipe import Recipe, parse_recipe
from eden.folder._stage_files import StageFiles

RECIPE = "recipe.json"
VERSIONS = "versions.json"
THREADS = "torch_threads"  # an entry of it


class RunFolder:
    """A folder with a recipe and the stages done so far.

    Args:
        path: An existing run folder.

    Attributes:
        path: Where it lies.
        recipe: Its recipe.

    Raises:
        ValueError: If it is not a run folder, or another process is at work in it.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path)
        if not self.is_at(path):
            raise ValueError(
                f"{self.path}: not a run folder (no {RECIPE} in it); `eden run RECIPE --out DIR` "
                f"makes one"
            )
        self.recipe: Recipe = read_as(self.path / RECIPE, _kept_recipe)

    @staticmethod
    def is_at(path: str | os.PathLike[str]) -> bool:
        """Tell whether there is a run folder."""
        return (Path(path) / RECIPE).is_file()

    @classmethod
    def create(cls, path: str | os.PathLike[str], recipe: Recipe, *, resume: bool) -> "RunFolder":
        """Make a run folder, or open the one that is there.

        Args:
            path: Where.
            recipe: What is to run.
            resume: Go on in an existing folder; without it an existing one is refused.

        Returns:
            The folder.

        Raises:
            ValueError: If there is a folder and ``resume`` is false, if it holds other things, or
                if its recipe or versions differ; the message names what differs.
        """
        path = Path(path)
        wanted = recipe.model_dump(mode="json")
        if cls.is_at(path):
            if not resume:
                raise ValueError(
                    f"{path}: holds a run already; add --resume to go on, or choose another --out"
                )
            if changed := differing_keys(_read_keys(path / RECIPE), wanted):
                raise ValueError(
                    f"{path}: was made with another recipe; changed: {'; '.join(changed)}. "
                    f"Resume with the same recipe or choose another --out{_kept_training(path)}"
                )
            return cls(path)
        if path.exists() and not path.is_dir():
            raise ValueError(f"{path}: is a file; a folder is needed")
        if path.is_dir() and (others := _strangers(path)):
            raise ValueError(
                f"{path}: is not empty and not a run folder (it holds {others[0]}); choose another"
            )
        # The recipe goes last: it is what makes this a run folder.
        write_json(path / VERSIONS, {**versions(), THREADS: torch.get_num_threads()})
        write_json(path / RECIPE, wanted)
        return cls(path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process alone; the lock falls with the process.

        Within, torch computes with as many threads as when the run began.
        """
        lock, threads = _open_lock(self.path / "env.lock"), torch.get_num_threads()
        try:
            try:
                if lock is not None:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise ValueError(f"{self.path}: another eden process is at work in it") from None
            torch.set_num_threads(self._check_versions())
            yield
        finally:
            if torch.get_num_threads() != threads:
                torch.set_num_threads(threads)
            if lock is not None:
                os.close(lock)

    def begin(self) -> None:
        """Prepare for writing: clear what was left half-written, and note where this runs."""
        remove_temporaries(self.path)
        write_json(self.path / "env.json", environment())

    def changed_versions(self) -> list[str]:
        """Say which versions are others than when the run began: none of its trials counts then."""
        noted = _read_keys(self.path / VERSIONS)
        noted.pop(THREADS, None)
        return differing_keys(noted, versions())

    def _check_versions(self) -> int:
        """Refuse other versions than those the run began with; return its number of threads."""
        if changed := self.changed_versions():
            raise ValueError(
                f"{self.path}: was made with other versions; changed: {'; '.join(changed)}. "
                f"Use those again or choose another --out{_kept_training(self.path)}"
            )
        threads = _read_keys(self.path / VERSIONS).pop(THREADS, None)
        try:
            an_int(THREADS, threads, 1, 4096)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{self.path / VERSIONS}: {error}") from error
        return threads

    def fingerprint(self, stage: str, keys: tuple[str, ...], needs: tuple[str, ...]) -> str:
        """Digest what a stage's result depends on: its part of the recipe, inputs and versions."""
        recipe = self.recipe.model_dump(mode="json")
        return digest(
            {
                "stage": stage,
                "recipe": {key: recipe[key] for key in keys},
                "inputs": {need: self.record(need)["outputs"] for need in needs},
                "versions": versions(),
            }
        )

    def record(self, stage: str) -> dict[str, Any]:
        """Read what a finished stage left in ``stages/``.

        Raises:
            ValueError: If it has not been finished, or the record is damaged.
        """
        path = self.path / "stages" / f"{stage}.json"
        if not path.is_file():
            raise ValueError(f"{self.path}: stage {stage} has not been run")
        record = _read_keys(path)
        # Every stage writes something: a record of nothing vouches for nothing.
        if not isinstance(record.get("outputs"), dict) or not record["outputs"]:
            raise ValueError(f"{path}: lists no outputs")
        return record

    def is_done(self, stage: str, fingerprint: str) -> bool:
        """Tell whether a stage is finished, for these inputs, and its files are unharmed."""
        try:
            record = self.record(stage)
        except ValueError:
            return False
        return record.get("fingerprint") == fingerprint and all(
            (self.path / name).is_file()
            and digest_bytes((self.path / name).read_bytes()) == expected
            for name, expected in record["outputs"].items()
        )

    def spend(self, stage: str, seconds: float) -> None:
        """Add the wall time of an attempt at a stage, finished or cut short, to ``time.json``."""
        times = self.times()
        spent = times.get(stage, {"seconds": 0.0})["seconds"] + seconds
        times[stage] = {"seconds": round(spent, 3), "ended_unix": round(time.time(), 3)}
        write_json(self.path / "time.json", times)

    def finish(self, stage: str, fingerprint: str, files: StageFiles) -> None:
        """Declare a stage done."""
        write_json(
            self.path / "stages" / f"{stage}.json",
            {"fingerprint": fingerprint, "outputs": files.outputs},
        )

    def times(self) -> dict[str, Any]:
        """Read the wall time of each stage so far, of all its attempts, in seconds."""
        path = self.path / "time.json"
        times = _read_keys(path) if path.is_file() else {}
        for stage, entry in times.items():
            if not (isinstance(entry, dict) and isinstance(entry.get("seconds"), int | float)):
                raise ValueError(f"{path}: stage {stage} has no seconds")
        return times


def _open_lock(path: Path) -> int | None:
    """Open the file that is locked: nothing is written to it, and no link is followed.

    A finished run can be looked at where nothing may be written: None where it has no lock.
    """
    flags = os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | flags, 0o666)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ValueError(f"{path}: is a symbolic link; a file is needed") from None
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
    try:
        return os.open(path, os.O_RDONLY | flags)
    except OSError:
        return None


def _read_keys(path: Path) -> dict[str, Any]:
    """Read a JSON file of keys with values."""
    value = read_json(path)
    if not isinstance(value, dict):
        raise ValueError(f"{path}: is a {type(value).__name__}, accepted: keys with values")
    return value


def _kept_recipe(content: Any) -> Recipe:
    """Check the recipe of a run folder; one of before there were controls asks for none."""
    if isinstance(content, dict) and isinstance(part := content.get("boost"), dict):
        part.setdefault("control", False)
    return parse_recipe(content)


def _kept_training(path: Path) -> str:
    """Say how another folder is spared the training, where this one has a trained network."""
    trained = path / "baseline.safetensors"
    return f", where --weights {trained} takes what was trained here" if trained.is_file() else ""


def _strangers(path: Path) -> list[str]:
    """List entries that a run cut short before its recipe was written cannot have left."""
    return sorted(
        entry.name for entry in path.iterdir() if entry.name != VERSIONS and not is_temporary(entry)
    )
