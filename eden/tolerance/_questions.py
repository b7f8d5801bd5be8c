"""What the searches ask: a network on all images or the closest ones, or its cells alone."""

import math
from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from eden._files import digest_bytes
from eden.tolerance._answers import Answers
from eden.tolerance._grid import ber_of
from eden.tolerance._oracle import Oracle

# The step of BER 0.
NO_ERROR = -math.inf
# Of LeNet's images at most this share changes between right and wrong, unboosted, on the way from
# the coarse to the fine tolerances, and 4 in 5 of those that do are among the closest so many.
CLOSEST = 0.2
# Fewer images than this say too little of the others.
LEAST = 100

Steps = Mapping[str, float]


class Questions:
    """What `Answers` asks of a network.

    If the oracle's evaluator tells which images are named rightly and which are closest to that
    changing (`eden.data.Evaluator`), those can be asked alone.

    Args:
        asked: On all images.
    """

    def __init__(self, asked: Oracle):
        self.asked = asked
        evaluate: Any = asked.evaluate
        self.parted = all(hasattr(evaluate, name) for name in ("right", "closest", "take"))
        self.images = len(evaluate) if self.parted else 0
        self.count = max(LEAST, round(CLOSEST * self.images))
        self.parted = self.parted and self.count <= self.images / 2
        self.names = [tensor.name for tensor in asked.handle.tensors]
        self.cells_of = lru_cache(maxsize=None)(self._cells_of)
        # Of all images and of the part, by what was read.
        self.all: dict[Hashable, np.ndarray] = {}
        self.part: dict[Hashable, np.ndarray] = {}

    def answers(
        self,
        target: float,
        near: Steps,
        draw: int,
        *,
        steps_of: Callable[[Any], Steps] = lambda steps: steps,
    ) -> Answers:
        """Answers to these questions.

        Args:
            target: Accuracy to reach.
            near: The steps at which it is measured which images are close to another class.
            draw: Likewise.
            steps_of: What the search calls steps, as steps of the tensors.
        """
        if self.parted:
            self.asked.set(bers_of(near), draw)
            evaluate: Any = self.asked.evaluate
            closest = evaluate.closest(self.asked.model, self.count)
            outside = torch.ones(self.images, dtype=torch.bool)
            outside[closest] = False
            others = outside.nonzero()[:, 0]
            self.closest, self.others = closest.numpy(), others.numpy()
            self.on_closest, self.on_others = evaluate.take(closest), evaluate.take(others)
            self.part.clear()
        return Answers(
            lambda steps, draw: self.whole(steps_of(steps), draw),
            target,
            close=(lambda steps, draw: self.close(steps_of(steps), draw)) if self.parted else None,
            images=self.images,
            cells=lambda steps, draw: self.cells(steps_of(steps), draw),
        )

    def same(self, step: float) -> dict[str, float]:
        """One step for all tensors."""
        return dict.fromkeys(self.names, step)

    def whole(self, steps: Steps, draw: int) -> float:
        """Accuracy on all images."""
        steps, draw = self._read(steps, draw)
        if not self.parted:
            return self.asked.accuracies("all", bers_of(steps), [draw])[0]
        key = self._key(steps, draw)
        if key not in self.all:
            self.all[key] = self._ask("all", steps, draw, self.images, lambda: self._right(key))
        return int(self.all[key].sum()) / self.images

    def close(self, steps: Steps, draw: int) -> int:
        """The closest images that are named rightly, as bits."""
        steps, draw = self._read(steps, draw)
        key = self._key(steps, draw)
        if key in self.all:
            right = self.all[key][self.closest]
        else:
            if key not in self.part:
                part = {"part": digest_bytes(self.closest.data)}
                self.part[key] = self._ask(
                    "part", steps, draw, self.count, self._right_of_closest, **part
                )
            right = self.part[key]
        return int.from_bytes(np.packbits(right).tobytes(), "big")

    def rank(self, steps: Steps, draw: int) -> float:
        """The cheapest question that orders steps by accuracy."""
        return self.close(steps, draw).bit_count() if self.parted else self.whole(steps, draw)

    def cells(self, steps: Steps, draw: int) -> Hashable:
        """What tells apart the steps that read other bits."""
        return tuple(self.cells_of(name, step, draw) for name, step in steps.items())

    def _cells_of(self, name: str, step: float, draw: int) -> tuple[str, float]:
        if step == NO_ERROR:
            return "cells", 0
        count = self.asked.handle.count_weak(name, ber_of(step), draw)
        return ("step", step) if count is None else ("cells", count)

    def _read(self, steps: Steps, draw: int) -> tuple[Steps, int]:
        """Steps and draw that read the same: where no cell is weak, all draws do."""
        if all(cells == ("cells", 0) for cells in self.cells(steps, draw)):
            return self.same(NO_ERROR), 0
        return steps, draw

    def _key(self, steps: Steps, draw: int) -> Hashable:
        return draw, self.cells(steps, draw)

    def _right_of_closest(self) -> np.ndarray:
        return self.on_closest.right(self.asked.model).numpy()

    def _right(self, key: Hashable) -> np.ndarray:
        model, evaluate = self.asked.model, self.asked.evaluate
        if key not in self.part:
            return evaluate.right(model).numpy()  # type: ignore[attr-defined]
        # What has been asked of the closest ones is not asked again.
        right = np.empty(self.images, dtype=bool)
        right[self.closest] = self.part[key]
        right[self.others] = self.on_others.right(model).numpy()
        return right

    def _ask(
        self,
        label: str,
        steps: Steps,
        draw: int,
        images: int,
        right: Callable[[], np.ndarray],
        **more: str,
    ) -> np.ndarray:
        """Which images are named rightly, from finished trials if it is there."""

        def run() -> list[dict]:
            self.asked.set(bers_of(steps), draw)
            named = right()
            bits = np.packbits(named).tobytes().hex()
            accuracy = int(named.sum()) / images
            return [{"seed": draw, "ber": None, "accuracy": accuracy, "right": bits}]

        question = {"label": label, "bers": bers_of(steps), "seed": draw, **more}
        bits = bytes.fromhex(self.asked.trials.get(question, run)[0]["right"])
        return np.unpackbits(np.frombuffer(bits, dtype=np.uint8), count=images).astype(bool)


def bers_of(steps: Steps) -> dict[str, float]:
    """The BER of every tensor."""
    return {name: ber_of(step) for name, step in steps.items()}
