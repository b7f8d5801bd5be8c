"""What an evaluator says of a network, checked: a wrong answer would count as an accuracy met."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any, cast

import torch
from torch import nn

from eden._say import one_of, refusal


def accuracy_of(evaluate: Callable[[nn.Module], Any], model: nn.Module, *, draw: int) -> float:
    """Ask an evaluator how accurate a network is under a draw of errors.

    Args:
        evaluate: ``evaluate(model) -> accuracy``. Where it has an attribute ``nan``, "miss" says
            that NaN is an accuracy of 0, such as that of a network whose outputs overflow, and
            "error", the default, that it is a mistake.
        model: Asked about, as it is read now.
        draw: Of the errors, to be named.

    Returns:
        The accuracy, in [0, 1].

    Raises:
        TypeError: For an answer that is not a number.
        ValueError: For one outside [0, 1], and NaN unless it is a miss.
    """
    one_of("nan of the evaluator", nan := getattr(evaluate, "nan", "error"), ("error", "miss"))
    said = evaluate(model)
    # One number may come as an array of no dimensions, or as a tensor.
    value: Any = said.item() if getattr(said, "ndim", None) == 0 else said
    name, accepted = f"accuracy under draw {draw}", "a number from 0 to 1"
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(refusal(name, said, accepted))
    missing = value != value  # math.isnan cannot take every int
    if missing and nan == "miss":
        return 0.0
    if not 0 <= cast(float, value) <= 1:
        more = ", or NaN where the evaluator's `nan` is 'miss'" if missing else ""
        raise ValueError(refusal(name, said, accepted + more))
    return float(value)


def right_of(evaluate: Any, model: nn.Module, *, draw: int) -> torch.Tensor:
    """Ask an evaluator which images a network names rightly under a draw, bool ``[n]``.

    Raises:
        ValueError: For an answer that is not such a tensor.
    """
    right = evaluate.right(model)
    if not isinstance(right, torch.Tensor):
        found = type(right).__name__
    elif right.dtype != torch.bool or right.shape != (len(evaluate),):
        found = f"{right.dtype} {list(right.shape)}"
    else:
        return right
    said = f"a bool tensor [{len(evaluate)}]"
    raise ValueError(refusal(f"images right under draw {draw}", found, said))
