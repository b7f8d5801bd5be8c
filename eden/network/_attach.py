"""Attach approximate DRAM to a network, in place and reversibly."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from eden._say import refusal
from eden._torch import ran_compiled
from eden.access import NONE
from eden.network._attachment import Attachment
from eden.network._calibration import calibration_of
from eden.network._config import Config, patterns_of
from eden.network._hooks import is_hooked
from eden.network._identity import check_identity, module_of
from eden.network._kept import KeptBytes
from eden.network._plan import choose, other_size
from eden.network._wrappers import unwrapped

# A model is looked at first and marked last; a function in a config may attach another one.
_attaching = threading.RLock()


def attach(model: nn.Module, config: Config | Any, *, keep_bytes: int = 2**26) -> Attachment:
    """Make a network read its weights and inputs from approximate DRAM, in place.

    Module classes, parameters and ``state_dict`` stay as they are. Attach before
    ``torch.compile``: one compiled graph then serves all error rates and draws.

    What is read is what a module reads when it is called. A weight that another module takes from
    it without a call is read clean (attention's ``out_proj`` excepted), and so are the keys and
    values inside attention. The fused path that a transformer layer takes in evaluation has no
    place for faults in between; attached, it goes the plain way, which rounds otherwise in the
    last bits.

    What `torch.utils.checkpoint` recomputes reads what the forward pass read, whatever was changed
    or detached in between. Other ways of recomputing are refused where weak cells fail at some
    accesses only (not inside a compiled graph, which cannot tell); with a failure probability of 1
    they are right as long as draw and rates stay until the backward pass ends.

    One thread at a time calls the network; a second one gets an error. Give each a deep copy.

    Args:
        model: Any module. Convolution, linear, embedding, recurrent and attention modules in it
            are attached: their weights, and the first floating-point input of each.
        config: A `Config`, or a placement, which has one.
        keep_bytes: Memory for weak cells found at one read and kept for the next, until they
            change; 2 bytes a cell, on the CPU alone. What is read does not depend on it.

    Returns:
        The attachment, to change the error rate, draw other errors, and detach.

    Raises:
        ValueError: For a model that is attached already (as a part, or in part) or ran compiled
            before, nothing to attach to, a weight of a type that cannot be stored or with NaN that
            would not be read back, a pattern that matches nothing, a calibration or placement of
            another network, a network boosted for another module, or a negative `keep_bytes`.
        TypeError: For a model or config of another type.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(refusal("type of model", type(model).__name__, "a torch.nn.Module"))
    entries, config = getattr(config, "entries", None), config_of(config)
    # What is made here changes in place later, which tensors of inference mode do not.
    with _attaching, torch.inference_mode(False):
        return _attach(model, config, entries, keep_bytes)


def config_of(given: Any) -> Config:
    """Return a config, or that of a placement.

    Raises:
        TypeError: If it is neither.
    """
    config = given if isinstance(given, Config) else getattr(given, "config", None)
    if not isinstance(config, Config):
        accepted = "an eden.Config or a placement that has one"
        raise TypeError(refusal("type of config", type(given).__name__, accepted))
    return config


def _attach(model: nn.Module, config: Config, entries: Any, keep_bytes: int) -> Attachment:
    if is_hooked(model):
        raise ValueError("attach: the model, or a part of it, is attached already; detach it first")
    for name, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            raise ValueError(
                f"attach: {name or 'the network'} is scripted or traced by torch.jit, and no hook "
                "reaches what it reads; attach the network as it was before"
            )
        if ran_compiled(module):
            raise ValueError(
                f"attach: {name or type(model).__name__} was compiled and has run, and its graphs "
                "know no hooks; call torch._dynamo.reset(), or attach before it first runs compiled"
            )
    carried = config.calibration is None
    calibration = config.calibration or calibration_of(model)
    identity = module_of(config, entries)
    check_identity(identity, calibration, calibration_of(model))
    if calibration is not None:
        config = config.with_(calibration=calibration)
    budget = KeptBytes(keep_bytes)
    plan = choose(model, config, entries)
    if (other := other_size(plan, config.calibration)) is not None:
        if not carried:
            raise ValueError(f"{other}: the calibration or placement is another network's")
        config = config.with_(calibration=None)  # of the network as it was before it was changed
    patterns = (*patterns_of(config).values(), config.protect)
    if any(callable(one) for some in patterns for one in some or ()):
        named = None if config.parameters is None else tuple(plan.named)
        protect = {n: t.protection for n, t in plan.tensors.items() if t.protection != NONE}
        config = config.with_(
            include=tuple(plan.tensors), exclude=None, parameters=named, protect=protect
        )
    attachment = Attachment(model, config, plan, budget, identity)
    unwrapped(model).__dict__["_eden_attachment"] = attachment
    return attachment


def attached(model: nn.Module) -> Attachment | None:
    """Return the attachment of a model, also of a deep copy of an attached one; else None."""
    found = unwrapped(model).__dict__.get("_eden_attachment")
    return None if found is None or found.reading.detached else found  # as a shallow copy keeps it


@contextmanager
def approximate(
    model: nn.Module, config: Config | Any, *, keep_bytes: int = 2**26
) -> Iterator[Attachment]:
    """Attach for the duration of a context.

    Args:
        model: As for `attach`.
        config: As for `attach`.
        keep_bytes: As for `attach`.
    """
    attachment = attach(model, config, keep_bytes=keep_bytes)
    try:
        yield attachment
    finally:
        attachment.detach()
