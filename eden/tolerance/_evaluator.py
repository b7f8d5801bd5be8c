"""What tells the searches how accurate a network is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

import torch

# All that a search has to be given.
Evaluate = Callable[[torch.nn.Module], float]


class Evaluator(Protocol):
    """Accuracy on fixed images, always taken in the same order; `eden.data.Evaluator` is one.

    It must offer the call, so a plain function ``evaluate(model) -> accuracy`` will do. With
    ``right``, ``closest``, ``take`` and a length a search asks some images alone, which saves most
    of its time; what shows only a mean takes a ``subset``. With ``right`` and a length a
    verification tells standard errors over images, by these answers alone: the call has to tell
    their share. An answer outside [0, 1] is an error, and NaN too, unless an attribute ``nan`` of
    the evaluator is "miss": then it counts as 0. Searches number accesses by the images in the
    order in which the network gets them: the size of batches makes no difference. With an attribute
    ``in_copies`` that is True forked copies of the process ask it, as many at once as torch has
    threads and each with one of them, so that answers do not depend on how many there are; what it
    notes of being asked is then lost. With an attribute ``in_order`` that is True the network gets
    the same batches in the same order at each call, so that single cells are asked of it from where
    they are read on also where no images can be asked alone.
    """

    digest: str | None
    """Tells these images from others where finished answers are kept in a folder."""

    def __call__(self, model: torch.nn.Module, /) -> float:
        """Return the fraction of images that the model names rightly, in [0, 1]."""
        ...

    def __len__(self) -> int:
        """Return how many images there are."""
        ...

    def right(self, model: torch.nn.Module, /) -> torch.Tensor:
        """Return for each image whether the model names it rightly, bool ``[n]``."""
        ...

    def closest(self, model: torch.nn.Module, n: int, /) -> torch.Tensor:
        """Return the numbers, rising, of the `n` images most easily made right or wrong."""
        ...

    def take(self, index: torch.Tensor, /) -> Evaluator:
        """Return an evaluator on the images of these numbers, int64 ``[n]``."""
        ...

    def subset(self, n: int, seed: int = 0, /) -> Evaluator:
        """Return an evaluator on `n` images drawn without replacement."""
        ...


def offering(evaluate: Evaluate, *names: str) -> Evaluator | None:
    """Return the evaluator if it offers all of these beside the call, else None."""
    offers = all(hasattr(evaluate, name) for name in names)
    return cast(Evaluator, evaluate) if offers else None
