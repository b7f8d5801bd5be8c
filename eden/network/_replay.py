"""A recomputed forward pass reads what the first one read: activation checkpointing.

`torch.utils.checkpoint` throws activations away and runs the forward pass again for them. Reads go
by state: draws, how many there were, rates, ``clean()``. It is noted before each checkpointed pass
and in force again while that is recomputed, whatever happened in between.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Protocol
from weakref import WeakSet

import torch

from eden._torch import before_checkpoints, in_backward


class Replayed(Protocol):
    """What `eden.network.Attachment` offers."""

    def noted(self) -> Any:
        """Return what reads go by now."""

    def as_noted(self, noted: Any, /) -> Any:
        """Return a context in which reads go by what was noted, by nothing (None) as if clean."""


class _Again:
    """A checkpointed function, to be run again as if it were now."""

    def __init__(self, function: Callable[..., Any]):
        self.function = function
        self.noted = {one: one.noted() for one in list(_attached)}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with ExitStack() as stack:
            for one in {*self.noted, *_attached}:
                stack.enter_context(one.as_noted(self.noted.get(one)))
            _here.depth = depth() + 1
            try:
                return self.function(*args, **kwargs)
            finally:
                _here.depth -= 1


def _note(function: Callable[..., Any]) -> Callable[..., Any]:
    # Compiled, the graph's own recomputation starts from the same inputs, the counters among them.
    return _Again(function) if _attached and not torch.compiler.is_compiling() else function


def follow(attachment: Replayed) -> None:
    """Note this one too, from now on."""
    _attached.add(attachment)


def leave(attachment: Replayed) -> None:
    """Note it no more; what was noted stays in force where it is recomputed."""
    _attached.discard(attachment)


def depth() -> int:
    """How many recomputations known here run one in another on this thread."""
    return getattr(_here, "depth", 0)


def strange() -> bool:
    """Whether a forward pass is recomputed by other means, which nothing was noted for."""
    return in_backward() and depth() == 0


_attached: WeakSet[Any] = WeakSet()
_here = threading.local()
before_checkpoints(_note)
