"""Whether a network still consists of the modules that were attached."""

from __future__ import annotations

import torch
from torch import nn

from eden._torch import own_modules
from eden.network._wrappers import named_modules


class Watch:
    """Forward-pre hook of a network: a layer put in later has no hooks, and would read no errors.

    Args:
        network: The outermost module, without wrappers.
    """

    def __init__(self, network: nn.Module):
        self.network = network
        self.modules = _modules(network)
        self.children = self._children()

    def __call__(self, module: nn.Module, args: tuple) -> None:
        """Refuse a network whose modules are others now, naming the first.

        Raises:
            ValueError: For a module that was replaced, added or removed, and a shallow copy, whose
                own children nobody looks after.
        """
        if torch.compiler.is_compiling():  # a graph knows its modules
            return
        if module is not self.network:
            raise ValueError(
                "this network is a shallow copy of an attached one, whose modules and hooks it "
                "shares; copy.deepcopy makes one with errors of its own"
            )
        if all(list(own_modules(m).values()) == children for m, children in self.children):
            return
        now = _modules(self.network)
        for name, was in self.modules.items():
            if now.get(name) is not was:
                raise _changed(name, "replaced" if name in now else "removed")
        for name in now.keys() - self.modules.keys():
            raise _changed(name, "added")
        self.children = self._children()  # a wrapper came, or went

    def _children(self) -> list[tuple[nn.Module, list[nn.Module | None]]]:
        every = ((m, list(own_modules(m).values())) for _, m in named_modules(self.network))
        return [(module, children) for module, children in every if children]


def _modules(network: nn.Module) -> dict[str, nn.Module]:
    # A parametrised weight is refused where it is read, if it is one that is stored.
    return {
        name: module
        for name, module in named_modules(network)
        if "parametrizations" not in name.split(".")
    }


def _changed(name: str, how: str) -> ValueError:
    return ValueError(
        f"{name} was {how} since the network was attached, and what it reads now is not known; "
        "detach, and attach the network as it is"
    )
