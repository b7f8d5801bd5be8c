"""Reads of approximate DRAM on tensors, and measures of them: the arguments are checked here."""

import operator
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from eden._native import build_facts, core
from eden._say import refusal, within
from eden._torch import forward_mode, recorded, transformed
from eden.access import _raw, formats
from eden.access._raw import image_of as image_of
from eden.access._raw import next_key as next_key
from eden.access._raw import of_image as of_image
from eden.access._raw import read as read
from eden.access._raw import read_protected as read_protected
from eden.access._raw import weak_cells as weak_cells
from eden.access._structs import Coding as Coding
from eden.access._structs import Extent as Extent
from eden.access._structs import PartExtent as PartExtent
from eden.access._structs import ProtectedRead as ProtectedRead
from eden.errors import ErrorModel, Table, table_of

# Where there are kernels; "meta" is for shapes alone.
_DEVICES = {"cpu", "meta"} | (set() if build_facts.startswith("without") else {"cuda"})

_weight_range = _raw.registered.weight_range.default

# Tables of error models, which never change, made once for each other device than the CPU. Tables
# compare by identity, and that of a bitline model takes 2 MiB.
_on_device = lru_cache(maxsize=64)(Table.to)


def inject(
    x: Tensor,
    error: ErrorModel | Table,
    *,
    key: Tensor,
    stored: str | None = None,
    scale: Tensor | float | None = None,
    copies: int = 1,
    first_copy: int = 0,
    address: int = 0,
    row_bytes: int = 8192,
    bounds: tuple[float, float] | Tensor | None = None,
    correction: str = "off",
    out: Tensor | None = None,
) -> Tensor:
    """Return what reading `x` back from approximate DRAM returns.

    Encodes to the stored format, fails the weak cells, decodes, corrects implausible values.
    The gradient is straight through, zero where a value was corrected: backward, forward-mode and
    under the transforms of `torch.func`.

    Args:
        x: Tensor of any shape, `copies` x elements: float32, float16, bfloat16, or int8, uint8,
            int16, int32 (which fail on their own bits).
        error: Which cells are weak and how often they fail: an error model, or its table.
        key: int64 [2] from `eden.key`.
        stored: fp32, fp16, bf16, int16, int8 or int4; default the native format of `x`.
        scale: Step of an integer format: one number or, as a 1-D tensor, one for each index of
            dimension 0 of a copy. Default max|x| over finite values / (2^(bits-1) - 1). Other
            formats have none, and do not read it.
        copies: How many times the same cells are read with other data, such as samples of a batch:
            the leading part of `x`'s elements is cut into this many equal copies.
        first_copy: Number of the first copy, for an `x` that is a part of a larger batch.
        address: Where a copy begins, in bytes within the partition; a multiple of the stored
            element's size.
        row_bytes: Bytes of a DRAM row, a power of two from 64 to 8192.
        bounds: Lowest and highest plausible value; needed for a correction.
        correction: "off", "zero" (implausible values become 0) or "saturate" (they become the
            nearer bound, in an integer format the outermost code within it; NaN becomes 0).
        out: Contiguous tensor to write to, of the shape and type of `x`, on other memory than all
            that is given; it must not require a gradient.

    Returns:
        Tensor of the shape and type of `x`, contiguous.

    Raises:
        TypeError: The type of `x` or of an argument is not accepted.
        ValueError: An argument is out of range or the arguments do not fit together.

    Reference: paper, section 3; docs/rng.md.
    """
    _check_tensors(x=x, key=key)
    extent = Extent(copies, first_copy, address, row_bytes)
    plain = type(copies) is type(first_copy) is type(address) is type(row_bytes) is int
    if not plain or max(extent[:-1]) >= 2**63 or min(extent[:-1]) < -(2**63):
        check_numbers(extent)
    number = formats.correction_number(correction, bounds)
    if bounds is not None and not isinstance(bounds, Tensor):
        bounds = _numbers(bounds, x.device)
    x = x.contiguous()
    code, scale = _stored_as(x, stored, scale)
    if not isinstance(error, Table | ErrorModel):
        accepted = "an error model or its table"
        raise TypeError(refusal("type of error", type(error).__name__, accepted))
    table = table_of(error)
    if table.entries.device != x.device:
        # A caller's own table may have changed since, and a graph has no cache: what should not be
        # copied at each call is given as a `Table` that lies there.
        own = isinstance(error, Table) or torch.compiler.is_compiling()
        table = (Table.to if own else _on_device)(table, x.device)
    coding = Coding(code, scale, bounds, number)
    if out is None:
        return read(x, table, key, extent, coding)
    if not isinstance(out, Tensor):
        raise TypeError(refusal("type of out", type(out).__name__, "a tensor"))
    if out.shape != x.shape:
        raise ValueError(refusal("shape of out", list(out.shape), f"that of x, {list(x.shape)}"))
    if torch.is_grad_enabled():
        # Torch's own ops refuse this too: the gradient would end here without a word.
        if x.requires_grad:
            raise ValueError("out is given but x requires a gradient, accepted: one of the two")
        if out.requires_grad:
            raise ValueError("out requires a gradient, accepted: one that does not")
    if not torch.compiler.is_compiling() and (transformed() or forward_mode()):
        raise ValueError("out is given inside torch.func or forward-mode AD, accepted: None there")
    _raw.read_into(out, x, table, key, extent, coding)
    return out


