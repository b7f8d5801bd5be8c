"""Checks of probabilities, one or many."""

import numpy as np
from torch import Tensor


def probability(name: str, value: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} is {value!r}, must be a number in [0, 1]") from error
    if not 0.0 <= number <= 1.0:
        raise ValueError(f"{name} is {number}, must be a probability in [0, 1]")
    return number


def weak_fraction_of(ber: float, failure: float, name: str) -> float:
    """The weak fraction of equal cells that gives a mean BER."""
    ber = probability("ber", ber)
    if ber > failure:
        raise ValueError(f"ber is {ber}, must not exceed the {name} {failure}")
    return ber / failure if ber else 0.0


def probabilities(name: str, values: object, entries: int | None = None) -> np.ndarray:
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
