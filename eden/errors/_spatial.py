"""Error models 1 and 2: P and F belong to the bitline, or to the wordline."""

import copy
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

import numpy as np
import torch

from eden._say import one_of, refusal
from eden.errors._made import Made
from eden.errors._probability import probabilities, probability
from eden.errors._scaling import bitline_weights, row_weights, scaled, to_nearest
from eden.errors._table import Table, copied_table, hash_of, plain_data, same, set_field, set_table

# Of whole rows of 8 KiB 36 models, each of which takes 2 to 5 ms to make.
_made = Made(2**27)


@dataclass(frozen=True, eq=False)
class Bitline:
    """Error model 1: P and F belong to the bitline.

    Attributes:
        weak_fraction: P, [bitlines of a row], each in [0, 1]; 8 * row_bytes of them.
        failure_probability: F, [bitlines] or one number, in [0, 1].
        order: Bitlines by rank, a permutation that belongs to the module; default strongest stress
            first. It stays through `with_ber`: weak sets nest within one order.

    Raises:
        ValueError: A probability is outside [0, 1] or NaN, the lengths differ, the number of
            bitlines is no power of two from 512 to 65536, or `order` is no permutation.

    Reference: paper, section 4, error model 1.
    """

    weak_fraction: np.ndarray
    failure_probability: np.ndarray | float = 1.0
    order: np.ndarray | None = field(default=None, repr=False)
    _table: Table = field(init=False, repr=False, compare=False)
    kind: ClassVar[str] = "bitline"
    lower = copied_table
    to_dict = plain_data
    __eq__, __hash__ = same, hash_of

    def __post_init__(self) -> None:
        weak = probabilities("weak_fraction", self.weak_fraction)
        one_of("number of bitlines (8 * row_bytes)", weak.size, [2**i for i in range(9, 17)])
        set_field(self, "weak_fraction", weak)
        failure = probabilities("failure_probability", self.failure_probability, weak.size)
        set_field(self, "failure_probability", failure)
        if self.order is None:
            order = np.argsort(-weak, kind="stable").astype(np.int32)
        else:
            given = np.array(self.order)
            # Numbers that are no integers, or too large for one, are no bitlines.
            whole = given.dtype.kind in "iu" and given.shape == weak.shape
            if not (whole and np.array_equal(np.sort(given), np.arange(weak.size))):
                raise ValueError(refusal("order", given, f"a permutation of {weak.size} bitlines"))
            order = given.astype(np.int32)
        order.setflags(write=False)
        set_field(self, "order", order)
        ranks = torch.tensor(order, device="cpu")  # beside the entries
        set_table(self, 1, weak, failure, failure, ranks)

    @property
    def ber(self) -> float:
        """Mean of P * F over the bitlines."""
        return float((self.weak_fraction * self.failure_probability).mean())

    @to_nearest
    def with_ber(
        self, ber: float, *, address: int = 0, size_bytes: int | None = None, row_bytes: int = 8192
    ) -> "Bitline":
        """Return the model with every stress times one factor, so that the mean BER is `ber`.

        Args:
            ber: Wanted mean of P * F, in [0, 1].
            address: First byte of the cells over which the mean is taken.
            size_bytes: Their number of bytes; default whole rows.
            row_bytes: Not read: the number of bitlines says it.

        Raises:
            ValueError: No factor reaches `ber`.
        """
        ber = probability("ber", ber)
        bitlines = self.weak_fraction.size

        def make() -> Bitline:
            return _scaled(self, bitline_weights(bitlines, address, size_bytes), ber)

        return _made.of(self, (8 * address % bitlines, size_bytes, ber), make)


@dataclass(frozen=True, eq=False)
class Wordline:
    """Error model 2: P and F belong to the row.

    Attributes:
        weak_fraction: P, [rows], each in [0, 1].
        failure_probability: F, [rows] or one number, in [0, 1].

    Raises:
        ValueError: A probability is outside [0, 1] or NaN, or the lengths differ.

    Reference: paper, section 4, error model 2.
    """

    weak_fraction: np.ndarray
    failure_probability: np.ndarray | float = 1.0
    _table: Table = field(init=False, repr=False, compare=False)
    kind: ClassVar[str] = "wordline"
    lower = copied_table
    to_dict = plain_data
    __eq__, __hash__ = same, hash_of

    def __post_init__(self) -> None:
        weak = probabilities("weak_fraction", self.weak_fraction)
        set_field(self, "weak_fraction", weak)
        failure = probabilities("failure_probability", self.failure_probability, weak.size)
        set_field(self, "failure_probability", failure)
        set_table(self, 2, weak, failure, failure)

    @property
    def ber(self) -> float:
        """Mean of P * F over the rows."""
        return float((self.weak_fraction * self.failure_probability).mean())

    @to_nearest
    def with_ber(
        self, ber: float, *, address: int = 0, size_bytes: int | None = None, row_bytes: int = 8192
    ) -> "Wordline":
        """Return the model with every stress times one factor, so that the mean BER is `ber`.

        Args:
            ber: Wanted mean of P * F, in [0, 1].
            address: First byte of the cells over which the mean is taken.
            size_bytes: Their number of bytes; default all rows.
            row_bytes: Bytes of a row.

        Raises:
            ValueError: No factor reaches `ber`, or the range lies outside of the rows.
        """
        ber = probability("ber", ber)
        rows = self.weak_fraction.size

        def make() -> Wordline:
            return _scaled(self, row_weights(rows, address, size_bytes, row_bytes), ber)

        return _made.of(self, (address, size_bytes, row_bytes, ber), make)


Model = TypeVar("Model", Bitline, Wordline)


def _scaled(model: Model, share: np.ndarray, ber: float) -> Model:
    """A scaled model; what is not scaled was checked when the model was made, and is shared."""
    failure, table = np.asarray(model.failure_probability), model._table
    weak = scaled(model.weak_fraction, failure, share, ber)
    weak.setflags(write=False)
    made = copy.copy(model)
    set_field(made, "weak_fraction", weak)
    set_table(made, table.lookup, weak, failure, failure, table.order)
    return made
