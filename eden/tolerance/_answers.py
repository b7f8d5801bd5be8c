"""Answers about a network under errors, each asked once, and guesses between them.

An answer on all images is dear. A part of them, those closest to another class, is cheap, and
nearly all change happens there. What the part gained or lost since an answer on all images is what
all of them did, but for the others; those change the less the less the part does, so a guess is
trusted to `DRIFT` of the images that changed in the part, either way.
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Any

# What is asked about: a step for every tensor, or one for all of them.
Steps = Any

# Of the closest fifth, images that changed for one that another image may change by. Of LeNet's
# steps, unboosted and boosted, it is exceeded by few, and by those mostly far from the target.
DRIFT = 0.4


class Answers:
    """What a search has been told.

    Args:
        whole: ``whole(steps, draw)``, the accuracy on all images.
        target: Accuracy to reach.
        close: ``close(steps, draw)``, the images of the part that are named rightly, as the bits
            of an int. Without it nothing can be guessed.
        images: How many all images are.
        cells: Two steps with the same ``cells(steps, draw)`` read the same bits; default: no two.
    """

    def __init__(
        self,
        whole: Callable[[Steps, int], float],
        target: float,
        *,
        cells: Callable[[Steps, int], Hashable] | None = None,
        close: Callable[[Steps, int], int] | None = None,
        images: int = 0,
    ):
        self.whole, self.close, self.images = whole, close, images
        self.target, self.cells = target, cells or _as_they_are
        self.accuracies: dict[Hashable, float] = {}
        self.rights: dict[Hashable, int] = {}

    def key(self, steps: Steps, draw: int) -> Hashable:
        """What tells two questions apart."""
        return draw, self.cells(steps, draw)

    def known(self, steps: Steps, draw: int) -> bool:
        """Whether all images have been asked."""
        return self.key(steps, draw) in self.accuracies

    def ask(self, steps: Steps, draw: int) -> float:
        """Accuracy on all images."""
        key = self.key(steps, draw)
        if key not in self.accuracies:
            self.accuracies[key] = self.whole(steps, draw)
        return self.accuracies[key]

    def right(self, steps: Steps, draw: int) -> int:
        """The images of the part that are named rightly, as bits."""
        key = self.key(steps, draw)
        if key not in self.rights:
            self.rights[key] = self.close(steps, draw)
        return self.rights[key]

    def others(self, steps: Steps, draw: int) -> int:
        """Of the images outside the part, how many are named rightly; asks all."""
        return round(self.ask(steps, draw) * self.images) - self.right(steps, draw).bit_count()

    def guess(self, steps: Steps, draw: int, anchor: Steps) -> tuple[int, int]:
        """How many images are named rightly, if the others are as they were at the anchor.

        Args:
            steps: Asked of the part alone.
            draw: Of the errors.
            anchor: Steps at which all images are asked.

        Returns:
            The number, and by how many it may be wrong.
        """
        before, now = self.right(anchor, draw), self.right(steps, draw)
        drift = int(DRIFT * (now ^ before).bit_count())
        return self.others(anchor, draw) + now.bit_count(), drift


def _as_they_are(steps: Steps, draw: int) -> Hashable:
    return tuple(steps.items()) if isinstance(steps, Mapping) else steps
