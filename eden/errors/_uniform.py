"""Error models 0 and 3: all cells are alike, apart from the bit they store."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar

from eden.errors._probability import probability, weak_fraction_of
from eden.errors._table import Table, copied_table, plain_data, set_field, set_table


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
    lower = copied_table
    to_dict = plain_data

    def __post_init__(self) -> None:
        set_field(self, "weak_fraction", probability("weak_fraction", self.weak_fraction))
        set_field(
            self,
            "failure_probability",
            probability("failure_probability", self.failure_probability),
        )
        failure = self.failure_probability
        set_table(self, 0, self.weak_fraction, failure, failure)

    @property
    def ber(self) -> float:
        """Mean bit error rate, P * F."""
        return self.weak_fraction * self.failure_probability

    def with_ber(
        self, ber: float, *, address: int = 0, size_bytes: int | None = None, row_bytes: int = 8192
    ) -> "Uniform":
        """Return the model with the weak fraction that gives this mean BER; F stays.

        Args:
            ber: Wanted mean, in [0, 1].
            address: Not read, like the rest of the byte range: all cells are alike.
            size_bytes: Not read.
            row_bytes: Not read.

        Raises:
            ValueError: No weak fraction reaches `ber`.
        """
        weak = weak_fraction_of(ber, self.failure_probability, "failure probability")
        return _uniform(weak, self.failure_probability)


@lru_cache(maxsize=64)
def _uniform(weak_fraction: float, failure_probability: float) -> Uniform:
    """One model for all tensors of a network that is set to a rate: lowering it takes 20 us."""
    return Uniform(weak_fraction, failure_probability)


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
    lower = copied_table
    to_dict = plain_data

    def __post_init__(self) -> None:
        for name in ("weak_fraction", "failure_probability_one", "failure_probability_zero"):
            set_field(self, name, probability(name, getattr(self, name)))
        one, zero = self.failure_probability_one, self.failure_probability_zero
        set_table(self, 0, self.weak_fraction, one, zero)

    @property
    def _failure(self) -> float:
        return (self.failure_probability_one + self.failure_probability_zero) / 2

    @property
    def ber(self) -> float:
        """Mean bit error rate at as many ones as zeros."""
        return self.weak_fraction * self._failure

    def with_ber(
        self, ber: float, *, address: int = 0, size_bytes: int | None = None, row_bytes: int = 8192
    ) -> "DataDependent":
        """Return the model with the weak fraction that gives this mean BER; F stays.

        Args:
            ber: Wanted mean, in [0, 1].
            address: Not read, like the rest of the byte range: all cells are alike.
            size_bytes: Not read.
            row_bytes: Not read.

        Raises:
            ValueError: No weak fraction reaches `ber`.
        """
        weak = weak_fraction_of(ber, self._failure, "mean failure probability")
        return DataDependent(weak, self.failure_probability_one, self.failure_probability_zero)
