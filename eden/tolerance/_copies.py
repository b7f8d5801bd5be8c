"""Copies of this process that ask a network at the same time, each with one thread.

A small network runs little faster on two threads than on one, and a search asks it thousands of
times, mostly of draws or cells that have nothing to do with each other. So where the machine has
more threads copies are made of the process with all that it knows; each answers one question after
the other, in the same bits as any other would. A thread each also has answers no longer depend on
how many threads there are.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar, cast

import torch

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
_most: list[int] = []  # what `at_most` says, the innermost last


def can_copy(model: torch.nn.Module, evaluate: object) -> bool:
    """Whether copies may ask: on Linux, of a network on the CPU and an evaluator that allows it."""
    tensors = [*model.parameters(), *model.buffers()]
    on_cpu = all(tensor.device.type == "cpu" for tensor in tensors)
    return sys.platform == "linux" and on_cpu and getattr(evaluate, "in_copies", False) is True


@contextmanager
def at_most(count: int) -> Iterator[None]:
    """Have no more copies inside the context, however many threads torch is given there."""
    _most.append(count)
    try:
        yield
    finally:
        _most.pop()


@contextmanager
def one_thread() -> Iterator[int]:
    """Have torch use one thread inside the context; yields how many copies may run meanwhile."""
    threads = torch.get_num_threads()
    count = min([threads, *_most])
    if multiprocessing.current_process().daemon:
        count = 1  # such a process, as a copy itself is one, must not make others
    torch.set_num_threads(1)
    try:
        yield count
    finally:
        torch.set_num_threads(threads)


class Copies(Generic[Item, Answer]):
    """Copies of this process as it is now, which answer until the context is left.

    Args:
        ask: Answers about one item; items and answers go through pipes.
        count: How many; with one this process answers itself.
    """

    def __init__(self, ask: Callable[[Item], Answer], count: int):
        self._ask, self._count = ask, count
        self._copies: dict[Connection, BaseProcess] = {}

    def __enter__(self) -> Copies[Item, Answer]:
        if self._count > 1:
            try:
                for _ in range(self._count):
                    self._begin()
            except BaseException:
                self.__exit__()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        for connection, copy in self._copies.items():
            copy.kill()  # it has nothing to tidy up
            connection.close()
        for copy in self._copies.values():
            copy.join()
        self._copies.clear()

    def answers(self, items: Iterable[Item]) -> Iterator[Answer]:
        """Yield an answer for each item, in the order of the items.

        Raises:
            ChildProcessError: If a copy ended, for want of memory perhaps.
            Exception: What asking raised; copies that are still asked are given up then.
        """
        if not self._copies:
            yield from map(self._ask, items)
            return
        try:
            yield from self._by_copies(items)
        except BaseException:
            self.__exit__()
            raise

    def _by_copies(self, items: Iterable[Item]) -> Iterator[Answer]:
        todo, free = enumerate(items), list(self._copies)
        done: dict[int, Any] = {}
        busy: dict[Connection, int] = {}
        following, more = 0, True
        while True:
            while more and free:
                if more := (item := next(todo, None)) is not None:
                    connection = free.pop(0)
                    busy[connection] = item[0]
                    self._send(connection, item[1])
            while following in done:
                yield done.pop(following)
                following += 1
            if not busy:
                return
            for connection in wait(list(busy)):
                assert isinstance(connection, Connection)
                done[busy.pop(connection)] = self._receive(connection)
                free.append(connection)

    def _begin(self) -> None:
        context = multiprocessing.get_context("fork")
        ours, theirs = cast("tuple[Connection, Connection]", context.Pipe())
        arguments = (self._ask, theirs, [*self._copies, ours])
        copy = context.Process(target=_serve, args=arguments, daemon=True)
        with warnings.catch_warnings():
            # Of Python >= 3.12, where the process has threads: those of torch sleep, and a copy
            # uses none of them.
            warnings.simplefilter("ignore", DeprecationWarning)
            copy.start()
        theirs.close()
        self._copies[ours] = copy

    def _send(self, connection: Connection, item: Item) -> None:
        try:
            connection.send(item)
        except OSError as error:
            raise self._ended(connection) from error

    def _receive(self, connection: Connection) -> Answer:
        try:
            answer, error = connection.recv()
        except (EOFError, OSError) as ended:
            raise self._ended(connection) from ended
        if error is not None:
            try:
                raise error
            finally:
                del error  # or it holds, by its traceback, this frame, and that it
        return answer

    def _ended(self, connection: Connection) -> ChildProcessError:
        copy = self._copies[connection]
        copy.join()
        return ChildProcessError(
            f"a copy of this process that asked the network ended with code {copy.exitcode} (-9: "
            "killed, for want of memory perhaps); fewer threads (OMP_NUM_THREADS) make fewer copies"
        )


def _serve(ask: Callable[[Any], Any], connection: Connection, inherited: list[Connection]) -> None:
    """Answer until nobody asks any more."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its copies
    for other in inherited:
        other.close()  # or the other copies would not see that it closes them
    while True:
        try:
            item = connection.recv()
        except EOFError:
            return
        try:
            connection.send((ask(item), None))
        except Exception as error:  # raised again where the answer is awaited
            connection.send((None, _portable(error)))


def _portable(error: Exception) -> Exception:
    """The error, or where it may not go through a pipe what it says; with its traceback noted."""
    told = error
    plain = all(isinstance(part, str | int | float) for part in error.args)
    if type(error).__module__ != "builtins" or not plain:
        told = RuntimeError(f"{type(error).__name__}: {error}")
    told.add_note(f"in a copy of the process: {traceback.format_exc()}")
    return told


def waves(items: Sequence[Item], ends: Sequence[int]) -> Iterator[Sequence[Item]]:
    """Yield items by parts that end at these numbers, and the rest; none is empty."""
    for first, end in pairwise((0, *ends, len(items))):
        if part := items[first:end]:
            yield part
