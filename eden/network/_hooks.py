"""The hooks that make a module read its tensors from approximate DRAM, and their registration.

They are objects, not closures: ``copy.deepcopy`` of a model copies them bound to the copied
modules, and a model that holds them can be pickled.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from eden._torch import forward_pre_hooks, own_parameters, refresh_parameters
from eden.network._draw import begin_call
from eden.network._gradients import CleanGradients
from eden.network._layout import read_batch, with_strides_of
from eden.network._plan import Plan, plain
from eden.network._stored import StoredTensor
from eden.network._targets import Batch, argument_names, batch_norms, by_position
from eden.network._tensor import Switch
from eden.network._watch import Watch
from eden.network._wrappers import unwrapped


class ReadInput:
    """Forward-pre hook: the first floating-point input, by signature, is read from DRAM.

    Args:
        tensor: The input feature map.
        batch: Where its batch dimension is.
        names: Of the arguments, in the order of the module's signature.
    """

    def __init__(self, tensor: StoredTensor, batch: Batch, names: Sequence[str]):
        self.tensor, self.batch, self.names = tensor, batch, names

    def __call__(self, module: nn.Module, args: tuple, kwargs: dict):
        """Return the arguments with the input replaced, None if there is none to replace."""
        found = [v for v in by_position(self.names, args, kwargs) if _is_feature_map(v)]
        if not found:
            return None
        x = found[0]
        y = self.tensor.switch.pair(x, read_batch(self.tensor, x, self.batch))
        # Self-attention passes one tensor three times, and takes another path if it does not.
        args = tuple(y if value is x else value for value in args)
        return args, {key: y if value is x else value for key, value in kwargs.items()}


class BeginCall:
    """Forward-pre hook of the network: where reads are numbered by image, each call begins anew.

    The first tensor among the arguments tells how many images there are.

    Args:
        tensors: All that are read.
        switch: What all of them do just now.
    """

    def __init__(self, tensors: list[StoredTensor], switch: Switch):
        self.tensors, self.switch = tensors, switch

    def __call__(self, module: nn.Module, args: tuple, kwargs: dict) -> None:
        """Number the reads of a call anew, and its images where those are numbered."""
        if self.switch.by_image:
            begin_call(self.tensors)
            found = [v for v in (*args, *kwargs.values()) if isinstance(v, Tensor)]
            if self.switch.state == "faulty":
                self.switch.numbering.begin_batch(found[0] if found else None)


class OneThread:
    """Hooks around a module that one thread at a time may call.

    What it reads lies in the module during the call, and the next access is counted there: a second
    thread would find the first one's. It is refused rather than kept waiting, which an interrupt
    in the middle of a call would make it do for ever.
    """

    def __init__(self):
        self._calling: dict[str, int] = {}
        # What was in front of the parameters in the calls around this one: a module may call
        # itself.
        self.around: list[list[Any]] = []

    def before(self, module: nn.Module, args: tuple) -> None:
        """Have the module see what was read of its weights, for this call."""
        if torch.compiler.is_compiling():
            return
        # What an interrupt leaves behind is this thread's own. One look that no thread can cut.
        if self._calling.setdefault("thread", threading.get_ident()) != threading.get_ident():
            raise RuntimeError(
                "an attached network is called by two threads at once, accepted: one thread at a "
                "time, or a deep copy for each"
            )

    def after(self, module: nn.Module, args: tuple, result: object) -> None:
        """Forward hook, called after an exception too."""
        if not torch.compiler.is_compiling() and self.here():
            self._calling.pop("thread", None)

    def here(self) -> bool:
        """Whether the call, if there is one, is this thread's."""
        return self._calling.get("thread", threading.get_ident()) == threading.get_ident()


