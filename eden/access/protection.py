"""Protections: how a tensor is stored so that weak cells do less (docs/protection.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from eden._say import an_int, refusal, within
from eden.access import formats
from eden.access._code_weights import wrong_bit

KINDS = ("none", "triple", "secded", "embedded", "strong_bits", "reliable")
ACCEPTED = "none, triple, secded, embedded, embedded=K, strong_bits=K, strong_bits=K@BER, reliable"
# Bytes of a word of the code.
WORD_BYTES = 8
_MOST_STRONG = 3
# Of which an element holds copies: an integer gives up four bits at most, a float keeps a bit of
# its fraction (kernels/protection/embedded.h).
_MOST_EMBEDDED = {"fp32": 8, "fp16": 4, "bf16": 3, "int16": 2, "int8": 2, "int4": 1}


class Room(NamedTuple):
    """A piece of memory that a protected tensor takes for one copy.

    Attributes:
        size_bytes: Its size.
        strong: Whether it is the home of strong bits, in another partition than the rest.
    """

    size_bytes: int
    strong: bool = False


@dataclass(frozen=True)
class Protection:
    """A protection of one tensor; `str` of it is what `parse` reads.

    Attributes:
        kind: One of `KINDS`.
        bits: How many top bits of an element are "embedded" or "strong_bits", else 0.
        ber: Bit error rate of strong bits that are not placed.

    Raises:
        ValueError: A field is out of its range.
    """

    kind: str = "none"
    bits: int = 0
    ber: float = 0.0

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(refusal("protection", self.kind, ACCEPTED))
        an_int(f"bits of {self.kind}", self.bits, 0)
        if self.bits and self.kind not in ("strong_bits", "embedded"):
            raise ValueError(refusal(f"bits of {self.kind}", self.bits, "0: it has no top bits"))
        if self.ber and self.kind != "strong_bits":
            raise ValueError(refusal(f"BER of {self.kind}", self.ber, "0: it has no other home"))
        if self.kind == "embedded" and self.bits < 1:
            raise ValueError(refusal("embedded", self.bits, "1 or more top bits"))
        if self.kind == "strong_bits" and not 1 <= self.bits <= _MOST_STRONG:
            raise ValueError(refusal("strong_bits", self.bits, f"1 to {_MOST_STRONG} top bits"))
        within("BER of strong bits", self.ber, 0, 1)

    def __str__(self) -> str:
        at = f"@{self.ber!r}" if self.ber else ""
        return f"{self.kind}={self.bits}{at}" if self.bits else self.kind

    @classmethod
    def parse(cls, text: str | Protection) -> Protection:
        """Read a protection such as "triple", "embedded=2" or "strong_bits=2@1e-9".

        Raises:
            TypeError: It is no text.
            ValueError: There is none of this name, or its number is not accepted.
        """
        if isinstance(text, Protection):
            return text
        if not isinstance(text, str):
            raise TypeError(refusal("protection", text, ACCEPTED))
        kind, equals, number = text.partition("=")
        bits, at, ber = number.partition("@")
        takes_bits = kind in ("embedded", "strong_bits")
        try:
            unknown = kind not in KINDS or (kind == "strong_bits" and not equals)
            if unknown or bool(equals) > takes_bits or (at and kind != "strong_bits"):
                raise ValueError
            one = 1 if kind == "embedded" and not equals else 0
            found = int(bits) if equals else one
            rate = float(ber) if at else 0.0
        except ValueError:
            raise ValueError(refusal("protection", text, ACCEPTED)) from None
        return cls(kind, found, rate)

    def check(self, name: str, stored: str) -> None:
        """Refuse a protection that a stored format has no room for.

        Args:
            name: Of the tensor.
            stored: Name of the format.

        Raises:
            ValueError: It has fewer bits.
        """
        most = _MOST_EMBEDDED[stored] if self.kind == "embedded" else _MOST_STRONG
        if self.bits > most:
            said = f"{self.kind}=1 to {most} in {stored}"
            raise ValueError(refusal(f"protection of {name}", str(self), said))

    def rooms(self, elements: int, bits: int) -> tuple[Room, ...]:
        """Return the pieces of memory that one copy takes; the first one is the tensor's own.

        Args:
            elements: Of one copy.
            bits: Of one element.
        """
        size = -(-elements * bits // 8)
        if self.kind == "triple":
            return (Room(size),) * 3
        if self.kind == "secded":
            return Room(size), Room(-(-size // WORD_BYTES))
        if self.kind == "strong_bits":
            plane = -(-elements // 8)
            return Room((bits - self.bits) * plane), Room(self.bits * plane, strong=True)
        return (Room(size),)

    def extra_bytes(self, size_bytes: int) -> int:
        """Return the bytes stored and moved beyond the tensor's own.

        Args:
            size_bytes: Of one copy, unprotected. Planes of strong bits end in whole bytes: that
                adds less than a byte a plane, which `rooms` counts and this does not.
        """
        return {"triple": 2 * size_bytes, "secded": -(-size_bytes // WORD_BYTES)}.get(self.kind, 0)

    def error_probability(
        self, p: ArrayLike, bit: int, stored: str, *, strong: ArrayLike | None = None
    ) -> np.ndarray:
        """Return the probability that a logical bit of an element reads wrong.

        Args:
            p: Probability that a stored cell is wrong, each independently of the others, in
                [0, 1]; any shape.
            bit: Of the element, 0 being the least significant one.
            stored: Name of the format.
            strong: The same for the home of strong bits, default `ber`.

        Returns:
            float64, of the shape of `p`. For "secded" the exact mean over the places that the bit
            has in words; in a last word that is not full fewer bits can fail.

        Raises:
            ValueError: A probability is outside [0, 1], or there is no such bit.
        """
        fmt = formats.get(stored)
        within("bit", bit, 0, fmt.bits - 1)
        p = np.asarray(p, dtype=np.float64)
        if not ((p >= 0) & (p <= 1)).all():
            raise ValueError(refusal("p", p.tolist(), "probabilities from 0 to 1"))
        majority = p * p * (3.0 - 2.0 * p)
        if self.kind == "triple":
            return majority
        if self.kind == "secded":
            return wrong_bit(p)[..., bit :: fmt.bits].mean(axis=-1)
        if self.kind == "embedded":
            top = fmt.bits - (0 if fmt.integer else 1)
            if bit < 2 * self.bits:
                return np.zeros_like(p)
            return majority if top - self.bits <= bit < top else p
        if self.kind == "strong_bits" and bit >= fmt.bits - self.bits:
            return np.broadcast_to(self.ber if strong is None else strong, p.shape).astype(float)
        return np.zeros_like(p) if self.kind == "reliable" else p


NONE = Protection()
