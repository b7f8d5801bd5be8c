"""Whether a network takes images of a size, found out before any is read or trained on."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

_TRIED = 64  # pixels a side, to say which are taken


def check_takes(name: str, build: Callable[[], nn.Module], shape: tuple[int, int, int]) -> None:
    """Refuse images that a network has no use for, such as those that its poolings make nothing of.

    Args:
        name: Of the network, to be named.
        build: Makes it; it is asked on the meta device, where nothing is computed.
        shape: Channels, height and width of the images.

    Raises:
        ValueError: The message says which sides are taken.
    """
    with torch.device("meta"):
        model = build().eval()
    if _takes(model, shape):
        return
    sides = [side for side in range(1, _TRIED + 1) if _takes(model, (shape[0], side, side))]
    if not sides:
        accepted = f"more than {_TRIED} x {_TRIED}"
    else:
        accepted = f"at least {sides[0]} x {sides[0]}"
        if sides[-1] < _TRIED:
            accepted += f", at most {sides[-1]} x {sides[-1]}"
    height, width = shape[1:]
    raise ValueError(f"size of images is {height} x {width}, accepted by {name}: {accepted}")


def _takes(model: nn.Module, shape: tuple[int, int, int]) -> bool:
    try:
        with torch.no_grad():
            model(torch.empty(1, *shape, device="meta"))
    except RuntimeError:
        return False
    return True
