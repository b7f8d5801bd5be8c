"""The curriculum of boosting: which bit error rate an epoch, or a batch, has."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from eden._say import a_kind, an_int, within
from eden.network import Attachment


class Schedule(ABC):
    """A bit error rate that changes in training: what trainers and checkpoints ask of one."""

    _noted: ClassVar[tuple[str, ...]]  # what a checkpoint holds besides the rates and the draw

    def __init__(
        self,
        handle: Attachment,
        target_ber: float,
        start_ber: float,
        placed: Mapping[str, float] | None,
    ):
        a_kind("handle", handle, Attachment, "an attachment, as eden.attach returns it")
        within("target_ber", target_ber, 0, 1, above=True)
        within("start_ber", start_ber, 0, target_ber)
        self.handle = handle
        self.target_ber, self.start_ber = float(target_ber), float(start_ber)
        self.placed = None if placed is None else dict(placed)

    def _begin(self) -> None:
        """Set the first rate."""
        self._set(self.target_ber)  # refused now, not after hours, if out of reach
        self._set(self.ber)

    def _set(self, ber: float) -> None:
        share = ber / self.target_ber
        placed = self.placed
        self.handle.set_ber(ber if placed is None else {n: share * at for n, at in placed.items()})

    @property
    @abstractmethod
    def ber(self) -> float:
        """The rate just now."""

    def begin_batch(self) -> None:
        """Draw fresh cells for a batch."""
        self.handle.step()

    def end_epoch(self) -> None:  # noqa: B027, may be left as it is
        """Note that all batches of an epoch were trained on."""

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint needs to go on from here, JSON-able."""
        names = (*self._noted, "target_ber", "start_ber")
        return {name: getattr(self, name) for name in names} | {"draw": list(self.handle.draw)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`: the rate, and the draws of errors that follow."""
        state = dict(state)
        seed, steps = state.pop("draw")
        for name, value in state.items():
            setattr(self, name, value)
        self.handle.reseed(seed, steps=steps)
        self._set(self.ber)


class CurriculumSchedule(Schedule):
    """Raises an attachment's bit error rate, step by step, like a learning-rate scheduler.

    Call `step` after each epoch. The first `step_epochs` epochs run at `start_ber`, the last ones
    at `target_ber`, with equal steps between.

    Args:
        handle: The attachment of the network in training.
        target_ber: Rate to end at, in (0, 1].
        epochs: Epochs in all, at least 1; if they make one step only, that is at the target.
        step_epochs: Epochs at each rate.
        start_ber: Rate to begin with, from 0 to `target_ber`; not 0 where a network that was
            boosted before is boosted further (the first step is then already above it).
        placed: Rates of tensors in their places, whose mean is `target_ber` and which rise with it;
            None for one rate of all.

    Raises:
        TypeError: For an argument of another type.
        ValueError: For a rate or number of epochs outside what is named here.
    """

    _noted = ("epoch", "epochs", "step_epochs")

    def __init__(
        self,
        handle: Attachment,
        *,
        target_ber: float,
        epochs: int = 10,
        step_epochs: int = 2,
        start_ber: float = 0.0,
        placed: Mapping[str, float] | None = None,
    ):
        super().__init__(handle, target_ber, start_ber, placed)
        an_int("epochs", epochs, 1, 10**9)
        an_int("step_epochs", step_epochs, 1, 10**9)
        self.epochs, self.step_epochs = epochs, step_epochs
        self.epoch = 0
        self._begin()

    @property
    def ber(self) -> float:
        """The rate of the current epoch."""
        steps = -(-self.epochs // self.step_epochs)
        # From clean, one step is spent at 0; from an earlier boost, none at its rate.
        skip = 1 if self.start_ber == 0 else 0
        done = min(self.epoch // self.step_epochs + 1, steps) - skip
        if steps == skip or done == steps - skip:
            return self.target_ber
        return self.start_ber + (self.target_ber - self.start_ber) * done / (steps - skip)

    def step(self) -> None:
        """End an epoch: set the rate of the next."""
        self.epoch += 1
        self._set(self.ber)

    end_epoch = step


class RampSchedule(Schedule):
    """Raises an attachment's bit error rate batch by batch, and varies it from one to the next.

    Call `step` before each batch: it draws fresh cells too. The rate rises evenly from
    ``start_ber`` to ``target_ber`` over the first part of the training and stays there; each batch
    has a share of it, drawn evenly between ``least`` and 1, so that the network meets few
    errors as well as many. Which share depends on the attachment's draw alone: who goes on from
    a checkpoint meets the same.

    Args:
        handle: The attachment of the network in training.
        target_ber: Rate to rise to, in (0, 1].
        batches: Batches in all, at least 1; one alone is at the target.
        ramp: Share of them after which the target is reached, in [0, 1].
        least: Smallest share of the rate that a batch has, in (0, 1]; 1 does not vary it.
        start_ber: Rate to begin with, from 0 to `target_ber`.
        placed: Rates of tensors in their places, whose mean is `target_ber` and which rise with it;
            None for one rate of all.

    Raises:
        TypeError: For an argument of another type.
        ValueError: For a rate or number outside what is named here.
    """

    _noted = ("batch", "batches", "ramp", "least")

    def __init__(
        self,
        handle: Attachment,
        *,
        target_ber: float,
        batches: int,
        ramp: float = 0.3,
        least: float = 0.25,
        start_ber: float = 0.0,
        placed: Mapping[str, float] | None = None,
    ):
        super().__init__(handle, target_ber, start_ber, placed)
        an_int("batches", batches, 1, 10**12)
        within("ramp", ramp, 0, 1)
        within("least", least, 0, 1, above=True)
        self.batches, self.batch = batches, 0
        self.ramp, self.least = float(ramp), float(least)
        self._begin()

    @property
    def ber(self) -> float:
        """The rate of the current batch."""
        done, (seed, steps) = max(0, self.batch - 1) / self.batches, self.handle.draw
        at_once = self.ramp == 0 or self.batches == 1
        risen = 1.0 if at_once else min(1.0, done / self.ramp)
        share = random.Random(f"eden ramp {seed} {steps}").uniform(self.least, 1.0)
        return share * (self.start_ber + (self.target_ber - self.start_ber) * risen)

    def step(self) -> None:
        """Begin a batch: fresh cells, and its rate."""
        self.handle.step()
        self.batch += 1
        self._set(self.ber)

    begin_batch = step
