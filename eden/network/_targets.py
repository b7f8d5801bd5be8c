"""Which modules of a network read which tensors."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from torch import nn

from eden._torch import ConvNd, NormBase, own_parameters, parameter_names
from eden.network._wrappers import join, named_modules

_MANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_LINEAR = (nn.Linear, nn.Bilinear)
_EMBEDDING = (nn.Embedding, nn.EmbeddingBag)
_TAKES_ALL = (nn.RNNBase, nn.RNNCellBase, nn.MultiheadAttention)
_NEVER_CALLED = (nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict)
_TRANSFORMER_LAYER = (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)


ByName = Callable[[str, nn.Module, str], bool]


class Batch(NamedTuple):
    """Where the batch dimension of a module's input is.

    Attributes:
        min_rank: An input of fewer dimensions is a single sample.
        dim: The batch dimension of the others.
    """

    min_rank: int
    dim: int = 0


@dataclass(frozen=True)
class Target:
    """A module and what it reads at a call.

    Attributes:
        module: The module that is called.
        name: Its name in the network, "" for the network itself, whatever wraps it.
        weights: ``(owner, parameter name, tensor name)``.
        batch: Where the batch dimension of its input is; None where the input is indices.
    """

    module: nn.Module
    name: str
    weights: Sequence[tuple[nn.Module, str, str]]
    batch: Batch | None

    def arguments(self, args: tuple, kwargs: Mapping[str, Any]) -> list[Any]:
        """Return the arguments of a call in the order of the module's signature."""
        return by_position(argument_names(self.module), args, kwargs)

    @property
    def input_name(self) -> str:
        """Name of its input feature map."""
        return join(self.name, "input")


def argument_names(module: nn.Module) -> tuple[str, ...]:
    """Return the names of the arguments of a module's forward pass, where it says them."""
    for forward in (module.forward, type(module).forward):
        try:
            parameters = inspect.signature(forward).parameters.values()
        except (TypeError, ValueError):  # not written in Python
            continue
        if names := tuple(p.name for p in parameters if p.kind not in _MANY):
            return names
    return ()


def by_position(names: Sequence[str], args: tuple, kwargs: Mapping[str, Any]) -> list[Any]:
    """Return the arguments of a call in the order of these names, whatever order they came in."""
    known = [kwargs[name] for name in names if name in kwargs]
    return [*args, *known, *(value for name, value in kwargs.items() if name not in names)]


def find_targets(model: nn.Module, by_name: ByName | None = None) -> list[Target]:
    """List the modules whose weights and inputs may lie in approximate DRAM, in model order.

    Convolution, linear, embedding, recurrent and attention modules, and of transformers' those
    called ``Conv1D`` and ``...Experts``; weights, no biases or norms.

    Args:
        model: Looked at, not touched.
        by_name: ``(parameter name, module, module name) -> bool``, what is read besides: for the
            call of its module, or where that has it already, of the module around.
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
    callers: dict[str, nn.Module] = {}
    for name, module in named_modules(model):
        if not isinstance(module, _NEVER_CALLED):
            callers[name] = module
        if module in part_of_attention:
            continue
        target = _target(name, module, batch_of.get(module))
        if by_name is not None:
            own = [w for w in own_parameters(module) if by_name(join(name, w), module, name)]
            target, more = _with_named(target, own, name, module, callers)
            found += more
        if target is not None:
            found.append(target)
    return found


def batch_norms(model: nn.Module) -> Iterator[nn.Module]:
    """Yield the modules that keep running statistics of activations."""
    return (module for module in model.modules() if isinstance(module, NormBase))


def _with_named(
    target: Target | None,
    own: Sequence[str],
    name: str,
    module: nn.Module,
    callers: Mapping[str, nn.Module],
) -> tuple[Target | None, list[Target]]:
    """Return a module's target without the parameters named, and those that read these."""
    taken = [] if target is None else [w for _, w, _ in target.weights]
    if isinstance(module, _TAKES_ALL):
        own = [w for w in own if w not in taken]  # read with the others, as ever
    alone = [w for w in own if w not in taken and name in callers]
    around = [w for w in own if w not in alone]
    if target is not None and around:
        target = replace(target, weights=[w for w in target.weights if w[1] not in around])
    outer, named = name, []
    if around:
        outer = outer.rpartition(".")[0]
        while outer not in callers:
            outer = outer.rpartition(".")[0]
        if outer == name:
            raise ValueError(f"parameters: no module is around {name or 'the network'}")
    for reader, weights in ((name, alone), (outer, around)):
        if weights:
            owned = [(module, weight, join(name, weight)) for weight in weights]
            named.append(Target(callers[reader], reader, owned, None))
    return target, named


def _target(name: str, module: nn.Module, batch: Batch | None) -> Target | None:
    kind = type(module).__name__
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
    elif kind == "Conv1D" and _matrices(module, 2) == ["weight"]:  # a linear module, transposed
        weights, batch = ["weight"], Batch(2)
    elif kind.endswith("Experts") and (weights := _matrices(module, 3)):
        batch = Batch(2)
    else:
        return None
    owned = [(module, weight, join(name, weight)) for weight in weights]
    if isinstance(module, nn.MultiheadAttention):
        owned.append((module.out_proj, "weight", join(name, "out_proj.weight")))
    return Target(module, name, owned, batch)


def _matrices(module: nn.Module, dimensions: int) -> list[str]:
    """Return the names of a module's own floating-point parameters of so many dimensions."""
    return [
        name
        for name, p in own_parameters(module).items()
        if p is not None and not nn.parameter.is_lazy(p)
        if p.ndim == dimensions and p.is_floating_point()
    ]
