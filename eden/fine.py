"""What the fine search asks: a network on all images or the closest ones, or its cells alone."""

from collections.abc import Hashable, Mapping
from functools import lru_cache

import torch

from eden._cells import weak_cells
from eden.oracle import Oracle
from eden.search import ber_of
from eden.store import digest_bytes

__all__ = ["CLOSEST", "FineQuestions", "bers_of"]

# Of LeNet's images at most this share changes between right and wrong, unboosted, on the way from
# the coarse to the fine tolerances, and 4 in 5 of those that do are among the closest so many.
CLOSEST = 0.2
# Fewer images than this say too little of the others.
LEAST = 100


class FineQuestions:
    """Answers for `eden.sweep.lazy_sweep`.

    If the oracle's evaluator tells which images are named rightly and which are closest to that
    changing (`eden.data.Evaluator`), those can be asked alone.

    Args:
        asked: On all images.
        base: The step from which tensors rise.
        draws: Error draws, the worst one first.
    """

    def __init__(self, asked: Oracle, base: int, draws: list[int]):
        self.asked, self.draws = asked, draws
        evaluate = asked.evaluate
        self.parted = all(hasattr(evaluate, name) for name in ("right", "closest", "take"))
        self.images = len(evaluate) if self.parted else 0  # type: ignore[arg-type]
        count = max(LEAST, round(CLOSEST * self.images))
        self.parted = self.parted and count <= self.images / 2
        self.cells_of = lru_cache(maxsize=None)(self._cells_of)
        self.known: dict[Hashable, int] = {}
        if self.parted:
            asked.set(ber_of(base), draws[0])
            self.closest = evaluate.closest(asked.model, count)  # type: ignore[attr-defined]
            self.part = evaluate.take(self.closest)  # type: ignore[attr-defined]
            self.part_digest = digest_bytes(self.closest.numpy().data)

    def whole(self, steps: Mapping[str, int], draw: int) -> float:
        """Accuracy on all images."""
        if not self.parted:
            return self.asked.accuracies("fine", bers_of(steps), [draw])[0]

        def run() -> list[dict]:
            right = self.asked.right(bers_of(steps), draw)
            accuracy = int(right.sum()) / len(right)
            return [self._row(draw, right[self.closest], accuracy)]

        row = self._get("fine", steps, draw, run)
        self.known[self._key(steps, draw)] = int(row["right"], 16)
        return row["accuracy"]

    def close(self, steps: Mapping[str, int], draw: int) -> int:
        """The closest images that are named rightly, as bits."""
        key = self._key(steps, draw)
        if key not in self.known:

            def run() -> list[dict]:
                self.asked.set(bers_of(steps), draw)
                return [self._row(draw, self.part.right(self.asked.model), None)]

            self.known[key] = int(self._get("closest", steps, draw, run)["right"], 16)
        return self.known[key]

    def rank(self, steps: Mapping[str, int], draw: int) -> float:
        """The cheapest question that orders steps by accuracy."""
        return self.close(steps, draw).bit_count() if self.parted else self.whole(steps, draw)

    def cells(self, steps: Mapping[str, int], draw: int) -> Hashable:
        """What tells apart the steps that read other bits."""
        return tuple(self.cells_of(name, step, draw) for name, step in steps.items())

    def _cells_of(self, name: str, step: int, draw: int) -> tuple[str, int]:
        count = weak_cells(self.asked.handle, name, ber_of(step), draw)
        return ("step", step) if count is None else ("cells", count)

    def _key(self, steps: Mapping[str, int], draw: int) -> Hashable:
        return draw, self.cells(steps, draw)

    def _get(self, label: str, steps: Mapping[str, int], draw: int, run) -> dict:
        question = {"label": label, "bers": bers_of(steps), "seed": draw, "part": self.part_digest}
        return self.asked.trials.get(question, run)[0]

    def _row(self, draw: int, right: torch.Tensor, accuracy: float | None) -> dict:
        bits = "".join("1" if image else "0" for image in right.tolist())
        return {
            "seed": draw,
            "ber": None,
            "accuracy": accuracy,
            "met": None,
            "right": f"{int(bits, 2):x}",
        }


def bers_of(steps: Mapping[str, int]) -> dict[str, float]:
    """The BER of every tensor."""
    return {name: ber_of(step) for name, step in steps.items()}
