"""How many cells of a tensor are weak: what tells two BERs apart that read the same bits."""

from dataclasses import fields, replace

import torch

from eden.access import ops, rng
from eden.network._attachment import Attachment


def weak_cells(handle: Attachment, name: str, ber: float, seed: int) -> int | None:
    """Count the weak cells of a tensor at a BER under the draw ``seed``.

    The weak cells of one error model nest, so as many of them are the same ones: the tensor reads
    the same then, whatever lies in it.

    Args:
        handle: The attachment; left as it is.
        name: Tensor name.
        ber: In [0, 1].
        seed: As for `Attachment.reseed`.

    Returns:
        The number, or None where the tensor's size is not known.
    """
    tensor = handle._tensors[name]
    if tensor.elements == 0:
        return None
    error = tensor.scaled(ber)
    # Every weak cell shows if all of them fail.
    sure = {f.name: 1.0 for f in fields(error) if f.name.startswith("failure_probability")}
    none = torch.zeros(-(-tensor.elements * tensor.bits // 8), dtype=torch.uint8)
    read = ops.inject(
        none,
        replace(error, **sure),
        key=rng.fold_in(handle._key_of(seed), tensor.origin).cpu(),
        address=tensor.address,
        row_bytes=tensor.row_bytes,
    )
    return int(ops.count_flips(none, read).sum())