class ReadWeights:
    """Forward-pre hook: for this call the module sees weights that were read from DRAM.

    An instance attribute hides the parameter, so ``_parameters`` and with it ``state_dict``
    never change, and gradients flow through the read to the parameter.

    Args:
        weights: ``(module, parameter name, tensor)``; the module may be a child that is read
            without being called, as attention's ``out_proj`` is.
        threads: Of the module.
    """

    def __init__(self, weights: list[tuple[nn.Module, str, StoredTensor]], threads: OneThread):
        self.weights, self.threads = weights, threads

    def __call__(self, module: nn.Module, args: tuple) -> None:
        """Put the read weights in front of the parameters.

        Raises:
            ValueError: For a weight that was pruned, parametrised or offloaded since the plan was
                made.
        """
        self.threads.before(module, args)
        if not torch.compiler.is_compiling():
            self.threads.around.append(self._in_front(module))
        for owner, name, tensor in self.weights:
            parameter = plain(owner, name, tensor.name, coded=tensor.codes is not None)
            read = with_strides_of(parameter, tensor.read(parameter, 1))
            seen = owner.__dict__[name] = tensor.switch.pair(parameter, read)
            if not (torch.compiler.is_compiling() or seen is parameter or seen.is_inference()):
                seen._eden_version = seen._version
        if isinstance(module, nn.RNNBase):
            refresh_parameters(module)

    def _in_front(self, module: nn.Module) -> list[Any]:
        """Return what the call around this one reads, of a module that calls itself."""
        seen = [owner.__dict__.get(name) for owner, name, _ in self.weights]
        own = [own_parameters(owner).get(name) for owner, name, _ in self.weights]
        read = any(x is not None and x is not y for x, y in zip(seen, own, strict=True))
        if read and _calls_itself(module):
            return seen
        self.threads.around.clear()  # an interrupt in a call leaves some behind, too
        return [None] * len(seen)


def _calls_itself(module: nn.Module) -> bool:
    """Whether more calls of a module than this one are under way in this thread."""
    frame, calls = sys._getframe(), 0
    while frame is not None:
        if frame.f_code is nn.Module._call_impl.__code__:
            calls += frame.f_locals.get("self") is module
        frame = frame.f_back
    return calls > 1


class RestoreWeights:
    """Forward hook, also called after an exception: the parameters are in sight again.

    Args:
        weights: As for `ReadWeights`.
        threads: Of the module.
    """

    def __init__(self, weights: list[tuple[nn.Module, str, StoredTensor]], threads: OneThread):
        self.weights, self.threads = weights, threads

    def __call__(self, module: nn.Module, args: tuple, result: object) -> None:
        """Remove what `ReadWeights` put in front of the parameters, if it did."""
        if torch.compiler.is_compiling() or self.threads.here():
            written = None if torch.compiler.is_compiling() else self._written(module)
            self.restore(module)
            self.threads.after(module, args, result)
            if written is not None:
                raise RuntimeError(
                    f"{written} is written by the forward pass that reads it, which would be lost; "
                    "write it outside, or exclude it"
                )

    def _written(self, module: nn.Module) -> str | None:
        """The name of a tensor that the call wrote in place of the parameter, if there is one.

        An embedding's `max_norm` is no such: what it makes of its rows it makes again at each call.
        """
        for owner, name, tensor in self.weights:
            seen = owner.__dict__.get(name)
            noted = getattr(seen, "_eden_version", None)
            if seen is not None and noted is not None and seen._version != noted:
                return None if getattr(module, "max_norm", None) is not None else tensor.name
        return None

    def restore(self, module: nn.Module) -> None:
        """Remove what is in front of the parameters."""
        around = self.threads.around.pop() if self.threads.around else [None] * len(self.weights)
        for (owner, name, _), before in zip(self.weights, around, strict=True):
            if own_parameters(owner).get(name) is None:
                continue  # pruned meanwhile: the attribute is the pruned weight
            if torch.compiler.is_compiling():
                # Torch 2.11 compiles nothing that removes an attribute; the parameter hides itself
                # just as well, until the next call.
                owner.__dict__[name] = own_parameters(owner)[name]
            elif before is not None:
                owner.__dict__[name] = before
            else:
                owner.__dict__.pop(name, None)
        if isinstance(module, nn.RNNBase):
            refresh_parameters(module)


class FreezeStatistics:
    """Hooks around a batch norm: its running statistics do not learn from faulty activations.

    In training it normalises by the statistics it has, as in evaluation; inside ``clean()`` it
    does what it always does.
    """

    def __init__(self, switch: Switch):
        self.switch = switch
        self.was_training: bool | None = None  # in a call that is under way

    def before(self, module: nn.Module, args: tuple) -> None:
        """Have batch norm go by its own statistics, for this call."""
        self.was_training = module.training
        if self.switch.state != "clean" and module.running_mean is not None:
            module.training = False

    def after(self, module: nn.Module, args: tuple, result: object) -> None:
        """Forward hook, called after an exception too."""
        self.restore(module)

    def restore(self, module: nn.Module) -> None:
        """Put the module into the mode it was in, if a call has changed it."""
        if self.was_training is not None:
            module.training, self.was_training = self.was_training, None


