"""A read of a protected tensor, composed of ops on its bytes: the injection law stays."""

from typing import Any

import torch
from torch import Tensor

# A place in a flat list of arguments: key; entries, order and lookup of the table; where it is.
_PLACE = 6


def load_protected(
    op: Any,
    x: Tensor,
    kind: str,
    k: int,
    counts: Tensor,
    stored: int,
    scale: Tensor | None,
    bounds: Tensor | None,
    correction: int,
    copies: int,
    first_copy: int,
    numbers: Tensor | None,
    *places_and_mark: Any,
) -> tuple[Tensor, Tensor]:
    """Return what reading a tensor back gives, and the packed marks of corrected elements.

    Args:
        op: The registered ops.
        x: The tensor, contiguous.
        kind: Of the protection: triple, secded, embedded or strong_bits.
        k: Its number of bits.
        counts: int64 [2]; the words that a code corrected and detected are added.
        stored: Number of the format.
        scale: Of an integer format.
        bounds: Of plausible values.
        correction: Its number.
        copies: As in `Extent`.
        first_copy: As in `Extent`.
        numbers: As in `Extent`.
        places_and_mark: Key, table entries, order of bitlines, lookup, address and row_bytes of
            each place, and last whether to mark corrected elements.
    """
    *flat, mark = places_and_mark
    places = [flat[i : i + _PLACE] for i in range(0, len(flat), _PLACE)]

    def read(image: Tensor, place: list[Any]) -> Tensor:
        key, entries, order, lookup, *where = place
        at = (copies, first_copy, *where, numbers)
        cells = (entries, order, None, None, lookup)
        return op.inject.default(image.contiguous(), key, *cells, 0, 0, *at, None, False)[0]

    embedded, planes = (k if kind == "embedded" else 0), kind == "strong_bits"
    image = op.encode_image.default(x, scale, stored, copies, embedded, planes)
    if kind == "triple":
        image, *others = (read(image, place) for place in places)
        b, c = (other.bitwise_xor_(image) for other in others)
        image.bitwise_xor_(b.bitwise_and_(c))  # by majority
    elif kind == "secded":
        check = read(op.secded_check.default(image), places[1])
        image = op.secded_correct.default(read(image, places[0]), check, counts)
    elif kind == "strong_bits":
        weak = image.shape[1] - k * ((x.numel() // copies + 7) // 8)
        parts = image[:, :weak], image[:, weak:]
        image = torch.cat([read(*both) for both in zip(parts, places, strict=True)], dim=1)
    else:
        image = read(image, places[0])
        if bounds is not None:
            bounds = _coarse_bounds(op, bounds, stored, scale, k)
    rest = (stored, correction, copies, embedded, planes, mark)
    return op.decode_image.default(x, image, scale, bounds, *rest)


def _coarse_bounds(op: Any, bounds: Tensor, stored: int, scale: Tensor | None, k: int) -> Tensor:
    """Bounds that hold what values within them are rounded to: rounding keeps the order.

    Half a step of an integer lies between them, as between other bounds and their codes: the
    element's own type rounds too.
    """
    steps = None if scale is None else scale.reshape(-1)
    ends = bounds if steps is None else bounds.expand(steps.numel(), 2).contiguous()
    image = op.encode_image.default(ends, steps, stored, 1, k, False)
    ends = op.decode_image.default(ends, image, steps, None, stored, 0, 1, k, False, False)[0]
    if steps is not None:
        half = (steps * 0.5)[:, None]
        ends = torch.cat([ends[:, :1] - half, ends[:, 1:] + half], dim=1)
    ends = ends.reshape(-1, 2)
    lo, hi = (
        torch.minimum(ends[:, 0].amin(), bounds[0]),
        torch.maximum(ends[:, 1].amax(), bounds[1]),
    )
    return torch.stack([lo, hi])
