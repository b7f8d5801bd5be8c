"""The BER grid, and bisection on it.

The grid has a fixed number of steps a decade: step k stands for the BER 10^(k / steps), so a step
is an int and nothing depends on where a search began. Weak sets of one seed nest, so whether a
seed meets the target is nearly monotone in the step, and bisection needs few questions; it is only
nearly monotone, so bisection is where a search begins (`_coarse`), not where it ends.
"""

import math
from collections.abc import Callable

from eden._say import within

STEPS_A_DECADE = 10
# The lowest step that a search is asked for or retreats to: 1e-12.
LOWEST_STEP = -12 * STEPS_A_DECADE


def ber_of(step: float, *, steps_a_decade: int = STEPS_A_DECADE) -> float:
    """The BER of a grid step."""
    return 10.0 ** (step / steps_a_decade)


def step_of(ber: float, *, steps_a_decade: int = STEPS_A_DECADE) -> int:
    """The highest grid step whose BER is at most ``ber``.

    Raises:
        ValueError: If ``ber`` is not in (0, 1].
    """
    within("ber", ber, 0, 1, above=True)
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
