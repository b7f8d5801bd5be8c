"""Philox4x32-10 against Random123's published answers, in NumPy and in the kernels."""

from pathlib import Path

import numpy as np
import pytest

from eden import reference
from eden._native import core

LINES = (Path(__file__).parents[1] / "vectors" / "philox4x32_10.txt").read_text().splitlines()
VECTORS = [[int(w, 16) for w in line.split()] for line in LINES if not line.startswith("#")]


def test_all_three_vectors_are_here():
    assert len(VECTORS) == 3


@pytest.mark.parametrize("vector", VECTORS, ids=["zeros", "ones", "pi"])
def test_published_answers(vector):
    counter, key, answer = vector[:4], vector[4] | vector[5] << 32, vector[6:]
    assert reference.philox4x32(counter, key)[:, 0].tolist() == answer
    assert list(core.philox4x32(*counter, key)) == answer


def test_reference_and_kernels_agree_on_other_counters():
    random = np.random.default_rng(1)
    for _ in range(200):
        counter = random.integers(0, 2**32, 4).tolist()
        key = int(random.integers(0, 2**64, dtype=np.uint64))
        answer = reference.philox4x32(counter, key)[:, 0].tolist()
        assert answer == list(core.philox4x32(*counter, key))
