"""The numbers that errors are drawn by: keys, and how often each tensor was read."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from eden._torch import copy_each, zero_each
from eden.access import rng
from eden.network._stored import StoredTensor


def begin_call(tensors: Sequence[StoredTensor], *, first: bool = False) -> None:
    """Number the reads of a call of the network from 0, and copies from 0 in the first call."""
    zero_each([tensor.counter for tensor in tensors])
    for tensor in tensors:
        tensor.read_of_call = 0
        if first:
            tensor.copies_read = []


def set_keys(tensors: Sequence[StoredTensor], key: Tensor) -> None:
    """Draw the cells and accesses of tensors from a network's key; reads start anew.

    All at once: one after the other, this takes as long as a small network's reads.

    Args:
        tensors: At least one.
        key: int64 ``[2]``.
    """
    guards = [tensor.guard for tensor in tensors if tensor.guard is not None]
    keyed = [*tensors, *(more for guard in guards for more in guard.further)]
    keys = rng.fold_in_each(key, torch.stack([one.origin for one in keyed]))
    # To a GPU in one piece.
    devices = {one.key.device for one in keyed}
    there = {device: keys.to(device).unbind() for device in devices}
    own = [there[one.key.device][i] for i, one in enumerate(keyed)]
    copy_each([one.key for one in keyed], own)
    zero_each([tensor.counter for tensor in tensors])
    if guards:
        zero_each([guard.counts for guard in guards])
    for tensor in tensors:
        if not tensor.fixed_cells:
            tensor.kept.forget()
