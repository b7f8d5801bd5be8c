"""Which modules of a network read which tensors."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn

from eden._torch import ConvNd, NormBase, own_parameters, parameter_names
from eden.network._config import Pattern
from eden.network._layout import Batch

_LINEAR = (nn.Linear, nn.Bilinear)
_EMBEDDING = (nn.Embedding, nn.EmbeddingBag)
_TRANSFORMER_LAYER = (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)


@dataclass(frozen=True)
class Target:
    """A module and what it reads at a call.

    Attributes:
        module: the module that is called.
        name: its name in the network, "" for the network itself.
        weights: ``(owner, parameter name, tensor name)``.
        batch: where the batch dimension of its input is; None where the input is indices.
    """

    module: nn.Module
    name: str
    weights: list[tuple[nn.Module, str, str]]
    batch: Batch | None

    @property
    def input_name(self) -> str:
        """Name of its input feature map."""
        return _join(self.name, "input")


def find_targets(model: nn.Module) -> list[Target]:
    """List the modules whose weights and inputs may lie in approximate DRAM, in model order.

    Convolution, linear, embedding, recurrent and attention modules; weights, no biases or norms.
    """
    batch_of: dict[nn.Module, Batch] = {}
    part_of_attention: set[nn.Module] = set()
    for module in model.modules():
        if isinstance(module, nn.MultiheadAttention):
            part_of_attention.update(module.children())
        if isinstance(module, _TRANSFORMER_LAYER) and not module.self_attn.batch_first:
            # The layer's linear modules get [time, batch, features] and cannot know it.
            batch_of[module.linear1] = batch_of[module.linear2] = Batch(3, dim=1)
    found = []
    for name, module in model.named_modules():
        if module in part_of_attention:
            continue
        target = _target(name, module, batch_of.get(module))
        if target is not None:
            found.append(target)
    return found


def batch_norms(model: nn.Module) -> Iterator[nn.Module]:
    """Yield the modules that keep running statistics of activations."""
    return (module for module in model.modules() if isinstance(module, NormBase))


class Selection:
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


def parameter_of(owner: nn.Module, weight: str, full_name: str) -> nn.Parameter:
    """Return a parameter that can be swapped for a call.

    Raises:
        ValueError: where there is none of that name, or none yet.
    """
    parameter = own_parameters(owner).get(weight)
    if parameter is None:
        raise ValueError(
            f"{full_name} is not a plain parameter (parametrised or pruned?); make it one first, "
            "for example with torch.nn.utils.parametrize.remove_parametrizations"
        )
    if isinstance(parameter, nn.parameter.UninitializedParameter):
        raise ValueError(f"{full_name} has no shape yet; call the network once before attaching")
    return parameter


def shorten(names: list[str]) -> str:
    """Join names for a message, at most eight of them."""
    shown = ", ".join(names[:8])
    return shown if len(names) <= 8 else f"{shown} and {len(names) - 8} more"


def _target(name: str, module: nn.Module, batch: Batch | None) -> Target | None:
    if isinstance(module, ConvNd):
        weights, batch = ["weight"], Batch(len(module.kernel_size) + 2)
    elif isinstance(module, _LINEAR):
        weights, batch = ["weight"], batch or Batch(2)
    elif isinstance(module, _EMBEDDING):
        weights, batch = ["weight"], None
    elif isinstance(module, nn.RNNBase):
        weights = [w for w in parameter_names(module) if w.startswith("weight")]
        batch = Batch(3, 0 if module.batch_first else 1)
    elif isinstance(module, nn.RNNCellBase):
        weights, batch = ["weight_ih", "weight_hh"], Batch(2)
    elif isinstance(module, nn.MultiheadAttention):
        weights = ["in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"]
        weights = [w for w in weights if own_parameters(module).get(w) is not None]
        batch = Batch(3, 0 if module.batch_first else 1)
    else:
        return None
    owned = [(module, weight, _join(name, weight)) for weight in weights]
    if isinstance(module, nn.MultiheadAttention):
        owned.append((module.out_proj, "weight", _join(name, "out_proj.weight")))
    return Target(module, name, owned, batch)


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name
