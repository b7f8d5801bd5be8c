"""The private names of torch that eden needs, in one place: no other module says one.

Torch may move them with any release; what then breaks is mended here.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.autograd.forward_ad
import torch.utils._python_dispatch
import torch.utils.checkpoint
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

check = torch._check
# Torch's stubs export none of these.
copy_each = torch._foreach_copy_  # pyright: ignore[reportPrivateImportUsage]
add_each = torch._foreach_add_  # pyright: ignore[reportPrivateImportUsage]
zero_each = torch._foreach_zero_  # pyright: ignore[reportPrivateImportUsage]
raise_each = torch._foreach_clamp_min_  # pyright: ignore[reportPrivateImportUsage]
lower_each = torch._foreach_clamp_max_  # pyright: ignore[reportPrivateImportUsage]
is_tracing = torch.jit.is_tracing  # pyright: ignore[reportPrivateImportUsage]
in_dispatch_mode = torch.utils._python_dispatch.is_in_torch_dispatch_mode
NormBase = nn.modules.batchnorm._NormBase
ConvNd = nn.modules.conv._ConvNd


def recorded() -> bool:
    """Whether calls become a graph just now, or are looked at by a mode such as one for shapes."""
    return torch.compiler.is_compiling() or is_tracing() or in_dispatch_mode() or transformed()


def transformed() -> bool:
    """Whether a transform of `torch.func` such as ``grad`` or ``vmap`` is at work."""
    return torch._C._are_functorch_transforms_active()


def forward_mode() -> bool:
    """Whether tensors may have tangents."""
    return torch.autograd.forward_ad._current_level >= 0


def clone_each(numbers: list[Tensor]) -> list[Tensor]:
    """Return copies of integer tensors, on a GPU by one kernel."""
    return list(torch._foreach_add(numbers, 0))  # pyright: ignore[reportPrivateImportUsage]


def stand_in(module: nn.Module, call: Callable[..., Any]) -> None:
    """Have calls of a module go to a function, past its hooks, until `step_aside`."""
    module._compiled_call_impl = call  # pyright: ignore[reportAttributeAccessIssue]


def stands_in(module: nn.Module) -> bool:
    """Whether a function stands in for a module; one that was compiled is such."""
    return module._compiled_call_impl is not None


def step_aside(module: nn.Module) -> None:
    """Have a module be called itself again."""
    del module._compiled_call_impl


def leave_mode(mode: TorchFunctionMode) -> bool:
    """Leave a mode for functions if it is the innermost; returns whether it was."""
    depth = torch._C._len_torch_function_stack()
    innermost = depth > 0 and torch._C._get_function_stack_at(depth - 1) is mode
    if innermost:
        torch._C._pop_torch_function_stack()
    return innermost


def in_backward() -> bool:
    """Whether autograd runs a backward pass on this thread."""
    return torch._C._current_graph_task_id() != -1


def before_checkpoints(note: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Have `torch.utils.checkpoint` run another function where it runs one again.

    It restores the state of torch's generators then, and has no place for any other: of its two
    ways each is wrapped where it takes the function over.

    Args:
        note: Called before each checkpointed forward pass, with the function that is going to
            run; returns the one to run in the backward pass.
    """
    ways = torch.utils.checkpoint
    forward, generator = (
        ways.CheckpointFunction.forward,
        ways._checkpoint_without_reentrant_generator,
    )

    def reentrant(ctx, run_function, preserve_rng_state, *args):
        again = note(run_function)
        outputs = forward(ctx, run_function, preserve_rng_state, *args)
        ctx.run_function = again
        return outputs

    def not_reentrant(fn, *rest, **options):
        return generator(note(fn) if torch.is_grad_enabled() else fn, *rest, **options)

    ways.CheckpointFunction.forward = staticmethod(reentrant)
    ways._checkpoint_without_reentrant_generator = not_reentrant


def held_otherwise(value: Tensor) -> bool:
    """Whether a tensor holds its numbers in others, in a form of its own, as torchao's do.

    Torch's own kinds of such tensors, as that of ``torch.distributed``, hold them as they are.
    """
    if type(value) in (Tensor, nn.Parameter):
        return False
    wrapper = torch.utils._python_dispatch.is_traceable_wrapper_subclass(value)
    return wrapper and not type(value).__module__.startswith("torch.")


def inner_tensors(value: Any) -> tuple[dict[str, Tensor], Any]:
    """Return the tensors in which another one holds its numbers, and what it knows besides."""
    names, rest = value.__tensor_flatten__()
    return {name: getattr(value, name) for name in names}, rest


def own_parameters(module: nn.Module) -> dict[str, nn.Parameter | None]:
    """Return the parameters of a module alone, which an attribute of the same name may hide."""
    return module._parameters


def forward_pre_hooks(module: nn.Module) -> list[Any]:
    """Return what is called before a module's forward pass."""
    return list(module._forward_pre_hooks.values())


def own_modules(module: nn.Module) -> dict[str, nn.Module | None]:
    """Return the children of a module by name, each as often as it is there."""
    return module._modules


def ran_compiled(module: nn.Module) -> bool:
    """Whether a module was compiled and graphs of its forward pass exist, where that can be told.

    Such a graph, and one of another module of its class, is used again whatever hooks came since.
    """
    inner = module._modules.get("_orig_mod")
    if inner is None and module._compiled_call_impl is None:
        return False
    # What is a class of torch.nn itself runs in a function of dynamo's, which all of them share.
    ran = type(inner or module).forward, getattr(module.forward, "_torchdynamo_orig_callable", None)
    codes = [code for code in (getattr(one, "__code__", None) for one in ran) if code is not None]
    dynamo = getattr(torch._C, "_dynamo", None)
    entries = getattr(getattr(dynamo, "eval_frame", None), "_debug_get_cache_entry_list", None)
    return entries is not None and any(len(entries(code)) > 0 for code in codes)


def parameter_names(rnn: nn.RNNBase) -> list[str]:
    """Return the names of a recurrent module's parameters in the order of its kernels."""
    return rnn._flat_weights_names


def refresh_parameters(rnn: nn.RNNBase) -> None:
    """Have a recurrent module read its attributes anew: it reads a list of them."""
    rnn.__dict__["_flat_weights"] = [getattr(rnn, name) for name in rnn._flat_weights_names]
