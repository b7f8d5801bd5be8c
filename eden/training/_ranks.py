"""Several processes that train one network together: what they have to agree on.

Each trains on its share of every batch and `DistributedDataParallel` averages the gradients. Errors
need nothing more: cells follow from the config's seed, the step and the name, which all processes
count alike. What one process alone finds out, the others have to be told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from eden.network import Calibration, TensorCalibration

T = TypeVar("T")


class Ranks:
    """The processes that train a network; one alone unless it is in `DistributedDataParallel`.

    Args:
        model: Trained by this process; wrapped in `DistributedDataParallel` if there are others.
    """

    def __init__(self, model: nn.Module):
        self.group = model.process_group if isinstance(model, DistributedDataParallel) else None
        self.rank = distributed.get_rank(self.group) if self.group else 0
        self.size = distributed.get_world_size(self.group) if self.group else 1

    def gather(self, value: T) -> list[T]:
        """Return what each process has, by rank."""
        if self.size == 1:
            return [value]
        gathered: list[Any] = [None] * self.size
        distributed.all_gather_object(gathered, value, group=self.group)
        return gathered

    def first(self, ask: Callable[[], T]) -> T:
        """Return what the first process answers; what it raises, all raise."""
        answer, error = None, None
        if self.rank == 0:
            try:
                answer = ask()
            except Exception as raised:  # the others wait
                if self.size == 1:
                    raise
                error = raised
        answer, error = self.gather((answer, error))[0]
        if error is not None:
            raise error
        return answer  # pyright: ignore[reportReturnType]

    def agree(self, name: str, value: Any) -> None:
        """Refuse what differs between processes.

        Raises:
            ValueError: In all of them.
        """
        values = self.gather(value)
        if any(other != values[0] for other in values):
            raise ValueError(f"boost: {name} differs between processes: {values}")

    def mean(self, values: torch.Tensor) -> torch.Tensor:
        """Return the mean over the processes."""
        if self.size > 1:
            distributed.all_reduce(values, group=self.group)
        return values / self.size

    def merged(self, calibration: Calibration) -> Calibration:
        """Return what all processes saw of the network, each on its images."""
        every = [each.tensors for each in self.gather(calibration)]
        names = every[0]
        return replace(calibration, tensors={name: _together(name, every) for name in names})


def _together(name: str, every: list[Mapping[str, TensorCalibration]]) -> TensorCalibration:
    seen = [tensors[name] for tensors in every]
    read = [entry for entry in seen if not entry.never_read] or seen
    outputs = [entry.output_elements for entry in read if entry.output_elements is not None]
    return replace(
        read[0],
        elements=max(entry.elements for entry in read),
        reads=max(entry.reads for entry in read),
        lo=min(entry.lo for entry in read),
        hi=max(entry.hi for entry in read),
        output_elements=max(outputs, default=None),
    )
