"""One network in training under errors: a curriculum at a time, an epoch at a time."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping, Sequence, Sized
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor
from torch.optim.lr_scheduler import CosineAnnealingLR
from tqdm.auto import tqdm

from eden._torch import lower_each, raise_each
from eden.access import ops
from eden.data import call, device_of, inputs_of, keeping_modes
from eden.network import Attachment
from eden.training._config import BoostConfig
from eden.training._folder import TrainingFolder
from eden.training._ranks import Ranks
from eden.training._schedule import Schedule

# Of the optimiser where none is given.
LEARNING_RATE = 3e-3
_NO_BATCH = "boost: the loader yielded no batch; it has to yield them every epoch"


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

    The arguments are those of `boost`, with a bar that steps a batch, the processes that train,
    and what is kept of trainings.
    """

    def __init__(
        self,
        handle: Attachment,
        loader: Iterable[Any],
        how: BoostConfig,
        bar: tqdm,
        ranks: Ranks,
        folder: TrainingFolder,
    ):
        self.handle, self.loader, self.loss, self.anneal = handle, loader, how.loss, how.anneal
        self.bar, self.ranks, self._batches = bar, ranks, 0
        self.folder, self.training = folder, 0
        stored = [p for p in handle.stored_weights() if p.numel() and p.requires_grad]
        self.ranges = WeightRanges(stored, by_channel=handle.config.by_channel)
        parameters = [p for p in handle.model.parameters() if p.requires_grad]
        make = how.optimizer or partial(torch.optim.AdamW, lr=LEARNING_RATE)
        self.optimizer = make(parameters)
        self.learning_rates = [group["lr"] for group in self.optimizer.param_groups]

    @property
    def batches(self) -> int:
        """Batches an epoch; a loader that does not say is read once to count them."""
        if not self._batches:
            try:
                self._batches = len(cast(Sized, self.loader))
            except TypeError:  # of a loader over what has no length, too
                self._batches = sum(1 for _ in self.loader)
        if not self._batches:
            raise ValueError(_NO_BATCH)
        self.ranks.agree("batches an epoch", self._batches)
        return self._batches

    def one_batch(self) -> Any:
        """A batch of the loader, which goes on as if it were not taken.

        So does an `eden.data.Batches`, and what draws by torch's global generator on a CPU.
        """
        passes, random = getattr(self.loader, "passes", None), torch.get_rng_state()
        batch = next(iter(self.loader), None)
        self._go_on_drawing(passes, random)
        if batch is None:
            raise ValueError(_NO_BATCH)
        return batch

    @property
    def identity(self) -> list[Any]:
        """What is known of the loader and the optimiser, JSON-able."""
        made = [{k: v for k, v in g.items() if k != "params"} for g in self.optimizer.param_groups]
        return [self.batches, getattr(self.loader, "identity", None), repr(made)]

    def run(self, schedule: Schedule, epochs: int, *, slower: float = 1.0) -> list[dict[str, Any]]:
        """Train through a curriculum; return an entry of the history for each epoch.

        The first epoch with a loss that is not finite is the last.

        Args:
            schedule: Of the rates; one by epoch, or one by batch.
            epochs: Through the loader.
            slower: Factor on the learning rates.
        """
        self.bar.total += epochs * self.batches
        for group, rate in zip(self.optimizer.param_groups, self.learning_rates, strict=True):
            group["lr"] = rate * slower
            group.pop("initial_lr", None)
        self.falling = None
        if self.anneal:
            self.falling = CosineAnnealingLR(self.optimizer, epochs * self.batches)
        self.training += 1
        rows: list[dict[str, Any]] = []
        if (state := self.folder.state(self.training)) is not None:
            rows = state["rows"]
            self._go_on(state, schedule)
            self.bar.update(len(rows) * self.batches)
        for _ in range(len(rows), epochs):
            if rows and not math.isfinite(rows[-1]["loss"]):
                break  # what follows is no better
            ber, loss = self._epoch(schedule)
            rows.append({"ber": ber, "loss": loss, "accuracy": None, "bears": None, "met": None})
            self.folder.write(self.training, self._state(schedule) | {"rows": rows})
        return rows

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the network and the optimiser as they are, for `restore`."""
        return copy.deepcopy(self.handle.model.state_dict()), copy.deepcopy(
            self.optimizer.state_dict()
        )

    def restore(self, snapshot: tuple[dict[str, Any], dict[str, Any]]) -> None:
        """Go back to a `snapshot`: the moments of a collapse are none to begin with."""
        self.handle.model.load_state_dict(snapshot[0])
        self.optimizer.load_state_dict(copy.deepcopy(snapshot[1]))

    def _state(self, schedule: Schedule) -> dict[str, Any]:
        """Return all that the next epoch depends on."""
        return {
            "model": self.handle.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "falling": None if self.falling is None else self.falling.state_dict(),
            "schedule": schedule.state_dict(),
            # Of `eden.data.Batches`; another loader shuffles by torch's own generator, if at all.
            "passes": getattr(self.loader, "passes", None),
            "random": torch.get_rng_state(),
        }

    def _go_on(self, state: Mapping[str, Any], schedule: Schedule) -> None:
        self.handle.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.falling is not None:
            self.falling.load_state_dict(state["falling"])
        schedule.load_state_dict(state["schedule"])
        self._go_on_drawing(state["passes"], state["random"])

    def _go_on_drawing(self, passes: int | None, random: Tensor) -> None:
        if passes is not None:
            self.loader.passes = passes  # pyright: ignore[reportAttributeAccessIssue]
        torch.set_rng_state(random)

    def _epoch(self, schedule: Schedule) -> tuple[float, float]:
        """Train once over the loader; return the mean rate and loss of the batches."""
        model = self.handle.model
        device = device_of(model)
        total, rates, count = torch.zeros((), device=device), 0.0, 0
        with keeping_modes(model):
            model.train()
            for batch in self.loader:
                schedule.begin_batch()
                output = call(model, inputs_of(batch), device)
                if not count:
                    self.handle.check_read("boost")
                value = self.loss(output, batch[1].to(device))
                self.optimizer.zero_grad(set_to_none=True)
                value.backward()
                self.optimizer.step()
                if self.falling is not None:
                    self.falling.step()
                self.ranges.clamp()
                total += value.detach()
                count += 1
                ber = schedule.ber
                rates += ber
                self.bar.update()
                self.bar.set_postfix(ber=f"{ber:.1e}", refresh=False)
        schedule.end_epoch()
        if not count:
            raise ValueError(_NO_BATCH)
        return rates / count, float(self.ranks.mean(total / count))
