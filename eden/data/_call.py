"""A model run on a batch: where it lies, how it is called, in which mode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


def device_of(model: nn.Module) -> torch.device:
    """Return where the first parameter of a model lies; the CPU for a model without any."""
    return next((p.device for p in model.parameters()), torch.device("cpu"))


def sound(model: nn.Module) -> bool:
    """Return whether all that a model learns is finite."""
    return all(bool(p.isfinite().all()) for p in model.parameters() if p.requires_grad)


def inputs_of(batch: Any) -> Any:
    """Return the inputs of a batch that may have labels beside them."""
    if isinstance(batch, list | tuple) and batch:
        return batch[0]
    return batch


def call(model: nn.Module, inputs: Any, device: torch.device) -> Any:
    """Call a model with a tensor, a tuple of positional or a mapping of keyword arguments."""
    if isinstance(inputs, Mapping):
        return model(**{key: _to(value, device) for key, value in inputs.items()})
    if isinstance(inputs, list | tuple):
        return model(*(_to(value, device) for value in inputs))
    return model(_to(inputs, device))


@contextmanager
def keeping_modes(model: nn.Module) -> Iterator[None]:
    """Restore on leaving whether each module of a model is in training."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Run a model in evaluation mode and without gradients; its modes are restored."""
    with keeping_modes(model), torch.no_grad():
        model.eval()
        yield


def _to(value: Any, device: torch.device) -> Any:
    return value.to(device) if isinstance(value, Tensor) else value
