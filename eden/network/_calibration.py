"""What is known of a network's tensors, and how a model carries it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import nn

from eden._say import a_kind, an_int, one_of, within
from eden.network._wrappers import unwrapped

_MOST = torch.finfo(torch.float32).max  # bounds and scales are float32
# A share of their range for all inputs, or that of the first and of the last.
InputRange = float | tuple[float, float]


@dataclass(frozen=True)
class TensorCalibration:
    """What `learn_bounds` saw of one tensor on the clean network.

    Attributes:
        kind: "weight" or "input".
        elements: Number of elements of one copy (one inference); the most seen.
        reads: How often one inference reads it; 0 for a tensor that was never read: it lies at
            the rated point, and its bounds say nothing.
        lo: Smallest finite value.
        hi: Largest finite value.
        output_elements: Of an input, number of elements of one inference that its module makes of
            it; the most seen. None for a weight, and where it is not known: files of before
            ``Config.on_chip_bytes`` lack it.
        network_input: Whether it is what the network itself was given.
    """

    kind: str
    elements: int
    reads: int
    lo: float
    hi: float
    output_elements: int | None = None
    network_input: bool = False

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
        tensors: By tensor name, such as ``conv1.weight`` and ``conv1.input``: all that the config
            stores, those never read too.
        identity: The known module that the network was boosted for, or None if it may meet any
            module of a kind.
        input_range: Share of the range seen that boosting left the inputs; of two, that of the
            first input it narrowed and that of the last, see `share_of`.
    """

    tensors: Mapping[str, TensorCalibration] = field(default_factory=dict, repr=False)
    identity: str | None = None
    input_range: InputRange = 1.0

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON-able values."""
        share = self.input_range
        return {
            "identity": self.identity,
            "input_range": list(share) if isinstance(share, tuple) else share,
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
            ValueError: For missing fields, unknown ones of a tensor, or values out of their range.
        """
        try:
            share = values.get("input_range", 1.0)
            calibration = cls(
                tensors={n: TensorCalibration(**entry) for n, entry in values["tensors"].items()},
                identity=values["identity"],
                input_range=tuple(share) if isinstance(share, list) else share,
            )
            _check(calibration)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"not a calibration: {error}") from error
        return calibration


def hidden_inputs(known: Calibration, names: Iterable[str]) -> list[str]:
    """Return those of some tensors, in model order, that are inputs and not the network's own.

    Of a file that does not say which those are (before `TensorCalibration.output_elements`), all
    but the first.
    """
    entries = {name: known.tensors[name] for name in names if name in known.tensors}
    inputs = {name: entry for name, entry in entries.items() if entry.kind == "input"}
    if all(entry.output_elements is None for entry in inputs.values()):
        return list(inputs)[1:]
    return [name for name, entry in inputs.items() if not entry.network_input]


def share_of(input_range: InputRange, index: int, count: int) -> float:
    """The share of its range that one of the inputs narrowed has, evenly by the logarithm.

    Args:
        input_range: One share for all, or those of the first and the last.
        index: Which input, from 0.
        count: How many there are.
    """
    first, last = input_range if isinstance(input_range, tuple) else (input_range, input_range)
    return first * (last / first) ** (index / max(1, count - 1))


def check_input_range(input_range: object, name: str = "input_range") -> None:
    """Refuse what is no share, nor a pair of them.

    Raises:
        TypeError: For another type.
        ValueError: For a share outside (0, 1], or more or fewer than two.
    """
    if not isinstance(input_range, tuple):
        within(name, cast(float, input_range), 0, 1, above=True)
        return
    one_of(f"number of shares in {name}", len(input_range), [2])
    for share in input_range:
        within(name, share, 0, 1, above=True)


def _check(calibration: Calibration) -> None:
    check_input_range(calibration.input_range)
    if calibration.identity is not None:
        a_kind("identity", calibration.identity, str, "text, or nothing")
    for name, entry in calibration.tensors.items():
        one_of(f"kind of {name}", entry.kind, ("weight", "input"))
        an_int(f"elements of {name}", entry.elements, 0, 2**62)
        an_int(f"reads of {name}", entry.reads, 0, 2**62)
        if entry.output_elements is not None:
            an_int(f"output_elements of {name}", entry.output_elements, 0, 2**62)
        a_kind(f"network_input of {name}", entry.network_input, bool, "True, False")
        within(f"hi of {name}", entry.hi, -_MOST, _MOST)
        within(f"lo of {name}", entry.lo, -_MOST, entry.hi)


def check_agrees(calibration: Calibration | None, tensor: Any) -> None:
    """Refuse a tensor that a calibration knows otherwise, or never saw read.

    Args:
        calibration: Of the network; what it does not mention agrees.
        tensor: With its ``name``, ``kind``, ``elements`` and ``reads``.

    Raises:
        ValueError: Naming what differs.
    """
    known = None if calibration is None else calibration.tensors.get(tensor.name)
    if known is None:
        return
    if known.never_read:
        raise ValueError(f"{tensor.name} was never read, as the calibration of its config says")
    for fact in ("kind", "elements", "reads"):
        one_of(f"{fact} of {tensor.name}", getattr(tensor, fact), [getattr(known, fact)])


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
