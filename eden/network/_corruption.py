"""A function of the user that stands for the read of a tensor."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from eden._say import refusal
from eden.network._gradients import straight

Corruption = Callable[[Tensor, Tensor], Tensor]


def corrupted(name: str, x: Tensor, function: Corruption, key: Tensor) -> Tensor:
    """Return what a function makes of a tensor, with the gradient of the tensor itself.

    Args:
        name: Of the tensor, for the message.
        x: What is read.
        function: Of the user; it may write to what it gets.
        key: int64 ``[2]``, of this read.

    Raises:
        TypeError: If it returns another thing than a tensor.
        ValueError: If that is not like `x`.
    """
    with torch.no_grad():
        y = function(x.detach().clone(), key)
    if not isinstance(y, Tensor):
        got = f"what the corruption of {name} returns"
        raise TypeError(refusal(f"type of {got}", type(y).__name__, "a tensor"))
    if y.shape != x.shape or y.dtype != x.dtype or y.device != x.device:
        got, like = (f"{tensor.dtype} {list(tensor.shape)} on {tensor.device}" for tensor in (y, x))
        raise ValueError(refusal(f"what the corruption of {name} returns", got, f"{like}, like x"))
    return straight(x, y) if x.requires_grad and torch.is_grad_enabled() else y
