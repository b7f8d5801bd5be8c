"""Layers and tensors that quantise by themselves: read on their own codes, or refused by name.

What is stored already as codes must not be quantised a second time: another grid moves every value
without a fault. The known kinds are told by the modules of their classes, and no library is
imported for it:

- torchao's ``Int8Tensor``: its int8 data fails on its own bits, and the tensor is built anew.
- torch.ao's fake quantisation of weights: the int8 codes of its scale and zero point fail. Its
  observers must be disabled, or the scale would follow what was read.
- Other tensors of torchao, its layers for training, and brevitas' layers take their scale from the
  weight at each call; they are refused in an integer format.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from eden._torch import own_parameters
from eden.access import formats
from eden.network._gradients import straight
from eden.network._wrappers import named_modules

_PACKED = ("torch.ao.nn.quantized", "torch.ao.nn.intrinsic.quantized")
_INPUTS = "or leave the input out (exclude={!r}, or inputs=False)"


class Codes(Protocol):
    """The codes of a weight that is quantised by itself."""

    def of(self, x: Tensor) -> Tensor:
        """Return them, int8 and contiguous, of the weight's shape."""
        ...

    def value(self, x: Tensor, codes: Tensor) -> Tensor:
        """Return the weight with other codes, as its module takes it."""
        ...

    def plain(self, x: Tensor) -> Tensor:
        """Return what the codes of the weight stand for."""
        ...


class TensorCodes:
    """Of a tensor that holds them, such as torchao's ``Int8Tensor``."""

    def of(self, x: Tensor) -> Tensor:
        """Return the int8 data."""
        return _parts(x)["qdata"].detach().contiguous()

    def value(self, x: Tensor, codes: Tensor) -> Tensor:
        """Return a tensor of the same class and scales with other data."""
        data, kind = _parts(x) | {"qdata": codes}, type(x)
        _, context = x.__tensor_flatten__()  # pyright: ignore[reportAttributeAccessIssue]
        return kind.__tensor_unflatten__(data, context, x.size(), x.stride())  # pyright: ignore[reportAttributeAccessIssue]

    def plain(self, x: Tensor) -> Tensor:
        """Return the numbers that the data stands for."""
        return x.detach().dequantize()


class FakeQuantCodes:
    """Of a weight that torch.ao quantises in the call of its module.

    Args:
        owner: The module, with ``weight_fake_quant``.
        name: Of the tensor, for messages.
    """

    def __init__(self, owner: nn.Module, name: str):
        self.owner, self.name = owner, name

    def of(self, x: Tensor) -> Tensor:
        """Return the codes that the module is about to use.

        Raises:
            ValueError: Where an observer would change its scale by what was read.
        """
        quantiser = self._quantiser()
        if not quantiser.fake_quant_enabled[0] or quantiser.observer_enabled[0]:
            raise ValueError(
                f"{self.name}: torch.ao takes its scale from what is read as long as its observer "
                "is enabled; model.apply(torch.ao.quantization.disable_observer) first, with fake "
                "quantisation on, or exclude it"
            )
        scale, zero = self._grid(x)
        with torch.no_grad():
            return ((quantiser(x.detach()) / scale).round() + zero).to(torch.int8).contiguous()

    def value(self, x: Tensor, codes: Tensor) -> Tensor:
        """Return what the codes stand for, which the module quantises to the same codes."""
        scale, zero = self._grid(x)
        value = ((codes.to(scale.dtype) - zero) * scale).to(x.dtype)
        return straight(x, value) if x.requires_grad else value

    def plain(self, x: Tensor) -> Tensor:
        """Return what the module uses of a clean weight."""
        return self.value(x.detach(), self.of(x))

    def _quantiser(self) -> Any:
        return self.owner.weight_fake_quant

    def _grid(self, x: Tensor) -> tuple[Tensor, Tensor]:
        quantiser, shape = self._quantiser(), [1] * x.ndim
        if quantiser.is_per_channel:
            shape[quantiser.ch_axis] = -1
        return quantiser.scale.view(shape), quantiser.zero_point.view(shape)


