"""A read of a protected tensor, composed of ops on its bytes: the injection law stays."""

from typing import Any

import torch
from torch import Tensor

from eden.access._structs import PartExtent, ProtectedRead


def load_protected(op: Any, x: Tensor, how: ProtectedRead, mark: bool) -> tuple[Tensor, Tensor]:
    """Return what reading a tensor back gives, and the packed marks of corrected elements.

    Args:
        op: The registered ops.
        x: The tensor, contiguous.
        how: What protects it, and where its parts lie.
        mark: Whether to mark what is corrected.
    """
    kind, k, counts, coding, extent, parts = how
    stored, scale, bounds, correction = coding
    copies = extent.copies

    def read(image: Tensor, part: PartExtent) -> Tensor:
        key, table, *where = part
        at = (copies, extent.first_copy, *where, extent.numbers)
        cells = (table.entries, table.order, None, None, table.lookup)
        return op.inject.default(image.contiguous(), key, *cells, 0, 0, *at, None, False)[0]

    embedded, planes = (k if kind == "embedded" else 0), kind == "strong_bits"
    image = op.encode_image.default(x, scale, stored, copies, embedded, planes)
    if kind == "triple":
        image, *others = (read(image, part) for part in parts)
        b, c = (other.bitwise_xor_(image) for other in others)
        image.bitwise_xor_(b.bitwise_and_(c))  # by majority
    elif kind == "secded":
        check = read(op.secded_check.default(image), parts[1])
        image = op.secded_correct.default(read(image, parts[0]), check, counts)
    elif kind == "strong_bits":
        weak = image.shape[1] - k * ((x.numel() // copies + 7) // 8)
        planes_of = image[:, :weak], image[:, weak:]
        image = torch.cat([read(*both) for both in zip(planes_of, parts, strict=True)], dim=1)
    else:
        image = read(image, parts[0])
        if bounds is not None:
            bounds = _coarse_bounds(op, bounds, stored, scale, k)
    return op.decode_image.default(
        x, image, scale, bounds, stored, correction, copies, embedded, planes, mark
    )


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
