"""Where faults fell in a pass of a network, and what they changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import torch
from torch import Tensor

from eden.access import formats, ops
from eden.errors import Table
from eden.network import _replay

_BITS = [fmt.bits for fmt in formats.FORMATS.values()]  # by number of the format
_AS_STORED = ops.Coding(0, None, None, 0)  # of bytes, which fail on their own bits


class Fault(NamedTuple):
    """One bit that was read wrong; the fields are the columns of `Faults`."""

    tensor: str
    read: int
    image: int
    element: int
    bit: int
    before: int
    after: int
    value_before: float
    value_after: float
    value_read: float


@dataclass(frozen=True, eq=False, repr=False)
class Faults:
    """The faults of a pass, in the order of the reads; a row is a bit, a column a tensor ``[n]``.

    Attributes:
        tensor: Names, such as ``conv1.weight``.
        read: Which read of the tensor since `record_faults`, from 0; int64.
        image: Number of the copy that was read: of an input the sample, of a weight 0; int64.
        element: Of the copy, as it lies in DRAM; int64.
        bit: Of the element in the stored format, 0 the least significant; int64.
        before: The stored bit; uint8.
        after: The bit as it was read; uint8.
        value_before: What the element stands for as it was stored; float32.
        value_after: What it stands for with all its faults of this read; float32.
        value_read: The same after the correction: what the network got; float32.
    """

    tensor: tuple[str, ...]
    read: Tensor
    image: Tensor
    element: Tensor
    bit: Tensor
    before: Tensor
    after: Tensor
    value_before: Tensor
    value_after: Tensor
    value_read: Tensor

    def __repr__(self) -> str:
        # Of as many as there may be, not each.
        return f"Faults({len(self)} in {len(set(self.tensor))} tensors)"

    def __len__(self) -> int:
        """Count the faults."""
        return len(self.tensor)

    def __iter__(self) -> Iterator[Fault]:
        """Yield them one by one, as plain values."""
        return map(Fault._make, zip(*self.to_dict().values(), strict=True))

    def to_dict(self) -> dict[str, list[Any]]:
        """Return the columns by name, as lists."""
        columns = {f.name: getattr(self, f.name) for f in fields(self)}
        return {k: v.tolist() if isinstance(v, Tensor) else list(v) for k, v in columns.items()}

    def to_pandas(self) -> Any:
        """Return a data frame.

        Raises:
            ImportError: Where pandas is not installed.
        """
        try:
            import pandas as pd  # pyright: ignore[reportMissingImports]
        except ImportError as error:
            raise ImportError("to_pandas needs pandas: pip install pandas, or to_dict()") from error
        return pd.DataFrame(self.to_dict())


class Recorder:
    """Notes the faults of reads."""

    def __init__(self):
        self.reads: dict[str, int] = {}
        self.columns: list[dict[str, Any]] = []

    def note(
        self,
        name: str,
        x: Tensor,
        y: Tensor,
        table: Table,
        key: Tensor,
        extent: ops.Extent,
        coding: ops.Coding,
    ) -> None:
        """Find the faults of a read, by what it was given, and returned.

        The bits that fail are those of bytes that lie in the same place, all 0 and all 1: which of
        the two holds for a bit is told by what the element stores.
        """
        if _replay.depth():  # the same read again, for a gradient
            return
        read = self.reads[name] = self.reads.get(name, -1) + 1
        bits = formats.RAW_BITS.get(x.dtype, _BITS[coding.stored])  # integers fail on their own
        x, y = (v.detach().reshape(extent.copies, -1) for v in (x, y))
        image = ops.image_of(x, coding, extent.copies)
        flips = _flips(image, x.shape[1] * bits, table, key, extent)
        values = (ops.of_image(x, i, coding, extent.copies) for i in (image, image ^ flips))
        copy, byte = torch.nonzero(flips, as_tuple=True)  # bytes first: bits of all are many
        which, within = torch.nonzero(_bits_of(flips[copy, byte]), as_tuple=True)
        copy, byte = copy[which], byte[which]
        element, bit = (8 * byte + within) // bits, (8 * byte + within) % bits
        stored = _bits_of(image[copy, byte]).gather(1, within[:, None]).squeeze(1)
        before, after = (value[copy, element].float() for value in values)
        columns = {
            "image": copy + extent.first_copy if extent.numbers is None else extent.numbers[copy],
            "element": element,
            "bit": bit,
            "before": stored,
            "after": 1 - stored,
            "value_before": before,
            "value_after": after,
            "value_read": y[copy, element].float(),
        }
        columns = {column: values.cpu() for column, values in columns.items()}
        n = len(copy)
        self.columns.append(
            {"tensor": (name,) * n, "read": torch.full([n], read, device="cpu")} | columns
        )

    def faults(self) -> Faults:
        """Return all that was noted."""
        names = tuple(name for columns in self.columns for name in columns["tensor"])
        rest = [f.name for f in fields(Faults) if f.name != "tensor"]
        return Faults(names, **{f: torch.cat([c[f] for c in self.columns]) for f in rest})


def _flips(image: Tensor, bits: int, table: Table, key: Tensor, extent: ops.Extent) -> Tensor:
    """Return which bits of an image fail, uint8 [copies, bytes]; `bits` of a copy are stored."""
    ones, zeros = (
        ops.read(torch.full_like(image, all_), table, key, extent, _AS_STORED) ^ all_
        for all_ in (255, 0)
    )
    flips = image & ones | ~image & zeros
    if bits % 8:  # the last byte's other nibble is not the tensor's
        flips[:, -1] &= 2 ** (bits % 8) - 1
    return flips


def _bits_of(bytes_: Tensor) -> Tensor:
    """The bits of bytes, the least significant first, uint8 [n, 8]."""
    return bytes_[:, None] >> torch.arange(8, dtype=torch.uint8, device=bytes_.device) & 1
