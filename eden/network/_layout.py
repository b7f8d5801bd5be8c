"""How the samples of a batch come to lie one after the other, whichever dimension counts them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from eden._say import refusal
from eden.network._stored import StoredTensor
from eden.network._targets import Batch


def read_batch(tensor: StoredTensor, x: Tensor | PackedSequence, batch: Batch):
    """Read an input, each of its samples at the same address.

    Args:
        tensor: The input feature map.
        x: The input; one sample if it has fewer than ``batch.min_rank`` dimensions.
        batch: Where the batch dimension is.

    Raises:
        TypeError: For a sparse or nested tensor.
    """
    if tensor.switch.state == "clean":
        return x
    if isinstance(x, PackedSequence):
        return _read_packed(tensor, x)
    if x.is_nested or x.layout != torch.strided:  # its elements lie in no order that is known here
        layout = "nested" if x.is_nested else str(x.layout)
        raise TypeError(refusal(f"layout of {tensor.name}", layout, "torch.strided; or exclude it"))
    if x.ndim < batch.min_rank or x.ndim == 0:
        return with_strides_of(x, tensor.read(x, 1))
    copies = x.shape[batch.dim]
    if batch.dim == 0:
        return with_strides_of(x, tensor.read(x, copies))
    # In DRAM the samples come one after the other, whichever dimension the module counts them by.
    y = tensor.read(x.movedim(batch.dim, 0), copies).movedim(0, batch.dim)
    return with_strides_of(x, y)


def with_strides_of(x: Tensor, y: Tensor) -> Tensor:
    """Return `y` laid out as `x` is: kernels for other strides may round otherwise.

    Args:
        x: Any tensor.
        y: Same shape.
    """
    if y is x or y.stride() == x.stride():
        return y
    order = sorted(range(x.ndim), key=lambda dim: -x.stride(dim))
    back = sorted(range(x.ndim), key=order.__getitem__)
    return y.permute(order).contiguous().permute(back)


def _read_packed(tensor: StoredTensor, x: PackedSequence) -> PackedSequence:
    """Read a packed batch as the padded one that it stands for; padding is thrown away again."""
    plain = PackedSequence(x.data, x.batch_sizes)
    padded, lengths = pad_packed_sequence(plain, batch_first=True)
    data = pack_padded_sequence(tensor.read(padded, len(padded)), lengths, batch_first=True).data
    return PackedSequence(data, x.batch_sizes, x.sorted_indices, x.unsorted_indices)
