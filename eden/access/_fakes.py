"""What the ops return by shape and type: torch traces with these in place of the kernels."""

import torch
from torch import Tensor

import eden._native  # noqa: F401
from eden._torch import check
from eden.access import formats

_ROWS = [2**i for i in range(6, 14)]  # bytes


def _refused(op: str, name: str, value: object, accepted: object) -> str:
    """What an op refuses, in its own words (csrc/ops/checks.cpp), already while a graph is made."""
    return f"eden::{op}: {name} is {value}, accepted: {accepted}"


def _check_beside(op: str, x: Tensor, **tensors: Tensor | None) -> None:
    for name, value in tensors.items():
        if value is None:
            continue
        check(
            value.device == x.device,
            lambda name=name, value=value: _refused(
                op, f"device of {name}", value.device, f"{x.device}, that of x"
            ),
        )


def _check_count(op: str, name: str, value: Tensor, count: int) -> None:
    check(
        value.numel() == count,
        lambda: _refused(op, f"number of elements of {name}", value.numel(), count),
    )


def _check_copies(op: str, copies: int, x: Tensor) -> None:
    accepted = "at least 1 and a divisor of the {} elements of x"
    check(
        copies >= 1 and x.numel() % copies == 0,
        lambda: _refused(op, "copies", copies, accepted.format(x.numel())),
    )


def _check_place(op: str, x: Tensor, stored: int, address: int, row_bytes: int) -> None:
    check(
        row_bytes in _ROWS,
        lambda: _refused(op, "row_bytes", row_bytes, "a power of two from 64 to 8192"),
    )
    known = list(formats.FORMATS.values())
    check(0 <= stored < len(known), lambda: _refused(op, "stored", stored, "0 to 5"))
    bits = formats.RAW_BITS.get(x.dtype) or known[stored].bits
    aligned = max(1, bits // 8)
    check(
        0 <= address < 2**56 and address % aligned == 0,
        lambda: _refused(
            op, "address", address, f"a multiple of {aligned} bytes from 0 to 2^56 - 1"
        ),
    )


def _check_inject(
    x: Tensor, key: Tensor, stored: int, copies: int, at: tuple[int, int], **beside: Tensor | None
) -> None:
    _check_beside("inject", x, key=key, **beside)
    _check_count("inject", "key", key, 2)
    _check_copies("inject", copies, x)
    _check_place("inject", x, stored, *at)
    numbers = beside["copy_numbers"]
    if numbers is not None:
        _check_count("inject", "copy_numbers", numbers, copies)


@torch.library.register_fake("eden::inject")
def _(
    x, key, table, order, scale, bounds, lookup, stored, correction,
    copies, first_copy, address, row_bytes, copy_numbers, kept, mark,
):  # fmt: skip
    beside = {"table": table, "order": order, "scale": scale, "bounds": bounds}
    at = address, row_bytes
    _check_inject(x, key, stored, copies, at, **beside, copy_numbers=copy_numbers, kept=kept)
    corrected = x.new_empty([(x.numel() + 7) // 8 if mark else 0], dtype=torch.uint8)
    return torch.empty_like(x), corrected


@torch.library.register_fake("eden::inject_out")
def _(
    x, key, table, order, scale, bounds, lookup, stored, correction,
    copies, first_copy, address, row_bytes, copy_numbers, out,
):  # fmt: skip
    beside = {"table": table, "order": order, "scale": scale, "bounds": bounds}
    at = address, row_bytes
    _check_inject(x, key, stored, copies, at, **beside, copy_numbers=copy_numbers, out=out)
    _check_count("inject", "out", out, x.numel())


@torch.library.register_fake("eden::weak_cells")
def _(x, key, table, order, lookup, stored, copies, address, row_bytes, most_bytes):
    _check_place("weak_cells", x, stored, address, row_bytes)
    return x.new_empty([0], dtype=torch.int32)  # without a key none are found


@torch.library.register_fake("eden::count_flips")
def _(x, y, scale, stored):
    _check_beside("count_flips", x, y=y, scale=scale)
    bits = formats.RAW_BITS.get(x.dtype) or list(formats.FORMATS.values())[stored].bits
    return x.new_empty([bits, 2], dtype=torch.int64)


@torch.library.register_fake("eden::seed_key")
def _(seed):
    return seed.new_empty([2])


@torch.library.register_fake("eden::fold")
def _(key, data, access_only):
    accepted = "0 or 1, a number or a list of them"
    check(
        data.dim() <= 1,
        lambda: _refused("fold", "number of dimensions of data", data.dim(), accepted),
    )
    return key.new_empty([*data.shape, 2])


@torch.library.register_fake("eden::next_key")
def _(key, counter):
    return torch.empty_like(key)


@torch.library.register_fake("eden::weight_range")
def _(x, stored, channels=0):
    check(
        x.numel() > 0,
        lambda: _refused("weight_range", "number of elements of x", x.numel(), "at least 1"),
    )
    accepted = "0, or a divisor of the {} elements of x"
    check(
        channels >= 0 and (channels == 0 or x.numel() % channels == 0),
        lambda: _refused("weight_range", "channels", channels, accepted.format(x.numel())),
    )
    integer = list(formats.FORMATS.values())[stored].integer
    shape = [0] if not integer else [channels] if channels else []
    scale = x.new_empty(shape, dtype=torch.float32)
    return x.new_empty([2], dtype=torch.float32), scale


@torch.library.register_fake("eden::keep_plausible")
def _(grad, corrected):
    size = (grad.numel() + 7) // 8
    check(
        corrected.numel() == size,
        lambda: _refused(
            "keep_plausible",
            "number of elements of corrected",
            corrected.numel(),
            f"{size}, a bit for each of the {grad.numel()} elements of grad",
        ),
    )
    return torch.empty_like(grad)


def _check_image(op: str, x: Tensor, copies: int, **beside: Tensor | None) -> None:
    _check_beside(op, x, **beside)
    check(
        x.is_floating_point(),
        lambda: _refused(
            op, "dtype of x", str(x.dtype).removeprefix("torch."), "float32, float16, bfloat16"
        ),
    )
    _check_copies(op, copies, x)


@torch.library.register_fake("eden::encode_image")
def _(x, scale, stored, copies, embedded, planes):
    _check_image("encode_image", x, copies, scale=scale)
    elements, bits = x.numel() // copies, list(formats.FORMATS.values())[stored].bits
    size = (elements + 7) // 8 * bits if planes else (elements * bits + 7) // 8
    return x.new_empty([copies, size], dtype=torch.uint8)


@torch.library.register_fake("eden::decode_image")
def _(x, image, scale, bounds, stored, correction, copies, embedded, planes, mark):
    _check_image("decode_image", x, copies, image=image, scale=scale, bounds=bounds)
    corrected = x.new_empty([(x.numel() + 7) // 8 if mark else 0], dtype=torch.uint8)
    return torch.empty_like(x), corrected


@torch.library.register_fake("eden::secded_check")
def _(image):
    check(
        image.dim() == 2,
        lambda: _refused("secded_check", "shape of image", list(image.shape), "[copies, bytes]"),
    )
    return image.new_empty([image.shape[0], (image.shape[1] + 7) // 8])


@torch.library.register_fake("eden::secded_correct")
def _(image, check, counts):
    return torch.empty_like(image)
