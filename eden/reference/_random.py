"""Random numbers and the injection table: docs/rng.md with Python integers."""

import hashlib
from collections.abc import Sequence
from fractions import Fraction
from functools import cache

import numpy as np

POINTS, BITLINE_POINTS, DENSE, ACCESS, FOLD, SEED = range(1, 7)
ALWAYS = 2**64 - 1
DENSE_START = 2**58

Key = tuple[int, int]  # device key, access key
Entry = tuple[int, int, int, int]  # stress, dense, fail_one, fail_zero


def philox4x32(counter: Sequence, key: int) -> np.ndarray:
    """Philox4x32-10.

    Args:
        counter: Four words, least significant first, each a number or an array [n].
        key: 64-bit key, low half first.

    Returns:
        uint32 [4, n].

    Reference: Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC'11.
    """
    c0, c1, c2, c3 = np.broadcast_arrays(*(np.atleast_1d(c).astype(np.uint64) for c in counter))
    k0, k1 = key % 2**32, key // 2**32
    low, half = np.uint64(2**32 - 1), np.uint64(32)
    for _ in range(10):
        product0 = c0 * np.uint64(0xD2511F53)
        product1 = c2 * np.uint64(0xCD9E8D57)
        c0, c1, c2, c3 = (
            (product1 >> half) ^ c1 ^ np.uint64(k0),
            product1 & low,
            (product0 >> half) ^ c3 ^ np.uint64(k1),
            product0 & low,
        )
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return np.stack([c0, c1, c2, c3]).astype(np.uint32)


def block(key: int, unit, purpose: int, rung: int, interval: int, index) -> np.ndarray:
    """Return the four words, uint32 [4, n], of n units or n indices (numbers or arrays)."""
    unit = np.atleast_1d(np.asarray(unit, dtype=np.uint64))
    word = purpose + (rung << 8) + (interval << 16)
    return philox4x32((unit & np.uint64(2**32 - 1), unit >> np.uint64(32), word, index), key)


def stream(key: int, unit: int, purpose: int, rung: int, interval: int, count: int) -> np.ndarray:
    """Return the first `count` numbers of a stream, uint64 [count]: two from each block."""
    words = block(key, unit, purpose, rung, interval, np.arange((count + 1) // 2))
    words = words.astype(np.uint64)
    pairs = np.stack([words[0] | words[1] << np.uint64(32), words[2] | words[3] << np.uint64(32)])
    return pairs.T.reshape(-1)[:count]


def fold(key: int, data: int) -> int:
    """Derive the 64-bit key for `data`, an integer of 64 bits."""
    return int(stream(key % 2**64, data % 2**64, FOLD, 0, 0, 1)[0])


def key(seed: int) -> Key:
    """Make the key of a seed."""
    device, access = stream(seed % 2**64, 0, SEED, 0, 0, 2)
    return int(device), int(access)


def fold_in(key: Key, data: int | str) -> Key:
    """Derive a key for `data`: other weak cells and other failures."""
    return fold(key[0], _number(data)), fold(key[1], _number(data))


def fold_access(key: Key, data: int | str) -> Key:
    """Derive a key for `data` with the same weak cells and other failures."""
    return key[0], fold(key[1], _number(data))


def _number(data: int | str) -> int:
    if isinstance(data, str):
        return int.from_bytes(hashlib.sha256(data.encode()).digest()[:8], "little")
    return data


@cache
def poisson_table(exponent: int) -> tuple[int, ...]:
    """Make the count table of the mean 2^exponent: a count is the number of entries <= u."""
    mean = Fraction(2) ** exponent
    mode = int(mean)
    below, above = [2**96], [2**96]
    for i in range(mode, 0, -1):
        below.append(int(below[-1] * i / mean))
    i = mode
    while above[-1]:
        i += 1
        above.append(int(above[-1] * mean) // i)
    terms = below[:0:-1] + above
    sums = [sum(terms[: i + 1]) for i in range(len(terms))]
    return tuple(s * 2**64 // sums[-1] for s in sums if s < sums[-1])


def lower(weak_fraction: float, failure_one: float, failure_zero: float) -> Entry:
    """Lower P and F, all in [0, 1], to an entry of the injection table."""
    one, zero = (min(int(Fraction(f) * 2**64), ALWAYS) for f in (failure_one, failure_zero))
    if weak_fraction == 1:
        return DENSE_START, ALWAYS, one, zero
    unit = 2**128
    p = int(Fraction(weak_fraction) * unit)
    growth, term, k = 0, 2**122, 1  # e^(1/64) - 1
    while term:
        growth += term
        k += 1
        term //= 64 * k
    strong = (unit - 1 - p) * growth // unit
    if p > strong:
        return DENSE_START, (p - strong) >> 64, one, zero
    stress, power, k = 0, p, 1  # -log(1 - P)
    while power:
        stress += power // k
        k += 1
        power = power * p // unit
    return min(DENSE_START, stress >> 64), 0, one, zero
