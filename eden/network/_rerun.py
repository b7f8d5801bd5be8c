"""A network that is run again and again on the same batches runs anew from one module on.

What lies before a module in a call does not know of an error in what that module reads: its
outputs are remembered, as far as there is room, and given back without computing them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from eden.network._plan import Plan
from eden.network._wrappers import unwrapped

# For the outputs of all batches; more of the network is run anew where they take more.
ROOM_BYTES = 2**29


@dataclass
class _Seen:
    """What is known of the calls of one module.

    Attributes:
        began: which event of its call of the network the first call was.
        ended: which its end was.
        work: multiplications of one call of the network, all batches together.
        outputs: one a call of the network; None where they cannot be given back.
    """

    began: int = -1
    ended: int = -1
    work: float = 0.0
    calls: list[int] = field(default_factory=list)
    outputs: list[Tensor] | None = field(default_factory=list)


class Rerun:
    """Outputs of the modules of a network on some batches, always the same ones in one order.

    Args:
        model: the network.
        plan: of its attachment; only modules that read something are remembered.
    """

    def __init__(self, model: nn.Module, plan: Plan):
        self._model, self._readers = model, {}
        self._seen = {target.module: _Seen() for target in plan.targets}
        for target in plan.targets:
            names = [name for _, _, name in target.weights]
            names += [] if target.batch is None else [target.input_name]
            for name in names:
                self._readers.setdefault(name, []).append(target.module)
        # Compiled code does not look at what is put in front of a module's forward pass.
        self._compiled = unwrapped(model) is not model or any(
            getattr(module, "_compiled_call_impl", None) is not None for module in model.modules()
        )

    @contextmanager
    def remember(self) -> Iterator[None]:
        """Remember the outputs of all calls of the network inside the context."""
        if self._compiled:
            yield
            return
        event, hooks = [0, 0], []  # in this call of the network; which call it is

        def begin_network(module: nn.Module, args: tuple) -> None:
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
            if isinstance(output, Tensor) and seen.outputs is not None:
                seen.outputs.append(output.clone())  # what comes next may write over it
            else:
                seen.outputs = None

        hooks.append(self._model.register_forward_pre_hook(begin_network))
        for module in self._seen:
            hooks.append(module.register_forward_pre_hook(begin))
            hooks.append(module.register_forward_hook(end))
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()
        self._calls = event[1]
        self._drop()

    def _drop(self) -> None:
        """Forget outputs that cannot stand for a call, and the largest where room is short."""
        once = list(range(1, self._calls + 1))
        kept = []
        for seen in self._seen.values():
            if seen.calls != once or seen.outputs is None:
                seen.outputs = None
            elif seen.work:
                kept.append((sum(y.nbytes for y in seen.outputs) / seen.work, seen))
        room = ROOM_BYTES
        for _, seen in sorted(kept, key=lambda pair: pair[0]):
            room -= sum(y.nbytes for y in seen.outputs or [])
            if room < 0:
                seen.outputs = None

    @contextmanager
    def at(self, tensor: str) -> Iterator[float]:
        """Run the network anew, inside the context, only from where a tensor is first read.

        The batches must be those remembered, in their order.

        Args:
            tensor: its name.

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
            outputs = seen.outputs or []
            module.forward = lambda *args, _outputs=outputs, **kwargs: _outputs[call[0]].clone()
        try:
            yield 1.0 - saved / total if total else 1.0
        finally:
            for module in known:
                del module.forward
            for hook in hooks:
                hook.remove()

    def _before(self, tensor: str) -> Mapping[nn.Module, _Seen]:
        """Modules whose calls end before a tensor is read, and whose outputs are remembered."""
        readers: Iterable[nn.Module] = self._readers.get(tensor, ())
        first = min((self._seen[r].began for r in readers if self._seen[r].began >= 0), default=0)
        return {
            module: seen
            for module, seen in self._seen.items()
            if 0 <= seen.ended < first and seen.outputs and "forward" not in vars(module)
        }


def _work(module: nn.Module, output: Any) -> float:
    """About how many multiplications a call took: each output value one a weight of its channel."""
    weight = getattr(module, "weight", None)
    if not (isinstance(output, Tensor) and isinstance(weight, Tensor) and weight.ndim > 1):
        return 0.0
    return output.numel() * weight.numel() / max(weight.shape[0], 1)
