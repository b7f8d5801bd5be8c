"""Errors of a tensor's own: another error model than the config's, or a function of the user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from eden import errors
from eden._say import a_kind, refusal
from eden.network._corruption import Corruption
from eden.network._reading import Handle
from eden.network._selection import Selection

_ACCEPTED = "an error model from eden.errors"


def set_errors(
    attachment: Handle, models: errors.ErrorModel | Mapping[str, errors.ErrorModel]
) -> None:
    """Have tensors fail by other error models than the config's, until set anew.

    So each tensor may have cells of its own (`eden.errors.Cells`): counted from its first bit, or
    from the start of its partition where it is placed. The config stays what it is, and `set_ber`
    scales these models from then on.

    Args:
        attachment: Whose tensors they are.
        models: One for all tensors, or one for each tensor named.

    Raises:
        TypeError: For what is no error model.
        ValueError: For an unknown name, a network that was boosted for one module, or after
            `detach`; nothing is changed then.
    """
    attachment.reading.check_attached("set_errors")
    tensors = attachment.reading.tensors
    known = attachment.config.calibration
    if known is not None and known.identity is not None:
        raise ValueError(
            f"set_errors: this network was boosted for the module {known.identity!r} alone, whose "
            "cells it fails by"
        )
    given = models if isinstance(models, Mapping) else dict.fromkeys(tensors, models)
    attachment.reading.check_known(given)
    for name, model in given.items():
        a_kind(f"error of {name}", model, get_args(errors.ErrorModel), _ACCEPTED)
        tensors[name].check_rate()
    for name, model in given.items():
        tensors[name].use(model, tensors[name].corruption)


def set_corruption(attachment: Handle, pattern: str, function: Corruption | None) -> None:
    """Have a function of one's own stand for the reads of tensors, through the same hooks.

    The function gets a copy of the tensor as the network has it (of an input the whole batch) and
    a key for this read, int64 [2], and returns what is read. Neither the stored format, the error
    model nor the correction apply; the gradient goes straight through. All randomness must come
    from the key: then reads repeat with the seed, and go on with each read and `step`.

    Args:
        attachment: Whose tensors they are.
        pattern: Tensors: a name, a module's name, a glob, or ``re:`` and a regular expression.
        function: ``(tensor, key) -> tensor`` of the same shape, type and device; None for none.

    Raises:
        TypeError: For what cannot be called.
        ValueError: For a pattern that matches nothing, or after `detach`.
    """
    attachment.reading.check_attached("set_corruption")
    if not (function is None or callable(function)):
        accepted = "a function of a tensor and a key, or None"
        raise TypeError(refusal("type of function", type(function).__name__, accepted))
    a_kind("pattern", pattern, str, "text")
    selection = Selection(None, (pattern,), None, None)
    selection.label = "set_corruption"
    chosen = [
        n for n in attachment.reading.tensors if selection.takes(n, None, n.rpartition(".")[0])
    ]
    selection.check()
    for name in chosen:
        tensor = attachment.reading.tensors[name]
        tensor.corruption = function
