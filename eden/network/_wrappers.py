"""Modules around a network that are none of it: what they add to names is taken away again.

A tensor's cells follow from its name, so the name must not depend on whether a network was handed
to `DistributedDataParallel` or `torch.compile` first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from torch import nn
from torch.optim.swa_utils import AveragedModel

from eden._torch import own_modules, own_parameters

# Names that only wrappers give: of torch.compile, FSDP and activation checkpointing.
_INNER = {"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}
_WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel, AveragedModel)


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the network inside wrappers such as ``DistributedDataParallel``, or itself."""
    while (inner := _inner(model, outermost=True)) is not None:
        model = model.get_submodule(inner)
    return model


def named_modules(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield all modules once, in order, by the names they have without wrappers.

    What a wrapper adds beside the network, and wrappers, go by the name of what they wrap.
    """
    for _, name, module in _walk(model, "", "", set(), outermost=True):
        yield name, module


def plain_keys(model: nn.Module, state: Iterable[str]) -> dict[str, str]:
    """Return the keys of a network's state dict by the names they have without wrappers."""
    plain = {full: name for full, name, _ in _walk(model, "", "", set(), outermost=True)}
    keys = {}
    for key in state:
        owner, _, own = key.rpartition(".")
        name = plain.get(owner, owner)
        keys[f"{name}.{own}" if name else own] = key
    return keys


def _walk(module, full, name, seen, *, outermost) -> Iterator[tuple[str, str, nn.Module]]:
    """Yield full name, plain name and module."""
    if module in seen:
        return
    seen.add(module)
    yield full, name, module
    inner = _inner(module, outermost=outermost)
    for key, child in own_modules(module).items():
        if child is not None:
            own = name if key == inner else join(name, key)
            outer = outermost and key == inner
            yield from _walk(child, join(full, key), own, seen, outermost=outer)


def join(prefix: str, name: str) -> str:
    """Return the name of a part of what has a name."""
    return f"{prefix}.{name}" if prefix else name


def _inner(module: nn.Module, *, outermost: bool) -> str | None:
    """Return the name of what a wrapper wraps; None for a module of the network."""
    children = {key: child for key, child in own_modules(module).items() if child is not None}
    if (found := next((key for key in children if key in _INNER), None)) is not None:
        return found
    if "module" not in children:
        return None
    # Around the whole network, whoever has nothing else is a wrapper as well.
    alone = outermost and len(children) == 1 and not own_parameters(module)
    return "module" if alone or isinstance(module, _WRAPPERS) else None
