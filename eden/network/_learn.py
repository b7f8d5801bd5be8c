"""Bounds of plausible values, learned on the clean network.

A value read from DRAM that is outside what its tensor ever held, or is not a number, is
implausible: one flipped exponent bit turns 0.1 into 1e37. Reference: EDEN, section 4 of the method
("implausible values").
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import nn

from eden._say import a_kind
from eden.data import call, device_of, evaluating, inputs_of
from eden.network._calibration import TensorCalibration
from eden.network._exposure import Sizes
from eden.network._stored import StoredTensor
from eden.network._targets import Target


def learn(
    model: nn.Module,
    loader: Iterable[Any],
    tensors: Iterable[StoredTensor],
    targets: Iterable[Target],
) -> dict[str, TensorCalibration]:
    """Run the clean network over a loader and note each tensor's range, size and reads.

    Nothing is kept but a minimum and a maximum a tensor. The network runs in evaluation mode; its
    modes are restored.

    Args:
        model: Network whose hooks are in the "learn" state.
        loader: Yields inputs, or ``(inputs, labels)``; inputs are a tensor, a tuple of positional
            arguments, or a dict of keyword arguments.
        tensors: The tensors that the hooks read.
        targets: Which modules read them.

    Returns:
        What was seen, by tensor name.

    Raises:
        ValueError: For a loader that yields nothing, or a tensor without a finite value.
    """
    a_kind("loader", loader, Iterable, "an iterable of batches")
    tensors = list(tensors)
    for tensor in tensors:
        tensor.start_learning()
    device, forwards, sizes = device_of(model), 0, Sizes(model, targets)
    with evaluating(model), sizes.watching(model):
        for batch in loader:
            call(model, inputs_of(batch), device)
            forwards += 1
    if not forwards:
        raise ValueError("learn_bounds: the loader yielded no batch")
    return sizes.of({tensor.name: tensor.learned(forwards) for tensor in tensors})
