"""The grid, and bisection on it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eden.access import seeds_for
from eden.tolerance import ber_of, step_of
from eden.tolerance._grid import highest_step


@pytest.mark.parametrize("step", range(-90, 1))
def test_a_step_is_found_again_from_its_ber(step):
    assert step_of(ber_of(step)) == step


def test_ten_steps_are_a_decade():
    assert ber_of(-20) == pytest.approx(1e-2)
    assert step_of(2.7e-4) == -36  # 2.512e-4, the next would be 3.162e-4
    for bad in (0.0, -1.0, 1.5, float("nan")):
        with pytest.raises(ValueError, match=r"ber is .*, accepted: a number above 0, at most 1"):
            step_of(bad)


@given(st.integers(-50, 0), st.integers(-60, 10), st.one_of(st.none(), st.integers(-70, 10)))
def test_bisection_finds_the_threshold_from_any_guess(low, threshold, guess):
    asked = []

    def meets(step):
        assert low <= step <= 0
        asked.append(step)
        return step <= threshold

    found = highest_step(meets, low=low, high=0, start=guess)
    assert found == min(max(threshold, low - 1), 0)
    assert len(asked) == len(set(asked)) <= 14


def test_a_good_guess_takes_two_questions():
    asked = []
    highest_step(lambda s: asked.append(s) or s <= -30, low=-90, high=-4, start=-30)
    assert asked == [-30, -29]


def test_seeds_of_two_purposes_are_disjoint():
    families = [
        seeds_for(p, 300, seed=s) for p in ("search", "verify 0", "verify 1") for s in (0, 1)
    ]
    assert len({seed for family in families for seed in family}) == 6 * 300
    assert seeds_for("search", 3, first=2) == seeds_for("search", 5)[2:]
    for wrong in (0, 10**400):
        with pytest.raises(ValueError, match="an integer from 1 to 1000000"):
            seeds_for("search", wrong)
    for wrong in ([], 1.5, True, None):
        with pytest.raises(TypeError, match=r"seeds is .*, accepted: an integer from 1 to 1000000"):
            seeds_for("search", wrong)
