"""The network that a search asks: how accurate is it at these BERs under this draw?

It is asked on all images or on the closest ones alone, and its weak cells tell which questions
read the same bits.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from eden._files import digest, digest_bytes
from eden._say import refusal
from eden._versions import versions
from eden.data import accuracy_of, right_of
from eden.network import Attachment, Config, attach
from eden.tolerance._copies import Answer, Copies, Item, can_copy, one_thread
from eden.tolerance._evaluator import Evaluate, Evaluator, offering
from eden.tolerance._grid import ber_of
from eden.tolerance._memo import Memo, Note, Row
from eden.tolerance._oracle import Oracle, Question, Steps
from eden.tolerance._unchanged import Unchanged

# The step of BER 0.
NO_ERROR = -math.inf
# Of LeNet's images at most this share changes between right and wrong, unboosted, on the way from
# the coarse to the fine tolerances, and 4 in 5 of those that do are among the closest so many.
CLOSEST = 0.2
# Fewer images than this say too little of the others.
LEAST = 100


@dataclass(frozen=True)
class _Share:
    """The images closest to another class, the others, and evaluators on either."""

    closest: np.ndarray
    others: np.ndarray
    on_closest: Evaluator
    on_others: Evaluator
    digest: str


class FaultyNetwork:
    """An attached network under errors, and the images it is asked about.

    If the evaluator tells which images are named rightly and which are closest to that changing
    (`eden.data.Evaluator`), those can be asked alone.

    Attributes:
        handle: The attachment.
        evaluate: ``evaluate(model) -> accuracy``.
        memo: What was answered.
        unchanged: Looks after the weights.
        images: How many all images are; 0 if none can be asked alone.
        low: One step for all tensors stands for no error where it is below this.
        tells_right: The evaluator, if it tells which images are named rightly, else None.
        at_once: How many copies of the process may ask at the same time.
        check_at_end: Refuses an evaluator that answers otherwise after a search than before it.
    """

    def __init__(
        self,
        handle: Attachment,
        evaluate: Evaluate,
        memo: Memo,
        unchanged: Unchanged,
        *,
        low: float,
        at_once: int = 1,
    ):
        self.handle, self.evaluate, self.memo, self.low = handle, evaluate, memo, low
        self.unchanged, self.at_once = unchanged, at_once
        self.by_image = offering(evaluate, "right", "closest", "take", "__len__")
        self.tells_right = offering(evaluate, "right", "__len__")
        images = 0 if self.by_image is None else len(self.by_image)
        self.closest = max(LEAST, round(CLOSEST * images))
        self.images = images if self.closest <= images / 2 else 0
        self.names = [tensor.name for tensor in handle.tensors]
        self.ran = False
        self.check_at_end: Callable[[], None] = lambda: None
        self._counted: dict[tuple[str, float, int], int | None] = {}

    def set(self, ber: float | Mapping[str, float] | None, draw: int) -> None:
        """Have the network fail at a BER (or one a tensor; None: as attached) under a draw."""
        self.handle.reseed(draw)
        if ber is not None:
            self.handle.set_ber(ber)

    def accuracy(self, ber: float | Mapping[str, float] | None, draw: int) -> float:
        """Accuracy at a BER (or one a tensor; None: as attached), whether it is known or not."""
        self.set(ber, draw)
        return self.ask_model(lambda model: accuracy_of(self.evaluate, model, draw=draw))

    def accuracies(self, label: str, ber: float, draws: list[int]) -> list[float]:
        """Accuracy at a BER under each draw; one trial, one shard."""

        def ask() -> list[Row]:
            with self.copies(partial(self.accuracy, ber), most=len(draws)) as accuracies:
                both = zip(draws, accuracies(draws), strict=True)
                return [_row(draw, accuracy, ber=ber) for draw, accuracy in both]

        rows = self.memo.get({"label": label, "ber": ber, "seeds": draws}, ask)
        return [row["accuracy"] for row in rows]

    @contextmanager
    def copies(
        self, ask: Callable[[Item], Answer], *, most: int = 10**6
    ) -> Iterator[Callable[[Iterable[Item]], Iterator[Answer]]]:
        """Ask of several things at once, by copies of the process as it is now.

        Args:
            ask: Asks this network of one of them; what it learns this network knows afterwards.
            most: How many there are at most.

        Yields:
            A function of the things that gives the answers in their order.
        """
        count = min(self.at_once, most)
        if count <= 1:
            yield partial(map, ask)
            return

        def noted(item: Item) -> tuple[Answer, list[Note]]:
            with self.memo.noting() as notes:
                return ask(item), notes

        with Copies(noted, count) as copies:

            def answers(items: Iterable[Item]) -> Iterator[Answer]:
                for answer, notes in copies.answers(items):
                    self.memo.learn(notes)
                    yield answer

            yield answers

    def clean_accuracy(self, target: float) -> float:
        """Return the accuracy without errors, which must meet the target and repeat.

        Args:
            target: Accuracy to reach.

        Raises:
            ValueError: If the evaluator answers otherwise when asked again, so that draws would say
                nothing, or the network misses the target.
        """
        question = self.question(self.every(NO_ERROR), 0)
        first = Oracle(self, target).row(question)
        self._must_repeat("without errors", first, lambda: self.answer(question, part=False))
        clean = first["accuracy"]
        if clean < target:
            accepted = f"at most {clean}, what the network reaches without errors"
            raise ValueError(refusal("target_accuracy", target, accepted))
        return clean

    def placed(self, draw: int) -> Row:
        """The answer of a placed network, whose error models say its BERs.

        ``right`` holds the images that are named rightly where the evaluator tells them.
        """
        by_image = {} if self.tells_right is None else {"by_image": True}
        name = {"label": "placed", "seed": draw, **by_image}
        return self.memo.get(name, lambda: [self._ask_placed(draw)])[0]

    def check_placed_repeats(self, draw: int) -> None:
        """Refuse an evaluator that answers otherwise when called, or asked of a draw again.

        Raises:
            ValueError: If answers differ.
        """
        first = self.placed(draw)
        if self.tells_right is not None:
            name = {"label": "placed", "seed": draw}
            rows = self.memo.get(name, lambda: [_row(draw, self.accuracy(None, draw))])
            told, share = rows[0]["accuracy"], first["accuracy"]
            if abs(told - share) * len(self.tells_right) > 0.5:  # a mean of floats may be rounded
                said = f"{share}, the share of images that its `right` tells"
                raise ValueError(refusal(f"accuracy of evaluate under draw {draw}", told, said))
        self._must_repeat(f"under draw {draw}", first, partial(self._ask_placed, draw))

    def _ask_placed(self, draw: int) -> Row:
        if self.tells_right is None:
            return _row(draw, self.accuracy(None, draw))
        self.set(None, draw)
        return _row_of(draw, self.right_of(self.tells_right, draw))

    def _must_repeat(self, under: str, first: Row, ask: Callable[[], Row]) -> None:
        """Refuse an evaluator that answers otherwise when asked again, now or at the end."""

        def check(label: str) -> None:
            again = self.memo.get({"label": label, "under": under}, lambda: [ask()])[0]
            answers = first["accuracy"], again["accuracy"]
            right = first["right"], again["right"]  # trials kept by earlier versions tell none
            if None not in right and right[0] != right[1] and answers[0] == answers[1]:
                answers = "some images rightly", "others"
            if answers[0] != answers[1]:
                raise ValueError(
                    f"evaluate answered {answers[0]} {under} and {answers[1]} when asked again, "
                    "accepted: the same answer of the same network (fixed images in a fixed order, "
                    "no dropout)"
                )

        check("again")
        self.check_at_end = partial(check, "at the end")

    def every(self, step: float) -> dict[str, float]:
        """One step for every tensor."""
        return dict.fromkeys(self.names, step)

    def choose_part(self, steps: Mapping[str, float], draw: int) -> None:
        """Take for the part, once, the images that are closest to another class at these steps."""
        if self.by_image is None or not self.images:
            return
        self.set(bers_of(steps), draw)
        by_image = self.by_image
        closest = self.ask_model(lambda model: by_image.closest(model, self.closest))
        outside = torch.ones(self.images, dtype=torch.bool)
        outside[closest] = False
        others = outside.nonzero()[:, 0]
        self.part = _Share(
            closest.numpy(),
            others.numpy(),
            on_closest=self.by_image.take(closest),
            on_others=self.by_image.take(others),
            digest=digest_bytes(closest.numpy().data),
        )

    def question(self, steps: Steps, draw: int) -> Question:
        """The question that stands for all that read the same bits."""
        if not isinstance(steps, Mapping):
            steps = self.every(steps if steps >= self.low else NO_ERROR)
        cells = tuple(self._cells(name, step, draw) for name, step in steps.items())
        if all(tensor == ("cells", 0) for tensor in cells):  # where no cell is weak, all draws do
            steps, draw = self.every(NO_ERROR), 0
        return Question(steps, draw, cells)

    def name(self, question: Question, *, part: bool) -> dict[str, Any]:
        """What a question is called among the trials."""
        bers = bers_of(question.steps)
        if not self.images:
            return {"label": "all", "ber": bers, "seeds": [question.draw]}
        name = {"label": "all", "bers": bers, "seed": question.draw}
        return name | {"label": "part", "part": self.part.digest} if part else name

    def answer(self, question: Question, *, part: bool, known: Row | None = None) -> Row:
        """Ask all images, but for the part where its answer is known; or the part alone."""
        bers, draw = bers_of(question.steps), question.draw
        if self.by_image is None or not self.images:
            return _row(draw, self.accuracy(bers, draw))
        self.set(bers, draw)
        if part:
            right = self.right_of(self.part.on_closest, draw, self.part.closest)
        elif known is None:
            right = self.right_of(self.by_image, draw)
        else:
            right = np.empty(self.images, dtype=bool)
            right[self.part.closest] = unpacked(known["right"], self.closest)
            right[self.part.others] = self.right_of(self.part.on_others, draw, self.part.others)
        return _row_of(draw, right)

    def part_of(self, right: str) -> str:
        """Of all images that are named rightly, those in the part."""
        return packed(unpacked(right, self.images)[self.part.closest])

    def right_of(
        self, evaluator: Evaluator, draw: int, images: np.ndarray | None = None
    ) -> np.ndarray:
        """Which images an evaluator finds named rightly; of all, or of those of these numbers."""
        right = self.ask_model(lambda model: right_of(evaluator, model, draw=draw), images)
        return right.cpu().numpy()

    def ask_model(
        self, ask: Callable[[torch.nn.Module], Any], images: np.ndarray | None = None
    ) -> Any:
        """Ask about the network, which must read something: without errors it would bear any."""
        # Neither how the evaluator batches its images, nor which of them are asked, shall decide
        # which accesses fail.
        with self.handle.by_image(None if images is None else torch.from_numpy(images)):
            answer = ask(self.handle.model)
        self.unchanged.check()
        if not self.ran:
            self.handle.check_read("evaluate")
            self.ran = True
        return answer

    def _cells(self, name: str, step: float, draw: int) -> tuple[str, float]:
        if step == NO_ERROR:
            return "cells", 0
        asked = name, step, draw
        if asked not in self._counted:
            self._counted[asked] = self.handle.count_weak(name, ber_of(step), draw)
        count = self._counted[asked]
        return ("step", step) if count is None else ("cells", count)


@contextmanager
def under_errors(
    model: torch.nn.Module,
    evaluate: Evaluate,
    config: Config | Any,
    *,
    low: float = NO_ERROR,
    folder: Path | str | None = None,
    subject: Mapping[str, Any] | None = None,
) -> Iterator[FaultyNetwork]:
    """Attach ``model`` for the length of a search.

    Args:
        model: The network; it is left as it was.
        evaluate: ``evaluate(model) -> accuracy``, or an `Evaluator`.
        config: What is injected, with its calibration; or a placement, which carries one.
        low: One step for all tensors stands for no error where it is below this.
        folder: Where finished trials are kept, or None.
        subject: What else tells this search from others in the same folder.

    Raises:
        ValueError: For a calibration that does not mention all that the config stores, and an
            evaluator that changes the network.
    """
    unchanged = Unchanged(model)
    with one_thread() if can_copy(model, evaluate) else nullcontext(1) as at_once:
        handle = attach(model, config)
        try:
            context = digest(
                {
                    "model": unchanged.digest,
                    # With the calibration that the model may know itself.
                    "config": handle.config.to_dict(),
                    "images": getattr(evaluate, "digest", None),
                    "accesses": "by number of the image",
                    "subject": dict(subject or {}),
                    # Other sources, or sums cut for other threads, may have answered otherwise.
                    "versions": versions(),
                    "threads": torch.get_num_threads(),
                }
            )
            handle.check_calibrated()
            handle.coverage().warn()
            memo = Memo(folder, context=context)
            network = FaultyNetwork(handle, evaluate, memo, unchanged, low=low, at_once=at_once)
            yield network
            unchanged.check_bits()
            network.check_at_end()
        finally:
            handle.detach()


def bers_of(steps: Mapping[str, float]) -> dict[str, float]:
    """The BER of every tensor."""
    return {name: ber_of(step) for name, step in steps.items()}


def _row(draw: int, accuracy: float, **more: Any) -> Row:
    return {"seed": draw, "ber": None, "accuracy": accuracy, **more}


def _row_of(draw: int, right: np.ndarray) -> Row:
    return _row(draw, int(right.sum()) / len(right), right=packed(right))


def packed(right: np.ndarray) -> str:
    """Which images are named rightly, as hexadecimal bits."""
    return np.packbits(right).tobytes().hex()


def unpacked(text: str, images: int) -> np.ndarray:
    """The inverse of `packed`, bool ``[images]``."""
    bits = np.frombuffer(bytes.fromhex(text), dtype=np.uint8)
    return np.unpackbits(bits, count=images).astype(bool)
