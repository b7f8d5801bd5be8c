"""Fresh draws asked where misses are rare, until the BER of a stated risk is known.

Thresholds of 20 draws say most of the BERs at which half of them miss. What a risk of 1 % is stated
at lies far below, where single cells decide, and of a network that was boosted or is protected the
cells that miss alone may be too rare to be among those tried. So draws are asked there, mostly of
the closest images alone.
"""

from collections.abc import Iterator
from functools import partial

from eden.tolerance._oracle import Oracle
from eden.tolerance._risk import Curves

# Draws are asked at the BER that seems to be the tolerance: nothing is extrapolated, and a BER
# that is too high shows itself. So many at a time, ...
ROUND = 20
# ... until the ends of the interval are no further apart than this factor.
KNOWN = 1.6
# Of the drift that a guess allows for, what is allowed for here: of 60 draws of a boosted LeNet
# none that met the target moved the other images by more than 4 % of those that changed in the
# part, a tenth of it. One draw judged wrongly decides nothing.
SURE = 0.4


def probe(
    oracle: Oracle, curves: Curves, draws: list[int], *, at: float, low: int
) -> Iterator[int]:
    """Ask draws, and have the curves take in what they answer.

    Args:
        oracle: About steps of the grid; the step ``low - 1`` stands for no error at all.
        curves: What P(miss) may be.
        draws: Error draws, none of which decided the curves yet.
        at: The risk stated.
        low: Lowest step of the grid.

    Yields:
        After each draw, how many were asked.
    """
    with oracle.network.copies(partial(meets, oracle, low=low), most=ROUND) as answers:
        for start in range(0, len(draws), ROUND):
            least, most = curves.stated(at).interval
            if most <= KNOWN * least:
                return
            step = max(low, round(curves.step_of_risk(at)))
            met = []
            asked = ((step, draw) for draw in draws[start : start + ROUND])
            for count, answer in enumerate(answers(asked), start + 1):
                met.append(answer)
                yield count
            for each in met:
                curves.see(step if each else None, None if each else step)


def meets(oracle: Oracle, asked: tuple[int, int], *, low: int) -> bool:
    """Whether a draw meets the target at a step, by the closest images if they leave no doubt."""
    step, draw = asked
    if oracle.guesses:
        right, drift = oracle.guess(step, draw, low - 1)
        if right - SURE * drift >= oracle.target * oracle.images:
            return True
    return oracle.ask(step, draw) >= oracle.target
