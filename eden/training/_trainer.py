"""One network in training under errors: a curriculum at a time, an epoch at a time."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim.lr_scheduler import CosineAnnealingLR
from tqdm.auto import tqdm

from eden._say import refusal
from eden._torch import lower_each, raise_each
from eden.access import ops
from eden.data import call, device_of, inputs_of, keeping_modes, sound
from eden.network import Attachment, unwrapped
from eden.training._config import BoostConfig
from eden.training._folder import TrainingFolder
from eden.training._loader import Loader
from eden.training._optimizer import identity_of, shown
from eden.training._ranks import Ranks
from eden.training._schedule import Schedule
from eden.training._state import set_state, state_of


class WeightRanges:
    """The ranges that weights have now, for them to stay within.

    Args:
        weights: None of them empty.
        by_channel: Whether each channel has a range of its own, as it has a step.
    """

    def __init__(self, weights: Sequence[Tensor], *, by_channel: bool = False):
        many = [w for w in weights if by_channel and ops.channels_of(w)]
        whole = [w for w in weights if not (by_channel and ops.channels_of(w))]
        inner = [tuple(range(1, weight.ndim)) for weight in many]
        with torch.no_grad():
            least = [w.amin(dims, keepdim=True) for w, dims in zip(many, inner, strict=True)]
            most = [w.amax(dims, keepdim=True) for w, dims in zip(many, inner, strict=True)]
        # Numbers for whole tensors: a GPU takes all of them in one kernel.
        self.ranges = [
            (whole, [w.min().item() for w in whole], [w.max().item() for w in whole]),
            (many, least, most),
        ]

    @torch.no_grad()
    def clamp(self) -> None:
        """Clamp what has left its range, all weights at once."""
        for weights, lowest, highest in self.ranges:
            if weights:
                raise_each(weights, lowest)
                lower_each(weights, highest)


class Trainer:
    """Trains an attached network; the weights stored stay within the range that they have now.

    Args:
        handle: Attached to the network.
        loader: Of the images.
        optimizer: Of the network's parameters.
        how: Says the loss, and whether learning rates fall.
        bar: Steps a batch.
        ranks: The processes that train.
        folder: What is kept of trainings.
    """

    def __init__(
        self,
        handle: Attachment,
        loader: Loader,
        optimizer: torch.optim.Optimizer,
        how: BoostConfig,
        bar: tqdm,
        ranks: Ranks,
        folder: TrainingFolder,
    ):
        self.handle, self.loader, self.loss, self.anneal = handle, loader, how.loss, how.anneal
        self.bar, self.ranks, self.optimizer = bar, ranks, optimizer
        self.folder, self.training = folder, 0
        stored = [p for p in handle.stored_weights() if p.numel() and p.requires_grad]
        self.ranges = WeightRanges(stored, by_channel=handle.config.by_channel)
        self.learning_rates = [group["lr"] for group in optimizer.param_groups]

    @property
    def identity(self) -> list[Any]:
        """What is known of images, optimiser and network before the first step, JSON-able."""
        model = self.handle.model
        trained = [name for name, p in model.named_parameters() if p.requires_grad]
        shows = shown(unwrapped(model))
        return [*self.loader.identity, *identity_of(self.optimizer), trained, shows]

    def run(self, schedule: Schedule, epochs: int, *, slower: float = 1.0) -> list[dict[str, Any]]:
        """Train through a curriculum; return an entry of the history for each epoch.

        The first epoch with a loss that is not finite is the last; so is one that leaves weights
        that are not.

        Args:
            schedule: Of the rates; one by epoch, or one by batch.
            epochs: Through the loader.
            slower: Factor on the learning rates.
        """
        self.bar.total += epochs * self.loader.count
        for group, rate in zip(self.optimizer.param_groups, self.learning_rates, strict=True):
            group["lr"] = rate * slower
            group.pop("initial_lr", None)
        self.falling = None
        if self.anneal:
            self.falling = CosineAnnealingLR(self.optimizer, epochs * self.loader.count)
        self.training += 1
        rows: list[dict[str, Any]] = []
        if (state := self.folder.state(self.training)) is not None:
            rows = state["rows"]
            self._go_on(state, schedule)
            self.bar.update(len(rows) * self.loader.count)
        else:
            self._keep(schedule, rows)
        for _ in range(len(rows), epochs):
            if rows and not math.isfinite(rows[-1]["loss"]):
                break  # what follows is no better
            ber, loss = self._epoch(schedule)
            rows.append({"ber": ber, "loss": loss, "accuracy": None, "bears": None, "met": None})
            self._keep(schedule, rows)
        return rows

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the network and the optimiser as they are, for `restore`."""
        return copy.deepcopy((state_of(self.handle.model), self.optimizer.state_dict()))

    def restore(self, snapshot: tuple[dict[str, Any], dict[str, Any]]) -> None:
        """Go back to a `snapshot`: the moments of a collapse are none to begin with."""
        set_state(self.handle.model, snapshot[0])
        self.optimizer.load_state_dict(copy.deepcopy(snapshot[1]))

    def _keep(self, schedule: Schedule, rows: list[dict[str, Any]]) -> None:
        """Keep all that the next epoch depends on, where there is a folder for it."""
        if self.folder.folder is None:
            return
        state = {
            "rows": rows,
            "model": state_of(self.handle.model),
            "optimizer": self.optimizer.state_dict(),
            "falling": None if self.falling is None else self.falling.state_dict(),
            "schedule": schedule.state_dict(),
            "loader": self.loader.state,
        }
        self.folder.write(self.training, state)

    def _go_on(self, state: Mapping[str, Any], schedule: Schedule) -> None:
        set_state(self.handle.model, state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.falling is not None:
            self.falling.load_state_dict(state["falling"])
        schedule.load_state_dict(state["schedule"])
        self.loader.go_on(state["loader"])

    def _epoch(self, schedule: Schedule) -> tuple[float, float]:
        """Train once over the loader; return the mean rate and loss of the batches."""
        model = self.handle.model
        device = device_of(model)
        total, rates, count = torch.zeros((), device=device), 0.0, 0
        with keeping_modes(model):
            model.train()
            for count, batch in enumerate(self.loader.epoch(), 1):
                schedule.begin_batch()
                output = call(model, inputs_of(batch), device)
                value = self.loss(output, batch[1].to(device))
                if count == 1:
                    self.handle.check_read("boost")
                    _check_loss(value)
                self.optimizer.zero_grad(set_to_none=True)
                value.backward()
                self.optimizer.step()
                if self.falling is not None:
                    self.falling.step()
                self.ranges.clamp()
                total += value.detach()
                ber = schedule.ber
                rates += ber
                self.bar.update()
                self.bar.set_postfix(ber=f"{ber:.1e}", refresh=False)
        schedule.end_epoch()
        if not sound(model):
            total = total * math.nan
        return rates / count, float(self.ranks.mean(total / count))


def _check_loss(value: Any) -> None:
    if not isinstance(value, Tensor) or value.ndim or not value.requires_grad:
        raise TypeError(refusal("what loss returned", value, "a number that gradients flow from"))
