"""Error models 0 and 3: all cells are alike, apart from the bit they store."""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import ClassVar, TypeVar

from eden.errors._probability import probability, weak_fraction_of
from eden.errors._scaling import to_nearest
from eden.errors._table import Table, copied_table, plain_data, set_field, set_table

Model = TypeVar("Model", "Uniform", "DataDependent")


@to_nearest
def with_ber(
    model: Model,
    ber: float,
    *,
    address: int = 0,
    size_bytes: int | None = None,
    row_bytes: int = 8192,
) -> Model:
    """Return the model with the weak fraction that gives this mean BER; F stays.

    Args:
        model: Whose F stays.
        ber: Wanted mean, in [0, 1].
        address: Not read, like the rest of the byte range: all cells are alike.
        size_bytes: Not read.
        row_bytes: Not read.

    Raises:
        ValueError: No weak fraction reaches `ber`.
    """
    return _with_weak(model, weak_fraction_of(ber, model._failure, model._failure_is))


@lru_cache(maxsize=64)
def _with_weak(model: Model, weak_fraction: float) -> Model:
    """One model for all tensors of a network that is set to a rate: lowering it takes 20 us."""
    return replace(model, weak_fraction=weak_fraction)


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
    _failure_is: ClassVar[str] = "failure probability"
    with_ber = with_ber
    lower = copied_table
    to_dict = plain_data

    def __post_init__(self) -> None:
        for name in ("weak_fraction", "failure_probability"):
            set_field(self, name, probability(name, getattr(self, name)))
        failure = self.failure_probability
        set_table(self, 0, self.weak_fraction, failure, failure)

    @property
    def ber(self) -> float:
        """Mean bit error rate, P * F."""
        return self.weak_fraction * self._failure

    @property
    def _failure(self) -> float:
        return self.failure_probability


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
    _failure_is: ClassVar[str] = "mean failure probability"
    with_ber = with_ber
    lower = copied_table
    to_dict = plain_data

    def __post_init__(self) -> None:
        for name in ("weak_fraction", "failure_probability_one", "failure_probability_zero"):
            set_field(self, name, probability(name, getattr(self, name)))
        one, zero = self.failure_probability_one, self.failure_probability_zero
        set_table(self, 0, self.weak_fraction, one, zero)

    @property
    def ber(self) -> float:
        """Mean bit error rate at as many ones as zeros."""
        return self.weak_fraction * self._failure

    @property
    def _failure(self) -> float:
        return (self.failure_probability_one + self.failure_probability_zero) / 2
