"""What one stage of a run writes."""

from pathlib import Path
from typing import Any

import torch

from eden import network
from eden._files import digest_bytes, write_bytes, write_csv, write_json
from eden.network import Calibration


class StageFiles:
    """Where one stage writes; remembers what it wrote."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.outputs: dict[str, str] = {}

    def bytes(self, name: str, data: bytes) -> Path:
        """Write a file of the stage."""
        self.outputs[name] = digest_bytes(data)
        return write_bytes(self.folder / name, data)

    def network(self, name: str, model: torch.nn.Module, calibration: Calibration | None) -> Path:
        """Write a network of the stage with its calibration."""
        path = self.folder / name
        try:
            network.save(model, path, calibration=calibration)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error
        return self._written(name, path)

    def json(self, name: str, value: Any) -> Path:
        """Write a JSON file of the stage."""
        return self._written(name, write_json(self.folder / name, value))

    def csv(self, name: str, rows: list[dict[str, Any]], columns: list[str]) -> Path:
        """Write a CSV file of the stage."""
        return self._written(name, write_csv(self.folder / name, rows, columns))

    def _written(self, name: str, path: Path) -> Path:
        self.outputs[name] = digest_bytes(path.read_bytes())
        return path
