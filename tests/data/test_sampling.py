"""Standard errors over images, by worked numbers and by what they must be whatever is drawn."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from eden.data import (
    Boxes,
    Resampled,
    average_precision,
    mean_of,
    resampled_precision,
    share_right,
)


def test_a_share_has_the_binomial_error():
    # 4 of 5: sqrt(0.8 0.2 / 5) = sqrt(0.032).
    share = share_right(torch.tensor([1, 1, 0, 1, 1]).bool())
    assert share == (0.8, pytest.approx(math.sqrt(0.032)))
    assert share_right(torch.ones(3).bool()) == (1.0, 0.0)


def test_images_are_what_is_drawn_not_draws_of_errors():
    # Right before: images 0, 1, 2 of 5. Under the first draw image 1 is lost and 4 gained, under
    # the second 1 and 2 are lost and 4 gained: differences 0 and -1/5, on average -0.1. Images
    # change by 0, -1, -0.5, 0 and 1 on average; about -0.1 their squares are 0.01 + 0.81 + 0.16 +
    # 0.01 + 1.21 = 2.2, over 4 is 0.55, and the error sqrt(0.55 / 5) = sqrt(0.11).
    before = torch.tensor([1, 1, 1, 0, 0])
    under = torch.tensor([[1, 0, 1, 0, 1], [1, 0, 0, 0, 1]])
    assert mean_of(under.sum(0) - 2 * before, 2) == (-0.1, pytest.approx(math.sqrt(0.11)))
    # Right in 2, 0, 1, 0 and 2 draws: shares 1, 0, 0.5, 0, 1 about 0.5, squares 1, over 4 is 0.25.
    assert mean_of(under.sum(0), 2) == (0.5, pytest.approx(math.sqrt(0.25 / 5)))


def test_of_a_single_image_nothing_is_known():
    assert mean_of(torch.tensor([1]), 2) == (0.5, None)


@st.composite
def answers(draw):
    """Of 2 to 12 images under 1 to 4 draws, and before."""
    n, draws = draw(st.integers(2, 12)), draw(st.integers(1, 4))
    bits = st.lists(st.integers(0, 1), min_size=n, max_size=n)
    return torch.tensor(draw(bits)), torch.tensor([draw(bits) for _ in range(draws)])


@given(answers())
def test_the_mean_difference_is_that_of_the_accuracies(given):
    before, under = given
    draws, n = under.shape
    wanted = Fraction(int(under.sum()), draws * n) - Fraction(int(before.sum()), n)
    assert mean_of(under.sum(0) - draws * before, draws).value == float(wanted)


@given(answers())
def test_what_never_changes_has_no_error(given):
    before, under = given
    draws = len(under)
    assert mean_of(draws * before - draws * before, draws) == (0.0, 0.0)
    # Nor is there one where every image changes alike.
    assert mean_of(torch.full_like(before, -1), draws).standard_error == 0.0


@given(answers())
def test_one_draw_is_told_by_images_lost_and_gained(given):
    # b lost, c gained: squares sum up to b + c, the variance is (b + c - (c - b)^2 / n) / (n - 1).
    before, (under, *_) = given
    n, b, c = len(before), int((before > under).sum()), int((under > before).sum())
    wanted = math.sqrt((b + c - (c - b) ** 2 / n) / (n - 1) / n)
    assert mean_of(under - before, 1) == (pytest.approx((c - b) / n), pytest.approx(wanted))


def photos(count, seed):
    """Boxes there, none in every fifth photo, and found: moved at random, all scores different."""
    rng = np.random.default_rng(seed)
    there, found = [], []
    for n in range(count):
        size = 0 if n % 5 == 4 else int(rng.integers(1, 4))
        corners = np.arange(size)[:, None] * 20.0 + np.array([0, 0, 10, 10])
        labels = torch.from_numpy(rng.integers(0, 2, size))
        moved = corners + rng.integers(0, 3, (size, 1))
        there.append(Boxes(torch.from_numpy(corners), torch.ones(size), labels))
        found.append(Boxes(torch.from_numpy(moved), torch.from_numpy(rng.random(size)), labels))
    return found, there


@pytest.mark.parametrize("recalls", ["coco", "voc"])
def test_photos_drawn_again_count_as_if_they_were_there_so_often(recalls):
    found, there = photos(8, seed=1)
    drawn = resampled_precision(found, there, recalls=recalls, resamples=30, seed=3)
    assert drawn.value == average_precision(found, there, recalls=recalls)
    rng = np.random.default_rng(3)
    for value in drawn.resamples:
        index = rng.integers(0, 8, 8)
        copies = [found[i] for i in index], [there[i] for i in index]
        assert value == pytest.approx(average_precision(*copies, recalls=recalls))
    assert drawn.standard_error == drawn.resamples.std(ddof=1) > 0


def test_the_difference_of_detectors_is_paired():
    found, there = photos(20, seed=1)
    first = resampled_precision(found, there)
    assert first.less(first).standard_error == 0
    # One that finds nothing: the difference varies as the other one does.
    nothing = resampled_precision([Boxes(*(part[:0] for part in one)) for one in found], there)
    assert nothing.value == 0 and (first.less(nothing).resamples == first.resamples).all()
    # One photo lost of twenty: the pair differs far less than either varies.
    fewer = [found[0], Boxes(*(part[:0] for part in found[1])), *found[2:]]
    change = resampled_precision(fewer, there).less(first)
    assert change.value < 0 and change.standard_error < first.standard_error / 2


def test_draws_of_photos_without_a_box_are_left_out():
    # Of two photos one has a box: of the draws a quarter has none, and the others find it.
    box = Boxes(torch.tensor([[0.0, 0, 10, 10]]), torch.ones(1), torch.zeros(1, dtype=torch.int64))
    none = Boxes(*(part[:0] for part in box))
    drawn = resampled_precision([box, none], [box, none])
    assert 20 < np.isnan(drawn.resamples).sum() < 80 and drawn.standard_error == 0
    assert Resampled(1.0, np.array([np.nan, 1.0])).standard_error is None


def test_a_single_draw_of_photos_is_refused():
    found, there = photos(2, seed=1)
    with pytest.raises(ValueError, match=r"resamples is 1, accepted: an integer of at least 2"):
        resampled_precision(found, there, resamples=1)


@pytest.mark.parametrize("kind", [torch.int32, torch.int16, torch.int8, torch.uint8])
def test_narrow_counts_do_not_wrap_around(kind):
    counts = torch.tensor([20, 0, 1, 20])
    assert mean_of(counts.to(kind), 25) == mean_of(counts, 25)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (lambda: share_right(torch.ones(0).bool()), r"shape of right is \[0\], accepted: \[n\]"),
        (lambda: share_right(torch.ones(3)), "type of right is 'torch.float32', accepted: bool"),
        (lambda: mean_of(torch.ones(0).int(), 1), r"shape of counts is \[0\], accepted: \[n\]"),
        (lambda: mean_of(torch.ones(3), 1), "type of counts is 'torch.float32', accepted: int64"),
        (lambda: mean_of(torch.ones(3).int(), 0), "draws is 0, accepted: an integer of at least 1"),
    ],
)
def test_what_no_error_can_be_told_of_is_refused(asked, said):
    with pytest.raises(ValueError, match=said):
        asked()


@pytest.mark.parametrize("seed", [None, -1, 0.5, True, 2**63])
def test_draws_of_photos_have_a_seed(seed):
    one = Boxes(torch.tensor([[0.0, 0.0, 9.0, 9.0]]), torch.ones(1), torch.zeros(1).long())
    with pytest.raises((TypeError, ValueError), match=r"seed is .*, accepted: an integer from 0"):
        resampled_precision([one], [one], seed=seed)


def test_draws_of_other_numbers_are_not_paired():
    three, two = Resampled(0.5, np.zeros(3)), Resampled(0.5, np.zeros(2))
    with pytest.raises(ValueError, match="number of the other's resamples is 2, accepted: 3"):
        three.less(two)
