"""The rounds of boosting: to a first rate, and on to further ones while the network bears more."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

import torch
from torch import nn

from eden._say import refusal, within
from eden.data import accuracy_of
from eden.network import (
    Attachment,
    Calibration,
    Config,
    InputRange,
    approximate,
    keep_calibration,
    unwrapped,
)
from eden.tolerance import Evaluate, ber_by_cells, can_copy, criticality, one_thread
from eden.training._config import BoostConfig
from eden.training._schedule import CurriculumSchedule, RampSchedule
from eden.training._state import set_state, state_of
from eden.training._trainer import Trainer

# A round that costs more accuracy than may be lost is trained again at this share of its rate and
# learning rate, at most so often. In the first one the cut of the ranges is milder too, by its
# logarithm: what MobileNetV2 loses with halved ranges no lower rate brings back.
_MILDER, _RETRIES = 0.5, 2


@dataclass(frozen=True)
class Judge:
    """What a network reaches without errors, and which rate it bears at a stated risk.

    Attributes:
        evaluate: ``evaluate(model) -> accuracy``.
        target: Accuracy to reach.
        miss_probability: The risk that the rate is stated at.
        model: A copy of the network that is trained, to be asked in its stead.
        seed: Of the cells tried.
        progress: Whether the cells that are tried are shown.
    """

    evaluate: Evaluate
    target: float
    miss_probability: float
    model: nn.Module
    seed: int
    progress: bool

    def check(self, trainer: Trainer) -> None:
        """Ask once, so that what cannot be asked is found before the first round."""
        self.stored(trainer)

    @torch.random.fork_rng(devices=[])
    def stored(self, trainer: Trainer) -> tuple[float, Config]:
        """Return the accuracy as stored, without errors, and how that is.

        Its weights have the ranges that they have now, as the network has that `boost` returns.
        """
        handle = trainer.handle
        set_state(unwrapped(self.model), state_of(unwrapped(handle.model)))
        keep_calibration(self.model, handle.config.calibration)
        # By one thread where single cells are asked so, who begin at the same accuracy.
        one = one_thread() if can_copy(self.model, self.evaluate) else nullcontext()
        with one, approximate(self.model, handle.config) as asked:
            asked.use(calibration_of_now(asked, trainer))
            config = asked.config
            asked.set_ber(0.0)
            accuracy = accuracy_of(self.evaluate, self.model, draw=0)
            asked.check_read("evaluate")
        return accuracy, config

    @torch.random.fork_rng(devices=[])
    def run(self, trainer: Trainer) -> tuple[float, float]:
        """Return the accuracy as stored, without errors, and the rate; 0 below the target.

        What follows draws, of torch's generator on a CPU, as if nothing had been asked: as where
        the answers are kept.
        """
        accuracy, config = self.stored(trainer)
        if accuracy < self.target:
            return accuracy, 0.0
        risk = criticality(
            self.model,
            self.evaluate,
            config=config,
            target_accuracy=self.target,
            seed=self.seed,
            folder=trainer.folder.cells(trainer.training),
            progress=self.progress,
            label="boost",
        )
        return accuracy, ber_by_cells(risk, self.miss_probability)


def calibration_of_now(handle: Attachment, trainer: Trainer) -> Calibration:
    """Return what a network is known by when boosting ends: with the ranges of its weights.

    Inputs keep theirs, and what one batch does not reach is as it was. Of one known module it has
    the identity.

    Args:
        handle: Attached to the network of the training, or to a copy; its calibration is used up.
        trainer: Gives the batch.
    """
    kept = cast(Calibration, handle.config.calibration)
    now = handle.learn_bounds([trainer.loader.one()]).tensors
    weights = {n: entry for n, entry in now.items() if entry.kind == "weight" and entry.reads}
    identity = handle.identity if handle.config.cells == "fixed" else None
    return replace(kept, tensors={**kept.tensors, **weights}, identity=identity)


@dataclass(frozen=True)
class Rounds:
    """Rates to train for, each from the one before, as the arguments of `boost` say.

    Attributes:
        targets: Bit error rates, rising, each trained for in turn.
        epochs: To the first one.
        how: How it is trained.
        share: Of the range that the inputs have, what the first attempt leaves them.
        placed: Of a placement the rate of each tensor, as a schedule takes them.
    """

    targets: Sequence[float]
    epochs: int
    how: BoostConfig
    share: InputRange
    placed: Mapping[str, float] | None = None

    def run(self, trainer: Trainer, judge: Judge | None) -> list[dict[str, Any]]:
        """Train; leave the network that bears most, and return the history.

        Where none bears anything that is the network as it was.
        """
        if judge is not None and not trainer.folder.begun:
            trainer.ranks.first(partial(judge.check, trainer))
        trainer.handle.narrow_inputs(self.share)
        start, best, most, kept = self.how.start_ber, trainer.snapshot(), 0.0, set[int]()
        training = 0  # that comes to the best
        history: list[dict[str, Any]] = []
        for target in self.targets:
            epochs = self.how.more_epochs if history else self.epochs
            if judge is None:
                rows = self._train(trainer, target, start, epochs)
                if not math.isfinite(loss := rows[-1]["loss"]):
                    raise ValueError(
                        f"boost: the loss is {loss} in epoch {len(rows)}; a lower learning rate or "
                        "target_ber may help"
                    )
                return [{"epoch": n, **row, "kept": True} for n, row in enumerate(rows, 1)]
            milder, first, bears = 1.0, 0, 0.0
            for attempt in range(_RETRIES + 1):
                if attempt:
                    trainer.restore(best)
                    milder *= _MILDER
                    if not kept:
                        trainer.handle.narrow_inputs(_milder_share(self.share, milder))
                first = len(history)
                history += self._train(trainer, milder * target, start, epochs, slower=milder)
                accuracy, bears = 0.0, 0.0
                if math.isfinite(history[-1]["loss"]):
                    ask = partial(judge.run, trainer)
                    accuracy, bears = trainer.folder.judged(trainer.training, ask)
                history[-1] |= {"accuracy": accuracy, "bears": bears, "met": bears > most}
                if accuracy >= judge.target:
                    break
            if bears <= most:
                break
            best, most, training = trainer.snapshot(), bears, trainer.training
            kept |= set(range(first, len(history)))
            start = milder * target
        trainer.restore(best)
        trainer.folder.keep_cells(training)
        return [{"epoch": n, **row, "kept": n - 1 in kept} for n, row in enumerate(history, 1)]

    def _train(
        self, trainer: Trainer, target: float, start: float, epochs: int, *, slower: float = 1.0
    ) -> list[dict[str, Any]]:
        rates: dict[str, Any] = {"target_ber": target, "start_ber": min(start, target)}
        rates["placed"] = self.placed
        if self.how.curriculum == "ramp":
            rates["least"] = self.how.least_share_for(trainer.handle.config)
            schedule = RampSchedule(trainer.handle, batches=epochs * trainer.loader.count, **rates)
        else:
            steps = self.how.step_epochs
            schedule = CurriculumSchedule(trainer.handle, epochs=epochs, step_epochs=steps, **rates)
        return trainer.run(schedule, epochs, slower=slower)


def _milder_share(share: InputRange, milder: float) -> InputRange:
    """A share of the ranges whose logarithm is so much of the other's."""
    if isinstance(share, tuple):
        first, last = share
        return first**milder, last**milder
    return share**milder


def target_bers(target_ber: float | Sequence[float] | None, *, checked: bool) -> list[float]:
    """The rates of the rounds, one alone where none is checked."""
    if isinstance(target_ber, str) or not isinstance(target_ber, Sequence):
        within("target_ber", cast(float, target_ber), 0, 1, above=True)
        return [float(cast(float, target_ber))]
    for target in target_ber:
        within("target_ber", target, 0, 1, above=True)
    targets = [float(target) for target in target_ber]
    if not targets or sorted(set(targets)) != targets:
        raise ValueError(refusal("target_ber", targets, "a rate, or rates that rise"))
    if len(targets) > 1 and not checked:
        said = "one rate where evaluate and target_accuracy are not given"
        raise ValueError(refusal("target_ber", targets, said))
    return targets
