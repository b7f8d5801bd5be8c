"""Stored formats: how an element lies in DRAM."""

import math
from dataclasses import dataclass

import torch

from eden._say import refusal


@dataclass(frozen=True)
class Format:
    """A stored format.

    Attributes:
        name: As users write it.
        code: Its number in the ops.
        bits: Bits an element.
        integer: Whether it is a symmetric integer times a scale.
        dtype: The torch type that holds it natively, None for integers.
    """

    name: str
    code: int
    bits: int
    integer: bool
    dtype: torch.dtype | None

    @property
    def mantissa_bits(self) -> int:
        """Of a float, the bits below its exponent; 0 for an integer format."""
        return 0 if self.dtype is None else -int(math.log2(torch.finfo(self.dtype).eps))


FORMATS: dict[str, Format] = {
    f.name: f
    for f in (
        Format("fp32", 0, 32, False, torch.float32),
        Format("fp16", 1, 16, False, torch.float16),
        Format("bf16", 2, 16, False, torch.bfloat16),
        Format("int16", 3, 16, True, None),
        Format("int8", 4, 8, True, None),
        Format("int4", 5, 4, True, None),
    )
}

# In the order of `FORMATS`; looked up at every read.
_NATIVE = {f.dtype: f for f in FORMATS.values() if f.dtype}

# Integer tensors fail on their own bits; the format's code is not read for them.
RAW_BITS: dict[torch.dtype, int] = {
    torch.int8: 8,
    torch.uint8: 8,
    torch.int16: 16,
    torch.int32: 32,
}


# What becomes of an implausible value, and its number in the ops.
CORRECTIONS: dict[str, int] = {"off": 0, "zero": 1, "saturate": 2}


def correction_number(name: str, bounds: object) -> int:
    """Look a correction up, which needs bounds where it does something and only there.

    Raises:
        ValueError: There is no such correction, or it and the bounds do not fit together.
    """
    if name not in CORRECTIONS:
        raise ValueError(refusal("correction", name, ", ".join(CORRECTIONS)))
    if name != "off" and bounds is None:
        raise ValueError(refusal("bounds", None, f"(lowest, highest), as correction is {name}"))
    if name == "off" and bounds is not None:
        raise ValueError(refusal("correction", name, "zero, saturate, where bounds are given"))
    return CORRECTIONS[name]


def get(name: str) -> Format:
    """Look a stored format up.

    Raises:
        ValueError: There is no such format.
    """
    if name not in FORMATS:
        raise ValueError(refusal("stored format", name, ", ".join(FORMATS)))
    return FORMATS[name]


def native(dtype: torch.dtype, what: str = "dtype") -> Format:
    """Return the format in which a floating-point type lies as it is.

    Args:
        dtype: Of float32, float16 and bfloat16.
        what: Has it, for the message.

    Raises:
        TypeError: The type has no native format.
    """
    if dtype in _NATIVE:
        return _NATIVE[dtype]
    raise TypeError(refusal(what, dtype, ", ".join(map(str, (*_NATIVE, *RAW_BITS)))))
