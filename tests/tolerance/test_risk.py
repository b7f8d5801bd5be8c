"""P(miss): by hand where one kind of cell decides, and right on thresholds of known laws."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eden import errors
from eden.network import Config
from eden.tolerance import Criticality, Risk, Stratum, ber_of, step_of
from eden.tolerance._compound import Compound
from eden.tolerance._curves import ber_by_cells, curves_of_cells, curves_of_draws, wrong_by

CONFIG = Config(errors.Uniform(1e-3))
BERS = [1e-6, 1e-5, 1e-4, 1e-3]


def seeing(curves, thresholds, *, low, high, at):
    """The risk stated after the thresholds of draws."""
    for threshold in thresholds:
        after = threshold if threshold >= low else None
        curves.see(after, threshold + 1 if threshold < high else None)
    return curves.stated(at)


def risk_of_draws(thresholds, *, low, high, at):
    curves = curves_of_draws(low, high, about=sorted(thresholds)[len(thresholds) // 2])
    return seeing(curves, thresholds, low=low, high=high, at=at)


def risk_of_cells(risk, thresholds, *, low, high, at, **more):
    curves = curves_of_cells(risk, low=low, high=high, about=min(thresholds, default=low), **more)
    return seeing(curves, thresholds, low=low, high=high, at=at)


def stratum(losses, *, cells=None, tensor="a", bit=7, allowed=0.01):
    critical = sum(loss > allowed for loss in losses)
    return Stratum(tensor, "weight", bit, cells or len(losses), tuple(losses), critical)


def at(strata, bers=BERS, allowed=0.01, scale=1.0):
    compound = Compound(strata, allowed, bers, lambda stratum, ber: ber)
    return compound.miss_probabilities(compound.shares(), scale)


def test_where_each_cell_misses_alone_it_is_one_minus_exp():
    # 500 of 1000 are critical: lambda = 500.
    found = at([stratum([0.5] * 500 + [0.0] * 500)])
    assert found == pytest.approx([-math.expm1(-500 * ber) for ber in BERS], rel=1e-6)


def test_where_two_cells_must_meet_it_is_poissons_tail():
    # Each costs 0.6 of what may be lost: 1 - exp(-m) (1 + m), m = 2000 BER.
    found = at([stratum([0.006] * 2000)])
    means = [2000 * ber for ber in BERS]
    assert found == pytest.approx(
        [-math.expm1(-m) - m * math.exp(-m) for m in means], rel=1e-5, abs=1e-12
    )


def test_what_may_be_lost_to_the_last_image_is_no_miss():
    # Two cells that cost half each lose just what may be lost; three do not.
    found = at([stratum([0.005] * 1000)], [1e-3])
    assert found == pytest.approx([1 - math.exp(-1) * (1 + 1 + 1 / 2)], rel=1e-5)


def test_one_more_cell_may_cost_more_than_all_that_were_tried():
    # 310 of 340 cells were not tried: 1 in 31 of them, 10, costs 1.1, 1.3, 1.6 or 2.5 times 0.5 of
    # what may be lost, and a quarter of these, 2.5, misses alone.
    found = at([stratum([0.005] + [0.0] * 29, cells=340)], [1e-6])
    assert found == pytest.approx([2.5e-6], rel=1e-3)
    # Where all were tried nothing is left to be feared.
    assert at([stratum([0.005] + [0.0] * 29)], [1e-6]) == pytest.approx([0.0], abs=1e-11)


def test_gains_make_up_for_losses_and_the_factor_leaves_critical_cells_alone():
    both = [stratum([0.006] * 10, cells=1000), stratum([-0.006] * 10, cells=1000, tensor="b")]
    assert (at(both)[1:] < at(both[:1])[1:]).all()
    critical = [stratum([0.02] * 10)]
    assert at(critical, scale=0.5) == pytest.approx(at(critical, scale=2.0))
    assert (at(both[:1], scale=2.0) > at(both[:1], scale=0.5)).all()


def test_what_millions_of_cells_gain_by_chance_makes_up_for_no_critical_cell():
    """lambda = 1,000, and 1e8 cells of which one in thirty tried won an image of 2,000.

    At 1e-5 a thousand of these are weak, which by addition win 1.7 points, more than what may be
    lost, and at 1e-4 sixteen times as much; P(miss) stays that of the critical cells.
    """
    critical = stratum([0.012] * 10, cells=1000)
    gaining = stratum([-0.0005] + [0.0] * 29, cells=10**8, tensor="b")
    found = at([critical, gaining], [1e-6, 1e-5, 1e-4])
    assert found == pytest.approx([-math.expm1(-1000 * ber) for ber in (1e-6, 1e-5, 1e-4)])
    assert ber_by_cells(criticality_of([critical, gaining]), 0.01) == pytest.approx(
        1.005e-5, rel=0.02
    )


def test_what_is_gained_counts_to_no_more_than_is_lost_at_each_ber():
    """What is lost lies in protected tensors, which read wrong by the square of the BER.

    At 1e-3 one cell of these is wrong and costs 0.3 of what may be lost, while 10,000 others gain
    500 times that much. They are believed to gain 0.3 of it.
    """
    bers = [*BERS, 1e-2]
    loss, gain = (
        stratum([0.003] * 30, cells=10**6),
        stratum([-0.0005] * 30, cells=10**7, tensor="b"),
    )

    def found(strata):
        compound = Compound(strata, 0.01, bers, lambda s, ber: ber**2 if s is loss else ber)
        return compound.miss_probabilities(compound.shares())

    both, alone = found([loss, gain]), found([loss])
    assert (both <= alone + 1e-12).all() and (np.diff(both) >= 0).all()
    # A hundred wrong cells lose thirty times what may be lost, or gain as much.
    assert alone[-1] == 1 and both[-1] < 0.5


def test_the_more_cells_cost_the_more_draws_miss():
    mixed = [stratum([0.009] * 10 + [-0.0099] * 10, cells=10**5)]
    found = [at(mixed, scale=scale) for scale in (0.55, 0.8, 1.0, 1.3, 1.82)]
    for less, more in pairwise(found):
        assert (more >= less - 1e-9).all()


@settings(max_examples=30)
@given(st.lists(st.floats(-0.01, 0.05), min_size=1, max_size=20), st.integers(1, 10**6))
def test_it_is_a_probability_that_rises(losses, more):
    found = at([stratum(losses, cells=len(losses) + more)], [ber_of(s) for s in range(-90, 0, 5)])
    assert (found >= 0).all() and (found <= 1).all() and (np.diff(found) >= 0).all()


def thresholds_of(rate, draws, seed=0):
    """Steps before the first miss, of draws that miss at BERs of an exponential distribution."""
    random = np.random.default_rng(seed)
    return [step_of(min(0.9, value)) for value in random.exponential(1 / rate, draws)]


def test_many_draws_alone_find_the_rate_of_an_exponential():
    found = risk_of_draws(thresholds_of(300, 3000), low=-90, high=-4, at=0.01)
    assert found.ber == pytest.approx(-math.log(0.99) / 300, rel=0.2)
    assert found.interval[0] <= found.ber <= found.interval[1]


def test_few_draws_alone_say_how_little_they_know():
    one = risk_of_draws(thresholds_of(300, 1), low=-90, high=-4, at=0.01)
    many = risk_of_draws(thresholds_of(300, 300), low=-90, high=-4, at=0.01)
    assert one.interval[1] / one.interval[0] > 100 > 5 * many.interval[1] / many.interval[0]


def criticality_of(strata):
    return Criticality(CONFIG, 0.90, 0.91, tuple(strata))


def test_single_cells_decide_the_tail_and_five_families_agree():
    # lambda = 300, and the draws' thresholds are those of that law.
    risk = criticality_of([stratum([0.5] * 15 + [0.0] * 15, cells=600)])
    wrong = wrong_by(CONFIG, ["a"])
    found = [
        risk_of_cells(
            risk, thresholds_of(300, 20, seed), low=-90, high=-4, at=0.01, allowed=0.01, wrong=wrong
        )
        for seed in range(5)
    ]
    bers = [r.ber for r in found]
    assert max(bers) / min(bers) < 1.6
    for r in found:
        assert r.ber == pytest.approx(-math.log(0.99) / 300, rel=0.35)
        assert r.interval[0] <= r.ber <= r.interval[1]
        assert r.at(r.ber) == pytest.approx(0.01, rel=0.02)


@pytest.mark.parametrize("q", [1e-8, 1e-20, 1e-300])
def test_below_all_steps_it_falls_with_the_ber(q):
    # One cell of 300 decides: at the lowest step, 1e-9, P(miss) is 3e-7.
    found = risk_of_draws(thresholds_of(300, 300), low=-90, high=-4, at=q)
    assert found.ber < found.bers[0] or q == 1e-8
    assert found.at(found.ber) == pytest.approx(q, rel=0.02)
    assert found.interval[0] <= found.ber <= found.interval[1]


def test_where_costs_add_up_to_more_the_draws_say_so():
    # By the cells alone two must meet; draws that miss earlier raise the factor, others lower it.
    risk = criticality_of([stratum([0.0052] * 30, cells=3000)])
    wrong, span = wrong_by(CONFIG, ["a"]), {"low": -90, "high": -4, "at": 0.01, "allowed": 0.01}
    expected = ber_by_cells(risk, 0.01)
    early = risk_of_cells(risk, [-40] * 20, wrong=wrong, **span).ber
    late = risk_of_cells(risk, [-20] * 20, wrong=wrong, **span).ber
    assert early < expected < late


@pytest.mark.parametrize("seed", range(3))
def test_where_costs_of_harmless_cells_are_noise_draws_and_critical_cells_decide(seed):
    """Millions of cells, thirty of each kind tried, an image of 2,000 won or lost by each.

    As a sum they would cost points at 1e-5. The draws miss as they do by 1 - exp(-(ber / 3e-4)^2),
    and 10 critical cells at most one draw in a thousand at 1e-4: P(miss) is 1 % at 3e-5.
    """
    random = np.random.default_rng(seed)
    noise = [stratum([0.5] * 10 + [0.0] * 20, cells=30)]
    for number in range(40):
        losses = (random.integers(-1, 3, 30) / 2000).tolist()  # more lost than won, by chance
        noise.append(stratum(losses, cells=2_000_000, tensor=f"t{number}"))
    risk = criticality_of(noise)
    wrong = wrong_by(CONFIG, list(risk.tensors))
    assert ber_by_cells(risk, 0.01) < 1e-6
    bers = 3e-4 * np.sqrt(random.exponential(1.0, 20))
    thresholds = [step_of(float(ber)) for ber in bers]
    span = {"low": -50, "high": -4, "at": 0.01, "allowed": 0.01}
    found = risk_of_cells(risk, thresholds, wrong=wrong, **span)
    assert 1e-5 < found.ber < 9e-5
    assert found.interval[0] < 3e-5 < found.interval[1]


@pytest.mark.parametrize("seed", range(3))
def test_what_cells_beyond_those_tried_might_cost_is_for_the_draws_to_say(seed):
    """Of half of what may be lost the noise is: 2.5 times as much, were it so of others, misses.

    40 kinds of 2 million cells, of which 1 in 31 costs more than all tried and a quarter of these
    so much more: 645,000 cells that miss alone, and 1 % at 1.5e-8, if what was measured of other
    networks held. The draws miss by 1 - exp(-(ber / 1e-5)^2): 1 % at 1e-6.
    """
    random = np.random.default_rng(seed)
    noise = []
    for number in range(40):
        losses = (random.integers(-2, 6, 30) / 2000).tolist()
        noise.append(stratum(losses, cells=2_000_000, tensor=f"t{number}", allowed=0.005))
    risk = replace(criticality_of(noise), clean_accuracy=0.905, target_accuracy=0.9)
    bers = 1e-5 * np.sqrt(random.exponential(1.0, 20))
    thresholds = [step_of(float(ber)) for ber in bers]
    span = {"low": -90, "high": -4, "at": 0.01, "allowed": 0.005}
    wrong = wrong_by(CONFIG, list(risk.tensors))
    found = risk_of_cells(risk, thresholds, wrong=wrong, **span)
    # So wide that draws are asked where misses are rare, and up to the truth by a factor of two.
    assert found.interval[1] > 1.6 * found.interval[0]
    assert found.interval[0] < 1e-6 < 2 * found.interval[1]


def test_a_protection_makes_weak_cells_do_less():
    risk = criticality_of([stratum([0.5] * 30, cells=300)])
    triple = replace(risk, config=CONFIG.with_(protect={"a": "triple"}))
    # 300 (3 p^2 - 2 p^3) = -log(0.99), p = 0.003348
    assert ber_by_cells(risk, 0.01) == pytest.approx(-math.log(0.99) / 300, rel=0.02)
    assert ber_by_cells(triple, 0.01) == pytest.approx(0.003348, rel=0.02)


def test_weak_cells_are_more_than_errors_where_they_fail_sometimes():
    # lambda is of cells at the config's F; at a BER there are BER / F weak ones.
    half = CONFIG.with_(error=errors.Uniform(1e-3, failure_probability=0.5))
    assert wrong_by(half, ["a"])(stratum([0.0]), np.array([1e-3])) == [2e-3]
    both = errors.DataDependent(1e-3, failure_probability_one=0.75, failure_probability_zero=0.25)
    assert wrong_by(CONFIG.with_(error=both), ["a"])(stratum([0.0]), np.array([1e-3])) == [2e-3]


def test_risk_survives_a_file_and_refuses_others():
    risk = risk_of_draws([-30, -28], low=-90, high=-4, at=0.01)
    assert Risk.from_dict(risk.to_dict()) == risk
    assert 0 < risk.at(1e-11) < risk.at(1e-9) and risk.at(0) == 0 and risk.at(1.0) <= 1
    with pytest.raises(ValueError, match="ber is 2"):
        risk.at(2)
    for wrong in (
        {"misses": [0.5]},
        {"interval": [0.1]},
        {"interval": [0.2, 0.1]},
        {"bers": [0.2, 0.1], "misses": [0, 0]},
        {"bers": [0.0, 0.1], "misses": [0, 0]},
        {"bers": [0.1, 0.2], "misses": [0.5, 0.25]},
        {"bers": [0.1, 0.2], "misses": [0, 1.5]},
        {"bers": [], "misses": []},
        {"miss_probability": 0},
        {"miss_probability": 0.75},
    ):
        with pytest.raises(ValueError):
            Risk.from_dict(risk.to_dict() | wrong)
