"""The network under errors that a search asks, each question once, and guesses between answers.

A question is steps and a draw. An answer on all images is dear. A part of them, those closest to
another class, is cheap, and nearly all change happens there. What the part gained or lost since an
answer on all images is what all of them did, but for the others; those change the less the less
the part does, so a guess is trusted to `DRIFT` of the images that changed in the part, either way.
"""

from collections.abc import Hashable, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple, Protocol

from eden.tolerance._at_once import Asking, Copied
from eden.tolerance._memo import Memo, Row

# One step for all tensors, or one for each.
Steps = float | Mapping[str, float]

# Of the closest fifth, images that changed for one that another image may change by. Of LeNet's
# steps, unboosted and boosted, it is exceeded by few, and by those mostly far from the target.
DRIFT = 0.4


class Question(NamedTuple):
    """Steps and a draw, and the weak cells by which two questions read the same bits."""

    steps: Any
    draw: int
    cells: Hashable

    def reads(self, *, part: bool) -> Hashable:
        """What the memo finds its answer by."""
        return part, self.draw, self.cells


# With whether the part will do, and what the part has answered.
_Asked = tuple[Question, bool, Row | None]


class Network(Copied, Protocol):
    """What an oracle asks: `FaultyNetwork`, or one whose answers are known."""

    memo: Memo
    images: int  # how many all images are; 0 if no part can be asked, and so nothing guessed

    def question(self, steps: Steps, draw: int) -> Question:
        """The question that stands for all that read the same bits."""
        ...

    def name(self, question: Question, *, part: bool) -> dict[str, Any]:
        """What a question about all images, or about the part, is called among the trials."""
        ...

    def answer(self, question: Question, *, part: bool, known: Row | None = None) -> Row:
        """The trial; ``right`` holds the images that are named rightly as hexadecimal bits.

        Of all images ``known`` may be what the part has answered.
        """
        ...

    def part_of(self, right: str) -> str:
        """Of all images that are named rightly, those in the part."""
        ...


class Oracle(Asking[_Asked, Row]):
    """Answers about a network under errors.

    Args:
        network: What is asked.
        target: Accuracy to reach.
    """

    network: Network

    def __init__(self, network: Network, target: float):
        super().__init__(network)
        self.target, self.memo = target, network.memo
        self.images, self.guesses = network.images, network.images > 0

    def ahead(self, asked: Iterable[tuple[Steps, int]], *, part: bool = False) -> None:
        """Ask at the same time what is going to be asked, all images or the part.

        Args:
            asked: Steps and draws.
            part: Whether the part will do; without one nothing is asked.
        """
        if not self.guesses:
            return
        unknown: dict[Hashable, Question] = {}
        for steps, draw in asked:
            question = self.network.question(steps, draw)
            if not (self._known(question, part=False) or self._known(question, part=part)):
                unknown[question.reads(part=part)] = question
        names = {reads: self.network.name(each, part=part) for reads, each in unknown.items()}
        dear = [reads for reads, name in names.items() if not self.memo.knows(name)]
        rows = self._answers([self._asked(unknown[reads], part=part) for reads in dear])
        answers = dict(zip(dear, rows, strict=True))
        for reads, name in names.items():
            self.memo.get(name, lambda reads=reads: [answers[reads]], reads=reads)

    def reads(self, steps: Steps, draw: int) -> Hashable:
        """What tells two questions apart."""
        return self.network.question(steps, draw).reads(part=False)

    def known(self, steps: Steps, draw: int) -> bool:
        """Whether all images have been asked."""
        return self._known(self.network.question(steps, draw), part=False) is not None

    def row(self, question: Question) -> Row:
        """What all images answer."""
        return self._row(question, part=False)

    def ask(self, steps: Steps, draw: int) -> float:
        """Accuracy on all images."""
        return self._row(self.network.question(steps, draw), part=False)["accuracy"]

    def confirm(self, steps: Steps, draw: int) -> float:
        """Accuracy on all images; of these very steps where no part can be asked."""
        if self.guesses:
            return self.ask(steps, draw)
        return self._trial(self.network.question(steps, draw), part=False)["accuracy"]

    def right(self, steps: Steps, draw: int) -> int:
        """The images of the part that are named rightly, as bits."""
        question = self.network.question(steps, draw)
        whole = self._known(question, part=False)
        if whole is not None and whole["right"] is not None:
            return int(self.network.part_of(whole["right"]), 16)
        return int(self._row(question, part=True)["right"], 16)

    def rank(self, steps: Steps, draw: int) -> float:
        """The cheapest answer that orders steps by accuracy."""
        return self.right(steps, draw).bit_count() if self.guesses else self.confirm(steps, draw)

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

    def _row(self, question: Question, *, part: bool) -> Row:
        known = self._known(question, part=part)
        return known or self._trial(question, part=part, reads=question.reads(part=part))

    def _trial(self, question: Question, *, part: bool, reads: Hashable = None) -> Row:
        name = self.network.name(question, part=part)
        ask = partial(self._answer, self._asked(question, part=part))
        return self.memo.get(name, lambda: [ask()], reads=reads)[0]

    def _known(self, question: Question, *, part: bool) -> Row | None:
        return self.memo.known(question.reads(part=part))

    def _asked(self, question: Question, *, part: bool) -> _Asked:
        return question, part, None if part else self._known(question, part=True)

    def _answer(self, asked: _Asked) -> Row:
        question, part, known = asked
        return self.network.answer(question, part=part, known=known)
