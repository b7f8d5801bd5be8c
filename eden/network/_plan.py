"""Which tensors of a network lie in approximate DRAM, and which modules read them: a plan."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import nn

from eden._say import refusal
from eden._torch import own_parameters
from eden.data import device_of
from eden.network._config import Config, Pattern, patterns_of
from eden.network._targets import Target, find_targets

_STORABLE = (torch.float32, torch.float16, torch.bfloat16)


class PlannedTensor(NamedTuple):
    """A tensor to store.

    Attributes:
        kind: "weight" or "input".
        elements: of a weight; 0 for an input, whose size only a call tells.
        entry: where it is placed; None where it is not, as all that is never read.
        device: where it is read.
    """

    kind: str
    elements: int
    entry: Any
    device: torch.device


class Plan(NamedTuple):
    """What `attach` is going to do, before anything of the network is touched.

    Attributes:
        tensors: by name, in model order.
        targets: what reads them, in model order: of the weights those stored, by the name of the
            tensor, which modules may share; no batch where the input is not stored.
    """

    tensors: dict[str, PlannedTensor]
    targets: list[Target]


def choose(model: nn.Module, config: Config, entries: Mapping[str, Any] | None) -> Plan:
    """Plan what is stored of a network.

    Args:
        model: the network.
        config: chooses the tensors; its calibration says which are never read.
        entries: placement by tensor name; None where tensors are not placed.

    Raises:
        ValueError: for a pattern that matches nothing, nothing to store, a tensor without a place,
            or a weight that is no plain parameter or of a type that has no stored format.
    """
    selection, plan = _Selection(**patterns_of(config)), Plan({}, [])
    shared: dict[int, str | None] = {}
    # They have no place: they lie at the rated point.
    never_read = [] if config.calibration is None else config.calibration.never_read

    def chosen(name: str, kind: str, target: Target, parameter=None) -> str | None:
        """The name of a tensor that is to be stored, else None."""
        if not selection.takes(name, target.module, target.name):
            return None
        entry = None if entries is None else entries.get(name)
        if entries is not None and entry is None and name not in never_read:
            raise ValueError(f"the placement has no place for {name}; is it another network's?")
        elements = 0 if kind == "input" else plain(parameter, name).numel()
        # Where the module is: moved by its first read, a compiled network would compile again.
        plan.tensors[name] = PlannedTensor(kind, elements, entry, device_of(target.module))
        return name

    for target in find_targets(model):
        weights = []
        for owner, attribute, name in target.weights if config.weights else ():
            parameter = own_parameters(owner).get(attribute)
            # A shared weight is one tensor in DRAM; it goes by the first name it has.
            if parameter is None or id(parameter) not in shared:
                shared[id(parameter)] = chosen(name, "weight", target, parameter)
            if (stored := shared[id(parameter)]) is not None:
                weights.append((owner, attribute, stored))
        batch = target.batch if config.inputs else None
        if batch is not None and chosen(target.input_name, "input", target) is None:
            batch = None
        plan.targets.append(replace(target, weights=weights, batch=batch))
    selection.check()
    if not plan.tensors:
        raise ValueError(
            "attach: nothing to store in approximate DRAM; there are "
            f"{shorten(selection.names) or 'no modules with weights'}, "
            f"and weights={config.weights}, inputs={config.inputs}, include={config.include}, "
            f"exclude={config.exclude}"
        )
    return plan


def shorten(names: list[str]) -> str:
    """Join names for a message, at most eight of them."""
    shown = ", ".join(names[:8])
    return shown if len(names) <= 8 else f"{shown} and {len(names) - 8} more"


def plain(parameter: nn.Parameter | None, name: str) -> nn.Parameter:
    """Return a parameter that can be swapped for a call.

    Raises:
        ValueError: for one that cannot, or of a type that has no stored format.
    """
    if parameter is None:
        raise ValueError(
            f"{name} is not a plain parameter (parametrised or pruned?); make it one first, "
            "for example with torch.nn.utils.parametrize.remove_parametrizations or "
            "torch.nn.utils.prune.remove, or leave it out"
        )
    if isinstance(parameter, nn.parameter.UninitializedParameter):
        raise ValueError(f"{name} has no shape yet; call the network once before attaching")
    if parameter.dtype not in _STORABLE:
        accepted = f"{', '.join(map(str, _STORABLE))}; convert the network, or exclude it"
        raise ValueError(refusal(f"type of {name}", str(parameter.dtype), accepted))
    return parameter


class _Selection:
    """Decides by `include` and `exclude`, and remembers which patterns ever matched.

    Args:
        include: patterns, None for all.
        exclude: patterns, None for none.
    """

    def __init__(self, include: tuple[Pattern, ...] | None, exclude: tuple[Pattern, ...] | None):
        self.include, self.exclude = include, exclude
        self.names: list[str] = []
        self._matched: set[Pattern] = set()

    def takes(self, name: str, module: nn.Module, module_name: str) -> bool:
        """Return whether a tensor is stored in approximate DRAM."""
        self.names.append(name)
        included = self.include is None or self._any(self.include, name, module, module_name)
        return not self._any(self.exclude or (), name, module, module_name) and included

    def check(self) -> None:
        """Raise if a pattern matched nothing: a misspelt name would silently change the result."""
        for label, patterns in (("include", self.include), ("exclude", self.exclude)):
            for pattern in patterns or ():
                if isinstance(pattern, str) and pattern not in self._matched:
                    raise ValueError(
                        f"{label}: {pattern!r} matches no tensor; there are {shorten(self.names)}"
                    )

    def _any(self, patterns, name, module, module_name) -> bool:
        # A list, not a generator: every pattern is to be marked.
        return any([self._matches(pattern, name, module, module_name) for pattern in patterns])

    def _matches(self, pattern, name, module, module_name) -> bool:
        if callable(pattern):
            return bool(pattern(name, module))
        if pattern.startswith("re:"):
            try:
                expression = re.compile(pattern[3:])
            except re.error as error:
                raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
            hit = expression.fullmatch(name) or expression.fullmatch(module_name)
        else:
            hit = fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(module_name, pattern)
        if hit:
            self._matched.add(pattern)
        return bool(hit)
