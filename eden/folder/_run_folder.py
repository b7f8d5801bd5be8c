"""The run folder: what a run keeps, and how it goes on after having been cut short.

A stage is done when ``stages/<name>.json`` stands, written last, with the stage's fingerprint and
the hash of every file it made. Until then its files count for nothing and the stage is done again;
only finished trials are kept, as their answers cannot be anything else. Whatever differs between
two machines or two runs (times, host, paths) goes into files named ``env*`` or ``time*``; all
others are the same to the last bit.
"""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eden._files import (
    digest,
    digest_bytes,
    is_temporary,
    read_json,
    remove_temporaries,
    write_json,
)
from eden._versions import versions
from eden.folder._provenance import differing_keys, environment
from eden.folder._recipe import Recipe, parse_recipe
from eden.folder._stage_files import StageFiles

RECIPE = "recipe.json"
VERSIONS = "versions.json"


class RunFolder:
    """A folder with a recipe and the stages done so far.

    Args:
        path: An existing run folder.

    Attributes:
        path: The folder.
        recipe: Its recipe.

    Raises:
        ValueError: If it is not a run folder, or another process is at work in it.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path)
        if not (self.path / RECIPE).is_file():
            raise ValueError(
                f"{self.path}: not a run folder (no {RECIPE} in it); `eden run RECIPE --out DIR` "
                f"makes one"
            )
        self.recipe: Recipe = parse_recipe(read_json(self.path / RECIPE))

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
        if (path / RECIPE).is_file():
            if not resume:
                raise ValueError(
                    f"{path}: holds a run already; add --resume to go on, or choose another --out"
                )
            if changed := differing_keys(read_json(path / RECIPE), wanted):
                raise ValueError(
                    f"{path}: was made with another recipe; changed: {'; '.join(changed)}. "
                    f"Resume with the same recipe or choose another --out"
                )
            return cls(path)
        if path.exists() and not path.is_dir():
            raise ValueError(f"{path}: is a file; a folder is needed")
        if path.is_dir() and (others := _strangers(path)):
            raise ValueError(
                f"{path}: is not empty and not a run folder (it holds {others[0]}); choose another"
            )
        # The recipe goes last: it is what makes this a run folder.
        write_json(path / VERSIONS, versions())
        write_json(path / RECIPE, wanted)
        return cls(path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process alone; the lock falls with the process."""
        lock = _open_lock(self.path / "env.lock")
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise ValueError(f"{self.path}: another eden process is at work in it") from None
            self._check_versions()
            remove_temporaries(self.path)
            write_json(self.path / "env.json", environment())
            yield
        finally:
            os.close(lock)

    def _check_versions(self) -> None:
        if changed := differing_keys(read_json(self.path / VERSIONS), versions()):
            raise ValueError(
                f"{self.path}: was made with other versions; changed: {'; '.join(changed)}. "
                f"Use those again or choose another --out"
            )

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
            ValueError: If it has not been finished.
        """
        path = self.path / "stages" / f"{stage}.json"
        if not path.is_file():
            raise ValueError(f"{self.path}: stage {stage} has not been run")
        return read_json(path)

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

    def finish(self, stage: str, fingerprint: str, files: StageFiles, *, seconds: float) -> None:
        """Declare a stage done; its wall time goes into ``time.json``."""
        times = self.times()
        times[stage] = {"seconds": round(seconds, 3), "finished_unix": round(time.time(), 3)}
        write_json(self.path / "time.json", times)
        write_json(
            self.path / "stages" / f"{stage}.json",
            {"fingerprint": fingerprint, "outputs": files.outputs},
        )

    def times(self) -> dict[str, Any]:
        """Read the wall time of each stage so far, in seconds."""
        path = self.path / "time.json"
        return read_json(path) if path.is_file() else {}


def _open_lock(path: Path) -> int:
    """Open the file that is locked: nothing is written to it, and no link is followed."""
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ValueError(f"{path}: is a symbolic link; a file is needed") from None
        raise
    return lock


def _strangers(path: Path) -> list[str]:
    """List entries that a run cut short before its recipe was written cannot have left."""
    return sorted(
        entry.name for entry in path.iterdir() if entry.name != VERSIONS and not is_temporary(entry)
    )
