"""The rounds of boosting: to a first rate, and on to further ones while the network bears them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from eden._say import refusal
from eden.access import seeds_for
from eden.network import Attachment
from eden.training._schedule import CurriculumSchedule
from eden.training._trainer import Trainer

# A target given without successors is doubled for as long as the network bears it, this often.
_MOST_TARGETS = 8


@dataclass(frozen=True)
class Check:
    """Whether a network reaches an accuracy under every draw of errors."""

    evaluate: Callable[[nn.Module], float]
    target: float
    draws: Sequence[int]

    def run(self, handle: Attachment) -> tuple[float, bool]:
        """Return the mean accuracy over the draws, and whether every one reached the target."""
        seed, steps = handle.draw
        accuracies = []
        for draw in self.draws:
            handle.reseed(draw)
            with handle.by_image():
                accuracies.append(float(self.evaluate(handle.model)))
        # Training goes on with the draws that it would have had.
        handle.reseed(seed, steps=steps)
        return sum(accuracies) / len(accuracies), min(accuracies) >= self.target


@dataclass(frozen=True)
class Rounds:
    """Rates to train for, each from the one before, as the arguments of `boost` say."""

    targets: Sequence[float]
    epochs: int
    more_epochs: int
    step_epochs: int
    start_ber: float

    def run(self, trainer: Trainer, check: Check | None) -> list[dict[str, Any]]:
        """Train; leave the network of the highest rate met, and return the history."""
        model, start, best, kept = trainer.handle.model, self.start_ber, None, 0
        history: list[dict[str, Any]] = []
        for target in self.targets:
            schedule = CurriculumSchedule(
                trainer.handle,
                target_ber=target,
                epochs=self.more_epochs if history else self.epochs,
                step_epochs=self.step_epochs,
                start_ber=start,
            )
            history += trainer.run(schedule)
            if check is None:
                break
            accuracy, met = check.run(trainer.handle)
            history[-1] |= {"accuracy": accuracy, "met": met}
            if met or best is None:
                best, kept = copy.deepcopy(model.state_dict()), len(history)
            if not met:
                break
            start = target
        if best is not None:
            model.load_state_dict(best)
        return [
            {"epoch": number, **row, "kept": best is None or number <= kept}
            for number, row in enumerate(history, 1)
        ]


def targets_of(target_ber: float | Sequence[float], *, checked: bool) -> list[float]:
    """The rates of the rounds, one alone where none is checked."""
    if isinstance(target_ber, int | float):
        most = _MOST_TARGETS if checked else 1
        doubled = [target_ber * 2**k for k in range(most)]
        # 0.5 is noise: nothing is learned beyond.
        return [b for k, b in enumerate(doubled) if k == 0 or b <= 0.25]
    targets = list(target_ber)
    if not targets or sorted(set(targets)) != targets:
        raise ValueError(refusal("target_ber", targets, "a rate, or rates that rise"))
    if len(targets) > 1 and not checked:
        raise ValueError("target_ber: several rates need evaluate and target_accuracy")
    return targets


def draws_of(seeds: int | Sequence[int]) -> list[int]:
    """The draws of a check, from their number or given one by one."""
    if not isinstance(seeds, Sequence):
        return seeds_for("boost check", seeds)
    if len(seeds) == 0:
        raise ValueError(refusal("seeds", seeds, "at least 1"))
    return list(seeds)
