"""Bounds of plausible values, learned on the clean network.

A value read from DRAM that is outside what its tensor ever held, or is not a number, is
implausible: one flipped exponent bit turns 0.1 into 1e37. Reference: EDEN, section 4 of the method
("implausible values").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from eden.network._config import TensorCalibration
from eden.network._stored import StoredTensor


def learn(
    model: nn.Module, loader: Iterable[Any], tensors: Iterable[StoredTensor]
) -> dict[str, TensorCalibration]:
    """Run the clean network over a loader and note each tensor's range, size and reads.

    Nothing is kept but a minimum and a maximum a tensor. The network runs in evaluation mode; its
    modes are restored.

    Args:
        model: network whose hooks are in the "learn" state.
        loader: yields inputs, or ``(inputs, labels)``; inputs are a tensor, a tuple of positional
            arguments, or a dict of keyword arguments.
        tensors: the tensors that the hooks read.

    Returns:
        What was seen, by tensor name; without those that were never read.

    Raises:
        ValueError: for a loader that yields nothing, or a tensor without a finite value.
    """
    tensors = list(tensors)
    for tensor in tensors:
        tensor.start_learning()
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    was_training = [module for module in model.modules() if module.training]
    forwards = 0
    model.eval()
    try:
        with torch.no_grad():
            for batch in loader:
                call(model, inputs_of(batch), device)
                forwards += 1
    finally:
        for module in was_training:
            module.training = True
    if not forwards:
        raise ValueError("learn_bounds: the loader yielded no batch; expected at least one")
    learned = {tensor.name: tensor.learned(forwards) for tensor in tensors}
    return {name: entry for name, entry in learned.items() if entry is not None}


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


def _to(value: Any, device: torch.device) -> Any:
    return value.to(device) if isinstance(value, Tensor) else value
