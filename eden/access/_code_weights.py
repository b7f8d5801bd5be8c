"""What the (72, 64) code of words leaves of errors: exact counts, by their number in a word."""

from collections import Counter
from functools import cache, lru_cache

import numpy as np
import torch

from eden.access._raw import registered

DATA_BITS, CODE_BITS = 64, 72


@lru_cache(maxsize=1)
def wrong_patterns() -> np.ndarray:
    """Count the errors of a word after which a data bit reads wrong.

    A decoder turns bit j if the syndrome is its column h: bit j reads wrong if it failed and was
    not turned, or the other way round. Of the patterns of w errors C(71, w - 1) have it failed;
    N(w, h) have that syndrome; and those of both kinds are the patterns of w - 1 errors among the
    other 71 bits whose syndrome is 0. The last two follow from the weights of the dual code's 256
    words (MacWilliams' identity; F. J. MacWilliams and N. J. A. Sloane, The Theory of
    Error-Correcting Codes, 1977, chapter 5), so all are exact integers.

    Returns:
        Integers [64, 73]: by data bit and by number of errors among all 72 bits.
    """
    # The columns of data bits are the check bytes of words with one bit.
    words = np.packbits(np.eye(DATA_BITS, dtype=np.uint8), axis=1, bitorder="little")
    checks = registered.secded_check.default(torch.from_numpy(words)).flatten().tolist()
    columns = [*checks, *(1 << i for i in range(CODE_BITS - DATA_BITS))]
    duals = [[(u & h).bit_count() & 1 for h in columns] for u in range(256)]
    failed = [0, *_signed(0, CODE_BITS - 1)]
    weights = [sum(dual) for dual in duals]
    counts = np.zeros((DATA_BITS, CODE_BITS + 1), dtype=object)
    for bit in range(DATA_BITS):
        turned, both = np.zeros((2, CODE_BITS + 1), dtype=object)
        alike = Counter((w, dual[bit]) for w, dual in zip(weights, duals, strict=True))
        for (weight, here), words in alike.items():
            sign = words * (-1) ** here
            turned += sign * np.array(_signed(weight, CODE_BITS), dtype=object)
            both[1:] += words * np.array(_signed(weight - here, CODE_BITS - 1), dtype=object)
        counts[bit] = np.array(failed, dtype=object) + turned // 256 - 2 * (both // 256)
    return counts


@cache
def _signed(weight: int, bits: int) -> tuple[int, ...]:
    """Coefficients of (1 - z)^weight (1 + z)^(bits - weight)."""
    product = [1]
    for i in range(bits):
        sign = -1 if i < weight else 1
        shifted = zip([*product, 0], [0, *product], strict=True)
        product = [low + sign * high for low, high in shifted]
    return tuple(product)


def wrong_bit(p: np.ndarray) -> np.ndarray:
    """Return the probability that each data bit of a word reads wrong, [..., 64].

    Args:
        p: Probability that a cell is wrong, each independently of the others.
    """
    errors = np.arange(CODE_BITS + 1)
    chance = p[..., None] ** errors * (1.0 - p[..., None]) ** (CODE_BITS - errors)
    return chance @ _as_floats().T


@lru_cache(maxsize=1)
def _as_floats() -> np.ndarray:
    return wrong_patterns().astype(np.float64)
