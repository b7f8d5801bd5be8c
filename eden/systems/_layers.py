"""The layers of a network, as systems see them: shapes, sizes and order, from one run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from eden._native import core
from eden._say import a_kind
from eden._torch import ConvNd, own_parameters
from eden.access import formats
from eden.data import call, device_of, evaluating
from eden.network import Config, Target, find_targets, on_chip, outputs_on_chip, stored_targets

Layer = core.Layer
_PLAIN_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d)


@dataclass(frozen=True)
class Call:
    """One call of a module.

    Attributes:
        layer: Its shapes and sizes.
        module: Kind of the module, such as ``Conv2d``; ``parameter`` for one that no call showed.
        input_name: Tensor name of its IFM; None where it is not stored.
        weights: Elements of its weights, by tensor name; those not stored by their own.
    """

    layer: Layer
    module: str
    input_name: str | None
    weights: Mapping[str, int]


def layers_of(model: nn.Module, sample, config: Config | None = None) -> tuple[Layer, ...]:
    """List the layers of a network in order of calls, from one run.

    Convolutions of one or two dimensions, linear, recurrent and attention modules are known; other
    modules with parameters of two or more dimensions are layers of kind ``other``, of which only
    the bytes are known. Parameters that no call shows come last. Biases, norms, activations and
    pooling are no layers: what a pooling leaves is the IFM of the next.

    Args:
        model: The network; left as it was.
        sample: Its input, a tuple of inputs or a mapping of keyword arguments; dimension 0 of the
            first tensor is the batch.
        config: What is stored, in which format, and how much fits on the chip. Left out, and for
            what it does not store, elements are as wide as they are in the network.

    Returns:
        One layer for each call of a module, of the whole batch.

    Raises:
        ValueError: One line, for a sample without a batch, one that the network does not take, and
            a network that calls no module with weights.
    """
    return tuple(found.layer for found in calls_of(model, sample, config))


def batch_of(sample) -> int:
    """Return dimension 0 of the first tensor of a sample.

    Raises:
        ValueError: If there is none, or it is 0.
    """
    values = sample.values() if isinstance(sample, Mapping) else sample
    tensors = values if isinstance(sample, Mapping | tuple | list) else (sample,)
    batch = next((t.shape[0] for t in tensors if isinstance(t, Tensor) and t.ndim), 0)
    if batch < 1:
        raise ValueError("sample holds no batch, accepted: a tensor of at least one input, or more")
    return batch


def calls_of(model: nn.Module, sample, config: Config | None = None) -> list[Call]:
    """Return the layers with the names of their tensors; arguments as those of `layers_of`."""
    a_kind("model", model, nn.Module, "a torch.nn.Module")
    batch_of(sample)
    observer = _LayerObserver(config)
    targets = list(_targets(model, config))
    known = {id(p) for target, _ in targets for p in _parameters(target)}
    with ExitStack() as stack:
        for target, stored in (*targets, *_unknown(model, known)):
            hook = observer.hook(target, stored)
            stack.callback(target.module.register_forward_hook(hook, with_kwargs=True).remove)
        with evaluating(model):
            try:
                call(model, sample, device_of(model))
            except Exception as error:
                said = str(error).strip().partition("\n")[0]
                raise ValueError(
                    f"shapes of {type(model).__name__} cannot be found: it does not take the "
                    f"sample: {said or type(error).__name__}"
                ) from error
    if not observer.calls:
        raise ValueError(
            f"shapes of {type(model).__name__} cannot be found: none of its convolution, linear, "
            "recurrent, attention and embedding modules was called"
        )
    calls = observer.calls
    for name, weight in model.named_parameters():
        if weight.ndim >= 2 and weight.numel() and id(weight) not in observer.seen:
            bits = 8 * weight.element_size()
            layer = Layer(name, "other", weight_elements=weight.numel(), weight_bits=bits)
            calls.append(Call(layer, "parameter", None, {name: weight.numel()}))
    return calls


def _targets(model: nn.Module, config: Config | None) -> Iterator[tuple[Target, Target | None]]:
    """Yield what reads weights, and of each what the config stores of it."""
    if config is None:
        yield from ((target, None) for target in find_targets(model))
        return
    stored = {t.name: t for t in stored_targets(model, config)}
    yield from ((target, stored.get(target.name)) for target in find_targets(model))


def _parameters(target: Target) -> list[nn.Parameter]:
    found = (getattr(owner, attribute, None) for owner, attribute, _ in target.weights)
    return [p for p in found if p is not None]


def _unknown(model: nn.Module, known: set[int]) -> Iterator[tuple[Target, None]]:
    """Yield the modules that own parameters of two or more dimensions which no target reads."""
    for name, module in model.named_modules():
        weights = [
            (module, key, f"{name}.{key}" if name else key)
            for key, p in own_parameters(module).items()
            if p is not None and p.ndim >= 2 and id(p) not in known
        ]
        if weights:
            yield Target(module, name, weights, None), None


class _LayerObserver:
    """Notes a layer for each call of a module."""

    def __init__(self, config: Config | None):
        self.bits = None if config is None else formats.get(config.stored).bits
        self.inputs_stay = set() if config is None else set(on_chip(config))
        self.outputs_stay = set() if config is None else set(outputs_on_chip(config))
        self.calls: list[Call] = []
        self.seen: set[int] = set()

    def hook(self, target: Target, stored: Target | None) -> Callable[..., None]:
        """Return the forward hook of a module."""
        # Of a shared weight the name that it is stored by, which is that of its first owner.
        names = {} if stored is None else {(id(o), a): name for o, a, name in stored.weights}
        has_input = stored is not None and stored.batch is not None
        input_name = target.input_name if has_input else None

        def record(module: nn.Module, args: tuple, kwargs: dict[str, Any], output: Any) -> None:
            given = target.arguments(args, kwargs)
            weights, bits = {}, []
            for owner, attribute, own_name in target.weights:
                if (weight := getattr(owner, attribute, None)) is None:
                    continue
                self.seen.add(id(weight))
                name = names.get((id(owner), attribute))
                weights[name or own_name] = weight.numel()
                bits.append((self.bits if name else None) or 8 * weight.element_size())
            shapes = _shapes(module, given, output, weights)
            x, y = first_map(given), first_map(output)
            widths = {
                "weight_bits": max(bits, default=8),
                "input_bits": self._width(x, input_name),
                "output_bits": self._width(y, input_name),
            }
            layer = Layer(
                target.name or type(module).__name__,
                **(shapes or _of_other(module, given, output, weights)),
                **widths,
                input_on_chip=target.input_name in self.inputs_stay,
                output_on_chip=target.input_name in self.outputs_stay,
            )
            self.calls.append(Call(layer, type(module).__name__, input_name, weights))

        return record

    def _width(self, x: Tensor | None, input_name: str | None) -> int:
        if self.bits is not None and input_name is not None:
            return self.bits
        return 8 if x is None else 8 * x.element_size()


def _shapes(module: nn.Module, given: list, output: Any, weights: Mapping[str, int]) -> dict | None:
    """Return the shapes of a module that systems know, else None."""
    x, y = first_map(given), first_map(output)
    if x is None or y is None:
        return None
    if isinstance(module, _PLAIN_CONVOLUTIONS):
        return _of_convolution(module, x, y)
    if isinstance(module, nn.Linear) or type(module).__name__ == "Conv1D":
        return _of_linear(x, y)
    if isinstance(module, nn.RNNBase | nn.RNNCellBase):
        return _of_recurrent(module, given, x, y, weights)
    if isinstance(module, nn.MultiheadAttention):
        return _of_attention(module, given, x, y, weights)
    return None


def _of_convolution(module: ConvNd, x: Tensor, y: Tensor) -> dict:
    flat = len(module.kernel_size) == 1
    batch = x.shape[0] if x.ndim == len(module.kernel_size) + 2 else 1
    in_h, in_w = (1, x.shape[-1]) if flat else x.shape[-2:]
    out_h, out_w = (1, y.shape[-1]) if flat else y.shape[-2:]
    kernel = (1, *module.kernel_size) if flat else module.kernel_size
    stride = (1, *module.stride) if flat else module.stride
    dilation = (1, *module.dilation) if flat else module.dilation
    reach = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
    if module.padding == "same":
        padding = [r // 2 for r in reach]
    else:
        padding = [0] * len(reach) if isinstance(module.padding, str) else list(module.padding)
    padding = [0, *padding] if flat else padding
    depthwise = module.groups == module.in_channels > 1
    of_pixel = module.in_channels // module.groups * kernel[0] * kernel[1]
    return {
        "kind": "depthwise" if depthwise else "conv",
        "batch": batch,
        "in_channels": module.in_channels,
        "in_h": in_h,
        "in_w": in_w,
        "kernel_h": kernel[0],
        "kernel_w": kernel[1],
        "stride_h": stride[0],
        "stride_w": stride[1],
        "dilation_h": dilation[0],
        "dilation_w": dilation[1],
        "pad_h": padding[0],
        "pad_w": padding[1],
        "groups": module.groups,
        "out_channels": module.out_channels,
        "out_h": out_h,
        "out_w": out_w,
        "weight_elements": module.out_channels * of_pixel,
        "input_elements": x.numel(),
        "output_elements": y.numel(),
        "macs": y.numel() * of_pixel,
    }


def _of_linear(x: Tensor, y: Tensor) -> dict:
    batch = x.shape[0] if x.ndim > 1 else 1
    depth, filters = x.shape[-1], y.shape[-1]
    rows = x.numel() // (depth * batch)
    return {
        "kind": "linear",
        "batch": batch,
        "in_channels": depth,
        "in_h": rows,
        "out_channels": filters,
        "out_h": rows,
        "weight_elements": depth * filters,
        "input_elements": x.numel(),
        "output_elements": y.numel(),
        "macs": y.numel() * depth,
    }


def _of_recurrent(
    module: Any, given: list, x: Tensor, y: Tensor, weights: Mapping[str, int]
) -> dict:
    packed = next((v for v in given if isinstance(v, PackedSequence)), None)
    if packed is not None:
        steps, batch = len(packed.batch_sizes), int(packed.batch_sizes[0])
    elif isinstance(module, nn.RNNCellBase):
        steps, batch = 1, x.shape[0] if x.ndim > 1 else 1
    else:
        time, samples = (1, 0) if module.batch_first else (0, 1)
        steps, batch = (x.shape[time], x.shape[samples]) if x.ndim > 2 else (x.shape[0], 1)
    elements = sum(weights.values())
    return {
        "kind": "recurrent",
        "batch": batch,
        "in_channels": x.shape[-1],
        "in_h": steps,
        "out_channels": y.shape[-1],
        "out_h": steps,
        "steps": steps,
        "weight_elements": elements,
        "input_elements": x.numel(),
        "output_elements": y.numel(),
        "macs": elements * (x.numel() // x.shape[-1]),
    }


def _of_attention(
    module: Any, given: list, x: Tensor, y: Tensor, weights: Mapping[str, int]
) -> dict:
    maps = [v for v in given if isinstance(v, Tensor) and v.is_floating_point()][:3]
    time, samples = (1, 0) if module.batch_first else (0, 1)
    queries, batch = (x.shape[time], x.shape[samples]) if x.ndim > 2 else (x.shape[0], 1)
    keys = maps[1] if len(maps) > 1 else x
    length = keys.shape[time] if keys.ndim > 2 else keys.shape[0]
    width = module.embed_dim
    # Of queries and outputs one row each, of keys and values one each of theirs; then the scores
    # and what they weigh.
    of_rows = queries * 2 * width * width + length * (module.kdim + module.vdim) * width
    return {
        "kind": "attention",
        "batch": batch,
        "in_channels": width,
        "in_h": queries,
        "out_channels": width,
        "out_h": queries,
        "weight_elements": sum(weights.values()),
        "input_elements": sum({v.data_ptr(): v.numel() for v in maps}.values()),
        "output_elements": y.numel(),
        "macs": batch * (of_rows + 2 * queries * length * width),
    }


def _of_other(module: nn.Module, given: list, output: Any, weights: Mapping[str, int]) -> dict:
    """Return the sizes of what no system knows; of an embedding the rows that are looked up."""
    x, y = first_map(given), first_map(output)
    elements = sum(weights.values())
    if isinstance(module, nn.Embedding | nn.EmbeddingBag):
        indices = next((v for v in given if isinstance(v, Tensor)), None)
        rows = math.prod(indices.shape) if indices is not None else module.num_embeddings
        elements = min(elements, rows * module.embedding_dim)
    return {
        "kind": "other",
        "weight_elements": elements,
        "input_elements": 0 if x is None else x.numel(),
        "output_elements": 0 if y is None else y.numel(),
    }


def first_map(values: Any) -> Tensor | None:
    """Return the first floating-point tensor, of a packed batch its data, or None."""
    if isinstance(values, Tensor):
        return values if values.is_floating_point() else None
    if isinstance(values, PackedSequence):
        return values.data
    if isinstance(values, tuple | list):
        return next((m for m in map(first_map, values) if m is not None), None)
    return None
