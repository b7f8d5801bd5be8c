"""The fine search: tensors rise one grid step at a time while no draw misses the target.

`plain_sweep` is the rule, as the paper has it, and asks at every step. `lazy_sweep` comes to the
same end with fewer questions, of three prices:

- Nothing: a step that makes no further cell weak reads the same bits, so its answer is known.
- A part of the images: those closest to another class, on which nearly all change happens. What
  they gain or lose since the last answer on all images says how near the target a draw is. The
  other images change the less the less these do, so the guess is trusted to `DRIFT` of the images
  that changed among these, either way.
- All images, wherever the guess does not clear the target by that much: so every tensor that stops
  has a draw seen to miss on all images. The end is asked in full too, under every draw. Where that
  shows that the images outside the part have changed so that a guess on the way may have been
  wrong, that one is asked. If it was, the first miss is found by bisection, the sweep goes on from
  there, and guesses must clear the target by twice as much; nothing is asked twice.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from itertools import pairwise

__all__ = ["DRIFT", "held", "lazy_sweep", "plain_sweep"]

Steps = Mapping[str, int]

# Of the closest fifth, images that changed for one that another image may change by. Of LeNet's
# steps, unboosted and boosted, it is exceeded by few, and by those mostly far from the target.
DRIFT = 0.4


def plain_sweep(
    holds: Callable[[Steps], bool],
    start: Steps,
    *,
    high: int,
    on_settled: Callable[[int], None] | None = None,
) -> dict[str, int]:
    """Raise each tensor in turn by one step, round after round, while the target holds.

    A tensor that cannot rise stays where it is for good.

    Args:
        holds: Whether the target holds at a step for every tensor.
        start: The step each tensor starts from (the coarse one).
        high: Highest step of the grid.
        on_settled: Called with the number of tensors that have stopped.

    Returns:
        The step of every tensor, in the order of ``start``.

    Reference:
        Koppula et al., EDEN, MICRO 2019, section 3.3 (fine-grained characterisation).
    """
    steps, candidates = dict(start), list(start)
    while candidates:
        raised = []
        for name in candidates:
            trial = {**steps, name: steps[name] + 1}
            if trial[name] <= high and holds(trial):
                steps = trial
                raised.append(name)
        candidates = raised
        if on_settled is not None:
            on_settled(len(steps) - len(candidates))
    return steps


def lazy_sweep(
    whole: Callable[[Steps, int], float],
    start: Steps,
    *,
    high: int,
    target: float,
    draws: Sequence[int],
    close: Callable[[Steps, int], int] | None = None,
    images: int = 0,
    cells: Callable[[Steps, int], Hashable] | None = None,
    on_settled: Callable[[int], None] | None = None,
) -> dict[str, int]:
    """Find what `plain_sweep` finds if a trial holds where no draw misses on all images.

    Args:
        whole: ``whole(steps, draw)``, the accuracy on all images.
        start: As for `plain_sweep`; no draw should miss there.
        high: As for `plain_sweep`.
        target: Accuracy to reach.
        draws: Error draws, the worst one first.
        close: ``close(steps, draw)``, the images of the part that are named rightly, as the bits
            of an int. Without it all is asked of all images.
        images: How many all images are.
        cells: Two steps with the same ``cells(steps, draw)`` read the same bits.
        on_settled: As for `plain_sweep`; numbers may fall back.

    Returns:
        The step of every tensor: no draw misses on all images, and each tensor one step higher
        missed under some draw when it stopped.
    """
    walk = _Walk(whole, close, images, cells, target, list(draws))
    while True:
        walk.restart(start)
        found = plain_sweep(walk.holds, start, high=high, on_settled=on_settled)
        doubts = list(walk.doubts())
        if not doubts:
            return found
        for steps, draw in doubts:
            if walk.ask(steps, draw) < target:
                walk.correct(steps, draw)
                break


class _Walk:
    """One walk along the sweep's path, and all answers of earlier ones."""

    def __init__(self, whole, close, images, cells, target, draws):
        self.whole, self.close, self.images = whole, close, images
        self.cells = cells or (lambda steps, draw: tuple(steps.values()))
        self.target, self.order, self.draws = target, draws, list(draws)
        self.accuracies: dict[Hashable, float] = {}
        self.rights: dict[Hashable, int] = {}
        self.slack = 0

    def restart(self, start: Steps) -> None:
        self.path = [dict(start)]
        self.anchors = dict.fromkeys(self.draws, self.path[0])

    def key(self, steps: Steps, draw: int) -> Hashable:
        return draw, self.cells(steps, draw)

    def ask(self, steps: Steps, draw: int) -> float:
        key = self.key(steps, draw)
        if key not in self.accuracies:
            self.accuracies[key] = self.whole(steps, draw)
        return self.accuracies[key]

    def right(self, steps: Steps, draw: int) -> int:
        key = self.key(steps, draw)
        if key not in self.rights:
            self.rights[key] = self.close(steps, draw)
        return self.rights[key]

    def known(self, steps: Steps, draw: int) -> bool:
        return self.key(steps, draw) in self.accuracies

    def holds(self, steps: Steps) -> bool:
        for draw in self.order:
            if not self.meets(steps, draw):
                # Most of the steps that fail do so under the same few draws.
                self.order.remove(draw)
                self.order.insert(0, draw)
                return False
        self.path.append(dict(steps))
        for draw in self.draws:
            if self.known(steps, draw):
                self.anchors[draw] = self.path[-1]
        return True

    def meets(self, steps: Steps, draw: int) -> bool:
        if self.close is not None and not self.known(steps, draw):
            anchor = self.anchors[draw]
            before, now = self.right(anchor, draw), self.right(steps, draw)
            gained = now.bit_count() - before.bit_count()
            drift = self.slack + int(DRIFT * (now ^ before).bit_count())
            if (self.count(anchor, draw) + gained - drift) / self.images >= self.target:
                return True
        return self.ask(steps, draw) >= self.target

    def correct(self, steps: Steps, draw: int) -> None:
        """Find where on the path a draw began to miss, and trust guesses less from now on."""
        if self.close is None:
            return
        bad = self.path.index(steps)
        good = max((at for at in range(bad) if self.known(self.path[at], draw)), default=bad)
        while bad - good > 1:
            middle = (good + bad) // 2
            if self.ask(self.path[middle], draw) < self.target:
                bad = middle
            else:
                good = middle
        # So after a few wrong paths, whatever images do, all is asked in full.
        fell = self.others(self.path[good], draw) - self.others(self.path[bad], draw)
        self.slack = max(1, 2 * self.slack, fell)

    def count(self, steps: Steps, draw: int) -> int:
        return round(self.ask(steps, draw) * self.images)

    def others(self, steps: Steps, draw: int) -> int:
        """Of the images outside the part, how many are named rightly."""
        return self.count(steps, draw) - self.right(steps, draw).bit_count()

    def doubts(self) -> Iterator[tuple[Steps, int]]:
        """What must be asked on all images before the path can be believed."""
        ends = [(self.path[-1], d) for d in self.order if not self.known(self.path[-1], d)]
        yield from ends
        if self.close is None or ends:
            return
        for draw in self.draws:
            known = [at for at, steps in enumerate(self.path) if self.known(steps, draw)]
            for first, last in pairwise(known):
                others = [self.others(self.path[at], draw) for at in (first, last)]
                if others[1] >= others[0]:
                    continue
                wrong = [
                    steps
                    for steps in self.path[first + 1 : last]
                    if (others[1] + self.right(steps, draw).bit_count()) / self.images < self.target
                ]
                if wrong:
                    yield wrong[len(wrong) // 2], draw
                    break


def held(
    accuracy: Callable[[Steps, int], float],
    steps: Steps,
    *,
    base: int,
    top: Steps,
    draws: Sequence[int],
    target: float,
    rank: Callable[[Steps, int], float] | None = None,
) -> dict[str, int]:
    """Move tensors by single steps until no draw misses the target.

    Weak sets nest, accuracies only nearly: below where all draws meet the target one can miss it,
    by an image or two as a rule. Of all single steps, down or back up to the top, the one after
    which that draw does best is taken. If every tensor has moved once and a draw still misses, all
    go down a step and the search begins again, at the base at the latest.

    Args:
        accuracy: ``accuracy(steps, draw)``; asked repeatedly, so it should remember.
        steps: The step of every tensor.
        base: No tensor goes below; there all draws are known to meet the target.
        top: No tensor goes above; there too.
        draws: Error draws.
        target: Accuracy to reach.
        rank: A cheaper question that says which step helps most; default: ``accuracy``.

    Returns:
        The steps.
    """
    steps, rank, order, still = dict(steps), rank or accuracy, list(draws), set(steps)
    while (missed := next((d for d in order if accuracy(steps, d) < target), None)) is not None:
        order.remove(missed)
        order.insert(0, missed)
        down = [{**steps, name: steps[name] - 1} for name in steps if name in still]
        up = [{**steps, name: steps[name] + 1} for name in steps if name in still]
        options = [trial for trial in down + up if all(base <= trial[n] <= top[n] for n in trial)]
        if options:
            best = max(options, key=lambda trial, d=missed: rank(trial, d))
            still -= {name for name in steps if steps[name] != best[name]}
            steps = best
        elif max(steps.values()) > base:
            steps = {name: max(base, step - 1) for name, step in steps.items()}
            top, still = dict(steps), set(steps)
        else:
            break
    return steps
