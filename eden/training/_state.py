"""All tensors of a network: also buffers that its `state_dict` leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn


def state_of(model: nn.Module) -> dict[str, Any]:
    """Return what a network holds now, for `set_state`; its own tensors, no copies."""
    kept = model.state_dict()
    more = {name: buffer for name, buffer in model.named_buffers() if name not in kept}
    return {"kept": kept, "more": more}


def set_state(model: nn.Module, state: Mapping[str, Any]) -> None:
    """Have a network hold what another one, or itself, held when its `state_of` was taken."""
    model.load_state_dict(state["kept"])
    buffers = dict(model.named_buffers())
    with torch.no_grad():
        for name, value in state["more"].items():
            buffers[name].data = value.to(buffers[name].device, copy=True)
