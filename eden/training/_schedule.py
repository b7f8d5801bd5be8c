"""The curriculum of boosting: which bit error rate an epoch has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eden._say import a_kind, an_int, within
from eden.network import Attachment


class CurriculumSchedule:
    """Raises an attachment's bit error rate, step by step, like a learning-rate scheduler.

    Call `step` after each epoch. The first `step_epochs` epochs run at `start_ber`, the last ones
    at `target_ber`, with equal steps between.

    Args:
        handle: the attachment of the network in training.
        target_ber: rate to end at, in (0, 1].
        epochs: epochs in all, at least 1; if they make one step only, that is at the target.
        step_epochs: epochs at each rate.
        start_ber: rate to begin with, from 0 to `target_ber`; not 0 where a network that was
            boosted before is boosted further (the first step is then already above it).

    Raises:
        TypeError: for an argument of another type.
        ValueError: for a rate or number of epochs outside what is named here.
    """

    def __init__(
        self,
        handle: Attachment,
        *,
        target_ber: float,
        epochs: int = 10,
        step_epochs: int = 2,
        start_ber: float = 0.0,
    ):
        a_kind("handle", handle, Attachment, "an attachment, as eden.attach returns it")
        within("target_ber", target_ber, 0, 1, above=True)
        within("start_ber", start_ber, 0, target_ber)
        an_int("epochs", epochs, 1, 10**9)
        an_int("step_epochs", step_epochs, 1, 10**9)
        self.handle = handle
        self.target_ber, self.start_ber = float(target_ber), float(start_ber)
        self.epochs, self.step_epochs = epochs, step_epochs
        self.epoch = 0
        handle.set_ber(self.target_ber)  # refused now, not after hours, if out of reach
        handle.set_ber(self.ber)

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
        self.handle.set_ber(self.ber)

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint needs to go on from here, JSON-able."""
        names = ("epoch", "target_ber", "start_ber", "epochs", "step_epochs")
        return {name: getattr(self, name) for name in names} | {"draw": list(self.handle.draw)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`: the rate, and the draws of errors that follow."""
        state = dict(state)
        seed, steps = state.pop("draw")
        for name, value in state.items():
            setattr(self, name, value)
        self.handle.reseed(seed, steps=steps)
        self.handle.set_ber(self.ber)
