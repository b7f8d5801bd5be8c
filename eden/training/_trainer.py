"""One network in training under errors: a curriculum at a time, an epoch at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Sized
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import CosineAnnealingLR
from tqdm.auto import tqdm

from eden._torch import lower_each, raise_each
from eden.access import ops
from eden.data import call, device_of, inputs_of, keeping_modes
from eden.network import Attachment
from eden.training._schedule import CurriculumSchedule


class WeightRanges:
    """The ranges that weights have now, for them to stay within.

    Args:
        weights: none of them empty.
        by_channel: whether each channel has a range of its own, as it has a step.
    """

    def __init__(self, weights: Sequence[Tensor], *, by_channel: bool = False):
        each = [by_channel and ops.channels_of(weight) > 0 for weight in weights]
        self.whole = [weight for weight, many in zip(weights, each, strict=True) if not many]
        self.lowest = [weight.min().item() for weight in self.whole]
        self.highest = [weight.max().item() for weight in self.whole]
        self.by_channel = [
            (weight, weight.detach().amin(inner, True), weight.detach().amax(inner, True))
            for weight, many in zip(weights, each, strict=True)
            if many and (inner := tuple(range(1, weight.ndim)))
        ]

    @torch.no_grad()
    def keep(self) -> None:
        """Clamp what has left its range, all weights at once."""
        if self.whole:
            raise_each(self.whole, self.lowest)
            lower_each(self.whole, self.highest)
        for weight, lowest, highest in self.by_channel:
            weight.clamp_(lowest, highest)


class Trainer:
    """Trains an attached network; the weights stored stay within the range that they have now.

    The arguments are those of `boost`, with a bar that steps a batch.
    """

    def __init__(
        self,
        handle: Attachment,
        loader: Iterable[Any],
        optimizer: Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer] | None,
        loss: Callable[[Any, Tensor], Tensor],
        anneal: bool,
        bar: tqdm,
    ):
        self.handle, self.loader, self.loss = handle, loader, loss
        self.anneal, self.bar = anneal, bar
        stored = [p for p in handle.stored_weights() if p.numel() and p.requires_grad]
        self.ranges = WeightRanges(stored, by_channel=handle.config.by_channel)
        parameters = [p for p in handle.model.parameters() if p.requires_grad]
        make = optimizer or partial(torch.optim.AdamW, lr=2e-3)
        self.optimizer = make(parameters)
        self.learning_rates = [group["lr"] for group in self.optimizer.param_groups]

    def run(self, schedule: CurriculumSchedule) -> list[dict[str, Any]]:
        """Train through a curriculum; return an entry of the history for each epoch."""
        batches = len(self.loader) if isinstance(self.loader, Sized) else 0
        self.bar.total = self.bar.total + schedule.epochs * batches if batches else None
        for group, rate in zip(self.optimizer.param_groups, self.learning_rates, strict=True):
            group["lr"] = rate
            group.pop("initial_lr", None)
        falling = CosineAnnealingLR(self.optimizer, schedule.epochs) if self.anneal else None
        rows = []
        while schedule.epoch < schedule.epochs:
            ber = schedule.ber
            mean = self._epoch(ber)
            schedule.step()
            if falling is not None:
                falling.step()
            rows.append({"ber": ber, "loss": mean, "accuracy": None, "met": None})
        return rows

    def _epoch(self, ber: float) -> float:
        """Train once over the loader; return the mean loss of the batches."""
        model = self.handle.model
        device = device_of(model)
        total, count = torch.zeros((), device=device), 0
        with keeping_modes(model):
            model.train()
            for batch in self.loader:
                self.handle.step()
                output = call(model, inputs_of(batch), device)
                if not count:
                    self.handle.check_read("boost")
                value = self.loss(output, batch[1].to(device))
                self.optimizer.zero_grad(set_to_none=True)
                value.backward()
                self.optimizer.step()
                self.ranges.keep()
                total += value.detach()
                count += 1
                self.bar.update()
                self.bar.set_postfix(ber=f"{ber:.1e}", refresh=False)
        if not count:
            raise ValueError("boost: the loader yielded no batch; it has to yield them every epoch")
        return float(total / count)