def codes_of(owner: nn.Module, attribute: str, name: str, stored: str) -> Codes | None:
    """Return how the codes of a weight are read that is quantised by itself; None where it is not.

    Args:
        owner: The module that has it.
        attribute: Its name there.
        name: Of the tensor, for messages.
        stored: The stored format of the config.

    Raises:
        ValueError: For one that is quantised by itself and cannot be read so.
    """
    weight: Any = own_parameters(owner).get(attribute)
    integer = formats.get(stored).integer
    kind = type(weight).__name__
    if _from(type(weight), "torchao"):
        whole = kind == "Int8Tensor" or getattr(weight, "target_dtype", None) == torch.int8
        if not whole or _parts(weight).get("qdata", torch.empty(0)).dtype != torch.int8:
            raise _refused(name, f"torchao's {kind}", "its codes cannot be read; exclude it")
        if stored != "int8":
            raise _refused(name, f"torchao's {kind}", f"stored is {stored!r}, accepted: 'int8'")
        return TensorCodes()
    if not integer or attribute != "weight":
        return None
    if _from(type(owner), "brevitas") or _from(type(owner), "torchao"):
        raise _refused(
            name,
            f"{type(owner).__name__} of {_library(owner)}",
            "its scale follows the weight at each call; put the quantised weights into a plain "
            "layer of torch, or exclude it",
        )
    quantiser = getattr(owner, "weight_fake_quant", None)
    if (
        quantiser is None
        or not _from(type(quantiser), "torch.ao")
        or not bool(quantiser.fake_quant_enabled[0])
    ):
        return None
    what = f"{type(owner).__name__} of torch.ao"
    if hasattr(owner, "bn"):
        advice = "it quantises its weight after folding the batch norm; convert the network"
        raise _refused(name, what, f"{advice}, or exclude it")
    least, most = quantiser.quant_min, quantiser.quant_max
    if stored != "int8" or not -128 <= least < -64 or not 64 <= most <= 127:
        accepted = "accepted: 'int8' and codes of 8 bits with a sign; or exclude it"
        raise _refused(name, what, f"codes {least} to {most}, stored is {stored!r}, {accepted}")
    codes = FakeQuantCodes(owner, name)
    codes.of(weight)  # refused now, not at the first call
    return codes


def check_input(module: nn.Module, name: str, stored: str) -> None:
    """Refuse the input of a module that quantises it, or gets it quantised, in an integer format.

    Raises:
        ValueError: For one of the known kinds.
    """
    if not formats.get(stored).integer:
        return
    weight, advice = own_parameters(module).get("weight"), _INPUTS.format(name)
    if getattr(weight, "act_quant_kwargs", None) is not None and _from(type(weight), "torchao"):
        advice = f"torchao quantises it anew for each row; store it as it is, {advice}"
        raise _refused(name, f"{type(module).__name__} with {type(weight).__name__}", advice)
    layer = any(_from(type(module), library) for library in ("brevitas", "torchao"))
    if layer or _from(type(getattr(module, "weight_fake_quant", None)), "torch.ao"):
        advice = f"it is on a grid of its own there; store it as it is, {advice}"
        raise _refused(name, f"{type(module).__name__} of {_library(module)}", advice)


def packed_weights(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield name and weight of torch.ao's quantised modules, whose packed codes cannot be read."""
    for name, module in named_modules(model):
        if type(module).__module__.startswith(_PACKED) and hasattr(module, "weight"):
            packed: Any = module
            yield f"{name}.weight" if name else "weight", packed.weight()


def _parts(tensor: Any) -> dict[str, Tensor]:
    if not hasattr(tensor, "__tensor_flatten__"):
        return {}
    return {name: getattr(tensor, name) for name in tensor.__tensor_flatten__()[0]}


def _from(kind: type, library: str) -> bool:
    """Whether a class, or one that it is made from, is a library's."""
    return any(f"{base.__module__}.".startswith(f"{library}.") for base in kind.__mro__)


def _library(module: nn.Module) -> str:
    return next(
        (known for known in ("brevitas", "torchao") if _from(type(module), known)), "torch.ao"
    )


def _refused(name: str, what: str, advice: str) -> ValueError:
    return ValueError(f"{name} is quantised by itself ({what}): {advice}")
