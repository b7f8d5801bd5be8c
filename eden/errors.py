"""Error models 0 to 3 (paper, section 4) and how they become an injection table.

A cell is weak with probability P and, if weak, fails at an access with probability F. P and F may
depend on the bitline, the wordline or the stored bit. A model is frozen; its table is made once.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from eden._load import core
from eden._stress import bitline_weights, row_weights, scaled


@dataclass(frozen=True, eq=False)
class Table:
    """An injection table: what an error model is to the kernels, integers only.

    Who holds one of its own, as an attached model does, may replace the contents of `entries` in
    place: compiled code then sees the new rates without recompilation.

    Attributes:
        law: 0 one entry for all cells, 1 an entry a bitline, 2 an entry a row.
        entries: int64 [n, 4]: stress, dense threshold, failure thresholds of a 1 and of a 0
            (unsigned 64-bit numbers, see docs/rng.md).
        order: int32 [n], bitlines by rank; only for law 1.
    """

    law: int
    entries: Tensor
    order: Tensor | None = None

    def to(self, device: torch.device | str) -> "Table":
        """Return a table of its own on `device`."""
        order = None if self.order is None else self.order.to(device)
        return Table(self.law, self.entries.to(device, copy=True), order)


def _probability(name: str, value: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} is {value!r}, must be a number in [0, 1]") from error
    if not 0.0 <= number <= 1.0:
        raise ValueError(f"{name} is {number}, must be a probability in [0, 1]")
    return number


def _weak_fraction(ber: float, failure: float, name: str) -> float:
    """The weak fraction of equal cells that gives a mean BER."""
    ber = _probability("ber", ber)
    if ber > failure:
        raise ValueError(f"ber is {ber}, must not exceed the {name} {failure}")
    return ber / failure if ber else 0.0


def _probabilities(name: str, values: object, entries: int | None = None) -> np.ndarray:
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    array = np.array(values, dtype=np.float64)
    if entries is not None and array.ndim == 0:
        array = np.full(entries, array)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} has shape {list(array.shape)}, must be one row of probabilities")
    if entries is not None and array.size != entries:
        raise ValueError(f"{name} has {array.size} entries, must have {entries}")
    wrong = ~((array >= 0.0) & (array <= 1.0))
    if wrong.any():
        i = int(np.argmax(wrong))
        raise ValueError(f"{name}[{i}] is {array[i]}, must be a probability in [0, 1]")
    array.setflags(write=False)
    return array


@dataclass(frozen=True)
class Uniform:
    """Error model 0: weak cells uniformly at random.

    Attributes:
        weak_fraction: P, probability that a cell is weak, in [0, 1].
        failure_probability: F, probability that a weak cell fails at an access, in [0, 1].

    Raises:
        ValueError: A probability is outside [0, 1] or NaN.

    Reference: paper, section 4, error model 0.
    """

    weak_fraction: float
    failure_probability: float = 1.0
    _table: Table = field(init=False, repr=False, compare=False)
    kind: ClassVar[str] = "uniform"

    def __post_init__(self) -> None:
        _set(self, "weak_fraction", _probability("weak_fraction", self.weak_fraction))
        _set(
            self,
            "failure_probability",
            _probability("failure_probability", self.failure_probability),
        )
        failure = self.failure_probability
        _lower(self, 0, self.weak_fraction, failure, failure)

    @property
    def ber(self) -> float:
        """Mean bit error rate, P * F."""
        return self.weak_fraction * self.failure_probability

    def with_ber(self, ber: float, **_: int | None) -> "Uniform":
        """Return the model with the weak fraction that gives this mean BER; F stays.

        Takes and does not read the byte range of the other models: all cells are alike.
        """
        weak = _weak_fraction(ber, self.failure_probability, "failure probability")
        return Uniform(weak, self.failure_probability)

    def lower(self) -> Table:
        """Return the injection table."""
        return self._table

    def to_dict(self) -> dict:
        """Return plain data that `from_dict` reads."""
        return {
            "kind": self.kind,
            "weak_fraction": self.weak_fraction,
            "failure_probability": self.failure_probability,
        }


@dataclass(frozen=True)
class DataDependent:
    """Error model 3: uniform, but a stored 1 and a stored 0 fail differently.

    Attributes:
        weak_fraction: P, in [0, 1].
        failure_probability_one: F of a weak cell that stores a 1, in [0, 1].
        failure_probability_zero: F of a weak cell that stores a 0, in [0, 1].

    Raises:
        ValueError: A probability is outside [0, 1] or NaN.

    Reference: paper, section 4, error model 3.
    """

    weak_fraction: float
    failure_probability_one: float
    failure_probability_zero: float
    _table: Table = field(init=False, repr=False, compare=False)
    kind: ClassVar[str] = "data_dependent"

    def __post_init__(self) -> None:
        for name in ("weak_fraction", "failure_probability_one", "failure_probability_zero"):
            _set(self, name, _probability(name, getattr(self, name)))
        one, zero = self.failure_probability_one, self.failure_probability_zero
        _lower(self, 0, self.weak_fraction, one, zero)

    @property
    def _failure(self) -> float:
        return (self.failure_probability_one + self.failure_probability_zero) / 2

    @property
    def ber(self) -> float:
        """Mean bit error rate at as many ones as zeros."""
        return self.weak_fraction * self._failure

    def with_ber(self, ber: float, **_: int | None) -> "DataDependent":
        """Return the model with the weak fraction that gives this mean BER; F stays.

        Takes and does not read the byte range of the other models: all cells are alike.
        """
        weak = _weak_fraction(ber, self._failure, "mean failure probability")
        return DataDependent(weak, self.failure_probability_one, self.failure_probability_zero)

    def lower(self) -> Table:
        """Return the injection table."""
        return self._table

    def to_dict(self) -> dict:
        """Return plain data that `from_dict` reads."""
        return {
            "kind": self.kind,
            "weak_fraction": self.weak_fraction,
            "failure_probability_one": self.failure_probability_one,
            "failure_probability_zero": self.failure_probability_zero,
        }


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

    def __post_init__(self) -> None:
        weak = _probabilities("weak_fraction", self.weak_fraction)
        _set(self, "weak_fraction", weak)
        failure = _probabilities("failure_probability", self.failure_probability, weak.size)
        _set(self, "failure_probability", failure)
        _lower(self, 2, weak, failure, failure)

    @property
    def ber(self) -> float:
        """Mean of P * F over the rows."""
        return float((self.weak_fraction * self.failure_probability).mean())

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
        ber = _probability("ber", ber)
        share = row_weights(self.weak_fraction.size, address, size_bytes, row_bytes)
        weak = scaled(self.weak_fraction, self.failure_probability, share, ber)
        return Wordline(weak, self.failure_probability)

    def lower(self) -> Table:
        """Return the injection table, an entry a row."""
        return self._table

    def to_dict(self) -> dict:
        """Return plain data that `from_dict` reads."""
        return {
            "kind": self.kind,
            "weak_fraction": self.weak_fraction.tolist(),
            "failure_probability": self.failure_probability.tolist(),
        }


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

    def __post_init__(self) -> None:
        weak = _probabilities("weak_fraction", self.weak_fraction)
        if weak.size not in {2**i for i in range(9, 17)}:
            raise ValueError(
                f"weak_fraction has {weak.size} bitlines, must have 8 * row_bytes of them: "
                "a power of two from 512 to 65536"
            )
        _set(self, "weak_fraction", weak)
        failure = _probabilities("failure_probability", self.failure_probability, weak.size)
        _set(self, "failure_probability", failure)
        if self.order is None:
            order = np.argsort(-weak, kind="stable").astype(np.int32)
        else:
            order = np.array(self.order, dtype=np.int32)
            if not np.array_equal(np.sort(order), np.arange(weak.size)):
                raise ValueError(f"order must be a permutation of the {weak.size} bitlines")
        order.setflags(write=False)
        _set(self, "order", order)
        _lower(self, 1, weak, failure, failure, order)

    @property
    def ber(self) -> float:
        """Mean of P * F over the bitlines."""
        return float((self.weak_fraction * self.failure_probability).mean())

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
        ber = _probability("ber", ber)
        share = bitline_weights(self.weak_fraction.size, address, size_bytes)
        weak = scaled(self.weak_fraction, self.failure_probability, share, ber)
        return Bitline(weak, self.failure_probability, self.order)

    def lower(self) -> Table:
        """Return the injection table, an entry a bitline, with the order."""
        return self._table

    def to_dict(self) -> dict:
        """Return plain data that `from_dict` reads."""
        return {
            "kind": self.kind,
            "weak_fraction": self.weak_fraction.tolist(),
            "failure_probability": self.failure_probability.tolist(),
            "order": self.order.tolist(),
        }


ErrorModel = Uniform | Bitline | Wordline | DataDependent

_KINDS = {model.kind: model for model in (Uniform, Bitline, Wordline, DataDependent)}


def from_dict(data: dict) -> ErrorModel:
    """Make the error model that `to_dict` wrote.

    Raises:
        ValueError: The kind is unknown or a field is missing or out of range.
    """
    fields = dict(data)
    kind = fields.pop("kind", None)
    if kind not in _KINDS:
        raise ValueError(f"kind of error model is {kind!r}, accepted are {', '.join(_KINDS)}")
    try:
        return _KINDS[kind](**fields)
    except TypeError as error:
        raise ValueError(f"error model {kind}: {error}") from error


def _set(model: object, name: str, value: object) -> None:
    object.__setattr__(model, name, value)


def _lower(
    model: object,
    law: int,
    weak: object,
    one: object,
    zero: object,
    order: np.ndarray | None = None,
) -> None:
    """Lower once, when the model is made: a traced graph then finds plain tensors."""
    entries = torch.from_numpy(core.lower(*(np.atleast_1d(p) for p in (weak, one, zero))))
    ranks = None if order is None else torch.tensor(order, device="cpu")  # beside the entries
    _set(model, "_table", Table(law, entries, ranks))
