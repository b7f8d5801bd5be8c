"""Copies of the process ask what one process would, in any number, and none outlives it."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from eden import errors
from eden.data import Evaluator
from eden.network import Config
from eden.tolerance import characterize_coarse, characterize_fine, criticality, verify
from eden.tolerance._copies import Copies, at_most, can_copy, one_thread


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def search(task, config, folder):
    """All searches of one network, as the stages of a run ask them."""
    model, images, labels = task
    evaluate = Evaluator(images, labels)
    asked = {"target_accuracy": evaluate(model) - 0.02, "folder": folder, "seed": 3}
    risk = criticality(model, evaluate, config=config, **asked)
    coarse = characterize_coarse(
        model, evaluate, config=config, risk=risk, seeds=12, probes=20, **asked
    )
    fine = characterize_fine(model, evaluate, start=coarse, folder=folder, seed=3)
    verdict = verify(
        model, evaluate, coarse.config, target_accuracy=asked["target_accuracy"], folder=folder
    )
    return [found.to_dict() for found in (risk, coarse, fine, verdict)]


def test_any_number_of_threads_finds_the_same_and_keeps_the_same(fragile, threads, tmp_path):
    config, found = Config(error=errors.Uniform(weak_fraction=1e-3)), {}
    for count in (1, 3):
        threads(count)
        folder = tmp_path / str(count)
        found[count] = search(fragile, config, folder), sorted(p.name for p in folder.iterdir())
        assert torch.get_num_threads() == count
    assert len(found[1][1]) > 100
    assert found[1] == found[3]


@pytest.mark.parametrize("count", [1, 3])
def test_answers_come_in_the_order_of_the_items(count):
    def ask(item):
        time.sleep(0.01 * (item % 3))
        return item * item, os.getpid()

    with Copies(ask, count) as copies:
        for _ in range(2):
            answers = list(copies.answers(range(10)))
            assert [square for square, _ in answers] == [item * item for item in range(10)]
        where = {process for _, process in answers}
    assert len(where) == count and (os.getpid() in where) == (count == 1)
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("count", [1, 2])
def test_what_asking_raises_is_raised(count):
    def ask(item):
        if item == 2:
            raise ValueError("of the third")
        return item

    with Copies(ask, count) as copies:
        with pytest.raises(ValueError) as raised:
            list(copies.answers(range(5)))
        assert str(raised.value) == "of the third"
        # No answer to what was asked before comes in place of a later one.
        assert list(copies.answers([7, 8, 9])) == [7, 8, 9]
    assert not multiprocessing.active_children()


def test_who_asks_no_further_gets_no_answers_of_before():
    with Copies(lambda item: item, 2) as copies:
        some = copies.answers(range(100))
        assert next(some) == 0
        some.close()
        assert list(copies.answers([7, 8, 9])) == [7, 8, 9]


def test_an_error_that_cannot_be_sent_is_told():
    class Local(Exception):
        pass

    def ask(item):
        raise Local("why")

    with pytest.raises(RuntimeError) as raised, Copies(ask, 2) as copies:
        list(copies.answers([1]))
    assert str(raised.value).endswith("Local: why")
    assert "in ask" in raised.value.__notes__[0]  # the traceback


@pytest.mark.parametrize("when", ["asked", "idle"])
def test_a_copy_that_is_killed_is_told(when):
    def ask(item):
        if item == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        return os.getpid()

    with Copies(ask, 2) as copies:
        if when == "idle":
            (alive,) = copies.answers(["alive"])
            os.kill(alive, signal.SIGKILL)
            time.sleep(0.1)
        with pytest.raises(ChildProcessError, match=r"ended with code -9 .*OMP_NUM_THREADS"):
            list(copies.answers(["die"] if when == "asked" else ["alive"] * 2))
    assert not multiprocessing.active_children()


def test_none_outlives_a_process_that_is_killed():
    script = (
        "import os, time\n"
        "from eden.tolerance._copies import Copies\n"
        "def ask(item):\n"
        "    os.write(1, b'%d\\n' % os.getpid())\n"  # a line at once, whatever the buffering
        "    time.sleep(100)\n"
        "with Copies(ask, 2) as copies:\n"
        "    list(copies.answers([1, 2]))\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        copies = [int(process.stdout.readline()) for _ in range(2)]
        process.kill()
    end = time.monotonic() + 20
    while any(running(copy) for copy in copies) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(running(copy) for copy in copies)


def running(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_who_may_not_copy_asks_alone(trained, threads):
    model, images, labels = trained
    assert can_copy(model, Evaluator(images, labels)) == (sys.platform == "linux")
    assert not can_copy(model, lambda model: 0.5)
    alone = Evaluator(images, labels)
    alone.in_copies = False
    assert not can_copy(model, alone.subset(10))
    assert not can_copy(torch.nn.Linear(2, 2, device="meta"), Evaluator(images, labels))
    threads(4)
    with one_thread() as count:
        assert count == 4 and torch.get_num_threads() == 1
        with Copies(lambda _: within_a_copy(), 2) as copies:
            assert list(copies.answers([0])) == [1]
    assert torch.get_num_threads() == 4
    with at_most(3), one_thread() as count:
        assert count == 3


def within_a_copy():
    with one_thread() as count:
        return count
