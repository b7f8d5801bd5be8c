"""The rates that a placement trains for."""

from typing import Any

from eden._say import refusal


def bers_of_places(placement: Any) -> dict[str, float] | None:
    """Return the BER of each tensor in its place; None of a `Config`, which places nothing."""
    entries = getattr(placement, "entries", None)
    return None if entries is None else {name: entry.ber for name, entry in entries.items()}


def mean_ber(placement: Any) -> float:
    """Return the mean BER over all bits placed.

    Raises:
        ValueError: If it is 0.
    """
    entries = placement.entries.values()
    size = sum(entry.size_bytes for entry in entries)
    mean = sum(entry.ber * entry.size_bytes for entry in entries) / max(1, size)
    if not mean:
        raise ValueError(
            refusal("mean BER of the places", mean, "above 0, or nothing to train for")
        )
    return mean
