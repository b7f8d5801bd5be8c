"""Which network a file of weights is of, and of which form, as its metadata say.

Two forms of a network may have the same shapes: read into the other one, weights name images badly
and nothing shows why.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
from torch import Tensor, nn

from eden._say import refusal

# One key: the order of several would differ from run to run, and the file's bytes with it.
METADATA = "eden"
_FORM = "network"
# Shapes tell these, and go before what is said of them: a layer may have been exchanged since.
_BY_SHAPE = ("classes", "channels")


def keep_form(model: nn.Module, form: Mapping[str, Any]) -> None:
    """Make `form_of` find this form; the state dict does not change."""
    model.__dict__["_eden_form"] = dict(form)


def form_of(model: nn.Module) -> dict[str, Any] | None:
    """Return the name of a network and what its builder was given; None where that is not known."""
    form = model.__dict__.get("_eden_form")
    return None if form is None else dict(form)


def facts_with_form(model: nn.Module, facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the metadata of a file: facts, and the form of its network where that is known."""
    form = form_of(model)
    return {METADATA: json.dumps({**facts, **({_FORM: form} if form else {})}, sort_keys=True)}


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the tensors of a file, and what its metadata say; nothing, where eden wrote none.

    Raises:
        ValueError: If it is no safetensors file, or its metadata are not what eden writes there.
        OSError: If it cannot be read.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = file.metadata()
    except safetensors.SafetensorError as error:
        raise ValueError(f"{path}: is not a safetensors file, or is damaged ({error})") from error
    return tensors, facts_of(path, metadata)


def facts_of(path: Path, metadata: Mapping[str, str] | None) -> dict[str, Any]:
    """Return what the metadata of a file say; nothing, where eden wrote none.

    Raises:
        ValueError: If it is not what eden writes there.
    """
    try:
        facts = json.loads((metadata or {}).get(METADATA, "{}"))
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: its metadata {METADATA!r} is not JSON ({error})") from error
    form = facts.get(_FORM, {}) if isinstance(facts, dict) else None
    if not isinstance(form, dict) or (form and not isinstance(form.get("name"), str)):
        raise ValueError(f"{path}: its metadata {METADATA!r} is not what eden writes there")
    return facts


def check_form(path: Path, facts: Mapping[str, Any], own: Mapping[str, Any] | None) -> None:
    """Refuse a file that is said to be of another network, or of another form of it.

    Args:
        path: Of the file.
        facts: As of `read_safetensors`; a form that they do not say is not refused.
        own: Of the network that is to take the weights, or its name alone.

    Raises:
        ValueError: Naming the first part that differs. Classes and channels are left to the shapes.
    """
    said = facts.get(_FORM)
    if not said or own is None:
        return
    name = own["name"]
    if said["name"] != name:
        raise ValueError(refusal(f"{path}: network", said["name"], name))
    for part in said if len(own) > 1 else ():
        if part not in own:
            raise ValueError(refusal(f"{path}: part of the form of {name}", part, ", ".join(own)))
        if part not in _BY_SHAPE and said[part] != own[part]:
            accepted = f"{own[part]!r}, as this form of {name} has"
            raise ValueError(refusal(f"{path}: {part}", said[part], accepted))
