"""Which input feature maps go through DRAM at all, and what learning must see to tell.

A map that lies on the chip beside the output of its module, from the call before to this one, is
neither written to DRAM nor read from it. What a network is given comes from DRAM in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from eden.access import formats
from eden.network._calibration import TensorCalibration
from eden.network._config import Config
from eden.network._targets import Batch, Target, find_targets
from eden.network._wrappers import unwrapped


def fits_on_chip(entry: TensorCalibration, config: Config) -> bool | None:
    """Whether an input and the output of its module, of one inference, fit on the chip.

    Args:
        entry: Of the input, or of another tensor, which does not.
        config: Says how many bytes there are, and how an element is stored.

    Returns:
        None where the size of the output is not known.
    """
    if not config.on_chip_bytes or entry.kind != "input" or entry.never_read:
        return False
    if entry.output_elements is None:
        return None
    bits = formats.get(config.stored).bits
    both = sum(-(-n * bits // 8) for n in (entry.elements, entry.output_elements))
    return both <= config.on_chip_bytes


def stays_on_chip(entry: TensorCalibration, config: Config) -> bool | None:
    """Whether an input never goes through DRAM; arguments and None as for `fits_on_chip`."""
    return False if entry.network_input else fits_on_chip(entry, config)


class Sizes:
    """What one pass over the clean network shows of where its inputs come from and how they end.

    An input is the network's own if it shares memory with a tensor that the network was called
    with, such as a view of it. Where a network makes a tensor of its own first (another type,
    padding, normalisation) none does, and the first input read in a call with floating-point
    tensors is taken for it.

    Args:
        model: The network, all of whose modules are looked at.
        targets: Those of which the inputs are stored.
    """

    def __init__(self, model: nn.Module, targets: Iterable[Target]):
        every = {t.input_name: (t, t.batch) for t in [*find_targets(model), *targets] if t.batch}
        self.targets = list(every.values())
        self.given: set[int] = set()  # addresses of what this call of the network was given
        self.own: set[str] = set()
        self.first: dict[str, None] = {}  # the first input read in each call; a set in order
        self.nothing_read = False
        self.outputs: dict[str, int] = {}

    @contextmanager
    def watching(self, model: nn.Module) -> Iterator[None]:
        """Look at the calls of a network inside the context."""
        with ExitStack() as stack:
            for target, batch in self.targets:
                before, after = self._hooks(target, batch)
                self._watch(stack, target.module, before)
                hook = target.module.register_forward_hook(after, with_kwargs=True)
                stack.callback(hook.remove)
            # Last, and so first: the network may itself be a module that reads.
            self._watch(stack, unwrapped(model), self._begin)
            yield

    def of(self, learned: Mapping[str, TensorCalibration]) -> dict[str, TensorCalibration]:
        """Return what was learned of the tensors, with this."""
        own = self.own or set(self.first)
        return {
            name: replace(entry, output_elements=self.outputs.get(name), network_input=name in own)
            if entry.kind == "input" and entry.reads
            else entry
            for name, entry in learned.items()
        }

    @staticmethod
    def _watch(stack: ExitStack, module: nn.Module, hook: Callable[..., None]) -> None:
        """Look at what a module is called with, before other hooks."""
        handle = module.register_forward_pre_hook(hook, with_kwargs=True, prepend=True)
        stack.callback(handle.remove)

    def _begin(self, module: nn.Module, args: tuple, kwargs: dict[str, Any]) -> None:
        self.given = {_memory(x) for x in _maps([args, kwargs])} - {0}
        self.nothing_read = bool(self.given)

    def _hooks(self, target: Target, batch: Batch):
        name = target.input_name

        def before(module: nn.Module, args: tuple, kwargs: dict[str, Any]) -> None:
            x = next(_maps(target.arguments(args, kwargs), deep=False), None)
            if x is None:
                return
            if _memory(x) in self.given:
                self.own.add(name)
            if self.nothing_read:
                self.first[name], self.nothing_read = None, False

        def after(module: nn.Module, args: tuple, kwargs: dict[str, Any], output: Any) -> None:
            given = target.arguments(args, kwargs)
            x, y = next(_maps(given, deep=False), None), next(_maps([output]), None)
            if x is None or y is None:
                return
            packed = next((v for v in given if isinstance(v, PackedSequence)), None)
            if packed is not None:  # as the padded batch that it stands for
                elements = len(packed.batch_sizes) * y.numel() // max(1, len(y))
            else:
                copies = 1 if x.ndim < max(1, batch.min_rank) else x.shape[batch.dim]
                elements = -(-y.numel() // max(1, copies))
            self.outputs[name] = max(self.outputs.get(name, 0), elements)

        return before, after


def on_chip(config: Config) -> list[str]:
    """Return the names of the inputs that never go through DRAM, as far as they are known."""
    return [name for name, entry in _known(config) if stays_on_chip(entry, config)]


def outputs_on_chip(config: Config) -> list[str]:
    """Return the inputs, the network's own among them, whose module's output stays on the chip."""
    return [name for name, entry in _known(config) if fits_on_chip(entry, config)]


def check_sizes(config: Config) -> None:
    """Refuse a calibration that does not say which inputs stay on chip.

    Raises:
        ValueError: For one of before there was ``on_chip_bytes``, where the config asks for it.
    """
    for name, entry in _known(config):
        if stays_on_chip(entry, config) is None:
            raise ValueError(
                f"the calibration is of before on_chip_bytes: it lacks output_elements of {name}; "
                "call learn_bounds(loader)"
            )


def _known(config: Config) -> Iterable[tuple[str, TensorCalibration]]:
    return () if config.calibration is None else config.calibration.tensors.items()


def _maps(values: Any, *, deep: bool = True) -> Iterator[Tensor]:
    """Yield the floating-point tensors in arguments, of a packed batch its data."""
    if isinstance(values, Tensor):
        if values.is_floating_point():
            yield values
    elif isinstance(values, PackedSequence):
        yield from _maps(values.data)
    elif isinstance(values, Mapping | list | tuple):
        for value in values.values() if isinstance(values, Mapping) else values:
            if deep or isinstance(value, Tensor | PackedSequence):
                yield from _maps(value)


def _memory(x: Tensor) -> int:
    if x.is_nested or x.layout != torch.strided:  # memory of several tensors, or none
        return 0
    return x.untyped_storage().data_ptr()
