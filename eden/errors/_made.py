"""Scaled error models that were made before: a search asks for the same ones over and over."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar
from weakref import ref

Model = TypeVar("Model")


class _Entry(NamedTuple):
    """A model, the one it was made from, and its bytes."""

    source: ref
    model: Any
    size_bytes: int


class Made:
    """The models that were asked for last, each while the one that it was made from lives.

    For all threads. Who finds it in use makes a model anew and does not wait: so does a process
    that was forked meanwhile, where nobody would ever be done.

    Args:
        most_bytes: What the tables and arrays of all take at most.

    Attributes:
        size_bytes: What they take now, with what they share.
    """

    def __init__(self, most_bytes: int):
        self.most_bytes, self.size_bytes = most_bytes, 0
        self._entries: OrderedDict[tuple, _Entry] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def of(self, source: Any, asked: tuple, make: Callable[[], Model]) -> Model:
        """Return the model that was made of another for what is asked, or make it.

        Args:
            source: A frozen model, told from others by its identity.
            asked: All else that `make` goes by.
            make: Called where the model is not there; its errors are the caller's.
        """
        key = id(source), *asked
        with self._alone() as alone:
            entry = self._entries.get(key) if alone else None
            if entry is not None and entry.source() is source:
                self._entries.move_to_end(key)
                return entry.model
        model = make()
        size = _size_of(model)
        with self._alone() as alone:
            if alone and size <= self.most_bytes:
                self._drop(key)
                reference = ref(source, lambda gone: self._forget(key, gone))
                self._entries[key] = _Entry(reference, model, size)
                self.size_bytes += size
                while self.size_bytes > self.most_bytes:
                    self._drop(next(iter(self._entries)))
        return model

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Keep others out, or tell that another is inside: a thread, or this one further up."""
        alone = self._lock.acquire(blocking=False)
        try:
            yield alone
        finally:
            if alone:
                self._lock.release()

    def _forget(self, key: tuple, gone: ref) -> None:
        """Let go what was made of a model that is gone, or leave it to be the oldest one day."""
        with self._alone() as alone:
            if alone and key in self._entries and self._entries[key].source is gone:
                self._drop(key)

    def _drop(self, key: tuple) -> None:
        entry = self._entries.pop(key, None)
        self.size_bytes -= 0 if entry is None else entry.size_bytes


def _size_of(model: Any) -> int:
    """Bytes of a model's table and arrays."""
    held = [model._table.entries, model._table.order, *vars(model).values()]
    return sum(getattr(part, "nbytes", 0) for part in held)
