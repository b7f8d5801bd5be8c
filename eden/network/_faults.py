"""Where faults fell in a pass of a network, and what they changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from eden import reference
from eden.access import formats, ops
from eden.errors import Table
from eden.network import _replay

_FLOATS = {torch.float32: "fp32", torch.float16: "fp16", torch.bfloat16: "bf16"}
_INTEGERS = {1: torch.int8, 2: torch.int16, 4: torch.int32}
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


@dataclass(frozen=True, eq=False)
class Faults:
    """The faults of a pass, in the order of the reads; a row is a bit, a column a tensor ``[n]``.

    Attributes:
        tensor: names, such as ``conv1.weight``.
        read: which read of the tensor since `record_faults`, from 0; int64.
        image: number of the copy that was read: of an input the sample, of a weight 0; int64.
        element: of the copy, as it lies in DRAM; int64.
        bit: of the element in the stored format, 0 the least significant; int64.
        before: the stored bit; uint8.
        after: the bit as it was read; uint8.
        value_before: what the element stands for as it was stored; float32.
        value_after: what it stands for with all its faults of this read; float32.
        value_read: the same after the correction: what the network got; float32.
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
            ImportError: where pandas is not installed.
        """
        try:
            import pandas as pd
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
        fmt = list(formats.FORMATS.values())[coding.stored]
        bits = formats.RAW_BITS.get(x.dtype, fmt.bits)  # integers fail on their own
        kind = _FLOATS.get(x.dtype, f"raw{bits}")
        elements = x.numel() // extent.copies
        x, y = (v.detach().reshape(extent.copies, elements) for v in (x, y))
        copy, place, *masks = _failing_bytes(x, elements * bits, table, key, extent)
        one, zero = (mask[:, None] >> np.arange(8, dtype=np.uint8) & 1 for mask in masks)
        at, within = np.nonzero(one | zero)
        position = 8 * place[at] + within
        element, bit, copy = position // bits, position % bits, copy[at]
        where = tuple(torch.from_numpy(index).to(x.device) for index in (copy, element))
        scale = _scale_of(coding.scale, element, elements)
        code = reference.encode(_bits_of(x[where]), kind, fmt.name, scale)
        stored = code >> bit.astype(np.uint32) & 1
        fails = np.where(stored == 1, one[at, within], zero[at, within]) == 1
        same, first = np.unique(copy * elements + element, return_inverse=True)
        flips = np.zeros(same.size, dtype=np.uint32)
        np.bitwise_or.at(flips, first[fails], np.uint32(1) << bit[fails].astype(np.uint32))
        decoded = (reference.decode(c, kind, fmt.name, scale) for c in (code, code ^ flips[first]))
        before, after = (_values_of(v, x.dtype) for v in decoded)
        keep = torch.from_numpy(fails)
        columns = {
            "image": torch.from_numpy(copy) + extent.first_copy,
            "element": torch.from_numpy(element),
            "bit": torch.from_numpy(bit),
            "before": torch.from_numpy(stored.astype(np.uint8)),
            "after": torch.from_numpy(1 - stored.astype(np.uint8)),
            "value_before": before,
            "value_after": after,
            "value_read": y[where].cpu().float(),
        }
        columns = {column: values[keep] for column, values in columns.items()}
        n = int(keep.sum())
        self.columns.append(
            {"tensor": (name,) * n, "read": torch.full([n], read, device="cpu")} | columns
        )

    def faults(self) -> Faults:
        """Return all that was noted."""
        names = tuple(name for columns in self.columns for name in columns["tensor"])
        rest = [f.name for f in fields(Faults) if f.name != "tensor"]
        return Faults(names, **{f: torch.cat([c[f] for c in self.columns]) for f in rest})


@contextmanager
def record_faults(attachment: Any) -> Iterator[None]:
    """Note inside the context where faults fall, for `faults`; what is read does not change.

    Each read takes a few times as long, and memory for each fault. A compiled network, and reads
    that `set_corruption` stands for, are not recorded.
    """
    switch = attachment._switch
    before, switch.recorder = switch.recorder, Recorder()
    attachment._recorded = switch.recorder
    try:
        yield
    finally:
        switch.recorder = before


def faults(attachment: Any) -> Faults:
    """Return where faults fell in the pass that was recorded last, and what they changed.

    ``with handle.record_faults(): model(images)`` records one; with several calls inside, `read`
    tells them apart.

    Raises:
        ValueError: where nothing was recorded.
    """
    recorder = getattr(attachment, "_recorded", None)
    if recorder is None:
        raise ValueError("faults: no pass was recorded; with handle.record_faults(): model(images)")
    if not recorder.reads:
        raise ValueError(
            "faults: nothing was read inside record_faults(); call the network there, under errors "
            "and not compiled"
        )
    return recorder.faults()


def _failing_bytes(
    x: Tensor, bits: int, table: Table, key: Tensor, extent: ops.Extent
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Copies and bytes, int64 [n], and which of their bits fail as a 1 and as a 0, uint8 [n]."""
    masks = []
    for stored in (255, 0):
        bytes_ = torch.full(
            [extent.copies, -(-bits // 8)], stored, dtype=torch.uint8, device=x.device
        )
        masks.append(ops.read(bytes_, table, key, extent, _AS_STORED) ^ stored)
    if bits % 8:  # the last byte's other nibble is not the tensor's
        for mask in masks:
            mask[:, -1] &= 2 ** (bits % 8) - 1
    copy, place = torch.nonzero(masks[0] | masks[1], as_tuple=True)
    found = (mask[copy, place] for mask in masks)
    return tuple(v.cpu().numpy() for v in (copy, place, *found))  # pyright: ignore[reportReturnType]


def _bits_of(x: Tensor) -> np.ndarray:
    """The bits of elements, as unsigned integers."""
    return x.cpu().view(_INTEGERS[x.itemsize]).numpy().view(f"u{x.itemsize}")


def _values_of(bits: np.ndarray, dtype: torch.dtype) -> Tensor:
    """What elements of these bits stand for, float32."""
    integers = torch.from_numpy(bits.astype(f"u{dtype.itemsize}").view(f"i{dtype.itemsize}"))
    return integers.view(dtype).float()


def _scale_of(scale: Tensor | None, element: np.ndarray, elements: int) -> np.ndarray | None:
    """The step of each element."""
    if scale is None:
        return None
    steps = scale.detach().cpu().reshape(-1).numpy()
    return steps[element // (elements // steps.size)]
