"""Known cells: which of a measured module's cells fail, one by one."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from eden._native import core
from eden._say import an_int, refusal
from eden.errors._probability import probabilities, probability
from eden.errors._scaling import to_nearest
from eden.errors._table import Table, copied_table, hash_of, plain_data, same, set_field

KNOWN = 3  # Lookup::kKnown of kernels/law/table.h
_MOST = 2**62  # beyond the last bit address of any tensor


@dataclass(frozen=True, eq=False)
class Cells:
    """Known cells, of a measured module or chosen: exactly these are weak, whatever the key.

    A tensor that lies at byte ``address`` has the cells from bit address ``8 * address`` on: bit b
    of its element i is cell ``8 * address + i * bits + b``. One that is not placed lies at 0.

    Attributes:
        bit_addresses: Cells, int64 [n], each from 0 to 2^62 and given once; kept in ascending
            order, and what is given for each cell with them.
        failure_probability: F, probability that a cell fails at an access; one number or [n], in
            [0, 1].
        failure_probability_one: F of a cell that stores a 1, likewise; default as above.
        failure_probability_zero: F of a cell that stores a 0, likewise; default as above.

    Raises:
        TypeError: The addresses are no integers.
        ValueError: An address is out of range or there twice, a probability is outside [0, 1] or
            NaN, or the lengths differ.

    Reference: docs/rng.md, Known cells.
    """

    bit_addresses: np.ndarray
    failure_probability: np.ndarray | float = 1.0
    failure_probability_one: np.ndarray | float | None = None
    failure_probability_zero: np.ndarray | float | None = None
    _table: Table = field(init=False, repr=False, compare=False)
    kind: ClassVar[str] = "cells"
    lower = copied_table
    to_dict = plain_data
    __eq__, __hash__ = same, hash_of

    def __post_init__(self) -> None:
        addresses = _addresses(self.bit_addresses)
        order = None if (np.diff(addresses) > 0).all() else np.argsort(addresses, kind="stable")
        if order is not None:
            addresses = addresses[order]
            if (twice := np.flatnonzero(np.diff(addresses) == 0)).size:
                cell = int(addresses[twice[0]])
                raise ValueError(refusal("bit_addresses", f"{cell} twice", "each cell once"))
        addresses.setflags(write=False)
        set_field(self, "bit_addresses", addresses)
        for name in _PROBABILITIES:
            given = getattr(self, name)
            if given is not None or name == _PROBABILITIES[0]:
                set_field(self, name, _probabilities(name, given, addresses.size, order))
        one, zero = self._failures
        # What a cell is weak by is not drawn: its entry holds its address instead.
        entries = core.lower(np.zeros(addresses.size), one, zero)
        entries[:, 0] = addresses
        set_field(self, "_table", Table(KNOWN, torch.from_numpy(entries)))

    @property
    def _failures(self) -> tuple[np.ndarray, np.ndarray]:
        """F of each cell for a stored 1 and a stored 0, [n] each."""
        both = self.failure_probability
        one, zero = self.failure_probability_one, self.failure_probability_zero
        n = self.bit_addresses.size
        return (
            np.broadcast_to(both if one is None else one, n),
            np.broadcast_to(both if zero is None else zero, n),
        )

    @property
    def ber(self) -> float:
        """Mean of F over all bits up to the last known cell, 0 without any; see `ber_within`.

        What lies beyond is not known. Of a cell with two F it is their mean, as at as many ones as
        zeros.
        """
        return self.ber_within(0, None)

    def ber_within(self, address: int, size_bytes: int | None) -> float:
        """Return the mean of F over the cells of a byte range: other cells do not fail.

        Args:
            address: First byte.
            size_bytes: Number of bytes; None up to the last known cell, whose byte may be cut.
        """
        (one, zero), bits = self._within(address, size_bytes)
        return math.fsum((one + zero) / 2) / bits if bits else 0.0

    @to_nearest
    def with_ber(
        self, ber: float, *, address: int = 0, size_bytes: int | None = None, row_bytes: int = 8192
    ) -> "Cells":
        """Return the model with every F times one factor, so that the mean BER is `ber`.

        Args:
            ber: Wanted mean of F over the cells of the range, in [0, 1].
            address: First byte of the cells over which the mean is taken.
            size_bytes: Their number of bytes; default up to the last known cell.
            row_bytes: Not read.

        Raises:
            ValueError: No known cell that may fail lies in the range, or F of one would exceed 1.
        """
        ber = probability("ber", ber)
        (one, zero), bits = self._within(address, size_bytes)
        total = math.fsum((one + zero) / 2)
        if ber and not total:
            where = "here" if size_bytes is None else f"in the {size_bytes} bytes at {address}"
            raise ValueError(refusal("ber", ber, f"0, as no known cell that may fail lies {where}"))
        factor = ber * bits / total if ber else 0.0
        greatest = float(np.maximum(one, zero).max(initial=0.0))
        # A rate computed from the model itself may lie above by its rounding.
        if factor * greatest > 1 + 1e-12:
            most = f"at most {total / bits / greatest}, where a known cell always fails"
            raise ValueError(refusal("ber", ber, most))
        given = {name: getattr(self, name) for name in _PROBABILITIES}
        # Cells beyond the range would pass 1 earlier; they are not asked for.
        scaled = {k: np.minimum(f * factor, 1) for k, f in given.items() if f is not None}
        return Cells(self.bit_addresses, **scaled)

    @staticmethod
    def draw(
        count: int, *, bits: int, seed: int, address: int = 0, failure_probability: float = 1.0
    ) -> "Cells":
        """Choose so many cells at random, each set of them equally likely: a number of faults.

        The cells of a larger count hold those of a smaller one of the same seed, and they are the
        same on every machine.

        Args:
            count: Number of cells, from 0 to `bits`.
            bits: Cells to choose from: those of a tensor are its elements times their bits.
            seed: From 0 to 2^64 - 1.
            address: First byte of the cells, as in `eden.inject`.
            failure_probability: F, in [0, 1].

        Raises:
            TypeError: A number is no integer.
            ValueError: A number is out of range.
        """
        an_int("bits", bits, 0, _MOST)
        an_int("count", count, 0, bits)
        an_int("seed", seed, 0, 2**64 - 1)
        an_int("address", address, 0, _MOST // 8)
        # The first steps of a Fisher-Yates shuffle, of which only what was moved is kept.
        moved: dict[int, int] = {}
        chosen = np.empty(count, dtype=np.int64)
        numbers = _numbers(seed)
        for i in range(count):
            j = i + _below(bits - i, numbers)
            chosen[i] = moved.get(j, j)
            moved[j] = moved.pop(i, i)
        return Cells(chosen + 8 * address, failure_probability)

    def _within(
        self, address: int, size_bytes: int | None
    ) -> tuple[tuple[np.ndarray, np.ndarray], int]:
        """F of the known cells of a byte range, for a stored 1 and 0, and how many bits it has."""
        first = 8 * address
        last = first + 8 * size_bytes if size_bytes is not None else first
        if size_bytes is None and self.bit_addresses.size:
            last = max(first, int(self.bit_addresses[-1]) + 1)
        begin, end = np.searchsorted(self.bit_addresses, [first, last])
        one, zero = self._failures
        return (one[begin:end], zero[begin:end]), last - first


_PROBABILITIES = ("failure_probability", "failure_probability_one", "failure_probability_zero")


def _addresses(given: object) -> np.ndarray:
    """A copy of the cells' addresses, int64 [n], in the order given."""
    accepted = f"integers from 0 to {_MOST}, in one row"
    if isinstance(given, Tensor):
        given = given.detach().cpu().numpy()
    array = np.array(given)
    if array.ndim != 1:
        raise ValueError(refusal("shape of bit_addresses", list(array.shape), accepted))
    if array.size == 0:
        return np.empty(0, dtype=np.int64)
    if array.dtype.kind not in "iu":  # of Python's integers too large for 64 bits it is "O"
        if array.dtype.kind == "O" and all(type(cell) is int for cell in array):
            for cell in array:
                if not 0 <= cell <= _MOST:
                    raise ValueError(refusal("a bit address", cell, accepted))
            return array.astype(np.int64)
        raise TypeError(refusal("type of bit_addresses", str(array.dtype), accepted))
    outside = np.flatnonzero((array < 0) | (array > _MOST))
    if outside.size:
        i = int(outside[0])
        raise ValueError(refusal(f"bit_addresses[{i}]", int(array[i]), accepted))
    return array.astype(np.int64)


def _probabilities(
    name: str, given: Any, cells: int, order: np.ndarray | None
) -> np.ndarray | float:
    """F as one number, or of each cell in the order of their addresses."""
    if np.ndim(given) == 0:
        return probability(name, given)
    if cells == 0 and np.size(given) == 0:
        return np.empty(0)
    values = probabilities(name, given, cells)
    if order is not None:
        values = values[order]
        values.setflags(write=False)
    return values


def _numbers(seed: int) -> Iterator[int]:
    """Numbers of 64 bits without end: Philox4x64-10, whose stream NumPy promises to keep."""
    generator = np.random.Philox(key=seed)
    while True:
        yield from generator.random_raw(1024).tolist()


def _below(n: int, numbers: Iterator[int]) -> int:
    """A number below n, each as likely.

    Reference: Lemire, Fast random integer generation in an interval, 2019.
    """
    unfair = 2**64 % n
    while True:
        product = next(numbers) * n
        if product % 2**64 >= unfair:
            return product >> 64
