"""The private names of torch that eden needs, in one place: no other module says one.

Torch may move them with any release; what then breaks is mended here.
"""

from typing import Any

import torch
import torch.utils._python_dispatch
from torch import nn

check = torch._check
# Torch's stubs export none of these.
copy_each = torch._foreach_copy_  # pyright: ignore[reportPrivateImportUsage]
zero_each = torch._foreach_zero_  # pyright: ignore[reportPrivateImportUsage]
raise_each = torch._foreach_clamp_min_  # pyright: ignore[reportPrivateImportUsage]
lower_each = torch._foreach_clamp_max_  # pyright: ignore[reportPrivateImportUsage]
is_tracing = torch.jit.is_tracing  # pyright: ignore[reportPrivateImportUsage]
in_dispatch_mode = torch.utils._python_dispatch.is_in_torch_dispatch_mode
NormBase = nn.modules.batchnorm._NormBase
ConvNd = nn.modules.conv._ConvNd


def recorded() -> bool:
    """Whether calls become a graph just now, or are looked at by a mode such as one for shapes."""
    return torch.compiler.is_compiling() or is_tracing() or in_dispatch_mode()


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
    code = getattr(type(inner or module).forward, "__code__", None)
    frames = torch._C._dynamo.eval_frame  # pyright: ignore[reportAttributeAccessIssue]
    entries = getattr(frames, "_debug_get_cache_entry_list", None)
    return code is not None and entries is not None and len(entries(code)) > 0


def parameter_names(rnn: nn.RNNBase) -> list[str]:
    """Return the names of a recurrent module's parameters in the order of its kernels."""
    return rnn._flat_weights_names


def refresh_parameters(rnn: nn.RNNBase) -> None:
    """Have a recurrent module read its attributes anew: it reads a list of them."""
    rnn.__dict__["_flat_weights"] = [getattr(rnn, name) for name in rnn._flat_weights_names]
