"""Boosting: curricular retraining, so that a network bears a higher bit error rate.

Reference: EDEN, curricular retraining: errors in the forward pass only, gradients as if clean, the
rate stepped from 0 up to the target every two epochs.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.lr_scheduler import CosineAnnealingLR
from tqdm.auto import tqdm

from eden.access import formats
from eden.data import call, device_of, inputs_of, keeping_modes
from eden.network import (
    Attachment,
    Calibration,
    Config,
    attach,
    attached,
    calibration_of,
    identity_of,
    keep_calibration,
)
from eden.training._schedule import CurriculumSchedule

# A target given without successors is doubled for as long as the network bears it, this often.
_MOST_TARGETS = 8


def boost(
    model: nn.Module,
    train_loader: Iterable[Any],
    *,
    config: Config,
    target_ber: float | Sequence[float],
    epochs: int = 10,
    more_epochs: int = 4,
    step_epochs: int = 2,
    start_ber: float = 0.0,
    optimizer: Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer] | None = None,
    anneal: bool = True,
    input_range: float | None = None,
    loss: Callable[[Any, Tensor], Tensor] = functional.cross_entropy,
    evaluate: Callable[[nn.Module], float] | None = None,
    target_accuracy: float | None = None,
    seeds: int | Sequence[int] = 10,
    progress: bool = True,
) -> nn.Module:
    """Retrain a copy of a network under errors.

    With `evaluate` and `target_accuracy` the target rate is raised for as long as the boosted
    network still meets the accuracy there in every draw of errors: to the next one given, or to
    twice the last. The network of the highest rate met is returned; the one of the first
    rate if that is not met either.

    Scales and bounds of the inputs follow from the original network's, learned before (or found
    in the config or on the model), and are kept: the retrained network has to do with that range.
    Learned anew along the way they would grow with the activations, and a flipped bit with them:
    int8 LeNet then gained nothing. The weights stored there are kept within the range that they
    had in the original network, for the same reason. Batch-norm statistics are frozen as they
    are: they do not learn from faulty activations.

    Args:
        model: the trained network; it is not changed.
        train_loader: yields ``(inputs, labels)``, several times over.
        config: how the network is stored. With ``cells="fixed"`` the boosted network is for that
            one module, and is refused on another.
        target_ber: rate to boost for, in (0, 1]; or rising rates to go on to while they are met.
        epochs: to the first target.
        more_epochs: to each further one.
        step_epochs: epochs at each rate.
        start_ber: rate to begin with; where the model was boosted before, the rate it bears.
        optimizer: makes an optimiser of the copy's parameters; default AdamW at 2e-3.
        anneal: let its learning rates fall to 0 along a half cosine in each round; each batch
            meets other errors, and small steps at the end average over them.
        loss: ``(output, labels) -> scalar``.
        input_range: share of the original range that the inputs are given, in (0, 1]; the first
            one, which is data, keeps all of it. Values beyond are clamped, as a stored integer
            clamps them; what a flipped bit adds shrinks with the range, and retraining makes up
            for the clamping. Default 0.5, and 1 where implausible values of a floating-point
            format become zero: there nothing clamps.
        evaluate: ``evaluate(model) -> accuracy`` in [0, 1].
        target_accuracy: what the boosted network has to reach under errors, in [0, 1]; the
            original network's accuracy on the same images less what may be lost.
        seeds: how many draws of errors a check takes, or which.
        progress: show a bar with the time left.

    Returns:
        The boosted copy, not attached. `eden.network.calibration_of` finds its calibration and
        `history_of` what happened.

    Raises:
        ValueError: for a rate or number outside what is named here, an attached model, or only one
            of `evaluate` and `target_accuracy`.
    """
    if attached(model) is not None:
        raise ValueError("boost: the model is attached; detach it first")
    if (evaluate is None) != (target_accuracy is None):
        raise ValueError("boost: evaluate and target_accuracy go together; got one of them")
    share = _input_range(config, input_range)
    targets = _targets_of(target_ber, evaluate is not None)
    draws = _draws_of(seeds)
    boosted = copy.deepcopy(model)
    # Who boosts for a module may start from a network that was boosted for another.
    known = config.calibration or calibration_of(model)
    known = None if known is None else replace(known, identity=None)
    keep_calibration(boosted, known)
    handle = attach(boosted, config.with_(calibration=known))
    history: list[dict[str, Any]] = []
    try:
        if handle.config.calibration is None:
            handle.learn_bounds(train_loader)
        original = handle.narrow_inputs(share)
        ranges = _ranges(handle)
        parameters = [p for p in boosted.parameters() if p.requires_grad]
        stepper = optimizer(parameters) if optimizer else torch.optim.AdamW(parameters, lr=2e-3)
        learning_rates = [group["lr"] for group in stepper.param_groups]
        best, start, kept = None, start_ber, 0
        with _Bar(train_loader, progress) as bar:
            for target in targets:
                schedule = CurriculumSchedule(
                    handle,
                    target_ber=target,
                    epochs=more_epochs if history else epochs,
                    step_epochs=step_epochs,
                    start_ber=start,
                )
                bar.add(schedule.epochs)
                for group, rate in zip(stepper.param_groups, learning_rates, strict=True):
                    group["lr"] = rate
                    group.pop("initial_lr", None)
                falling = CosineAnnealingLR(stepper, schedule.epochs) if anneal else None
                history += _round(schedule, train_loader, stepper, falling, loss, ranges, bar)
                if evaluate is None:
                    break
                # A check of its own draws: training goes on with others than it would have had.
                accuracies, met = _check(handle, evaluate, target_accuracy, draws)
                history[-1] |= {"accuracy": accuracies, "met": met}
                if met or best is None:
                    best, kept = copy.deepcopy(boosted.state_dict()), len(history)
                start = target
                if not met:
                    break
        if best is not None:
            boosted.load_state_dict(best)
        now = handle.learn_bounds(itertools.islice(train_loader, 1)).tensors
        inputs = {n: entry for n, entry in original.tensors.items() if entry.kind == "input"}
        identity = identity_of(config) if config.cells == "fixed" else None
        calibration = Calibration({**now, **inputs}, identity, share)
    finally:
        handle.detach()
    keep_calibration(boosted, calibration)
    boosted.__dict__["_eden_history"] = [
        {"epoch": number, **row, "kept": best is None or number <= kept}
        for number, row in enumerate(history, 1)
    ]
    return boosted


def history_of(model: nn.Module) -> list[dict[str, Any]]:
    """Return what happened while a model was boosted, an entry an epoch.

    Returns:
        Dicts with ``epoch`` (from 1), ``ber`` in training, mean ``loss``, and at the end of each
        round ``accuracy`` (the mean over the draws under that rate) and ``met``; None
        elsewhere. ``kept`` is False for epochs after the network that was returned.
    """
    return model.__dict__.get("_eden_history", [])


def _round(schedule, loader, optimizer, falling, loss, ranges, bar) -> list[dict[str, Any]]:
    """Train through a curriculum; return an entry of the history for each epoch."""
    rows = []
    while schedule.epoch < schedule.epochs:
        ber = schedule.ber
        mean = _train_epoch(schedule.handle, loader, optimizer, loss, ranges, bar, ber)
        schedule.step()
        if falling is not None:
            falling.step()
        rows.append({"ber": ber, "loss": mean, "accuracy": None, "met": None})
    return rows


def _train_epoch(handle, loader, optimizer, loss, ranges, bar, ber: float) -> float:
    model = handle.model
    device = device_of(model)
    total, count = torch.zeros((), device=device), 0
    with keeping_modes(model):
        model.train()
        for batch in loader:
            handle.step()
            value = loss(call(model, inputs_of(batch), device), batch[1].to(device))
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            optimizer.step()
            with torch.no_grad():
                for weight, lo, hi in ranges:
                    weight.clamp_(lo, hi)
            total += value.detach()
            count += 1
            bar.update(ber)
    if not count:
        raise ValueError("boost: the loader yielded no batch; it has to yield them every epoch")
    return float(total / count)


def _input_range(config: Config, share: float | None) -> float:
    if share is None:
        clamps = formats.get(config.stored).integer or config.correction == "saturate"
        return 0.5 if clamps else 1.0
    if not 0.0 < share <= 1.0:
        raise ValueError(f"input_range: got {share}; accepted: above 0, at most 1")
    return share


def _ranges(handle: Attachment) -> list[tuple[nn.Parameter, float, float]]:
    """List the stored weights with the range that each has now."""
    return [(p, p.min().item(), p.max().item()) for p in handle.stored_weights() if p.numel()]


def _check(handle, evaluate, target: float, seeds: Sequence[int]) -> tuple[float, bool]:
    """Return the mean accuracy over the draws, and whether every one reached the target."""
    draw = handle.draw
    accuracies = []
    for seed in seeds:
        handle.reseed(seed)
        accuracies.append(float(evaluate(handle.model)))
    handle.reseed(draw[0], steps=draw[1])
    return sum(accuracies) / len(accuracies), min(accuracies) >= target


def _targets_of(target_ber: float | Sequence[float], checked: bool) -> list[float]:
    if isinstance(target_ber, int | float):
        most = _MOST_TARGETS if checked else 1
        doubled = [target_ber * 2**k for k in range(most)]
        # 0.5 is noise: nothing is learned beyond.
        return [b for k, b in enumerate(doubled) if k == 0 or b <= 0.25]
    targets = list(target_ber)
    if not targets or sorted(set(targets)) != targets:
        raise ValueError(f"target_ber: got {targets}; accepted: a rate, or rates that rise")
    if len(targets) > 1 and not checked:
        raise ValueError("target_ber: several rates need evaluate and target_accuracy")
    return targets


def _draws_of(seeds: int | Sequence[int]) -> list[int]:
    if isinstance(seeds, Sequence) and len(seeds) > 0:
        return list(seeds)
    if isinstance(seeds, Sequence) or (isinstance(seeds, int) and seeds < 1):
        raise ValueError(f"seeds: got {seeds}; accepted: at least 1")
    if not isinstance(seeds, int):
        raise TypeError(f"seeds: got {seeds!r}; expected an int, or the seeds themselves")
    # Far from the small seeds that people use for training and for verification.
    return [2**40 + k for k in range(seeds)]


class _Bar:
    """A progress bar over batches whose end moves when a further round begins."""

    def __init__(self, loader: Iterable[Any], shown: bool):
        self.batches = len(loader) if hasattr(loader, "__len__") else None
        self.bar = tqdm(total=0, desc="boost", unit="step", disable=not shown)

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def add(self, epochs: int) -> None:
        self.bar.total = self.bar.total + epochs * self.batches if self.batches else None

    def update(self, ber: float) -> None:
        self.bar.update()
        self.bar.set_postfix(ber=f"{ber:.1e}", refresh=False)
