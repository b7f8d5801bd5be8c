"""Max pooling in a fraction of the time of torch's on a CPU, where nothing asks for gradients."""

from functools import reduce

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import handle_torch_function, has_torch_function


def max_pool(
    x: Tensor, size: int, stride: int, padding: int = 0, ceil_mode: bool = False
) -> Tensor:
    """Return the greatest value of each window of images ``[batch, channels, h, w]``.

    The pooling of torch takes a CPU as long as a convolution. The maxima of rows and then of
    columns are the same values, but for the payloads of NaN and the signs of zeros, and have
    gradients of equal ones elsewhere, so training keeps to the pooling, and what is traced, which
    is one graph for both.

    Args:
        x: Images.
        size: Of a window, either way.
        stride: From one window to the next.
        padding: Of minus infinity, on each side.
        ceil_mode: Whether a last window may reach over the edge.
    """
    # Scripting reads no further than here.
    if not torch.jit.is_scripting():  # pyright: ignore[reportPrivateImportUsage]
        return _max_pool(x, size, stride, padding, ceil_mode)
    return functional.max_pool2d(x, size, stride, padding, ceil_mode=ceil_mode)


class MaxPool2d(nn.MaxPool2d):
    """The module of `max_pool`: its windows are squares."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the greatest value of each window."""
        size, stride, padding = self.kernel_size, self.stride, self.padding
        return max_pool(input, size, stride, padding, self.ceil_mode)  # pyright: ignore[reportArgumentType]


def _max_pool(x: Tensor, size: int, stride: int, padding: int, ceil_mode: bool) -> Tensor:
    if has_torch_function((x,)):  # one call for who looks on, not one of each maximum
        return handle_torch_function(_max_pool, (x,), x, size, stride, padding, ceil_mode)
    traced = torch.jit.is_tracing()  # pyright: ignore[reportPrivateImportUsage]
    traced |= torch.compiler.is_compiling()
    if traced or torch.is_grad_enabled() or not _gains(x, size, padding):
        return functional.max_pool2d(x, size, stride, padding, ceil_mode=ceil_mode)
    for dim in (2, 3):
        x = _greatest(x, dim, size, stride, padding, ceil_mode)
    return x


def _gains(x: Tensor, size: int, padding: int) -> bool:
    """Not what torch refuses, or has a fast way of its own for, such as channels last."""
    if x.device.type != "cpu" or x.layout != torch.strided or not x.is_floating_point():
        return False
    images = x.ndim == 4 and x.is_contiguous() and x.numel() > 0
    return images and 2 * padding <= size <= min(x.shape[2:]) + 2 * padding


def _greatest(x: Tensor, dim: int, size: int, stride: int, padding: int, ceil_mode: bool) -> Tensor:
    """The greatest of each window along one dimension."""
    if padding:
        around = (padding, padding) if dim == x.ndim - 1 else (0, 0, padding, padding)
        x = functional.pad(x, around, value=-torch.inf)
    length = x.shape[dim]
    whole = reduce(torch.maximum, x.unfold(dim, size, stride).unbind(-1))
    last = whole.shape[dim] * stride  # where one begins that reaches over the edge
    if not ceil_mode or last + size - stride >= length or last >= length - padding:
        return whole
    return torch.cat((whole, x.narrow(dim, last, length - last).amax(dim, keepdim=True)), dim)
