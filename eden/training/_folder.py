"""A training in a folder, epoch by epoch, so that one that was cut short goes on where it was.

Trainings are numbered as they follow one another: of each its last epoch is kept, and what it was
judged to bear. Who goes on replays what is there and trains the rest, to the same network.
"""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from eden._files import digest, read_json, write_bytes, write_json
from eden.training._ranks import Ranks

_CELLS = re.compile(r"cells-\d+")


class TrainingFolder:
    """What a folder keeps of trainings; nothing without one.

    Args:
        folder: Made if it is not there.
        ranks: The processes that train: the first one reads and writes.
    """

    def __init__(self, folder: Path | str | None, ranks: Ranks):
        self.folder, self.ranks = None if folder is None else Path(folder), ranks

    def cells(self, training: int) -> Path | None:
        """Where what was asked to judge a training is kept, as `eden.criticality` keeps it."""
        return None if self.folder is None else self.folder / f"cells-{training}"

    def keep_cells(self, training: int) -> None:
        """Remove what was asked to judge other trainings; 0 keeps none."""
        self.ranks.first(lambda: self._keep_cells(training))

    def _keep_cells(self, training: int) -> None:
        if self.folder is not None:
            for path in self.folder.glob("cells-*/"):
                if _CELLS.fullmatch(path.name) and path != self.cells(training):
                    shutil.rmtree(path)

    def claim(self, identity: Any) -> None:
        """Take the folder for trainings of an identity.

        Args:
            identity: JSON-able, all that is known to decide what the trainings come to.

        Raises:
            ValueError: If it keeps trainings of another one.
        """
        self.ranks.first(lambda: self._claim(digest(identity)))

    def _claim(self, identity: str) -> None:
        if self.folder is None:
            return
        path = self.folder / "training.json"
        if not path.is_file():
            write_json(path, {"identity": identity})
        elif read_json(path) != {"identity": identity}:
            raise ValueError(
                f"{self.folder}: keeps a training of another network or with other arguments; "
                "choose another folder"
            )

    @property
    def begun(self) -> bool:
        """Whether a training was begun there."""
        path = self._path(1, "pt")
        return self.ranks.first(lambda: path is not None and path.is_file())

    def state(self, training: int) -> dict[str, Any] | None:
        """Return the last state that was written of a training; None before its first."""
        return self.ranks.first(lambda: self._read(training))

    def _read(self, training: int) -> dict[str, Any] | None:
        path = self._path(training, "pt")
        if path is None or not path.is_file():
            return None
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # unpickling raises what it likes
            raise _damaged(path) from error
        if not isinstance(state, dict) or "rows" not in state:
            raise _damaged(path)
        return state

    def write(self, training: int, state: dict[str, Any]) -> None:
        """Write the state of a training after an epoch."""
        path = self._path(training, "pt")
        if path is None or self.ranks.rank > 0:
            return
        buffer = io.BytesIO()
        torch.save(state, buffer)
        write_bytes(path, buffer.getvalue())

    def judged(self, training: int, ask: Callable[[], tuple[float, float]]) -> tuple[float, float]:
        """Return what a training was judged to be; asked once, by the first process."""
        return self.ranks.first(lambda: self._judged(self._path(training, "json"), ask))

    @staticmethod
    def _judged(path: Path | None, ask: Callable[[], tuple[float, float]]) -> tuple[float, float]:
        if path is not None and path.is_file():
            found = read_json(path)
            if not isinstance(found, list) or [type(number) for number in found] != [float] * 2:
                raise _damaged(path)
            return found[0], found[1]
        found = ask()
        if path is not None:
            write_json(path, found)
        return found

    def _path(self, training: int, ending: str) -> Path | None:
        return None if self.folder is None else self.folder / f"training-{training}.{ending}"


def _damaged(path: Path) -> ValueError:
    return ValueError(f"{path}: is damaged; remove it, and this training begins anew")
