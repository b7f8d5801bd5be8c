"""How much of a network lies in approximate DRAM, and why the rest does not."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from torch import nn

from eden._say import a_kind, an_int, keys_of, one_of
from eden._torch import own_parameters
from eden.network._quantised import packed_weights
from eden.network._selection import shorten
from eden.network._targets import Target, find_targets
from eden.network._wrappers import named_modules, unwrapped

# A warning is given where a larger share of the matrix parameters is not covered.
_SMALL_SHARE = 0.05

EXCLUDED = "excluded by the config"
NEVER_READ = "never read: its module is not called"
ON_CHIP = "stay on chip (on_chip_bytes)"
PACKED = "packed by torch.ao, whose codes cannot be read"
_OWN = "bias of a module whose weights are stored"


@dataclass(frozen=True)
class Covered:
    """A parameter, or an input feature map, and whether it is stored in approximate DRAM.

    Attributes:
        name: Such as ``conv1.weight`` or ``conv1.input``.
        kind: "parameter" or "input".
        size_bytes: Of a parameter as the model holds it; of one inference's input as stored, 0
            where that is not known.
        dimensions: Of a parameter; 0 for an input.
        why: The reason why it is not stored, "" if it is.
    """

    name: str
    kind: str
    size_bytes: int
    dimensions: int
    why: str


@dataclass(frozen=True)
class Coverage:
    """What of a network is stored in approximate DRAM, and what is not; `str` says it in lines.

    Attributes:
        model: Class of the network.
        tensors: All parameters, each once, and the inputs of the modules that have one.
    """

    model: str
    tensors: tuple[Covered, ...]

    def size_bytes(self, kind: str = "parameter", why: str | None = "") -> int:
        """Return the bytes of a kind that are not stored for a reason; "" stored, None all."""
        return sum(t.size_bytes for t in self._of(kind) if why is None or t.why == why)

    @property
    def uncovered(self) -> float:
        """Share of the bytes of parameters of two or more dimensions not stored, in [0, 1].

        What the config leaves out is left out by choice, and not counted.
        """
        matrices = [t for t in self._of("parameter") if t.dimensions >= 2]
        open_bytes = sum(t.size_bytes for t in matrices if t.why not in ("", EXCLUDED))
        return open_bytes / max(1, sum(t.size_bytes for t in matrices))

    def __str__(self) -> str:
        stored, whole = self.size_bytes(), self.size_bytes(why=None)
        lines = [
            f"{self.model}: {_bytes(stored)} of {_bytes(whole)} of parameters are stored in "
            f"approximate DRAM ({stored / max(1, whole):.1%}), and inputs of "
            f"{_bytes(self.size_bytes('input'))} an inference"
        ]
        for kind, what in (("parameter", "parameters"), ("input", "inputs")):
            for why, tensors in _by_reason(self._of(kind)).items():
                size = _bytes(sum(t.size_bytes for t in tensors)) if kind == "parameter" else ""
                names = shorten([t.name for t in tensors])
                lines.append(f"  not stored, {why}: {size or len(tensors)} of {what}, {names}")
        return "\n".join(lines)

    def warn(self) -> None:
        """Warn, in one line, where more than 5 % of the matrix parameters is not covered."""
        if self.uncovered <= _SMALL_SHARE:
            return
        matrices = [t for t in self._of("parameter") if t.dimensions >= 2 and t.why != EXCLUDED]
        reasons = "; ".join(
            f"{why}: {shorten([t.name for t in tensors])}"
            for why, tensors in _by_reason(matrices).items()
        )
        warnings.warn(
            f"{self.model}: {self.uncovered:.1%} of the bytes of parameters of two or more "
            f"dimensions are not in approximate DRAM and meet no errors ({reasons}); "
            "handle.coverage() tells more",
            stacklevel=1,  # one place, so that the same words are said once
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON-able values."""
        return {"model": self.model, "tensors": [dict(vars(t)) for t in self.tensors]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Coverage:
        """Build from what `to_dict` returned.

        Raises:
            ValueError: For missing or unknown fields, or values out of their range.
        """
        try:
            values = keys_of("coverage", values, ("model", "tensors"))
            a_kind("model", values["model"], str, "text")
            a_kind("tensors", values["tensors"], (list, tuple), "a list")
            tensors = tuple(_covered(entry) for entry in values["tensors"])
        except (ValueError, TypeError) as error:
            raise ValueError(f"not a coverage: {error}") from error
        return cls(values["model"], tensors)

    def _of(self, kind: str) -> list[Covered]:
        return [t for t in self.tensors if t.kind == kind]


def cover(model: nn.Module, targets: Sequence[Target], stored: Mapping[str, Any]) -> Coverage:
    """List what of a network is stored.

    Args:
        model: All of whose parameters and inputs are listed.
        targets: Of its plan.
        stored: The tensors by name, with ``elements``, ``bits``, ``never_read`` and ``on_chip``.
    """
    names = {
        id(own_parameters(owner).get(attribute)): name
        for target in targets
        for owner, attribute, name in target.weights
    }
    known = find_targets(model)
    left_out = {id(own_parameters(o).get(a)) for t in known for o, a, _ in t.weights} - set(names)
    owners = {owner for target in known for owner, _, _ in target.weights}

    def why(module: nn.Module, parameter: nn.Parameter) -> str:
        if (name := names.get(id(parameter))) is not None:
            return _why_not(stored[name])
        if not parameter.is_floating_point():
            return f"not floating-point ({parameter.dtype})"
        if id(parameter) in left_out:
            return EXCLUDED
        if module in owners:
            return _OWN
        return f"{type(module).__name__} is not covered"

    found: dict[int, Covered] = {}
    for prefix, module in named_modules(model):
        for name, parameter in own_parameters(module).items():
            if parameter is None or id(parameter) in found:
                continue
            lazy = nn.parameter.is_lazy(parameter)
            size = 0 if lazy else parameter.numel() * parameter.element_size()
            name = names.get(id(parameter), f"{prefix}.{name}" if prefix else name)
            found[id(parameter)] = Covered(
                name, "parameter", size, 0 if lazy else parameter.ndim, why(module, parameter)
            )
    packed = [
        Covered(name, "parameter", w.numel() * w.element_size(), w.ndim, PACKED)
        for name, w in packed_weights(model)
    ]
    inputs = []
    for target in known:
        if target.batch is not None:
            tensor = stored.get(target.input_name)
            size = 0 if tensor is None else -(-tensor.elements * tensor.bits // 8)
            reason = EXCLUDED if tensor is None else _why_not(tensor)
            inputs.append(Covered(target.input_name, "input", size, 0, reason))
    return Coverage(type(unwrapped(model)).__name__, (*found.values(), *packed, *inputs))


def _covered(entry: Any) -> Covered:
    tensor = Covered(**keys_of("a tensor", entry, [field.name for field in fields(Covered)]))
    for field in ("name", "why"):
        a_kind(f"{field} of a tensor", getattr(tensor, field), str, "text")
    one_of(f"kind of {tensor.name}", tensor.kind, ("parameter", "input"))
    for field in ("size_bytes", "dimensions"):
        an_int(f"{field} of {tensor.name}", getattr(tensor, field), 0, 2**62)
    return tensor


def _why_not(tensor: Any) -> str:
    return NEVER_READ if tensor.never_read else ON_CHIP if tensor.on_chip else ""


def _by_reason(tensors: Iterable[Covered]) -> dict[str, list[Covered]]:
    reasons: dict[str, list[Covered]] = {}
    for tensor in tensors:
        if tensor.why:
            reasons.setdefault(tensor.why, []).append(tensor)
    return reasons


def _bytes(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


def nothing_read(model: nn.Module, targets: Iterable[Target], what: str) -> str:
    """Say that a network has run and read nothing, and what was looked for.

    Args:
        model: That has run.
        targets: Of its plan.
        what: Who ran it.
    """
    modules: dict[str, list[str]] = {}
    for target in targets:
        if target.weights or target.batch is not None:
            kind = type(target.module).__name__
            modules.setdefault(kind, []).append(target.name or "itself")
    looked = "; ".join(f"{kind} {shorten(names)}" for kind, names in modules.items())
    return (
        f"{what}: {type(unwrapped(model)).__name__} read nothing from approximate DRAM; "
        f"looked for calls of {looked}. A weight that is used without a call of its module is "
        "not seen, nor is what was compiled before it was attached, nor another model than this"
    )
