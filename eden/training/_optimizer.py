"""The optimiser of a training."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from eden._say import a_kind

# Of the optimiser where none is given.
LEARNING_RATE = 3e-3


def optimizer_for(
    model: nn.Module, make: Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer] | None
) -> torch.optim.Optimizer:
    """Make the optimiser of the parameters that a network has to train.

    Args:
        model: The copy that is boosted.
        make: Makes it of parameters; None for AdamW.

    Raises:
        TypeError: If it makes something else.
        ValueError: If there is nothing to train, if the optimiser has parameters of another
            network, if its steps evaluate the loss anew (LBFGS), or if it is torch's and an ``eps``
            that its steps divide by rounds to 0 in the parameters' format.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    if not parameters:
        raise ValueError("boost: no parameter of the network requires a gradient")
    make = make or partial(torch.optim.AdamW, lr=LEARNING_RATE)
    made = make(parameters)
    a_kind("what optimizer makes", made, torch.optim.Optimizer, "a torch.optim.Optimizer")
    trained = {id(parameter) for parameter in parameters}
    if not all(id(p) in trained for group in made.param_groups for p in group["params"]):
        raise ValueError("boost: the optimizer has other parameters than those that it is given")
    closure = inspect.signature(made.step).parameters.get("closure")
    if closure is not None and closure.default is inspect.Parameter.empty:
        raise ValueError(f"boost: a step of {type(made).__name__} asks for the loss again")
    for group in made.param_groups:
        group |= {name: _plain(value) for name, value in group.items() if name != "params"}
        _check_eps(type(made), group)
    return made


def _check_eps(kind: type, group: dict[str, Any]) -> None:
    """Refuse what keeps a step from dividing by 0, where it is 0: 1e-8 is, as a half.

    Fused steps compute in float32, Adafactor's two follow a format, and others' may do either.
    """
    eps = group.get("eps")
    if not isinstance(eps, float) or not eps or group.get("fused"):
        return
    if not kind.__module__.startswith("torch.optim."):
        return
    for dtype in {parameter.dtype for parameter in group["params"]}:
        if not float(torch.tensor(eps, dtype=dtype)):
            raise ValueError(
                f"boost: eps of {kind.__name__}, {eps:g}, is 0 in {dtype}, so that a step divides "
                "by 0; boost the network in float32, which stored='fp16' keeps as halves all the "
                "same, or give an optimizer with a greater eps"
            )


def _plain(value: Any) -> Any:
    """A number of NumPy as one of Python, which a kept training can be read with."""
    if isinstance(value, tuple | list):
        return type(value)(map(_plain, value))
    return value.item() if isinstance(value, np.generic) else value


def identity_of(optimizer: torch.optim.Optimizer) -> list[str]:
    """What is known of an optimiser before its first step."""
    groups: list[dict[str, Any]] = [
        {
            name: value.tolist() if isinstance(value, torch.Tensor) else value
            for name, value in group.items()
            if name != "params"
        }
        for group in optimizer.param_groups
    ]
    return [type(optimizer).__qualname__, shown(groups)]


def shown(value: object) -> str:
    """Return what a value shows itself as, without addresses in memory."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))
