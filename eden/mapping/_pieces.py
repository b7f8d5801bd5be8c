"""The pieces of memory that tensors take, and where they lie in a partition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from eden import devices

# The home at the rated point, of reliable tensors and strong bits: memory that never fails.
RATED = "rated"


@dataclass(frozen=True)
class Place:
    """A piece of a tensor in its place.

    Attributes:
        partition: Name of its partition, or ``rated``.
        address: First byte within the partition.
        row_bytes: Bytes of a row there.
        size_bytes: Bytes of one copy.
        ber: Bit error rate there, of the placement's estimate.
    """

    partition: str
    address: int
    row_bytes: int
    size_bytes: int
    ber: float

    @property
    def error(self):
        """Uniform error model of its partition."""
        return devices.uniform(self.ber)


class Part(NamedTuple):
    """The pieces of a tensor that lie in one partition.

    Attributes:
        tensor: Its number.
        name: For messages.
        sizes: Bytes of each piece.
        reads: How often an inference reads them.
        tolerance: Highest BER that they bear.
        apart: Whether no two pieces may share a row or a bitline at the same bit of a copy.
        strong: Whether they are strong bits.
    """

    tensor: int
    name: str
    sizes: tuple[int, ...]
    reads: float
    tolerance: float
    apart: bool = False
    strong: bool = False


def addresses_of(
    parts: Sequence[Part], line_bytes: int, row_bytes: int
) -> tuple[list[list[int]], int]:
    """Lay the parts of one partition, on lines of their own.

    First pieces lie one after another, in order, and what protects them behind; copies of a tensor
    far enough away from each other.

    Returns:
        The address of each piece of each part, and the first byte behind all.
    """
    cursor, addresses = 0, [[] for _ in parts]
    for number in range(max((len(part.sizes) for part in parts), default=0)):
        for part, taken in zip(parts, addresses, strict=True):
            if number >= len(part.sizes):
                continue
            while part.apart and any(shared(cursor, at, row_bytes) for at in taken):
                cursor += line_bytes
            taken.append(cursor)
            cursor += -(-part.sizes[number] // line_bytes) * line_bytes
    return addresses, cursor


def shared(one: int, other: int, row_bytes: int) -> bool:
    """Tell whether two copies have some bit on one row, or on one bitline."""
    distance = abs(one - other)
    return distance < row_bytes or distance % row_bytes == 0


def spare_bytes(parts: Sequence[Part], line_bytes: int, row_bytes: int) -> int:
    """Return what `addresses_of` may skip at most, whichever of the parts lie together."""
    apart = sum(part.apart for part in parts)
    # Twice the distance of a row, and a line where a copy would begin on the bitline of another.
    return (2 * row_bytes + 4 * apart * line_bytes) * (apart > 0)
