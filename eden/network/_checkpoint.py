"""Weights and their calibration in one safetensors file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from eden._files import write_bytes
from eden._form import check_form, facts_with_form, form_of, read_safetensors
from eden._say import refusal
from eden._torch import held_otherwise
from eden.network._attach import attached
from eden.network._calibration import Calibration, calibration_of, keep_calibration
from eden.network._identity import check_identity
from eden.network._wrappers import plain_keys, unwrapped


def save(model: nn.Module, path: str | Path, *, calibration: Calibration | None = None) -> None:
    """Write a network's state, its calibration and its form; the earlier file survives a failure.

    Args:
        model: Any module, attached or not; of one in a wrapper the network inside is written. What
            `eden.nets.build` was given is noted of those that it made.
        path: Of the safetensors file; missing parent folders are made.
        calibration: Default the one that the model carries, if any.

    Raises:
        OSError: Where the file cannot be written, for example because the disk is full.
    """
    network = unwrapped(model)
    state = network.state_dict()
    plain = {name: state[key] for name, key in plain_keys(network, state).items()}
    tensors, aliases = _without_aliases(plain)
    calibration = calibration or calibration_of(model)
    facts = ({} if calibration is None else calibration.to_dict()) | {"aliases": aliases}
    write_bytes(path, safetensors.torch.save(tensors, facts_with_form(network, facts)))


def load_into(model: nn.Module, path: str | Path) -> Calibration | None:
    """Read a network's state into a module of the same architecture.

    Args:
        model: Takes the state in place, and carries the calibration from then on. If it is
            attached, so does its attachment; where the file has none, what was known of the former
            weights is forgotten, and `learn_bounds` has to be called anew.
        path: A file that `save` wrote, or any safetensors file of a state dict.

    Returns:
        The calibration, None if the file has none.

    Raises:
        ValueError: For a file that is not safetensors, of another network or of another form of it,
            or of one that was boosted for another module than the attachment's; nothing is loaded
            then.
        OSError: Where there is no such file.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such file")
    tensors, facts = read_safetensors(Path(path))
    aliases = facts.get("aliases", {})
    if not isinstance(aliases, dict) or not all(
        isinstance(first, str) and first in tensors for first in aliases.values()
    ):
        raise ValueError(f"{path}: aliases in its metadata name tensors that it does not hold")
    tensors |= {name: tensors[first] for name, first in aliases.items()}
    network = unwrapped(model)
    check_form(Path(path), facts, form_of(network))
    state = network.state_dict()
    keys = plain_keys(network, state)
    own = {name: state[key] for name, key in keys.items()}
    missing, unknown = sorted(own.keys() - tensors.keys()), sorted(tensors.keys() - own.keys())
    if missing or unknown:
        what = (
            f"lacks {missing[0]!r}" if missing else f"has {unknown[0]!r}, which the model has not"
        )
        raise ValueError(f"{path}: is of another network: it {what}")
    for name, value in tensors.items():
        if own[name].shape != value.shape or own[name].dtype != value.dtype:
            raise ValueError(
                f"{path}: {name} is {value.dtype} {list(value.shape)}; the model has "
                f"{own[name].dtype} {list(own[name].shape)}"
            )
    try:
        calibration = Calibration.from_dict(facts) if "tensors" in facts else None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    attachment = attached(model)
    if attachment is not None:
        check_identity(attachment.identity, calibration)
    network.load_state_dict({keys[name]: value for name, value in tensors.items()})
    keep_calibration(model, calibration)
    if attachment is not None:
        attachment.start_anew(calibration)
    return calibration


def _without_aliases(state: dict[str, Any]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return each tensor once, and by which name the others that share it go."""
    tensors: dict[str, Tensor] = {}
    aliases: dict[str, str] = {}
    names: dict[tuple, str] = {}
    for name, value in state.items():
        if not isinstance(value, Tensor) or held_otherwise(value):
            raise ValueError(refusal(f"type of {name}", type(value).__name__, "a plain tensor"))
        memory = (value.data_ptr(), value.shape, value.stride(), value.dtype, value.device)
        if value.numel() and memory in names:
            aliases[name] = names[memory]
            continue
        names[memory] = name
        # A copy of its own: parts of one larger tensor may not share memory in the file.
        tensors[name] = value.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
    return tensors, aliases
