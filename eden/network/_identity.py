"""What tells modules, placements and networks apart, as text in the files of a run."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from eden._files import digest, digest_bytes
from eden._torch import held_otherwise, inner_tensors
from eden.network._calibration import Calibration
from eden.network._config import Config


def identity_of(config: Config, entries: Mapping[str, Any] | None = None) -> str:
    """Name the one module that a config with ``cells="fixed"`` describes.

    Weak cells follow from the seed, from the error model's law (and its order of columns, or its
    known cells), and from where each tensor lies; the bit error rate is the operating point's, not
    the module's.

    Args:
        config: With an error model, a seed, and ``cells="fixed"``.
        entries: Placement by tensor name; None where tensors are not placed.
    """
    order = getattr(config.error, "order", None)
    facts: dict[str, Any] = {"order": None if order is None else [int(column) for column in order]}
    cells = getattr(config.error, "bit_addresses", None)
    if cells is not None:
        facts["cells"] = digest_bytes(cells.tobytes())
    if entries is not None:
        facts["places"] = {
            name: [entry.partition, entry.address, entry.row_bytes, *_further(entry)]
            for name, entry in sorted(entries.items())
        }
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]
    placed = "unplaced" if entries is None else "placed"
    return f"{type(config.error).__name__.lower()}/seed-{config.seed}/{placed}-{digest}"


def module_of(config: Config, entries: Mapping[str, Any] | None) -> str:
    """Name the module that a config is for, in words where it is any; arguments as above."""
    return identity_of(config, entries) if config.cells == "fixed" else "any module of its kind"


def check_identity(here: str, *calibrations: Calibration | None) -> None:
    """Refuse a network that was boosted for one module on another.

    Args:
        here: From `module_of`.
        calibrations: That the network comes with.

    Raises:
        ValueError: For one that is of a network boosted for another module.
    """
    for calibration in calibrations:
        if calibration is not None and calibration.identity not in (None, here):
            raise ValueError(
                f"this network was boosted for the module {calibration.identity!r} alone, and the "
                f"config is for {here!r}; attach it with cells='fixed' and that module's seed, "
                "error model and places, or boost it for this one"
            )


def places_of(placement: Any) -> dict[str, Any]:
    """Return what tells a placement from another: where each tensor lies, and its errors there.

    Args:
        placement: From `eden.place`, or a `Config`, which is told by all that it holds.
    """
    entries = getattr(placement, "entries", None)
    if entries is None:
        return placement.to_dict()
    return {
        name: [
            entry.partition,
            entry.address,
            entry.row_bytes,
            entry.error.to_dict(),
            *_further(entry),
        ]
        for name, entry in entries.items()
    }


def digest_of_model(model: nn.Module) -> str:
    """Return the SHA-256 over the names and bits of the state dict.

    Raises:
        ValueError: For a network on the device meta, which has no bits.
    """
    state = sorted(model.state_dict().items())
    for name, value in state:
        if isinstance(value, Tensor) and value.is_meta:
            raise ValueError(f"{name} is on the device meta and has no values; load the network")
    return digest([[name, *_facts(value)] for name, value in state])


def _facts(value: Any) -> list[Any]:
    """What tells one value of a state dict from another: of tensors all bits, as JSON-able parts.

    Modules may keep anything there: quantised ones what they packed, others what their
    ``get_extra_state`` returns.
    """
    if isinstance(value, Tensor):
        kind = [str(value.dtype), list(value.shape)]
        value = value.detach().cpu()
        if held_otherwise(value):
            return [type(value).__name__, *kind, _facts(inner_tensors(value))]
        if value.is_quantized:
            axis = value.qscheme() not in (torch.per_tensor_affine, torch.per_tensor_symmetric)
            steps = value.q_per_channel_scales() if axis else value.q_scale()
            points = value.q_per_channel_zero_points() if axis else value.q_zero_point()
            return [*kind, _facts(value.int_repr()), _facts(steps), _facts(points)]
        flat = (value if value.layout == torch.strided else value.to_dense()).contiguous()
        flat = flat.reshape(-1)
        data = flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""
        return [*kind, digest_bytes(data)]
    if isinstance(value, Mapping):
        return [type(value).__name__, *([str(key), *_facts(v)] for key, v in value.items())]
    if isinstance(value, list | tuple):
        return [type(value).__name__, *map(_facts, value)]
    if isinstance(value, io.BytesIO):
        return ["bytes", digest_bytes(value.getvalue())]
    return [type(value).__name__, re.sub(" at 0x[0-9a-f]+", "", repr(value))]


def _further(entry: Any) -> list[Any]:
    """What protects a tensor in its place, and where; nothing where nothing does."""
    how = getattr(entry, "protection", "none")
    if how == "none":
        return []
    return [how, *([p.partition, p.address, p.error.to_dict()] for p in entry.places)]
