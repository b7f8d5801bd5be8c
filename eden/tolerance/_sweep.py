"""The fine search: tensors rise one grid step at a time while no draw misses the target.

`plain_sweep` is the rule, as the paper has it, and asks at every step. `lazy_sweep` comes to the
same end with fewer questions, of three prices:

- Nothing: a step that makes no further cell weak reads the same bits, so its answer is known.
- A part of the images, from which all are guessed (`_oracle`).
- All images, wherever that guess may be wrong about the target: so every tensor that stops has a
  draw seen to miss on all images. The end is asked in full too, under every draw. Where that
  shows that the images outside the part have changed so that a guess on the way may have been
  wrong, that one is asked. If it was, the first miss is found by bisection, the sweep goes on from
  there, and guesses must clear the target by twice as much; nothing is asked twice.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from eden.tolerance._copies import waves
from eden.tolerance._oracle import Oracle

Steps = Mapping[str, int]
# Tensors that rise together.
Groups = Sequence[Sequence[str]]

# Draws asked of a step at once, the worst ones first: most of the steps that fail do so there.
_WAVES = (2, 8)


def plain_sweep(
    holds: Callable[[Steps], bool],
    start: Steps,
    *,
    high: int,
    groups: Groups | None = None,
    on_settled: Callable[[int], object] | None = None,
) -> dict[str, int]:
    """Raise each tensor in turn by one step, round after round, while the target holds.

    A tensor that cannot rise stays where it is for good.

    Args:
        holds: Whether the target holds at a step for every tensor.
        start: The step each tensor starts from (the coarse one).
        high: Highest step of the grid.
        groups: Tensors that rise and stop together; default: each by itself.
        on_settled: Called with the number of tensors that have stopped.

    Returns:
        The step of every tensor, in the order of ``start``.

    Reference:
        Koppula et al., EDEN, MICRO 2019, section 3.3 (fine-grained characterisation).
    """
    steps, candidates = dict(start), _each(start) if groups is None else [*groups]
    while candidates:
        raised = []
        for group in candidates:
            trial = moved(steps, group, 1)
            if max(trial[name] for name in group) <= high and holds(trial):
                steps = trial
                raised.append(group)
        candidates = raised
        if on_settled is not None:
            on_settled(len(steps) - sum(map(len, candidates)))
    return steps


def _each(names: Iterable[str]) -> list[tuple[str, ...]]:
    return [(name,) for name in names]


def moved(steps: Steps, group: Sequence[str], by: int) -> dict[str, int]:
    """The steps where those of a group are so many higher."""
    return {**steps, **{name: steps[name] + by for name in group}}


def lazy_sweep(
    oracle: Oracle,
    start: Steps,
    *,
    high: int,
    draws: Sequence[int],
    groups: Groups | None = None,
    on_settled: Callable[[int], object] | None = None,
) -> dict[str, int]:
    """Find what `plain_sweep` finds if a trial holds where no draw misses on all images.

    Args:
        oracle: About the steps of all tensors.
        start: The step each tensor starts from; no draw should miss there.
        high: Highest step of the grid.
        draws: Error draws, the worst one first.
        groups: Tensors that rise and stop together; default: each by itself.
        on_settled: Called with the number of tensors that have stopped. The last one counts only
            once the end is certain; the number never falls, though a tensor that was thought to
            have stopped may rise on.

    Returns:
        The step of every tensor: no draw misses on all images, and each group one step higher
        missed under some draw when it stopped.
    """
    walk, most = _Walk(oracle, draws), 0

    def settled(count: int) -> None:
        nonlocal most
        most = max(most, min(count, len(start) - 1))
        if on_settled is not None:
            on_settled(most)

    while True:
        walk.restart(start)
        found = plain_sweep(walk.holds, start, high=high, groups=groups, on_settled=settled)
        doubts = list(walk.doubts())
        if not doubts:
            if on_settled is not None:
                on_settled(len(start))
            return found
        oracle.ahead(doubts)
        for steps, draw in doubts:
            if oracle.ask(steps, draw) < oracle.target:
                walk.correct(steps, draw)
                break


class _Walk:
    """One walk along the sweep's path, and all answers of earlier ones."""

    def __init__(self, oracle: Oracle, draws: Sequence[int]):
        self.oracle, self.order, self.draws = oracle, list(draws), list(draws)
        self.slack = 0

    def restart(self, start: Steps) -> None:
        self.path: list[Steps] = [dict(start)]
        self.anchors = dict.fromkeys(self.draws, self.path[0])

    def holds(self, steps: Steps) -> bool:
        for wave in waves(self.order, _WAVES):
            self.oracle.ahead([(steps, draw) for draw in wave], part=True)
            self.oracle.ahead(
                [(steps, draw) for draw in wave if not self.seems_to_meet(steps, draw)]
            )
            for draw in wave:
                if not self.meets(steps, draw):
                    self.order.remove(draw)
                    self.order.insert(0, draw)
                    return False
        self.path.append(dict(steps))
        for draw in self.draws:
            if self.oracle.known(steps, draw):
                self.anchors[draw] = self.path[-1]
        return True

    def meets(self, steps: Steps, draw: int) -> bool:
        return self.seems_to_meet(steps, draw) or self.oracle.ask(steps, draw) >= self.oracle.target

    def seems_to_meet(self, steps: Steps, draw: int) -> bool:
        """Whether a guess leaves no doubt."""
        if not self.oracle.guesses or self.oracle.known(steps, draw):
            return False
        count, drift = self.oracle.guess(steps, draw, self.anchors[draw])
        return (count - drift - self.slack) / self.oracle.images >= self.oracle.target

    def correct(self, steps: Steps, draw: int) -> None:
        """Find where on the path a draw began to miss, and trust guesses less from now on."""
        if not self.oracle.guesses:
            return
        bad = self.path.index(steps)
        good = max((at for at in range(bad) if self.oracle.known(self.path[at], draw)), default=bad)
        while bad - good > 1:
            middle = (good + bad) // 2
            if self.oracle.ask(self.path[middle], draw) < self.oracle.target:
                bad = middle
            else:
                good = middle
        # So after a few wrong paths, whatever images do, all is asked in full.
        fell = self.oracle.others(self.path[good], draw) - self.oracle.others(self.path[bad], draw)
        self.slack = max(1, 2 * self.slack, fell)

    def doubts(self) -> Iterator[tuple[Steps, int]]:
        """What must be asked on all images before the path can be believed."""
        ends = [(self.path[-1], d) for d in self.order if not self.oracle.known(self.path[-1], d)]
        yield from ends
        if not self.oracle.guesses or ends:
            return
        for draw in self.draws:
            known = [at for at, steps in enumerate(self.path) if self.oracle.known(steps, draw)]
            for first, last in pairwise(known):
                others = [self.oracle.others(self.path[at], draw) for at in (first, last)]
                if others[1] >= others[0]:
                    continue
                wrong = [
                    steps
                    for steps in self.path[first + 1 : last]
                    if (others[1] + self.oracle.right(steps, draw).bit_count()) / self.oracle.images
                    < self.oracle.target
                ]
                if wrong:
                    yield wrong[len(wrong) // 2], draw
                    break


def held(
    oracle: Oracle,
    steps: Steps,
    *,
    base: Steps,
    top: Steps,
    draws: Sequence[int],
    groups: Groups | None = None,
) -> dict[str, int]:
    """Move tensors by single steps until no draw misses the target.

    Weak sets nest, accuracies only nearly: below where all draws meet the target one can miss it,
    by an image or two as a rule. Of all single steps, down or back up to the top, the one after
    which that draw does best is taken. If every tensor has moved once and a draw still misses, all
    go down a step and the search begins again, at the base at the latest.

    Args:
        oracle: About the steps of all tensors.
        steps: The step of every tensor.
        base: No tensor goes below; there all draws are known to meet the target.
        top: No tensor goes above; there too.
        draws: Error draws.
        groups: Tensors that move together; default: each by itself.

    Returns:
        The steps.
    """
    steps, order, still = dict(steps), list(draws), set(steps)
    groups = _each(steps) if groups is None else groups
    oracle.ahead([(steps, draw) for draw in order])

    def misses(draw: int) -> bool:
        return oracle.confirm(steps, draw) < oracle.target

    while (missed := next(filter(misses, order), None)) is not None:
        order.remove(missed)
        order.insert(0, missed)
        tried = [moved(steps, group, by) for by in (-1, 1) for group in groups if still & {*group}]
        options = [trial for trial in tried if all(base[n] <= trial[n] <= top[n] for n in trial)]
        if options:
            oracle.ahead([(trial, missed) for trial in options], part=True)
            best = max(options, key=lambda trial, d=missed: oracle.rank(trial, d))
            still -= {name for name in steps if steps[name] != best[name]}
            steps = best
        elif any(step > base[name] for name, step in steps.items()):
            steps = {name: max(base[name], step - 1) for name, step in steps.items()}
            top, still = dict(steps), set(steps)
        else:
            break
    return steps
