"""What asks a network of one thing after the other, or of several at the same time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Generic, Protocol

from eden.tolerance._copies import Answer, Item


class Copied(Protocol):
    """A network that copies of the process can ask: `FaultyNetwork`."""

    def copies(
        self, ask: Callable[[Item], Answer], *, most: int = ...
    ) -> AbstractContextManager[Callable[[Iterable[Item]], Iterator[Answer]]]:
        """A function of several things that asks of them at once, and knows what was learned."""
        ...


class Asking(ABC, Generic[Item, Answer]):
    """Asks a network of several things, inside `at_once` by copies of the process.

    Outside it holds no reference to itself: what it remembers of a network is freed with it, not
    when the collector of cycles next runs.

    Args:
        network: What is asked.
    """

    def __init__(self, network: Any):
        self.network = network
        self._by_copies: Callable[[Iterable[Item]], Iterator[Answer]] | None = None

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Ask of several things at the same time inside the context."""
        network: Copied = self.network
        with network.copies(self._answer) as self._by_copies:
            try:
                yield
            finally:
                self._by_copies = None

    def _answers(self, asked: Iterable[Item]) -> Iterator[Answer]:
        """The answers about several things, in their order."""
        return map(self._answer, asked) if self._by_copies is None else self._by_copies(asked)

    @abstractmethod
    def _answer(self, asked: Item, /) -> Answer:
        """The answer about one."""
