"""Searches on the BER grid, as pure functions over a question that can be asked.

The grid has a fixed number of steps a decade: step k stands for the BER 10^(k / steps), so a step
is an int and nothing depends on where a search began. Weak sets of one seed nest, so whether a
seed meets the target is nearly monotone in the step, and bisection needs few questions; it is only
nearly monotone, so what a search returns is confirmed by asking again (`eden.characterize`).
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

__all__ = [
    "STEPS_A_DECADE",
    "CoarseSearch",
    "WorstFirst",
    "ber_of",
    "coarse_search",
    "fine_search",
    "highest_step",
    "repair",
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


class WorstFirst:
    """Ask every seed until one misses, the one that missed last first.

    The answer does not depend on the order, only the time does: most of the steps that fail do so
    under the same few seeds.
    """

    def __init__(self, seeds: Sequence[int]):
        self._order = list(seeds)

    def first_miss(self, meets: Callable[[int], bool]) -> tuple[bool, int]:
        """Whether every seed meets the target, and the seed that missed (else the last asked)."""
        for seed in self._order:
            if not meets(seed):
                return False, seed
        return True, self._order[-1]

    def move_first(self, seed: int) -> None:
        """Ask ``seed`` first from now on."""
        self._order.remove(seed)
        self._order.insert(0, seed)


def fine_search(
    holds: Callable[[Mapping[str, int]], bool],
    start: Mapping[str, int],
    *,
    high: int,
    strides: Sequence[int] = (4, 2, 1),
    on_settled: Callable[[str, int], None] | None = None,
) -> dict[str, int]:
    """Raise tensors one at a time while the target still holds.

    A sweep goes over the tensors in their order and raises each by one stride if the target
    holds; sweeps repeat until none can be raised, then the stride is halved. With the last stride
    of one grid step the result is maximal, as that of the paper's one-step sweeps: no single
    tensor can be raised. The larger strides first only save trials; they share the accuracy
    budget out among the tensors in portions of a stride. A tensor that failed at a stride is not
    asked again at it: the others have only been raised since.

    Args:
        holds: Whether the target holds at a step for every tensor.
        start: The step each tensor starts from (the coarse one).
        high: Highest step of the grid.
        strides: Strides in grid steps, falling, the last one 1.
        on_settled: Called with (tensor, stride) once a tensor can rise no further at a stride.

    Returns:
        The step of every tensor, in the order of ``start``.
    """
    steps = dict(start)
    for stride in strides:
        candidates = list(steps)
        while candidates:
            raised = []
            for name in candidates:
                target = steps[name] + stride
                if target <= high and holds({**steps, name: target}):
                    steps[name] = target
                    raised.append(name)
                elif on_settled is not None:
                    on_settled(name, stride)
            candidates = raised
    return steps


def repair(
    accuracy: Callable[[Mapping[str, int], int], float],
    steps: Mapping[str, int],
    *,
    base: int,
    draws: Sequence[int],
    target: float,
    on_draw: Callable[[], None] | None = None,
) -> dict[str, int]:
    """Lower tensors until no draw misses the target.

    A fine search on few images accepts what more images would not. For a draw that misses, the
    tensor whose fall to the base helps this draw most goes halfway there, until the draw meets
    the target; so the tensors that are not to blame keep what they have.

    Args:
        accuracy: ``accuracy(steps, draw)``; asked repeatedly, so it should remember.
        steps: The step of every tensor.
        base: The step at which all draws are known to meet the target.
        draws: Error draws.
        target: Accuracy to reach.
        on_draw: Called whenever a draw has been brought to meet it.

    Returns:
        The steps, none above what was given, none that was above the base below it.
    """
    steps, changed = dict(steps), True
    while changed:
        changed = False
        for draw in draws:
            while accuracy(steps, draw) < target:
                raised = [name for name, step in steps.items() if step > base]
                if not raised:
                    break
                worst = max(raised, key=lambda n, d=draw: accuracy({**steps, n: base}, d))
                steps[worst] = base + (steps[worst] - base) // 2
                changed = True
            if on_draw is not None:
                on_draw()
    return steps
