"""What an op is told of a read: where it lies, how values lie there, what protects them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

from torch import Tensor

from eden.errors import Table


class Extent(NamedTuple):
    """Which bytes of a partition a read takes.

    Attributes:
        copies: How many times the same cells are read with other data.
        first_copy: Number of the first copy.
        address: Where a copy begins, in bytes.
        row_bytes: Bytes of a DRAM row.
        numbers: int64 [copies], the number of each copy, where they do not follow each other.
    """

    copies: int = 1
    first_copy: int = 0
    address: int = 0
    row_bytes: int = 8192
    numbers: Tensor | None = None


class Coding(NamedTuple):
    """How elements lie in DRAM, and what becomes of implausible ones.

    Attributes:
        stored: Number of the format.
        scale: float32 [] or [n] for an integer format, else None.
        bounds: float32 [2], or None where nothing is corrected.
        correction: Number of the correction.
    """

    stored: int
    scale: Tensor | None
    bounds: Tensor | None
    correction: int


class PartExtent(NamedTuple):
    """Where one part of a protected tensor lies.

    Attributes:
        key: int64 [2], of this access there.
        table: Which cells are weak there.
        address: Where a copy begins, in bytes.
        row_bytes: Bytes of a DRAM row there.
    """

    key: Tensor
    table: Table
    address: int = 0
    row_bytes: int = 8192


class ProtectedRead(NamedTuple):
    """A read of a protected tensor.

    Attributes:
        kind: Of the protection, as in `eden.access.protection`, but not none or reliable.
        bits: How many bits it is about.
        counts: int64 [2]; words that a code corrected and detected are added.
        coding: How elements lie in each part.
        extent: Which copies are read; not where, which the parts say.
        parts: Where they lie.
    """

    kind: str
    bits: int
    counts: Tensor
    coding: Coding
    extent: Extent
    parts: Sequence[PartExtent]

    def flat(self) -> tuple[Any, ...]:
        """Return one value after the other: `torch.func` maps over a tuple value by value."""
        parts = [
            (key, table.lookup, table.entries, table.order, address, row_bytes)
            for key, table, address, row_bytes in self.parts
        ]
        return (*self[:3], *self.coding, *self.extent, *chain.from_iterable(parts))

    @classmethod
    def of_flat(cls, flat: Sequence[Any]) -> ProtectedRead:
        """Return what `flat` was made of."""
        values = iter(flat)
        kind, bits, counts = islice(values, 3)
        coding = Coding(*islice(values, len(Coding._fields)))
        extent = Extent(*islice(values, len(Extent._fields)))
        parts = [
            PartExtent(key, Table(lookup, entries, order), *at)
            for key, lookup, entries, order, *at in zip(*[values] * 6, strict=True)
        ]
        return cls(kind, bits, counts, coding, extent, parts)