def _check_tensors(**tensors: object) -> None:
    for name, value in tensors.items():
        if not isinstance(value, Tensor):
            raise TypeError(refusal(f"type of {name}", type(value).__name__, "a tensor"))
        if value.layout != torch.strided:
            raise TypeError(refusal(f"layout of {name}", value.layout, "torch.strided"))
        if value.device.type not in _DEVICES:
            check_device(name, value.device)


def check_numbers(extent: Extent) -> None:
    """Refuse what are no integers of 64 bits; NumPy's will do, and a trace's symbolic ones."""
    for name, value in zip(Extent._fields[:-1], extent[:-1], strict=True):
        if isinstance(value, torch.SymInt):
            continue
        try:
            within(name, operator.index(value), 0, 2**63 - 1)
        except TypeError:
            raise TypeError(refusal(f"type of {name}", type(value).__name__, "int")) from None


def check_device(name: str, device: torch.device) -> None:
    """Raise a ValueError that says what to do unless there are kernels for a device.

    Args:
        name: What lies there.
        device: Where.
    """
    if device.type in _DEVICES:
        return
    if device.type != "cuda":
        raise ValueError(refusal(f"device of {name}", str(device), "the CPU and CUDA devices"))
    raise ValueError(
        f"{name} is on {device}, but eden was built {build_facts}: build it again with "
        "`EDEN_CUDA=1 pip install --no-build-isolation .` in its source folder, or use the CPU"
    )


def _numbers(values: float | tuple[float, ...], device: torch.device) -> Tensor:
    """float32 numbers on a device, without the copy that would make the host wait for a GPU."""
    if device.type == "cpu":
        if recorded():
            return torch.tensor(values, dtype=torch.float32, device=device)
        # Not torch.tensor: that rounds as the caller has set the processor to.
        rounded = torch.from_numpy(core.to_float32(np.asarray(values, dtype=np.float64)))
        return rounded if isinstance(values, tuple | list) else rounded.reshape(())
    if isinstance(values, tuple | list):
        return torch.stack([_numbers(value, device) for value in values])
    # As torch.tensor does, beyond the range of a float this is infinite and not an error.
    return torch.full((), values, dtype=torch.float64, device=device).to(torch.float32)


def _stored_as(
    x: Tensor, stored: str | None, scale: Tensor | float | None
) -> tuple[int, Tensor | None]:
    """Number of the stored format, and the scale where the format has one."""
    if x.dtype in formats.RAW_BITS:
        own = {8: ("int8", "int4"), 16: ("int16",), 32: ()}[formats.RAW_BITS[x.dtype]]
        if stored is not None and stored not in own:
            said = f"None, as a tensor of {x.dtype} fails on its own bits"
            raise ValueError(refusal("stored", stored, said))
        return 0, None
    fmt = formats.native(x.dtype)
    if stored is not None:
        fmt = formats.get(stored)
    if not fmt.integer:
        return fmt.code, None
    if scale is None:
        scale = scale_of(x, fmt.name)
    elif not isinstance(scale, Tensor):
        scale = _numbers(scale, x.device)
    return fmt.code, scale.detach()