class Hooks:
    """All hooks of one attachment.

    Args:
        model: Whose modules are hooked.
        plan: Which modules read which tensors.
        tensors: The tensors by name.
        switch: That of the tensors.
    """

    def __init__(
        self, model: nn.Module, plan: Plan, tensors: Mapping[str, StoredTensor], switch: Switch
    ):
        self._handles: list[Any] = []
        self._restores: list[tuple[nn.Module, RestoreWeights]] = []
        self._frozen: list[tuple[nn.Module, FreezeStatistics]] = []
        self._gradients: CleanGradients | None = None
        self._unfused: list[nn.TransformerEncoder] = []
        try:
            self._register(model, plan, tensors, switch)
        except BaseException:
            self.remove()
            raise

    def _register(self, model, plan, tensors, switch) -> None:
        network = unwrapped(model)
        self._handles.append(network.register_forward_pre_hook(Watch(network), prepend=True))
        threads = OneThread()
        self._handles.append(network.register_forward_pre_hook(threads.before, prepend=True))
        self._handles.append(_after(network, threads.after))
        begin = BeginCall(list(tensors.values()), switch)
        self._handles.append(network.register_forward_pre_hook(begin, with_kwargs=True))
        for target in plan.targets:
            module = target.module
            if target.batch is not None:
                names = argument_names(module)
                hook = ReadInput(tensors[target.input_name], target.batch, names)
                self._handles.append(module.register_forward_pre_hook(hook, with_kwargs=True))
            if target.weights:
                weights = [(owner, own, tensors[name]) for owner, own, name in target.weights]
                threads = OneThread()
                restore = RestoreWeights(weights, threads)
                self._restores.append((module, restore))
                self._handles.append(
                    module.register_forward_pre_hook(ReadWeights(weights, threads))
                )
                self._handles.append(_after(module, restore))
        for module in model.modules():
            # Padding as nested tensors needs the fused path of the layers, which hooks rule out.
            if isinstance(module, nn.TransformerEncoder) and module.use_nested_tensor:
                module.use_nested_tensor = False
                self._unfused.append(module)
        for module in batch_norms(model):
            freeze = FreezeStatistics(switch)
            self._frozen.append((module, freeze))
            self._handles.append(module.register_forward_pre_hook(freeze.before))
            self._handles.append(_after(module, freeze.after))

    def clean_gradients(self, plan: Plan, switch: Switch) -> None:
        """Have the backward pass go by what lay in DRAM, until all hooks are removed."""
        gradients = self._gradients = switch.gradients = CleanGradients()
        for target in plan.targets:
            if target.weights or target.batch is not None:
                before = target.module.register_forward_pre_hook(gradients.before, prepend=True)
                self._handles += [before, _after(target.module, gradients.after)]

    @property
    def parameters(self) -> list[nn.Parameter]:
        """The parameters that are read from DRAM, each once."""
        found = {
            id(parameter): parameter
            for _, restore in self._restores
            for owner, name, _ in restore.weights
            if (parameter := own_parameters(owner).get(name)) is not None
        }
        return list(found.values())

    def parameter_of(self, name: str) -> nn.Parameter | None:
        """The parameter that is read as a tensor of this name; None for an input."""
        read = (weight for _, restore in self._restores for weight in restore.weights)
        for owner, own, tensor in read:
            if tensor.name == name:
                return plain(owner, own, name, coded=tensor.codes is not None)
        return None

    def remove(self) -> None:
        """Take all hooks away; the network is as it was."""
        for handle in self._handles:
            handle.remove()
        # An interrupt (Ctrl-C) in the middle of a call runs no forward hook.
        for _, restore in self._restores:
            restore.threads.around.clear()
        for module, hooks in (*self._restores, *self._frozen):
            hooks.restore(module)
        if self._gradients is not None:
            self._gradients.close()
        for encoder in self._unfused:
            encoder.use_nested_tensor = True
        self._handles, self._restores, self._frozen, self._unfused = [], [], [], []


def is_hooked(model: nn.Module) -> bool:
    """Whether a module of a network, or it itself, has hooks of an attachment."""
    own = (ReadInput, ReadWeights, FreezeStatistics, Watch)
    return any(
        isinstance(getattr(hook, "__self__", hook), own)
        for module in model.modules()
        for hook in forward_pre_hooks(module)
    )


def _after(module: nn.Module, hook: Any) -> Any:
    """Register a forward hook that comes before others, and after an exception too."""
    return module.register_forward_hook(hook, prepend=True, always_call=True)


def _is_feature_map(value: object) -> bool:
    if isinstance(value, PackedSequence):
        return value.data.is_floating_point()
    return isinstance(value, Tensor) and torch.is_floating_point(value)
