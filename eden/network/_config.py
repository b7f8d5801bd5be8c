"""What is stored in approximate DRAM, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from torch import nn

from eden import errors
from eden._say import a_kind, an_int, one_of, refusal
from eden.access import Protection, formats
from eden.network._calibration import Calibration

Pattern = str | Callable[[str, nn.Module], bool]

_PATTERNS = ("include", "exclude", "parameters")
CELLS = ("fresh", "fixed")
SCALES = ("channel", "tensor")


@dataclass(frozen=True)
class Config:
    """How a network lies in approximate DRAM.

    Attributes:
        error: An error model, or an operating point that has one (its model is taken). Known cells
            (`eden.errors.Cells`) count from the first bit of each tensor, or from that of its
            partition where it is placed.
        stored: Stored format of every tensor, a name in `eden.access.formats.FORMATS`.
        weights: Store the weights there.
        inputs: Store the input feature maps (IFMs) there.
        include: Tensors to store there: a tensor name, a module name, a glob, ``re:`` and a
            regular expression, or a function ``(tensor name, module) -> bool``; or several.
            None means all.
        exclude: Tensors to leave out, as `include`.
        parameters: Further parameters to store, by name as `include` has it, whatever `weights`
            and `include` say: those of modules that eden does not know, biases, norms. They are
            read for the call of the module that owns them. The weight of a convolution, linear or
            embedding module that is named here is read for the call of the module around that one,
            which may use it without calling its owner (``F.linear(x, self.qkv.weight)``).
        protect: How tensors are stored so that weak cells do less, by pattern as in `include`: the
            first that matches a tensor decides. "triple", "secded", "embedded", "embedded=K",
            "strong_bits=K", "strong_bits=K@BER", "reliable" or "none" (docs/protection.md).
        correction: What becomes of a value outside the learned bounds: "zero", "saturate", "off".
        cells: "fresh", any module of this kind: other weak cells at each step or seed; "fixed",
            one known module: only accesses vary.
        seed: Of the weak cells and accesses, in [0, 2^63).
        calibration: What `learn_bounds` or `boost` learned; attach finds it on a boosted model.
        scale: Steps of weights in an integer format: "channel", one for each index of dimension 0
            of the weight as it is stored, or "tensor", one for all. Dimension 0 counts the outputs
            of convolutions, linear, recurrent and attention modules and the rows of embeddings;
            the *inputs* of transposed convolutions and of transformers' ``Conv1D``, and the
            experts of ``...Experts``. A weight whose channels have one element each, such as a
            bias, has one step. Inputs have one static step each. What `from_dict` reads without
            this field was made with "tensor".
        on_chip_bytes: Memory beside the arithmetic. An input that fits there together with the
            output of its module, both of one inference as stored, never goes through DRAM: it
            meets no errors, keeps full precision, and costs no DRAM energy. What the network
            itself is given always comes from DRAM. Which fit is known after `learn_bounds`.

    Raises:
        TypeError: For an `error`, pattern or protection of another type.
        ValueError: For a value outside those named, or a protection that the format has too few
            bits for.
    """

    error: Any
    stored: str = "int8"
    weights: bool = True
    inputs: bool = True
    include: Pattern | tuple[Pattern, ...] | None = None
    exclude: Pattern | tuple[Pattern, ...] | None = None
    parameters: Pattern | tuple[Pattern, ...] | None = None
    correction: str = "zero"
    cells: str = "fresh"
    seed: int = 0
    calibration: Calibration | None = None
    scale: str = "channel"
    on_chip_bytes: int = 0
    protect: Mapping[Pattern, str | Protection] = field(default_factory=dict)

    def __post_init__(self):
        # An operating point is a number of things; what a load needs of it is its error model.
        error = getattr(self.error, "error", self.error)
        if not isinstance(error, errors.ErrorModel):
            accepted = "an error model from eden.errors or an operating point of a device"
            raise TypeError(refusal("type of error", type(self.error).__name__, accepted))
        object.__setattr__(self, "error", error)
        for name, patterns in patterns_of(self).items():
            object.__setattr__(self, name, patterns)
        formats.get(self.stored)
        one_of("correction", self.correction, formats.CORRECTIONS)
        one_of("cells", self.cells, CELLS)
        one_of("scale", self.scale, SCALES)
        for name in ("weights", "inputs"):
            if not isinstance(value := getattr(self, name), bool):
                raise TypeError(refusal(name, value, "True, False"))
        an_int("on_chip_bytes", self.on_chip_bytes, 0, 2**62)
        an_int("seed", self.seed, 0, 2**63 - 1)
        object.__setattr__(self, "protect", _as_protections(self.protect, self.stored))
        if self.calibration is not None:
            a_kind("calibration", self.calibration, Calibration, "what learn_bounds returns, None")

    @property
    def by_channel(self) -> bool:
        """Whether a weight has a step for each of its channels."""
        return self.scale == "channel" and formats.get(self.stored).integer

    def with_(self, **changes: Any) -> Config:
        """Return a copy with some fields changed."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON-able values.

        Raises:
            ValueError: Where a function is among the patterns; the config of an
                attachment holds the names that it chose instead.
        """
        chosen = patterns_of(self)
        for key, patterns in (*chosen.items(), ("protect", self.protect)):
            if any(callable(pattern) for pattern in patterns or ()):
                raise ValueError(
                    f"{key}: a function cannot be written to a file; use names, globs or 're:', "
                    "or the config of the attachment, which holds the names chosen"
                )
        return {
            "error": self.error.to_dict(),
            "stored": self.stored,
            "weights": self.weights,
            "inputs": self.inputs,
            **{key: None if some is None else list(some) for key, some in chosen.items()},
            "correction": self.correction,
            "cells": self.cells,
            "scale": self.scale,
            "on_chip_bytes": self.on_chip_bytes,
            "seed": self.seed,
            "calibration": None if self.calibration is None else self.calibration.to_dict(),
            # Where nothing is protected a config is what it was before there were protections.
            # Pairs: files of a run hold the keys of a mapping sorted, and here the order counts.
            **({"protect": [list(p) for p in self.protect.items()]} if self.protect else {}),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Config:
        """Build from what `to_dict` returned.

        Files of before there were scales by channel lack ``scale``: theirs was "tensor".

        Raises:
            ValueError: For missing or unknown fields, or values that are not accepted.
        """
        try:
            given = {"scale": "tensor", **values}
            given["error"] = errors.from_dict(given["error"])
            if given.get("calibration") is not None:
                given["calibration"] = Calibration.from_dict(given["calibration"])
            if "protect" in given:
                given["protect"] = dict(given["protect"])
            return cls(**given)
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a config: {error}") from error


def patterns_of(config: Config) -> dict[str, tuple[Pattern, ...] | None]:
    """Return the fields that hold patterns, by name, each as a tuple or None."""
    return {name: _as_patterns(getattr(config, name), name) for name in _PATTERNS}


def _as_patterns(value: Any, name: str) -> tuple[Pattern, ...] | None:
    if value is None:
        return None
    many = isinstance(value, Iterable) and not isinstance(value, str | Mapping)
    patterns: tuple[Any, ...] = tuple(value) if many else (value,)
    for pattern in patterns:
        _check_pattern(pattern, name)
    return patterns


def _check_pattern(pattern: Any, name: str) -> None:
    if not (isinstance(pattern, str) or callable(pattern)):
        raise TypeError(refusal(name, pattern, "a name, a glob, 're:...', or a function"))


def _as_protections(value: Any, stored: str) -> dict[Pattern, str]:
    if value is None:
        return {}
    a_kind("protect", value, Mapping, "a mapping of patterns to protections")
    for pattern, how in value.items():
        _check_pattern(pattern, "protect")
        Protection.parse(how).check(str(pattern), stored)
    return {pattern: str(Protection.parse(how)) for pattern, how in value.items()}
