"""What is known of a network's tensors, and how a model carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from eden.network._wrappers import unwrapped


@dataclass(frozen=True)
class TensorCalibration:
    """What `learn_bounds` saw of one tensor on the clean network.

    Attributes:
        kind: "weight" or "input".
        elements: number of elements of one copy (one inference); the most seen.
        reads: how often one inference reads it; 0 for a tensor that was never read: it lies at
            the rated point, and its bounds say nothing.
        lo: smallest finite value.
        hi: largest finite value.
    """

    kind: str
    elements: int
    reads: int
    lo: float
    hi: float

    @property
    def bounds(self) -> tuple[float, float]:
        """Values outside these are implausible."""
        return self.lo, self.hi

    @property
    def never_read(self) -> bool:
        """Whether the network ran without reading it."""
        return self.reads == 0


@dataclass(frozen=True)
class Calibration:
    """Scales, bounds and sizes of a network's tensors.

    Attributes:
        tensors: by tensor name, such as ``conv1.weight`` and ``conv1.input``: all that the config
            stores, those never read too.
        identity: the known module that the network was boosted for, or None if it may meet any
            module of a kind.
        input_range: share of the range seen that boosting left the inputs.
    """

    tensors: Mapping[str, TensorCalibration] = field(default_factory=dict)
    identity: str | None = None
    input_range: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON-able values."""
        return {
            "identity": self.identity,
            "input_range": self.input_range,
            "tensors": {name: dict(vars(entry)) for name, entry in self.tensors.items()},
        }

    @property
    def never_read(self) -> list[str]:
        """Names of the tensors that the network never read, such as an auxiliary head's."""
        return [name for name, entry in self.tensors.items() if entry.never_read]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Calibration:
        """Build from what `to_dict` returned.

        Raises:
            ValueError: for missing or unknown fields.
        """
        try:
            return cls(
                tensors={n: TensorCalibration(**entry) for n, entry in values["tensors"].items()},
                identity=values["identity"],
                input_range=values.get("input_range", 1.0),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a calibration: {error}") from error


def calibration_of(model: nn.Module) -> Calibration | None:
    """Return the calibration that travels with a model, or None.

    An attached model has its attachment's; a boosted or loaded one carries its own.
    """
    model = unwrapped(model)
    attachment = model.__dict__.get("_eden_attachment")
    if attachment is not None and attachment.config.calibration is not None:
        return attachment.config.calibration
    return model.__dict__.get("_eden_calibration")


def keep_calibration(model: nn.Module, calibration: Calibration | None) -> None:
    """Make `calibration_of` find this calibration; the state dict does not change."""
    unwrapped(model).__dict__["_eden_calibration"] = calibration
