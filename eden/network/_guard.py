"""The places of a protected tensor beside its first, and reads of all of them together."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from eden.access import Protection, ops, rng
from eden.errors import ErrorModel, Table, Uniform, table_of


class WordCounts(NamedTuple):
    """What the decoder of a code made of the words it read.

    Attributes:
        corrected: Taken for words with one error, some of those with three and more too.
        detected: Left as they were read.
    """

    corrected: int
    detected: int


class Further(NamedTuple):
    """A further place; its tensors are changed in place.

    Attributes:
        error: Which cells are weak there; None if what goes for the tensor's first place does.
        origin: int64 [], folded into the network's key.
        address: First byte.
        row_bytes: Of a row there.
        key: int64 [2].
    """

    error: ErrorModel | None
    origin: Tensor
    address: int
    row_bytes: int
    key: Tensor


class Guard:
    """What a protection adds to one tensor.

    Args:
        name: Of the tensor.
        protection: One that takes more than a home at the rated point.
        bits: Of an element.
        entry: Its place, which has the further ones in ``places``; None where it is not placed.
        device: Where it is read.
    """

    def __init__(
        self,
        name: str,
        protection: Protection,
        bits: int,
        entry: Any,
        device: torch.device,
    ):
        self.protection = protection
        self.counts = torch.zeros(2, dtype=torch.int64, device=device)
        self.further: list[Further] = []
        self._tables: list[Table | None] = []
        for number, room in enumerate(protection.rooms(1, bits)[1:], 1):
            if entry is None:
                error = Uniform(protection.ber) if room.strong else None
                origin, row_bytes = rng.number_of(f"{name}, place {number}"), 8192
                # Cells of their own; where it matters on which bitline and row they lie, on others.
                address = number * (row_bytes + row_bytes // 4) * (protection.kind == "triple")
            else:
                place = entry.places[number - 1]
                # Only strong bits lie in another partition.
                error = place.error if room.strong else None
                origin, row_bytes = rng.number_of(place.partition), place.row_bytes
                address = place.address
            key = torch.zeros(2, dtype=torch.int64, device=device)
            self.further.append(Further(error, origin, address, row_bytes, key))
            self._tables.append(None if error is None else table_of(error).to(device))

    def read(
        self,
        x: Tensor,
        home: ops.PartExtent,
        counter: Tensor,
        coding: ops.Coding,
        extent: ops.Extent,
    ) -> Tensor:
        """Return what reading a tensor back gives, and count the access.

        Args:
            x: Contiguous.
            home: The tensor's first place, with its key of this draw.
            counter: int64 [], accesses so far; one more afterwards.
            coding: How elements lie there.
            extent: Which copies are read.
        """
        places = []
        for more, table in zip(self.further, self._tables, strict=True):
            key, table = rng.fold_access(more.key, counter), table or home.table
            places.append(ops.PartExtent(key, table, more.address, more.row_bytes))
        places.insert(0, home._replace(key=ops.next_key(home.key, counter)))
        kind, bits = self.protection.kind, self.protection.bits
        how = ops.ProtectedRead(kind, bits, self.counts, coding, extent, places)
        return ops.read_protected(x, how)

    def follow(self, device: torch.device) -> None:
        """Move to where the tensor is."""
        self.counts = self.counts.to(device)
        self.further = [more._replace(key=more.key.to(device)) for more in self.further]
        self._tables = [None if table is None else table.to(device) for table in self._tables]
