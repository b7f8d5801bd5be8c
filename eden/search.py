"""Searches on the BER grid, as pure functions over a question that can be asked.

The grid has a fixed number of steps a decade: step k stands for the BER 10^(k / steps), so a step
is an int and nothing depends on where a search began. Weak sets of one seed nest, so whether a
seed meets the target is nearly monotone in the step, and bisection needs few questions; it is only
nearly monotone, so what a search returns is confirmed by asking again (`eden.characterize`).
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

__all__ = [
    "STEPS_A_DECADE",
    "CoarseSearch",
    "ber_of",
    "coarse_search",
    "highest_step",
    "step_of",
]

STEPS_A_DECADE = 10


def ber_of(step: int, *, steps_a_decade: int = STEPS_A_DECADE) -> float:
    """The BER of a grid step."""
    return 10.0 ** (step / steps_a_decade)


def step_of(ber: float, *, steps_a_decade: int = STEPS_A_DECADE) -> int:
    """The highest grid step whose BER is at most ``ber``.

    Raises:
        ValueError: If ``ber`` is not in (0, 1].
    """
    if not 0.0 < ber <= 1.0:
        raise ValueError(f"ber must lie in (0, 1], got {ber}")
    # The slack keeps a BER that came from `ber_of` on its own step.
    return math.floor(math.log10(ber) * steps_a_decade + 1e-6)


def highest_step(
    meets: Callable[[int], bool], *, low: int, high: int, start: int | None = None
) -> int:
    """The highest step in [low, high] that meets the target, by galloping and bisection.

    Args:
        meets: The question; assumed true up to some step and false above it.
        low: Lowest step of the grid.
        high: Highest step of the grid.
        start: A guess; a good one (another seed's answer) saves most of the questions.

    Returns:
        The step, or ``low - 1`` if not even ``low`` meets it.
    """
    good, bad, stride = low - 1, high + 1, 1
    step = (low + high) // 2 if start is None else min(max(start, low), high)
    while bad - good > 1:
        if meets(step):
            good, following = step, step + stride
        else:
            bad, following = step, step - stride
        stride *= 2
        # A guess is followed by growing strides until the answer changes; then halves.
        bracketed = good >= low and bad <= high
        if start is None or bracketed or not good < following < bad:
            following = (good + bad) // 2
        step = following
    return good


@dataclass(frozen=True)
class CoarseSearch:
    """What a coarse search found.

    Attributes:
        thresholds: For each seed, the highest step at which it meets the target.
        worst: The lowest of them: up to here no seed misses.
    """

    thresholds: tuple[int, ...]
    worst: int


def coarse_search(
    meets: Callable[[int, int], bool], seeds: Iterable[int], *, low: int, high: int
) -> CoarseSearch:
    """Bisect each seed on its own nested weak sets.

    Args:
        meets: ``meets(step, seed)``.
        seeds: Error draws.
        low: Lowest step of the grid.
        high: Highest step of the grid.

    Returns:
        The threshold of every seed; ``low - 1`` marks a seed that meets the target nowhere.
    """
    thresholds: list[int] = []
    for seed in seeds:
        guess = sorted(thresholds)[len(thresholds) // 2] if thresholds else None
        thresholds.append(
            highest_step(lambda step, s=seed: meets(step, s), low=low, high=high, start=guess)
        )
    return CoarseSearch(tuple(thresholds), min(thresholds))
