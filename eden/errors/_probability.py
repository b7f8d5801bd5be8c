"""Checks of probabilities, one or many."""

from typing import cast

import numpy as np
from torch import Tensor

from eden._say import one_of, refusal, within


def probability(name: str, value: float) -> float:
    if getattr(value, "ndim", None) == 0:  # of NumPy or torch
        value = cast(Tensor, value).item()
    within(name, value, 0, 1)
    return float(value)


def weak_fraction_of(ber: float, failure: float, name: str) -> float:
    """The weak fraction of equal cells that gives a mean BER."""
    ber = probability("ber", ber)
    if ber > failure:
        raise ValueError(refusal("ber", ber, f"at most the {name}, {failure}"))
    return ber / failure if ber else 0.0


def probabilities(name: str, values: object, entries: int | None = None) -> np.ndarray:
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(refusal(name, values, "numbers from 0 to 1")) from error
    if entries is not None and array.ndim == 0:
        array = np.full(entries, array)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(refusal(f"shape of {name}", list(array.shape), "one row of probabilities"))
    if entries is not None:
        one_of(f"size of {name}", array.size, [entries])
    # The first that is outside, or is not a number; if none is, the first.
    i = int(np.argmin((array >= 0.0) & (array <= 1.0)))
    within(f"{name}[{i}]", float(array[i]), 0, 1)
    array.setflags(write=False)
    return array
