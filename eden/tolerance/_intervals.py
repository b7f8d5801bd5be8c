"""What so many of so many tried say of a probability, after Clopper and Pearson."""

from eden._say import an_int, within


def share_interval(found: int, tried: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Exact two-sided bounds on a probability, each with half of the doubt.

    Args:
        found: How often it was seen, in [0, tried].
        tried: How often it was looked for, >= 1.
        confidence: In (0, 1).

    Returns:
        The lower and the upper bound, in [0, 1].

    >>> [round(end, 4) for end in share_interval(0, 59)]
    [0.0, 0.0606]
    """
    an_int("tried", tried, 1)
    an_int("found", found, 0, tried)
    within("confidence", confidence, 0, 1, above=True, below=True)
    from scipy.stats import binomtest  # scipy.stats takes a second to import

    interval = binomtest(found, tried).proportion_ci(confidence, method="exact")
    return float(interval.low), float(interval.high)