def scale_of(x: Tensor, stored: str) -> Tensor:
    """Return the step of an integer format that holds all finite values of `x`.

    Args:
        x: float32, float16 or bfloat16, any shape.
        stored: int16, int8 or int4.

    Returns:
        float32 []: max|x| over finite values / (2^(bits-1) - 1), at least 2^-126, 1 if all are 0.
    """
    _check_tensors(x=x)
    if x.numel() == 0:
        return torch.ones((), device=x.device)
    # Torch's own division by a number is another one on a GPU than on the CPU in the last bit.
    return _weight_range(x.detach().contiguous(), formats.get(stored).code)[1]


def weight_range(x: Tensor, stored: str, channels: int = 0) -> tuple[Tensor, Tensor | None]:
    """Return bounds and step of a tensor that is known when it is written, in one pass.

    A value is plausible if it is what one of the tensor's own values reads as, and the extreme
    ones are rounded too: outward as often as not. So the bounds of an integer format lie half a
    step beyond their codes. A NaN in the tensor is its own fault: nothing is implausible then.

    With a step for each channel the bounds are still one pair: half a step of the channel beyond
    its extreme codes, 0 of a channel of zeros, and of all channels the widest. So what a channel of
    small values reads is implausible only where no channel could hold it, which its own codes
    seldom reach.

    Args:
        x: float32, float16 or bfloat16, any shape but empty, contiguous.
        stored: Name of the stored format.
        channels: Equal runs of elements, in their order in memory, that have a step of their own
            in an integer format, such as the indices of dimension 0; 0 for one step for all.

    Returns:
        Bounds, float32 [2], and for integer formats the step as of `scale_of`, float32 []; where
        `channels` is not 0, float32 [channels], that of a channel of zeros being 1.
    """
    fmt = formats.get(stored)
    bounds, scale = _weight_range(x, fmt.code, channels)
    return bounds, scale if fmt.integer else None


def channels_of(weight: Tensor) -> int:
    """Return how many steps a weight has that is stored by channel; 0 for one step for all.

    One for each index of dimension 0, but where each would serve a single element.
    """
    return len(weight) if weight.ndim > 1 and 0 < len(weight) < weight.numel() else 0


def count_flips(
    x: Tensor, y: Tensor, *, stored: str = "fp32", scale: Tensor | float | None = None
) -> Tensor:
    """Count the flipped bits between two tensors as they lie in DRAM.

    Args:
        x: What was stored, any shape.
        y: What was read, the same shape and type.
        stored: Stored format, as in `inject`.
        scale: Step of an integer format: one number or, as a 1-D tensor, one for each index of
            dimension 0 of `x`. Default that of `x`.

    Returns:
        int64 [bits, 2]: flips 0 -> 1 and 1 -> 0 by bit position, least significant first.

    Raises:
        TypeError: `x` or `y` is not a dense tensor.
        ValueError: The shapes or types differ.
    """
    _check_tensors(x=x, y=y)
    if x.shape != y.shape or x.dtype != y.dtype:
        got, like = (f"{tensor.dtype} {list(tensor.shape)}" for tensor in (y, x))
        raise ValueError(refusal("y", got, f"like x, {like}"))
    raw = x.dtype in formats.RAW_BITS
    code, scale = _stored_as(x, None if raw else stored, scale)
    return _raw.call(
        _raw.registered.count_flips.default, x.contiguous(), y.contiguous(), scale, code
    )


def seed_key(seed: Tensor) -> Tensor:
    """Return the key of a seed (int64 []), int64 [2]; see `eden.access.rng`."""
    _check_tensors(seed=seed)
    return _raw.call(_raw.registered.seed_key.default, seed)


def fold(key: Tensor, data: Tensor, *, access_only: bool) -> Tensor:
    """Return the key folded with data, int64 [2] or [n, 2]; see `eden.access.rng`."""
    _check_tensors(key=key, data=data)
    return _raw.call(_raw.registered.fold.default, key, data, access_only)
