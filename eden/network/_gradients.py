"""Gradients as if nothing had failed: the backward pass goes by what lay in DRAM.

Autograd keeps what a module multiplies: the weight and the input as they were read. While this is
on it keeps the clean ones in their place, and what reading corrected away lets gradients through.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.nn.utils.rnn import PackedSequence


class CleanGradients:
    """Hooks around the modules that read, and what they have read in the calls under way."""

    def __init__(self):
        # Of each call, innermost last: the hooks of autograd, and by the memory of a tensor read
        # the tensor that lay in DRAM.
        self._calls: list[tuple[saved_tensors_hooks, dict[int, tuple[Tensor, Tensor]]]] = []

    def before(self, module: nn.Module, args: tuple) -> None:
        """Forward-pre hook, to come first: have autograd ask here what it is to keep."""
        if torch.compiler.is_compiling():
            raise ValueError(
                "gradients is 'clean', accepted: 'as_read' for a compiled network, whose graph "
                "keeps what it reads"
            )
        if any(map(torch.is_autocast_enabled, ("cpu", "cuda"))):
            raise ValueError(
                "gradients is 'clean', accepted: 'as_read' under torch.autocast, which keeps what "
                "it makes of what is read"
            )
        pairs: dict[int, tuple[Tensor, Tensor]] = {}

        def keep(read: Tensor) -> Any:
            found = pairs.get(_memory(read))
            if found is None or read.dtype != found[0].dtype:
                return read
            clean, _ = found
            # The same view of the clean one: a linear module keeps its weight transposed.
            offset = clean.storage_offset() + read.storage_offset()
            return clean.as_strided(read.shape, read.stride(), offset)

        hooks = saved_tensors_hooks(keep, lambda kept: kept)
        hooks.__enter__()
        self._calls.append((hooks, pairs))

    def after(self, module: nn.Module, args: tuple, result: object) -> None:
        """Forward hook, called after an exception too."""
        if self._calls:
            self._calls.pop()[0].__exit__()

    def close(self) -> None:
        """Leave calls that an interrupt (Ctrl-C) has ended, of which no forward hook was run."""
        while self._calls:
            self._calls.pop()[0].__exit__()

    def pair(self, x: Any, y: Any) -> Any:
        """Return what was read, to be used in the forward pass alone.

        Args:
            x: What lay in DRAM, a tensor or a packed batch.
            y: What was read, in memory of its own, of the shape and strides of `x`.
        """
        if isinstance(y, PackedSequence):
            return y._replace(data=self.pair(x.data, y.data))
        if y is x or _is_made_of_others(y) or not self._calls or not torch.is_grad_enabled():
            return y
        y = y.detach()
        clean = x.detach()
        if clean.stride() != y.stride():  # it overlaps itself
            clean = torch.empty_strided(y.shape, y.stride(), dtype=y.dtype, device=y.device)
            clean.copy_(x.detach())
        if x.requires_grad:
            y = straight(x, y)
        # The last is kept for its memory not to be given to another meanwhile.
        self._calls[-1][1][_memory(y)] = clean, y
        return y


def straight(x: Tensor, y: Tensor) -> Tensor:
    """Return the second tensor with the gradient of the first."""
    return _Straight.apply(x, y)  # pyright: ignore[reportReturnType]


@torch.compiler.allow_in_graph
class _Straight(torch.autograd.Function):
    """The second tensor, with the gradient of the first."""

    @staticmethod
    def forward(ctx, x: Tensor, y: Tensor) -> Tensor:
        return y.view_as(y)

    # Torch's stubs ask for any number of gradients; there is one for each input.
    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return grad, None


def _is_made_of_others(x: Tensor) -> bool:
    return hasattr(x, "__tensor_flatten__")


def _memory(x: Tensor) -> int:
    return x.untyped_storage().data_ptr()
