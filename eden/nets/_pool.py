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
    if has_torch_function((x,)):  # one call for who looks on, not one of each maximum
        return handle_torch_function(max_pool, (x,), x, size, stride, padding, ceil_mode)
    traced = torch.jit.is_tracing()  # pyright: ignore[reportPrivateImportUsage]
    traced |= torch.compiler.is_compiling()
    if traced or torch.is_grad_enabled() or x.device.type != "cpu" or not x.is_floating_point():
        return functional.max_pool2d(x, size, stride, padding, ceil_mode=ceil_mode)
    for dim in (2, 3):
        x = _greatest(x, dim, size, stride, padding, ceil_mode)
    return x


class MaxPool2d(nn.Module):
    """The module of `max_pool`.

    Args:
        size: As there.
        stride: As there; a window's size if left out.
        padding: As there.
        ceil_mode: As there.
    """

    def __init__(
        self, size: int, stride: int | None = None, padding: int = 0, *, ceil_mode: bool = False
    ):
        super().__init__()
        self.size, self.stride = size, size if stride is None else stride
        self.padding, self.ceil_mode = padding, ceil_mode

    def extra_repr(self) -> str:
        """Say what it was made with."""
        return f"{self.size}, stride={self.stride}, padding={self.padding}"

    def forward(self, x: Tensor) -> Tensor:
        """Return the greatest value of each window."""
        return max_pool(x, self.size, self.stride, self.padding, self.ceil_mode)


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
