"""All tensors of a network: also buffers that its `state_dict` leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from eden.data import device_of


def state_of(model: nn.Module) -> dict[str, Any]:
    """Return what a network holds now, for `set_state`; its own tensors, no copies."""
    kept = model.state_dict()
    more = {name: buffer.detach() for name, buffer in model.named_buffers() if name not in kept}
    return {"kept": kept, "more": more}


def set_state(model: nn.Module, state: Mapping[str, Any]) -> None:
    """Have a network hold what another one, or itself, held when its `state_of` was taken."""
    model.load_state_dict(state["kept"])
    for name, value in state["more"].items():
        # Also one that a forward pass makes, of a network that has not been through any.
        path, _, leaf = name.rpartition(".")
        value = value.to(device_of(model), copy=True)
        model.get_submodule(path).register_buffer(leaf, value, persistent=False)
