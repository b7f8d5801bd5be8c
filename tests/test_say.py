"""Refusals and numbers, worded in one way."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from eden._say import a_kind, a_number, an_int, one_of, refusal, within


def test_one_of():
    one_of("law", "cell", ("cell", "bitline"))
    with pytest.raises(ValueError, match=r"^law is 'row', accepted: cell, bitline$"):
        one_of("law", "row", iter(("cell", "bitline")))


@pytest.mark.parametrize("value", [-1e-9, 0.5 + 1e-9, math.nan, math.inf])
def test_within_refuses_what_lies_outside_and_nan(value):
    within("ber", 0.0, 0, 0.5)
    within("ber", 0.5, 0, 0.5)
    with pytest.raises(ValueError, match=rf"^ber is {value}, accepted: a number from 0 to 0.5$"):
        within("ber", value, 0, 0.5)


def test_within_without_an_upper_end():
    within("scale", math.inf, 0)
    with pytest.raises(ValueError, match=r"^scale is nan, accepted: a number of at least 0$"):
        within("scale", math.nan, 0)


@pytest.mark.parametrize("value", [True, 2.0, "3", None])
def test_an_int_refuses_what_is_none(value):
    with pytest.raises(TypeError, match=rf"^seeds is {value!r}, accepted: an integer from 1 to 9$"):
        an_int("seeds", value, 1, 9)


def test_an_int_within_its_range():
    for accepted in (1, 9, np.int64(5)):
        an_int("seeds", accepted, 1, 9)
    for value in (0, 10):
        with pytest.raises(ValueError, match=rf"^seeds is {value}, accepted: an integer from 1"):
            an_int("seeds", value, 1, 9)
    with pytest.raises(ValueError, match=r"^seeds is 0, accepted: an integer of at least 1$"):
        an_int("seeds", 0, 1)


@pytest.mark.parametrize("value", [True, "0.5", None, [0.5], 1j])
def test_what_is_no_number_is_refused(value):
    for check in (lambda: within("ber", value, 0, 0.5), lambda: a_number("ber", value)):
        with pytest.raises(TypeError, match=r"^ber is .*, accepted: a number"):
            check()


def test_the_ends_of_a_range_may_lie_outside_it():
    within("share", 0.5, 0, 1, above=True, below=True)
    for value in (0, 1, math.nan):
        with pytest.raises(ValueError, match=r"accepted: a number above 0, below 1$"):
            within("share", value, 0, 1, above=True, below=True)
    within("ber", 1, 0, 1, above=True)
    with pytest.raises(ValueError, match=r"accepted: a number above 0, at most 1$"):
        within("ber", 0, 0, 1, above=True)


@pytest.mark.parametrize("value", [10**400, 10**5000], ids=["long", "longer"])
def test_a_number_beyond_all_floats_is_refused_in_a_short_line(value):
    for check in (lambda: within("reads", value, 0), lambda: a_number("reads", value)):
        with pytest.raises(ValueError, match=r"^reads is .{1,200}, accepted: a number") as caught:
            check()
        assert len(str(caught.value)) < 300


def test_a_kind():
    a_kind("seed", 3, (int, str), "a seed")
    with pytest.raises(TypeError, match=r"^type of seed is 'NoneType', accepted: a seed$"):
        a_kind("seed", None, (int, str), "a seed")


def test_a_refusal_is_one_short_line():
    said = refusal("x", np.zeros((100, 100)), "less")
    assert "\n" not in said and len(said) < 240


def test_a_refusal_is_joined_in_one_way():
    """What is accepted follows a comma, in Python and in C++."""
    root = Path(__file__).parent.parent
    sources = [p for d in ("eden", "csrc", "kernels") for p in (root / d).rglob("*") if p.is_file()]
    texts = {p: p.read_text() for p in sources if p.suffix in (".py", ".h", ".cpp", ".cu")}
    assert len(texts) > 300
    assert not [path for path, text in texts.items() if re.search(r"[;.] accepted:", text)]
