"""Scaling the stresses of an error model until it has a wanted mean bit error rate."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np

from eden._native import core
from eden._say import refusal

Function = TypeVar("Function", bound=Callable[..., Any])


def to_nearest(function: Function) -> Function:
    """Have a function's floats round to nearest, whatever its caller has set the processor to."""

    @wraps(function)
    def rounded(*args: Any, **kwargs: Any) -> Any:
        with core.Nearest():
            return function(*args, **kwargs)

    return cast(Function, rounded)


def row_weights(rows: int, address: int, size_bytes: int | None, row_bytes: int) -> np.ndarray:
    """Share of each row in the cells of a byte range; all rows alike where none is given."""
    if size_bytes is None:
        return np.full(rows, 1.0 / rows)
    starts = np.arange(rows, dtype=np.float64) * row_bytes
    covered = np.minimum(starts + row_bytes, address + size_bytes) - np.maximum(starts, address)
    covered = np.clip(covered, 0.0, None)
    if covered.sum() == 0.0:
        said = f"one that meets one of the {rows} rows of {row_bytes} bytes"
        raise ValueError(refusal("range of bytes", (address, address + size_bytes), said))
    return covered / covered.sum()


def bitline_weights(bitlines: int, address: int, size_bytes: int | None) -> np.ndarray:
    """Share of each bitline in the cells of a byte range; all alike where none is given."""
    if size_bytes is None:
        return np.full(bitlines, 1.0 / bitlines)
    first = 8 * address % bitlines
    if size_bytes < 1:
        raise ValueError(refusal("number of bytes", size_bytes, "at least 1"))
    whole, rest = divmod(8 * size_bytes, bitlines)
    count = np.full(bitlines, float(whole))
    count[(first + np.arange(rest)) % bitlines] += 1.0
    return count / count.sum()


def scaled(weak: np.ndarray, failure: np.ndarray, share: np.ndarray, ber: float) -> np.ndarray:
    """Multiply every stress -log(1 - P) by one factor, so that sum(share * P * F) is `ber`.

    Args:
        weak: P, [n], in [0, 1].
        failure: F, [n], in [0, 1].
        share: Share of the cells that each entry has, [n], sum 1.
        ber: Wanted mean, in [0, 1].

    Returns:
        New P, [n], the same on every machine; none is lower than for a smaller `ber`.

    Raises:
        ValueError: No factor reaches `ber`.

    Reference: docs/rng.md, Scaling to a BER.
    """
    return core.scale_to_ber(weak, failure, share, ber)
