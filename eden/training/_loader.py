"""The batches of a training: how many an epoch, one of them, and where their shuffling stands."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sized
from typing import Any, cast

import torch

from eden._say import refusal
from eden.training._ranks import Ranks

_NO_BATCH = "boost: the loader yielded no batch; it has to yield them every epoch"


class Loader:
    """What a training reads, epoch by epoch.

    Args:
        batches: Yields ``(inputs, labels)``, every epoch anew.
        ranks: The processes that train, each with as many batches of its own.
    """

    def __init__(self, batches: Iterable[Any], ranks: Ranks):
        self._batches, self._ranks, self._count = batches, ranks, 0

    @property
    def count(self) -> int:
        """Batches an epoch; a loader that does not say is read once to count them.

        Raises:
            ValueError: If there are none, or if other processes have more or fewer.
        """
        if not self._count:
            said = self._said
            count = sum(1 for _ in self._batches) if said is None else said
            self._ranks.agree("batches an epoch", count)
            if not count:
                raise ValueError(_NO_BATCH)
            self._count = count
        return self._count

    @property
    def _said(self) -> int | None:
        try:
            return len(cast(Sized, self._batches))
        except TypeError:  # of a loader over what has no length, too
            return None

    def one(self) -> Any:
        """A batch, which the loader goes on as if it had not been taken.

        So does an `eden.data.Batches`, and what draws by torch's global generator on a CPU.

        Raises:
            ValueError: If there is none.
        """
        passes, random = getattr(self._batches, "passes", None), torch.get_rng_state()
        batch = next(iter(self._batches), None)
        self._go_on(passes, random)
        if batch is None:
            raise ValueError(_NO_BATCH)
        return batch

    def epoch(self) -> Iterator[Any]:
        """Yield every batch once; warn if they are not as many as the loader says.

        Raises:
            TypeError: If one is no pair of inputs and labels.
            ValueError: If there is none.
        """
        count = 0
        for batch in self._batches:
            _check_pair(batch)
            yield batch
            count += 1
        if not count:
            raise ValueError(_NO_BATCH)
        if (said := self._said) not in (None, count):
            follow = "rates of errors and of learning follow what it says"
            warnings.warn(
                f"boost: the loader says {said} batches and yielded {count}; {follow}", stacklevel=2
            )

    @property
    def state(self) -> dict[str, Any]:
        """What the order of the next epoch depends on, for `go_on`: of every process its own.

        An `eden.data.Batches` counts its passes; another loader shuffles by torch's own generator,
        if at all, by which layers in training draw too.
        """
        random = self._ranks.gather(torch.get_rng_state())
        return {"passes": getattr(self._batches, "passes", None), "random": random}

    def go_on(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`."""
        self._go_on(state["passes"], state["random"][self._ranks.rank])

    def _go_on(self, passes: int | None, random: torch.Tensor) -> None:
        if passes is not None:
            self._batches.passes = passes  # pyright: ignore[reportAttributeAccessIssue]
        torch.set_rng_state(random)

    @property
    def identity(self) -> list[Any]:
        """What is known of it, JSON-able."""
        return [self.count, self._ranks.size, getattr(self._batches, "identity", None)]


def _check_pair(batch: Any) -> None:
    if not (isinstance(batch, list | tuple) and len(batch) > 1 and hasattr(batch[1], "to")):
        raise TypeError(refusal("a batch of train_loader", batch, "inputs, and labels as a tensor"))
