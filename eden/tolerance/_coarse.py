"""The coarse search: up to which step of one BER for all tensors each draw meets the target.

The rule is that of a sweep of the grid under every draw: a draw's threshold is the step before its
first miss. Accuracy falls only nearly steadily, so a draw may miss, recover, and miss for good
several steps later, and bisection alone would find any of these crossings. Hence three stages for
a draw, each in the light of what is known (`_oracle`):

- Bisection, from the thresholds of earlier draws, on guesses.
- The miss it ends at is asked of all images, and so is each step below it that may miss.
- Steps that were passed over are asked of the part if a dip of `DIP` there would miss.

Where a step then misses, that is the new end. Without a part there are no guesses, and each
question is one of all images: of LeNet seven or eight a draw.
"""

from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from eden.tolerance._copies import waves
from eden.tolerance._grid import highest_step
from eden.tolerance._oracle import Oracle

# Of the accuracy lost since no error, the share that a draw may lose besides between two steps and
# have again at the upper one. In 100 draws of LeNet, boosted and unboosted, on 5,000 images, 0.4
# would have hidden a miss in two, 0.5 in none. On fewer images a dip may be deeper.
DIP = 0.75

# Draws after which the middle of the thresholds so far is looked up anew, to begin the others at.
_WAVES = (1, 4)


@dataclass(frozen=True)
class CoarseSearch:
    """What a coarse search found.

    Attributes:
        thresholds: For each draw, the step before the first at which it misses the target.
        worst: The lowest of them: up to here no draw misses.
    """

    thresholds: tuple[int, ...]
    worst: int


def coarse_search(
    oracle: Oracle,
    draws: Sequence[int],
    *,
    low: int,
    high: int,
    on_found: Callable[[], object] | None = None,
) -> CoarseSearch:
    """Find the threshold of every draw.

    Args:
        oracle: About steps of the grid; the step ``low - 1`` stands for no error at all.
        draws: Error draws.
        low: Lowest step of the grid.
        high: Highest step of the grid.
        on_found: Called as each is found.

    Returns:
        The thresholds; ``low - 1`` marks a draw that misses the target at ``low``.
    """
    thresholds: list[int] = []
    for wave in waves(draws, _WAVES):
        guess = sorted(thresholds)[len(thresholds) // 2] if thresholds else None
        search = partial(_threshold, oracle, guess=guess, low=low, high=high)
        with oracle.network.copies(search, most=len(wave)) as found:
            for threshold in found(wave):
                thresholds.append(threshold)
                if on_found is not None:
                    on_found()
    return CoarseSearch(tuple(thresholds), min(thresholds))


def _threshold(oracle: Oracle, draw: int, *, guess: int | None, low: int, high: int) -> int:
    return _Draw(oracle, draw, low, high).threshold(guess)


class _Draw:
    """The steps of one draw that were asked, rising; the lowest is the network without errors."""

    def __init__(self, oracle: Oracle, draw: int, low: int, high: int):
        self.oracle, self.draw, self.low, self.high = oracle, draw, low, high
        self.steps, self.target = [low - 1], oracle.target
        self.reads, self.known = partial(oracle.reads, draw=draw), partial(oracle.known, draw=draw)
        self.clean = oracle.ask(low - 1, draw)

    def threshold(self, guess: int | None) -> int:
        highest_step(self.seems_to_meet, low=self.low, high=self.high, start=guess)
        while True:
            miss = next((s for s in self.steps if self.guess(s)[0] < self.target), self.high + 1)
            below = [step for step in self.steps if step < miss]
            if miss <= self.high and not self.known(miss):
                self.oracle.ask(miss, self.draw)
            elif (passed_over := self.between(below[-1], miss)) is not None:
                self.seems_to_meet(passed_over)
            elif doubtful := [s for s in below if self.guess(s)[1] < self.target]:
                # The nearer the end the more the answer says of the other doubtful steps.
                self.oracle.ask(doubtful[-1], self.draw)
            elif (hidden := self.may_hide_a_miss(below)) is not None:
                self.seems_to_meet(hidden)
            else:
                return self.last_that_reads_otherwise(below[-1], miss)

    def seems_to_meet(self, step: int) -> bool:
        if step not in self.steps:
            insort(self.steps, step)
        return self.guess(step)[0] >= self.target

    def guess(self, step: int) -> tuple[float, float]:
        """The accuracy at a step, and the least that it may be."""
        oracle, draw = self.oracle, self.draw
        if not oracle.guesses or self.known(step):
            accuracy = oracle.ask(step, draw)
            return accuracy, accuracy
        lower = max(s for s in self.steps if s < step and self.known(s))
        upper = min((s for s in self.steps if s > step and self.known(s)), default=lower)
        guesses = [oracle.guess(step, draw, anchor) for anchor in (lower, upper)]
        likely = min(guesses, key=lambda guess: guess[1])[0]
        # The others may have changed by less than a guess allows for, but are not trusted to have
        # done better than at either end: what fell by the upper one may have fallen before.
        least = min(max(count - drift for count, drift in guesses), *(c for c, _ in guesses))
        return likely / oracle.images, least / oracle.images

    def between(self, low: int, high: int) -> int | None:
        """The middle one of the steps between two that read other bits than either."""
        ends = {self.reads(step) for step in (low, high) if step <= self.high}
        inner = [step for step in range(low + 1, high) if self.reads(step) not in ends]
        return inner[len(inner) // 2] if inner else None

    def last_that_reads_otherwise(self, low: int, miss: int) -> int:
        """The last step from ``low`` on that reads other bits than the first miss."""
        if miss > self.high:
            return self.high
        return max(step for step in range(low, miss) if self.reads(step) != self.reads(miss))

    def may_hide_a_miss(self, below: list[int]) -> int | None:
        """A step between two that meet the target, where a dip would miss it most."""
        found, worst = None, self.target
        for low, high in pairwise(below):
            least = min(self.guess(low)[0], self.guess(high)[0])
            least -= DIP * (self.clean - least)
            if least < worst and (middle := self.between(low, high)) is not None:
                found, worst = middle, least
        return found
