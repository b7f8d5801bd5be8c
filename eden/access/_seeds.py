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
        count: How many, >= 1.
        seed: The run's own seed.
        first: Index of the first.

    Returns:
        ``count`` integers in [0, 2^62).

    Raises:
        TypeError: If ``count`` is not an integer.
        ValueError: If ``count`` is below 1.
    """
    an_int("seeds", count, 1)

    def one(index: int) -> int:
        text = f"eden {purpose} {seed} {index}".encode()
        return int.from_bytes(hashlib.sha256(text).digest()[:8], "little") >> 2

    return [one(first + i) for i in range(count)]
