"""Boosting: curricular retraining, so that a network bears a higher bit error rate.

Reference: EDEN, curricular retraining: errors in the forward pass only, the rate stepped from 0 up
to the target every two epochs. EDEN's backward pass reads from reliable memory, which is
``gradients="clean"`` here; the default goes by what the forward pass read.
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
from tqdm.auto import tqdm

from eden._say import a_kind, an_int, one_of, within
from eden.access import formats
from eden.network import (
    Calibration,
    Config,
    attach,
    attached,
    calibration_of,
    identity_of,
    keep_calibration,
    unwrapped,
)
from eden.training._rounds import Check, Rounds, draws_of, targets_of
from eden.training._trainer import Trainer

GRADIENTS = ("as_read", "clean")


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
    gradients: str = "as_read",
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
        model: the trained network; it is not changed. Of one in a wrapper, such as
            ``DistributedDataParallel``, the copy is in one too.
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
        gradients: what the backward pass goes by: "as_read", the weights and inputs as they were
            read, faults and all, with no gradient where a value was corrected; "clean", as they
            lay in DRAM. The forward pass is the same. "clean" needs a network that is not
            compiled. Measured in ``docs/storage.md``.
        evaluate: ``evaluate(model) -> accuracy`` in [0, 1]; NaN is an error, or counts as 0 where
            ``evaluate.nan`` is "miss".
        target_accuracy: what the boosted network has to reach under errors, in [0, 1]; the
            original network's accuracy on the same images less what may be lost.
        seeds: how many draws of errors a check takes, or which.
        progress: show a bar with the time left.

    Returns:
        The boosted copy, not attached. `eden.network.calibration_of` finds its calibration and
        `history_of` what happened.

    Raises:
        TypeError: for an argument of another type.
        ValueError: for a rate or number outside what is named here, an attached model, only one of
            `evaluate` and `target_accuracy`, or a calibration that does not mention all that the
            config stores.
    """
    a_kind("model", model, nn.Module, "a torch.nn.Module")
    a_kind("config", config, Config, "an eden.Config")
    if attached(model) is not None:
        raise ValueError("boost: the model is attached; detach it first")
    if (evaluate is None) != (target_accuracy is None):
        raise ValueError("boost: evaluate and target_accuracy go together; got one of them")
    one_of("gradients", gradients, GRADIENTS)
    share = _input_range(config, input_range)
    targets = targets_of(target_ber, checked=evaluate is not None)
    within("start_ber", start_ber, 0, targets[0])
    for name, count in (
        ("epochs", epochs),
        ("more_epochs", more_epochs),
        ("step_epochs", step_epochs),
    ):
        an_int(name, count, 1, 10**9)
    if target_accuracy is not None:
        within("target_accuracy", target_accuracy, 0, 1)
    rounds = Rounds(targets, epochs, more_epochs, step_epochs, start_ber)
    draws, check = draws_of(seeds), None
    if evaluate is not None and target_accuracy is not None:
        check = Check(evaluate, target_accuracy, draws)
    boosted = copy.deepcopy(model)
    # Who boosts for a module may start from a network that was boosted for another.
    known = config.calibration or calibration_of(model)
    known = None if known is None else replace(known, identity=None)
    keep_calibration(boosted, known)
    handle = attach(boosted, config.with_(calibration=known))
    try:
        handle.check_calibrated()
        handle.coverage().warn()
        if handle.config.calibration is None:
            handle.learn_bounds(train_loader)
        original = handle.narrow_inputs(share)
        if gradients == "clean":
            handle.clean_gradients()
        with tqdm(total=0, desc="boost", unit="step", disable=not progress) as bar:
            trainer = Trainer(handle, train_loader, optimizer, loss, anneal, bar)
            history = rounds.run(trainer, check)
        now = handle.learn_bounds(itertools.islice(train_loader, 1)).tensors
    finally:
        handle.detach()
    # The inputs keep their range, and what one batch does not reach is as it was.
    weights = {n: entry for n, entry in now.items() if entry.kind == "weight" and entry.reads}
    identity = identity_of(config) if config.cells == "fixed" else None
    keep_calibration(boosted, Calibration({**original.tensors, **weights}, identity, share))
    unwrapped(boosted).__dict__["_eden_history"] = history
    return boosted


def history_of(model: nn.Module) -> list[dict[str, Any]]:
    """Return what happened while a model was boosted, an entry an epoch.

    Returns:
        Dicts with ``epoch`` (from 1), ``ber`` in training, mean ``loss``, and at the end of each
        round ``accuracy`` (the mean over the draws under that rate) and ``met``; None
        elsewhere. ``kept`` is False for epochs after the network that was returned.
    """
    return unwrapped(model).__dict__.get("_eden_history", [])


def _input_range(config: Config, share: float | None) -> float:
    if share is None:
        clamps = formats.get(config.stored).integer or config.correction == "saturate"
        return 0.5 if clamps else 1.0
    within("input_range", share, 0, 1, above=True)
    return share
