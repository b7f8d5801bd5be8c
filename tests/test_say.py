"""Refusals and numbers, worded in one way."""

import math

import numpy as np
import pytest

from eden._say import an_int, one_of, within


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
