"""Seeds of error draws, one disjoint family for each purpose.

A verification only counts if the search never saw its draws. Seeds are therefore not 0, 1, 2, ...
but hashes of what they are for: two purposes never share one.
"""

import hashlib

from eden._say import an_int


def seeds_for(purpose: str, count: int, *, seed: int = 0, first: int = 0) -> list[int]:
    """The seeds ``first`` to ``first + count - 1`` of a purpose.

    Args:
        purpose: What the draws are for, e.g. "search" or "verify".
        count: How many, from 1 to a million.
        seed: The run's own seed, in [0, 2^63).
        first: Index of the first.

    Returns:
        ``count`` integers in [0, 2^62).

    Raises:
        TypeError: If ``count`` or ``seed`` is not an integer.
        ValueError: If one is out of its range.
    """
    an_int("seeds", count, 1, 10**6)
    an_int("seed", seed, 0, 2**63 - 1)

    def one(index: int) -> int:
        text = f"eden {purpose} {seed} {index}".encode()
        return int.from_bytes(hashlib.sha256(text).digest()[:8], "little") >> 2

    return [one(first + i) for i in range(count)]
