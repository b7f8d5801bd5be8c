"""Errors of a tensor's own: another error model than the config's, or a function of the user."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

import torch
from torch import Tensor

from eden import errors
from eden._say import a_kind, refusal
from eden.network._gradients import straight
from eden.network._selection import Selection

Corruption = Callable[[Tensor, Tensor], Tensor]

_ACCEPTED = "an error model from eden.errors"


def set_errors(
    attachment: Any, models: errors.ErrorModel | Mapping[str, errors.ErrorModel]
) -> None:
    """Have tensors fail by other error models than the config's, until set anew.

    So each tensor may have cells of its own (`eden.errors.Cells`): counted from its first bit, or
    from the start of its partition where it is placed. The config stays what it is, and `set_ber`
    scales these models from then on.

    Args:
        attachment: The handle.
        models: One for all tensors, or one for each tensor named.

    Raises:
        TypeError: For what is no error model.
        ValueError: For an unknown name, or after `detach`; nothing is changed then.
    """
    attachment._check_attached("set_errors")
    tensors = attachment._tensors
    given = models if isinstance(models, Mapping) else dict.fromkeys(tensors, models)
    attachment._check_known(given)
    for name, model in given.items():
        a_kind(f"error of {name}", model, get_args(errors.ErrorModel), _ACCEPTED)
    for name, model in given.items():
        tensors[name].use(model, tensors[name].corruption)


def set_corruption(attachment: Any, pattern: str, function: Corruption | None) -> None:
    """Have a function of one's own stand for the reads of tensors, through the same hooks.

    The function gets a copy of the tensor as the network has it (of an input the whole batch) and
    a key for this read, int64 [2], and returns what is read. Neither the stored format, the error
    model nor the correction apply; the gradient goes straight through. All randomness must come
    from the key: then reads repeat with the seed, and go on with each read and `step`.

    Args:
        attachment: The handle.
        pattern: Tensors: a name, a module's name, a glob, or ``re:`` and a regular expression.
        function: ``(tensor, key) -> tensor`` of the same shape, type and device; None for none.

    Raises:
        TypeError: For what cannot be called.
        ValueError: For a pattern that matches nothing, or after `detach`.
    """
    attachment._check_attached("set_corruption")
    if not (function is None or callable(function)):
        accepted = "a function of a tensor and a key, or None"
        raise TypeError(refusal("type of function", type(function).__name__, accepted))
    a_kind("pattern", pattern, str, "text")
    selection = Selection(None, (pattern,), None, None)
    selection.label = "set_corruption"
    chosen = [n for n in attachment._tensors if selection.takes(n, None, n.rpartition(".")[0])]
    selection.check()
    for name in chosen:
        tensor = attachment._tensors[name]
        tensor.corruption = function


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
