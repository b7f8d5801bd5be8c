"""Boosting: curricular retraining, so that a network bears a higher bit error rate.

Reference: EDEN, curricular retraining: errors in the forward pass only, the rate stepped from 0 up
to the target every two epochs, which is ``curriculum="steps"`` here; the default varies the rate
from batch to batch, which bears more (docs/boosting.md). EDEN's backward pass reads from reliable
memory, which is ``gradients="clean"``; the default goes by what the forward pass read.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn
from tqdm.auto import tqdm

from eden._files import digest
from eden._say import a_kind, an_int, refusal, within
from eden.network import (
    Calibration,
    Config,
    attach,
    attached,
    calibration_of,
    config_of,
    digest_of_model,
    keep_calibration,
    places_of,
    unwrapped,
)
from eden.training._config import BoostConfig
from eden.training._folder import TrainingFolder
from eden.training._loader import Loader
from eden.training._optimizer import identity_of, optimizer_for
from eden.training._places import bers_of_places, mean_ber
from eden.training._ranks import Ranks
from eden.training._rounds import Judge, Rounds, calibration_of_now, target_bers
from eden.training._trainer import Trainer

# What two calls are not compared by: functions have no identity.
_FUNCTIONS = ("optimizer", "loss")


def boost(
    model: nn.Module,
    train_loader: Iterable[Any],
    *,
    config: Config | Any,
    target_ber: float | Sequence[float] | None = None,
    epochs: int = 10,
    how: BoostConfig | None = None,
    evaluate: Callable[[nn.Module], float] | None = None,
    target_accuracy: float | None = None,
    folder: Path | str | None = None,
    progress: bool = True,
) -> nn.Module:
    """Retrain a copy of a network under errors.

    With `evaluate` and `target_accuracy` the network is judged after each round: by its accuracy
    without errors, and by the rate at which single weak cells (`eden.criticality`) make it miss
    the target with the probability that `how` names. A round that costs more accuracy than may be
    lost is trained again, from where it began, at half the rate and learning rate, twice at most;
    the first one with ranges of the inputs that are cut less, too (0.71 and 0.84 in place of 0.5).
    The next of several rates follows while the network bears more than before, and the one that
    bears most is returned; the original where none reaches the target without errors. What the
    original bears is not asked, which would double the cost: `characterize_coarse` tells both.

    Scales and bounds of the inputs follow from the original network's, learned before (or found
    in the config or on the model), and are kept: the retrained network has to do with that range.
    Learned anew along the way they would grow with the activations, and a flipped bit with them:
    int8 LeNet then gained nothing. The weights stored there are kept within the range that they
    had in the original network, for the same reason. Batch-norm statistics are frozen as they
    are: they do not learn from faulty activations.

    Under ``torchrun`` each process calls it alike, with the network in `DistributedDataParallel`
    over all processes and a loader of its share of each batch (`eden.data.Batches.share`). All draw
    the cells that one process would; bounds are what all of them saw, and the first process alone
    judges. With failure probabilities below 1 a process numbers its own reads only: which of a
    batch's images meet a failure is then not as in one process.

    Args:
        model: The trained network; it is not changed. Of one in a wrapper, such as
            ``DistributedDataParallel``, the copy is in one too.
        train_loader: Yields ``(inputs, labels)``, several times over.
        config: How the network is stored; or a placement, which has a config, to train each tensor
            for the rate of its place. With ``cells="fixed"`` the boosted network is for that one
            module, and is refused on another.
        target_ber: Rate to train for, in (0, 1]; or rising rates to go on to while that helps.
            Some ten times what the network shall bear: most draws in training lose accuracy. None
            for a placement, which has its rates, and is not judged: `eden.verify` does that.
        epochs: To the first target; at least 1.
        how: How it is trained and judged; default ``BoostConfig()``.
        evaluate: ``evaluate(model) -> accuracy`` in [0, 1]; NaN is an error, or counts as 0 where
            ``evaluate.nan`` is "miss".
        target_accuracy: What the boosted network has to reach under errors, in [0, 1]; the
            original network's accuracy on the same images less what may be lost.
        folder: Keeps each epoch's state, and in its folder ``cells-N`` the trials of single cells
            by which the training that is kept was judged; called again with the same network and
            arguments, boosting goes on after the last one, to the network that it would have come
            to. The loader must be an `eden.data.Batches`, or shuffle by torch's global generator;
            of another one, and of ``how.loss`` and ``evaluate``, it is not noticed if they have
            changed.
        progress: Show a bar with the time left, and one of the single cells that are tried where
            ``evaluate`` judges.

    Returns:
        The boosted copy, not attached. `eden.network.calibration_of` finds its calibration and
        `history_of` what happened.

    Raises:
        TypeError: For an argument of another type.
        ValueError: For a rate or number outside what is named here, a placement in which nothing
            fails, a model that is attached, cannot be copied or has nothing to train, only one of
            `evaluate` and `target_accuracy`, a calibration that does not mention all that the
            config stores, an optimiser of other parameters, gradients that are off, processes that
            were not told the same, or a folder that keeps another training.
    """
    a_kind("model", model, nn.Module, "a torch.nn.Module")
    a_kind("train_loader", train_loader, Iterable, "an iterable of batches")
    given, config = config, config_of(config)
    if attached(model) is not None:
        raise ValueError("boost: the model is attached; detach it first")
    if torch.is_inference_mode_enabled() or not torch.is_grad_enabled():
        raise ValueError("boost: gradients are off here (torch.no_grad or inference_mode)")
    if not (evaluate is None or callable(evaluate)):
        raise TypeError(refusal("evaluate", evaluate, "a function of a network"))
    if (evaluate is None) != (target_accuracy is None):
        raise ValueError("boost: evaluate and target_accuracy go together; got one of them")
    how = BoostConfig() if how is None else how
    a_kind("how", how, BoostConfig, "an eden.BoostConfig")
    placed = bers_of_places(given)
    if placed is not None:
        if target_ber is not None or evaluate is not None:
            said = "neither target_ber nor evaluate goes with a placement, which has its rates"
            raise ValueError(f"boost: {said}; eden.verify judges what comes out")
        target_ber = mean_ber(given)
    targets = target_bers(target_ber, checked=evaluate is not None)
    within("start_ber", how.start_ber, 0, targets[0])
    an_int("epochs", epochs, 1, 10**9)
    if target_accuracy is not None:
        within("target_accuracy", target_accuracy, 0, 1)
        target_accuracy = float(target_accuracy)
    share = how.input_range_for(config)
    ranks = Ranks(model)
    told = {
        "config": (config.to_dict(), places_of(given)),
        "curriculum": (targets, int(epochs)),
        "target_accuracy": target_accuracy,
        "how": {f.name: getattr(how, f.name) for f in fields(how) if f.name not in _FUNCTIONS}
        | {"input_range": share},
    }
    for name, value in told.items():
        ranks.agree(name, value)
    hidden = not progress or ranks.rank > 0
    kept = TrainingFolder(folder, ranks)
    rounds, judge = Rounds(targets, int(epochs), how, share, placed), None
    if evaluate is not None and target_accuracy is not None:
        asked = _copied(model if ranks.size == 1 else unwrapped(model))
        judge = Judge(evaluate, target_accuracy, how.miss_probability, asked, how.seed, not hidden)
    boosted = _copied(model)
    known = earlier = config.calibration or calibration_of(model)
    ranks.agree("calibration", None if known is None else digest(known.to_dict()))
    if known is not None:
        # Who boosts for a module may start from a network that was boosted for another.
        known = replace(known, identity=None)
    keep_calibration(boosted, known)
    stored = config.with_(calibration=known)
    handle = attach(boosted, stored if placed is None else replace(given, config=stored))
    try:
        handle.check_calibrated()
        handle.coverage().warn()
        optimizer = optimizer_for(handle.model, how.optimizer)
        ranks.agree("optimizer", identity_of(optimizer))
        loader = Loader(train_loader, ranks)
        if handle.config.calibration is None:
            shown = {"desc": "bounds", "unit": "batch", "disable": hidden}
            learned = handle.learn_bounds(tqdm(loader.epoch(), total=loader.count, **shown))
            if ranks.size > 1:
                handle.use(ranks.merged(learned))
        original = cast(Calibration, handle.config.calibration)
        if how.gradients == "clean":
            handle.clean_gradients()
        with tqdm(total=0, desc="boost", unit="step", disable=hidden) as bar:
            trainer = Trainer(handle, loader, optimizer, how, bar, ranks, kept)
            if folder is not None:
                kept.claim([told, digest_of_model(boosted), original.to_dict(), trainer.identity])
            history = rounds.run(trainer, judge)
        if any(epoch["kept"] for epoch in history):
            calibration = calibration_of_now(handle, trainer)
        else:
            identity = None if earlier is None else earlier.identity
            calibration = replace(original, identity=identity)
    finally:
        handle.detach()
    keep_calibration(boosted, calibration)
    unwrapped(boosted).__dict__["_eden_history"] = history
    return boosted


def _copied(model: nn.Module) -> nn.Module:
    """Return a copy of a network.

    Raises:
        ValueError: If it holds what torch does not copy.
    """
    try:
        return copy.deepcopy(model)
    except RuntimeError as error:
        if "deepcopy" not in str(error):
            raise
        said = "pruned, or with weights that are computed? Make them plain parameters first"
        raise ValueError(f"boost: the network cannot be copied ({said}): {error}") from error


def history_of(model: nn.Module) -> list[dict[str, Any]]:
    """Return what happened while a model was boosted, an entry an epoch.

    Returns:
        Dicts with ``epoch`` (from 1), mean ``ber`` and ``loss`` of its batches, and at the end of
        each round ``accuracy`` (without errors), ``bears`` (the rate of the risk, by single cells)
        and ``met`` (whether it bears more than the round before; the first, anything); None
        elsewhere. ``kept`` is False for epochs that the network returned did not go through.
    """
    return unwrapped(model).__dict__.get("_eden_history", [])
