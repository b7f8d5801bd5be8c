"""The searches against oracles whose answer is known."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eden.search import (
    WorstFirst,
    ber_of,
    coarse_search,
    fine_search,
    highest_step,
    repair,
    step_of,
)
from eden.seeds import seeds_for


@pytest.mark.parametrize("step", range(-90, 1))
def test_a_step_is_found_again_from_its_ber(step):
    assert step_of(ber_of(step)) == step


def test_ten_steps_are_a_decade():
    assert ber_of(-20) == pytest.approx(1e-2)
    assert step_of(2.7e-4) == -36  # 2.512e-4, the next would be 3.162e-4
    for bad in (0.0, -1.0, 1.5, float("nan")):
        with pytest.raises(ValueError, match="ber must lie in"):
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


def test_coarse_search_returns_the_worst_seed():
    threshold = {seed: random.Random(seed).randint(-40, -25) for seed in range(20)}
    found = coarse_search(lambda step, seed: step <= threshold[seed], range(20), low=-90, high=-4)
    assert found.thresholds == tuple(threshold.values())
    assert found.worst == min(threshold.values())


def test_a_seed_that_never_meets_the_target_shows():
    assert coarse_search(lambda step, seed: seed != 3, range(5), low=-9, high=0).worst == -10


@pytest.mark.parametrize("strides", [(1,), (4, 2, 1), (8, 4, 2, 1)])
def test_fine_search_ends_where_no_tensor_can_be_raised(strides):
    # Each tensor costs weight * BER of a common budget: the shape of a real accuracy loss.
    weight = {"first": 30.0, "middle": 1.0, "last": 10.0}

    def holds(steps):
        return sum(weight[n] * ber_of(s) for n, s in steps.items()) <= 0.5

    start = dict.fromkeys(weight, -30)
    found = fine_search(holds, start, high=-4, strides=strides)
    assert holds(found)
    for name in weight:
        assert found[name] == -4 or not holds({**found, name: found[name] + 1})
    assert min(found.values()) > -30


def test_fine_search_stops_at_the_top_of_the_grid_and_counts_down():
    settled = []
    found = fine_search(
        lambda steps: True,
        {"a": -10, "b": -10},
        high=-4,
        on_settled=lambda *at: settled.append(at),
    )
    assert found == {"a": -4, "b": -4}
    assert len(settled) == 6  # two tensors, three strides


def test_worst_first_changes_the_order_and_not_the_answer():
    order = WorstFirst([1, 2, 3, 4])
    asked = []
    assert order.first_miss(lambda s: asked.append(s) or s != 3) == (False, 3)
    order.move_first(3)
    assert order.first_miss(lambda s: asked.append(s) or s != 3) == (False, 3)
    assert asked == [1, 2, 3, 3]
    assert order.first_miss(lambda s: True)[0]


def test_seeds_of_two_purposes_are_disjoint():
    families = [
        seeds_for(p, 300, seed=s) for p in ("search", "verify 0", "verify 1") for s in (0, 1)
    ]
    assert len({seed for family in families for seed in family}) == 6 * 300
    assert seeds_for("search", 3, first=2) == seeds_for("search", 5)[2:]
    with pytest.raises(ValueError, match="at least 1"):
        seeds_for("search", 0)
    for wrong in ([], 1.5, True, None):
        with pytest.raises(TypeError, match=r"seeds is .*, must be an integer of at least 1"):
            seeds_for("search", wrong)


def test_repair_lowers_the_tensor_that_is_to_blame():
    # Draw 1 bears "a" up to -20 only; nothing else matters to any draw.
    def accuracy(steps, draw):
        return 0.5 if draw == 1 and steps["a"] > -20 else 0.9

    met = []
    found = repair(
        accuracy,
        {"a": -10, "b": -5},
        base=-40,
        draws=[0, 1, 2],
        target=0.8,
        on_draw=lambda: met.append(1),
    )
    assert found == {"a": -25, "b": -5}  # halfway from -10 to -40
    assert len(met) == 6  # a second round makes sure that no draw has come to miss


def test_repair_ends_at_the_base_where_nothing_helps():
    assert repair(lambda s, d: 0.0, {"a": -3}, base=-9, draws=[0], target=0.5) == {"a": -9}
