"""What the reads of a network go by: its stored tensors, their hooks and their draw of errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor, nn

from eden._say import an_int, refusal
from eden.access import rng
from eden.network._calibration import Calibration
from eden.network._config import Config
from eden.network._draw import set_keys
from eden.network._faults import Recorder
from eden.network._hooks import Hooks
from eden.network._kept import KeptBytes
from eden.network._plan import Plan
from eden.network._replay import Replayed
from eden.network._selection import shorten
from eden.network._stored import StoredTensor
from eden.network._tensor import Switch


class Reading:
    """How a network is read: shared by its attachment and that one's methods.

    Attributes:
        model: The network that is attached.
        plan: What of it is stored.
        hooks: By which it is read; there once it is hooked.
        switch: What all reads do just now.
        tensors: The stored tensors by name, in model order.
        seed: Of the draw of errors.
        steps: How far that draw went on since.
        begun: How many draws were begun, at which reads count from 0.
        recorded: The faults noted last.
        detached: Whether the hooks are gone.
    """

    hooks: Hooks
    seed: int
    steps: int

    def __init__(self, model: nn.Module, config: Config, plan: Plan, budget: KeptBytes):
        self.model, self.plan, self.switch = model, plan, Switch()
        self.tensors = {
            name: StoredTensor(name, planned, config, self.switch, budget)
            for name, planned in plan.tensors.items()
        }
        # One module: its cells are the config's, only the accesses are a draw's.
        self._cells_seed = config.seed if config.cells == "fixed" else None
        self.begun = 0
        self.recorded: Recorder | None = None
        self.detached = False

    def hooked(self) -> Hooks:
        """Have the network read by these, and return the hooks."""
        return Hooks(self.model, self.plan, self.tensors, self.switch)

    def go_to(self, seed: int, steps: int) -> None:
        """Draw the errors of a seed, as far on as they are after some steps."""
        self._seed_key = self.key_of(seed)
        self.seed, self.steps = int(seed), int(steps)
        self.draw()

    def draw(self) -> None:
        """Draw errors by seed and steps."""
        key = self._seed_key
        if self.steps:
            fold = rng.fold_in if self._cells_seed is None else rng.fold_access
            key = fold(key, self.steps)
        set_keys(list(self.tensors.values()), key)
        self.begun += 1

    def key_of(self, seed: int) -> Tensor:
        """Return the key of a seed, int64 [2]; of one module with the cells of that one."""
        an_int("seed", seed, 0, 2**63 - 1)
        key = rng.key(int(seed), device="cpu")
        if self._cells_seed is not None:
            key = torch.stack([rng.key(self._cells_seed, device="cpu")[0], key[1]])
        return key

    @contextmanager
    def in_state(self, state: str) -> Iterator[None]:
        """Have all reads do one thing inside the context."""
        before = self.switch.state
        self.switch.state = state
        try:
            yield
        finally:
            self.switch.state = before

    def check_known(self, names: Iterable[str]) -> None:
        """Refuse the name of a tensor that is not stored."""
        unknown = [name for name in names if name not in self.tensors]
        if unknown:
            raise ValueError(refusal("tensor", unknown[0], shorten(list(self.tensors))))

    def check_attached(self, what: str) -> None:
        """Refuse what asks for hooks that are gone."""
        if self.detached:
            raise ValueError(f"{what}: the attachment is detached; attach the model again")


class Handle(Replayed, Protocol):
    """What those methods of an attachment need that stand in files of their own."""

    config: Config

    @property
    def reading(self) -> Reading:
        """What the reads of its network go by."""
        ...

    @property
    def draw(self) -> tuple[int, int]:
        """Seed and steps of the draw of errors."""
        ...

    def use(self, calibration: Calibration) -> None:
        """Take other scales and bounds from now on."""
