"""Which cells of a network's tensors are weak: how many there are, or one alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from eden._say import an_int
from eden.access import ops, rng
from eden.errors import Cells, ErrorModel, always_failing, stresses_of, table_of, weak_at
from eden.network._reading import Handle


def count_weak(attachment: Handle, name: str, ber: float, seed: int) -> int | None:
    """Count the weak cells of a tensor at a BER under the draw of a seed; nothing is changed.

    The weak cells of one error model nest, so as many of them are the same ones: the tensor
    reads the same then, whatever lies in it. None where its size is not known.

    Raises:
        TypeError: For a seed that is no integer.
        ValueError: For an unknown name, or a seed outside [0, 2^63).
    """
    attachment.reading.check_known([name])
    tensor, key = attachment.reading.tensors[name], attachment.reading.key_of(seed)
    # At another rate the same known cells fail, more or less often.
    if (
        tensor.elements == 0
        or tensor.corruption is not None
        or isinstance(tensor.base_error, Cells)
    ):
        return None
    error = tensor.scaled(ber)
    places = [(error, tensor.origin, tensor.address, tensor.row_bytes)]
    if tensor.guard is not None:
        places += [(more.error or error, *more[1:4]) for more in tensor.guard.further]
    return sum(
        _count(error, rng.fold_in(key, origin).cpu(), room.size_bytes, *at)
        for (error, origin, *at), room in zip(places, tensor.rooms, strict=True)
    )


def stored_bits(attachment: Handle, name: str, bit: int) -> Tensor | None:
    """Return which elements of a weight store a 1 in a bit, bool ``[elements]``.

    None for an input, of which each image stores its own.

    Raises:
        ValueError: For an unknown name, or a bit that its elements have not.
    """
    attachment.reading.check_known([name])
    tensor, parameter = (
        attachment.reading.tensors[name],
        attachment.reading.hooks.parameter_of(name),
    )
    an_int(f"bit of {name}", bit, 0, tensor.bits - 1)
    if parameter is None:
        return None
    stored = parameter.detach().contiguous() if tensor.codes is None else tensor.codes.of(parameter)
    image = ops.image_of(stored, tensor.coding_of(stored), 1)[0]
    at = torch.arange(tensor.elements, device=image.device) * tensor.bits + bit
    return (image[at // 8] >> (at % 8) & 1).bool().cpu()


def stresses(
    attachment: Handle, name: str, bit: int, bers: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the stress of the cell of a bit of each element where it lies, ``[elements]``.

    And the factor on them at each BER, as `errors.stresses_of` has it. None where all cells of the
    tensor are alike or known, or what it reads depends on those of several places.
    """
    attachment.reading.check_known([name])
    tensor = attachment.reading.tensors[name]
    if tensor.guard is not None or tensor.elements == 0:
        return None
    return stresses_of(
        tensor.cell_error,
        8 * tensor.address + np.arange(tensor.elements) * tensor.bits + bit,
        bers,
        address=tensor.address,
        size_bytes=tensor.rooms[0].size_bytes,
        row_bytes=tensor.row_bytes,
    )


@contextmanager
def one_weak_cell(attachment: Handle, name: str, element: int, bit: int) -> Iterator[None]:
    """Have one cell of a tensor be weak inside the context, and no other of that tensor.

    It fails as the weak cells of the tensor's error model do at that address: always, or at
    some accesses; at each copy of an input; as if nothing protected it.

    Args:
        attachment: Whose tensor it is.
        name: Of the tensor.
        element: Its number in one copy.
        bit: Of the element as stored, the least significant one being 0.

    Raises:
        ValueError: For an unknown name, an element or a bit that the tensor has not, a tensor that
            has one already, or after `detach`; inside the context for another rate of it.
    """
    attachment.reading.check_attached("one_weak_cell")
    attachment.reading.check_known([name])
    tensor = attachment.reading.tensors[name]
    if tensor.alone:
        raise ValueError(f"one_weak_cell: {name} has one already")
    an_int(f"element of {name}", element, 0, max(tensor.elements - 1, 0))
    an_int(f"bit of {name}", bit, 0, tensor.bits - 1)
    cell = 8 * tensor.address + element * tensor.bits + bit
    before, cells = tensor.table, weak_at(tensor.cell_error, [cell], row_bytes=tensor.row_bytes)
    tensor.table = table_of(cells).to(before.entries.device)
    tensor.alone = True
    tensor.kept.forget()
    try:
        yield
    finally:
        tensor.table, tensor.alone = before, False
        tensor.kept.forget()


def _count(error: ErrorModel, key: Tensor, size_bytes: int, address: int, row_bytes: int) -> int:
    """Count the weak cells of a piece of a partition."""
    # Every weak cell shows if all of them fail.
    none, sure = torch.zeros(size_bytes, dtype=torch.uint8, device="cpu"), always_failing(error)
    read = ops.inject(none, sure, key=key, address=address, row_bytes=row_bytes)
    return int(ops.count_flips(none, read).sum())
