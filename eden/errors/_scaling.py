"""Scaling the stresses of an error model until it has a wanted mean bit error rate."""

import numpy as np


def row_weights(rows: int, address: int, size_bytes: int | None, row_bytes: int) -> np.ndarray:
    """Share of each row in the cells of a byte range; all rows alike where none is given."""
    if size_bytes is None:
        return np.full(rows, 1.0 / rows)
    starts = np.arange(rows, dtype=np.float64) * row_bytes
    covered = np.minimum(starts + row_bytes, address + size_bytes) - np.maximum(starts, address)
    covered = np.clip(covered, 0.0, None)
    if covered.sum() == 0.0:
        raise ValueError(
            f"the byte range at {address} of {size_bytes} bytes lies in none of the {rows} rows"
        )
    return covered / covered.sum()


def bitline_weights(bitlines: int, address: int, size_bytes: int | None) -> np.ndarray:
    """Share of each bitline in the cells of a byte range; all alike where none is given."""
    if size_bytes is None:
        return np.full(bitlines, 1.0 / bitlines)
    first = 8 * address % bitlines
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
        New P, [n]. Float64 functions of the maths library are used here, so that two machines may
        differ in the last bit; the table made of the result is exact again.

    Raises:
        ValueError: No factor reaches `ber`.
    """
    if ber == 0.0:
        return np.zeros_like(weak)
    weights = failure * share
    most = float(weights[weak > 0].sum())
    if most == 0.0 or ber > most * (1 + 1e-12):
        raise ValueError(
            f"ber is {ber}, this error model reaches at most {most}: all of its cells that can be "
            "weak, failing with their failure probability"
        )
    with np.errstate(divide="ignore"):
        stress = -np.log1p(-weak)

    def fractions(factor: float) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):
            return -np.expm1(-np.where(stress > 0, factor * stress, 0.0))

    low, high = 0.0, 1.0
    while float((fractions(high) * weights).sum()) < ber and high < 1e300:
        high *= 2.0
    # Bisection to the last bit: 60-odd steps, and no assumption on the spread of the stresses.
    while low < (middle := (low + high) / 2) < high:
        if float((fractions(middle) * weights).sum()) < ber:
            low = middle
        else:
            high = middle
    return fractions(high)
