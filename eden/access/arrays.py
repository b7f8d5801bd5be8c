"""Injection into NumPy arrays, by the same kernels and without torch's dispatcher."""

import numpy as np

from eden._native import core
from eden._say import refusal
from eden.access import formats, ops
from eden.errors import ErrorModel, table_of


def inject_array(
    x: np.ndarray,
    error: ErrorModel,
    *,
    key: tuple[int, int],
    stored: str | None = None,
    scale: float | np.ndarray | None = None,
    copies: int = 1,
    first_copy: int = 0,
    address: int = 0,
    row_bytes: int = 8192,
    bounds: tuple[float, float] | None = None,
    correction: str = "off",
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Return what reading the array back from approximate DRAM returns.

    Bit for bit what `eden.inject` returns for the same arguments; runs on one thread.

    Args:
        x: float32, float16, int8, uint8, int16, int32 (and their unsigned twins), any shape.
        error: Which cells are weak and how often they fail.
        key: Device key and access key: `eden.key(seed).tolist()`.
        stored: As in `eden.inject`; default the native format.
        scale: Step of an integer format, which has to be given here; one number or [channels].
        copies: As in `eden.inject`.
        first_copy: As in `eden.inject`.
        address: As in `eden.inject`, in bytes.
        row_bytes: As in `eden.inject`.
        bounds: Lowest and highest plausible value.
        correction: "off", "zero" or "saturate".
        out: Array to write to, like `x`, on other memory.

    Returns:
        Array like `x`, C-contiguous.

    Raises:
        TypeError: The type of the array is not accepted.
        ValueError: An argument is out of range or the arguments do not fit together.
    """
    x = np.require(x, requirements=["C_CONTIGUOUS", "ALIGNED"])
    floats = {np.dtype(np.float32): "fp32", np.dtype(np.float16): "fp16"}
    if x.dtype.kind in "iu":
        fmt = formats.get("fp32")  # not read: integers fail on their own bits
    else:
        own = x.dtype.newbyteorder("=")  # another byte order is refused by the core, by name
        if own not in floats:
            raise TypeError(refusal("dtype of x", str(x.dtype), "float32, float16, integers"))
        fmt = formats.get(stored or floats[own])
    ops.check_numbers(ops.Extent(copies, first_copy, address, row_bytes))
    number = formats.correction_number(correction, bounds)
    steps = None
    if fmt.integer:
        if scale is None:
            raise ValueError(refusal("scale", None, f"a step, as stored is {fmt.name}"))
        steps = core.to_float32(np.asarray(scale, dtype=np.float64))
    if out is None:
        out = np.empty_like(x)
    table = table_of(error)
    device_key, access_key = (int(half) % 2**64 for half in key)
    lo, hi = core.to_float32(np.array(bounds or (0.0, 0.0), np.float64)).tolist()
    core.inject(
        x,
        out,
        table=table.entries.numpy(),
        order=None if table.order is None else table.order.numpy(),
        scale=steps,
        device_key=device_key,
        access_key=access_key,
        lookup=table.lookup,
        stored=fmt.code,
        correction=number,
        lo=lo,
        hi=hi,
        copies=copies,
        first_copy=first_copy,
        address=address,
        row_bytes=row_bytes,
    )
    return out
