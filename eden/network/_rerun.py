"""A network that is run again and again on the same batches runs anew from one module on.

What lies before a module in a call does not know of an error in what that module reads: the
outputs of modules are remembered, as far as there is room, and given back without computing them
again. So is what functions make of those alone, such as pooling between two modules. Such a module
is not called at all: its tensors are not read.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from eden._torch import leave_mode, own_parameters, stand_in, stands_in, step_aside
from eden.network._plan import Plan
from eden.network._wrappers import unwrapped

# For the outputs of modules on all batches, and for those of functions; what takes more is computed
# anew. While they are remembered those of one batch come on top, twice.
ROOM_BYTES = 2**29


@dataclass
class _Seen:
    """What is known of the calls of one module.

    Attributes:
        began: Which event of its call of the network the first call was.
        ended: Which its end was.
        work: Multiplications of one call of the network, all batches together.
        calls: Of the network in which it was called.
        outputs: One a call of the network; None where they cannot be given back.
        copied: Whether they are given back as copies, as somebody writes over them.
    """

    began: int = -1
    ended: int = -1
    work: float = 0.0
    calls: list[int] = field(default_factory=list)
    outputs: list[Tensor] | None = field(default_factory=list)
    copied: bool = False

    @property
    def size_bytes(self) -> int:
        """What the outputs take."""
        return sum(y.nbytes for y in self.outputs or [])

    @property
    def price(self) -> float:
        """Bytes for each multiplication that they save."""
        return self.size_bytes / self.work if self.work else float("inf")


class _Functions(TorchFunctionMode):
    """Calls of functions whose tensors are all remembered: each is made once.

    But those that write over a tensor, or draw random numbers.
    """

    def __init__(self):
        super().__init__()
        self.results: dict[Any, tuple[Tensor, int]] = {}  # with the version of the tensor
        self.known: dict[int, Tensor] = {}  # by `id`, which no other has while these live
        self.recording, self.room = True, ROOM_BYTES

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = self._name(func, args, kwargs)
        if name is not None and name in self.results:
            return self.results[name][0]
        if name is None or not self.recording:
            return func(*args, **kwargs)
        given = [v for v in (*args, *kwargs.values()) if isinstance(v, Tensor)]
        versions, drawn = [v._version for v in given], _random_state(given)
        output = func(*args, **kwargs)
        written = [v for v, before in zip(given, versions, strict=True) if v._version != before]
        self.forget(written)
        again = not written and torch.equal(drawn, _random_state(given))
        if again and isinstance(output, Tensor) and output.nbytes <= self.room:
            self.room -= output.nbytes
            self.results[name] = output, output._version
            self.known[id(output)] = output
        return output

    def forget(self, values: Iterable[Tensor]) -> None:
        """Forget tensors, which must live until then, what made them, and what was made of them."""
        gone = {id(value): value for value in values}
        while gone:
            for number in gone:
                self.known.pop(number, None)
            made = [
                name
                for name, (output, _) in self.results.items()
                if not gone.keys().isdisjoint((id(output), *_tensors_of(name)))
            ]
            outputs = [self.results.pop(name)[0] for name in made]
            self.room += sum(output.nbytes for output in outputs)
            gone = {id(output): output for output in outputs}

    def end(self) -> None:
        """Remember no more, and forget what was written over since it was made."""
        self.recording = False
        self.forget(
            [output for output, version in self.results.values() if output._version != version]
        )

    def _name(self, func: Any, args: tuple, kwargs: Mapping[str, Any]) -> Any:
        """What tells a call from others; None where it has tensors that are not remembered."""
        values = [*args, *kwargs.values()]
        tensors = [value for value in values if isinstance(value, Tensor)]
        if not tensors or any(id(tensor) not in self.known for tensor in tensors):
            return None
        said = tuple(id(v) if isinstance(v, Tensor) else (type(v), v) for v in values)
        try:
            hash(said)
        except TypeError:
            return None
        return func, said, tuple(kwargs)


class Rerun:
    """Outputs of the modules of a network on some batches, always the same ones in one order.

    Args:
        model: Attached.
        plan: Of its attachment; only modules that read something are remembered.
    """

    def __init__(self, model: nn.Module, plan: Plan):
        self._model = model
        self._readers: dict[str, list[nn.Module]] = {}
        self._seen = {target.module: _Seen() for target in plan.targets}
        for target in plan.targets:
            names = [name for _, _, name in target.weights]
            names += [] if target.batch is None else [target.input_name]
            for name in names:
                self._readers.setdefault(name, []).append(target.module)
        self._functions = _Functions()
        # Compiled code does not look at what is put in front of a module's forward pass.
        self._compiled = unwrapped(model) is not model or any(map(stands_in, model.modules()))

    @contextmanager
    def remember(self) -> Iterator[None]:
        """Remember the outputs of all calls of the network inside the context."""
        if self._compiled:
            yield
            return
        event, hooks = [0, 0], []  # in this call of the network; which call it is
        given: list[tuple[_Seen, int, Tensor, int]] = []  # in this call

        def begin_network(module: nn.Module, args: tuple) -> None:
            self._settle(given)
            event[0], event[1] = 0, event[1] + 1

        def begin(module: nn.Module, args: tuple) -> None:
            event[0] += 1
            seen = self._seen[module]
            if event[1] == 1 and seen.began < 0:
                seen.began = event[0]

        def end(module: nn.Module, args: tuple, output: Any) -> None:
            event[0] += 1
            seen = self._seen[module]
            seen.calls.append(event[1])
            seen.work += _work(module, output)
            if event[1] == 1:
                seen.ended = event[0]
            if not isinstance(output, Tensor) or seen.outputs is None:
                self._drop([seen])
                return
            given.append((seen, len(seen.outputs), output, output._version))
            seen.outputs.append(output.clone())  # what comes next may write over it
            self._functions.known[id(output)] = output

        hooks.append(self._model.register_forward_pre_hook(begin_network))
        for module in self._seen:
            hooks.append(module.register_forward_pre_hook(begin))
            hooks.append(module.register_forward_hook(end))
        self._functions.known.update((id(value), value) for value in self._constants())
        try:
            with self._between_modules():
                yield
        finally:
            for hook in hooks:
                hook.remove()
        self._settle(given)
        self._functions.end()
        once = list(range(1, event[1] + 1))
        self._drop([seen for seen in self._seen.values() if seen.calls != once])

    @contextmanager
    def at(self, tensor: str) -> Iterator[float]:
        """Run the network anew, inside the context, only from where a tensor is first read.

        The batches must be those remembered, in their order.

        Args:
            tensor: Name of the tensor.

        Yields:
            The share of the network's multiplications that is run anew.
        """
        known = self._before(tensor)
        total = sum(seen.work for seen in self._seen.values())
        saved = sum(seen.work for seen in known.values())
        call, hooks = [-1], []

        def begin_network(module: nn.Module, args: tuple) -> None:
            call[0] += 1

        if known:
            hooks.append(self._model.register_forward_pre_hook(begin_network, prepend=True))
        for module, seen in known.items():
            stand_in(module, partial(_give, seen, call))
        try:
            with self._between_modules() if known else nullcontext():
                yield 1.0 - saved / total if total else 1.0
        finally:
            for module in known:
                step_aside(module)
            for hook in hooks:
                hook.remove()

    @contextmanager
    def _between_modules(self) -> Iterator[None]:
        """Remember functions, but within the modules that read something: nothing there repeats.

        Each call of torch that a mode sees costs some microseconds, and a read makes dozens.
        """
        left, hooks = list[bool](), []

        def begin(module: nn.Module, args: tuple) -> None:
            left.append(leave_mode(self._functions))

        def end(module: nn.Module, args: tuple, output: Any) -> None:
            if left and left.pop():
                self._functions.__enter__()

        for module in self._seen:
            hooks.append(module.register_forward_pre_hook(begin, prepend=True))
            hooks.append(module.register_forward_hook(end, always_call=True))
        try:
            with self._functions:
                try:
                    yield
                finally:
                    while left:  # an interrupt calls no hooks
                        end(self._model, (), None)
        finally:
            for hook in hooks:
                hook.remove()

    def _constants(self) -> list[Tensor]:
        """What is of the network and no weight that is read from DRAM: norms, statistics."""
        read = {id(p) for t in self._seen for p in own_parameters(t).values() if p is not None}
        both = itertools.chain(self._model.parameters(), self._model.buffers())
        return [value for value in both if id(value) not in read]

    def _settle(self, given: list[tuple[_Seen, int, Tensor, int]]) -> None:
        """Keep what a call of the network gave, and the dearest of all no more if room is short."""
        for seen, call, output, version in given:
            written = output._version != version
            seen.copied |= written
            if written or seen.outputs is None:
                self._functions.forget([output])
            else:
                seen.outputs[call] = output
        given.clear()
        kept = sorted((s for s in self._seen.values() if s.outputs), key=lambda seen: seen.price)
        room = sum(seen.size_bytes for seen in kept) - ROOM_BYTES
        while room > 0:
            room -= kept[-1].size_bytes
            self._drop([kept.pop()])

    def _drop(self, dropped: Iterable[_Seen]) -> None:
        for seen in dropped:
            self._functions.forget(seen.outputs or [])
            seen.outputs = None

    def _before(self, tensor: str) -> Mapping[nn.Module, _Seen]:
        """Modules whose calls end before a tensor is read, and whose outputs are remembered."""
        readers: Iterable[nn.Module] = self._readers.get(tensor, ())
        first = min((self._seen[r].began for r in readers if self._seen[r].began >= 0), default=0)
        return {
            module: seen
            for module, seen in self._seen.items()
            if 0 <= seen.ended < first and seen.outputs and not stands_in(module)
        }


def _tensors_of(name: Any) -> Iterable[int]:
    """The tensors that a call of a function was given, as `_Functions` names it."""
    return (said for said in name[1] if isinstance(said, int))


def _random_state(tensors: Sequence[Tensor]) -> Tensor:
    """Of the generator that a function of these draws from."""
    device = next((x.device for x in tensors if x.is_cuda), None)
    return torch.get_rng_state() if device is None else torch.cuda.get_rng_state(device)


def _give(seen: _Seen, call: list[int], *args: Any, **kwargs: Any) -> Tensor:
    """Stand for the forward pass of a module whose outputs are remembered."""
    output = (seen.outputs or [])[call[0]]
    return output.clone() if seen.copied else output


def _work(module: nn.Module, output: Any) -> float:
    """About how many multiplications a call took: each output value one a weight of its channel."""
    weight = getattr(module, "weight", None)
    if not (isinstance(output, Tensor) and isinstance(weight, Tensor) and weight.ndim > 1):
        return 0.0
    return output.numel() * weight.numel() / max(weight.shape[0], 1)
