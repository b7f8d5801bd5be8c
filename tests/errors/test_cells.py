"""Known cells: what is accepted, what they lower to, rates of a range, and chosen numbers."""

import itertools

import numpy as np
import pytest
import torch

from eden import errors
from eden.errors import Cells

ALWAYS = -1  # 2^64 - 1 as int64


def entries(cells):
    return cells.lower().entries.tolist()


@pytest.mark.parametrize("make", [list, tuple, np.array, torch.tensor, lambda c: np.array(c, "u4")])
def test_addresses_come_in_any_form_and_are_put_in_order(make):
    cells = Cells(make([70, 3, 2**31]), [0.5, 0.25, 1.0])
    assert cells.bit_addresses.tolist() == [3, 70, 2**31]
    half = 2**63 - 2**64
    assert entries(cells) == [
        [3, 0, 2**62, 2**62],
        [70, 0, half, half],
        [2**31, 0, ALWAYS, ALWAYS],
    ]


def test_a_direction_has_its_own_probability():
    falls = Cells([5, 9], failure_probability_zero=0.0)  # a 1 becomes a 0, never the other way
    assert entries(falls) == [[5, 0, ALWAYS, 0], [9, 0, ALWAYS, 0]]
    both = Cells([5], failure_probability_one=0.0, failure_probability_zero=[0.25])
    assert entries(both) == [[5, 0, 0, 2**62]]


def test_no_cell_at_all_never_fails():
    for none in (Cells([]), Cells(torch.empty(0, dtype=torch.int64), [])):
        assert none.lower().entries.shape == (0, 4)
        assert none.ber == 0.0 == none.with_ber(0.0).ber


def test_what_a_caller_gives_stays_the_callers():
    given = np.array([1, 2, 3])
    cells = Cells(given)
    given[0] = 7
    assert cells.bit_addresses[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        cells.bit_addresses[0] = 7


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: Cells([3, 1, 3]), ValueError, "bit_addresses is '3 twice', accepted: each"),
        (lambda: Cells([3, -1]), ValueError, r"bit_addresses\[1\] is -1, accepted: integers from"),
        (lambda: Cells([2**62 + 1]), ValueError, "is 4611686018427387905, accepted"),
        (lambda: Cells([1, 2**70]), ValueError, "is 1180591620717411303424, accepted"),
        (lambda: Cells([[1]]), ValueError, r"shape of bit_addresses is \[1, 1\]"),
        (lambda: Cells(5), ValueError, r"shape of bit_addresses is \[\]"),
        (lambda: Cells([1.0]), TypeError, "type of bit_addresses is 'float64'"),
        (lambda: Cells([True]), TypeError, "type of bit_addresses is 'bool'"),
        (lambda: Cells(["1"]), TypeError, "type of bit_addresses is '<U1'"),
        (lambda: Cells([1, 2], 1.5), ValueError, "failure_probability is 1.5"),
        (lambda: Cells([1, 2], [0.1, np.nan]), ValueError, r"failure_probability\[1\] is nan"),
        (lambda: Cells([1, 2], [0.1]), ValueError, "size of failure_probability is 1, accepted: 2"),
        (lambda: Cells([1, 2], None), TypeError, "failure_probability is None"),
        (lambda: Cells([1], failure_probability_one=-1), ValueError, "probability_one is -1"),
        (lambda: Cells([1], failure_probability_zero="a"), TypeError, "probability_zero is 'a'"),
        (lambda: Cells.draw(5, bits=4, seed=0), ValueError, "count is 5, accepted: .* 0 to 4"),
        (lambda: Cells.draw(1.0, bits=4, seed=0), TypeError, "count is 1.0"),
        (lambda: Cells.draw(1, bits=-1, seed=0), ValueError, "bits is -1"),
        (lambda: Cells.draw(1, bits=4, seed=-1), ValueError, "seed is -1"),
        (lambda: Cells.draw(1, bits=4, seed=0, address=-8), ValueError, "address is -8"),
    ],
)
def test_what_is_wrong_is_named_in_one_line(make, kind, message):
    with pytest.raises(kind, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_the_rate_of_a_range_is_that_of_its_cells():
    # Bytes 8 to 15 are bits 64 to 127: cells 64 and 127, with F 0.5 and mean (1 + 0.5) / 2.
    cells = Cells(
        [63, 64, 127, 128],
        failure_probability_one=[1.0, 0.5, 1.0, 1.0],
        failure_probability_zero=[1.0, 0.5, 0.5, 1.0],
    )
    assert cells.ber_within(8, 8) == (0.5 + 0.75) / 64
    assert cells.ber_within(100, 8) == cells.ber_within(8, 0) == 0.0
    assert cells.ber == (1 + 0.5 + 0.75 + 1) / 129  # up to the last cell
    scaled = cells.with_ber(0.01, address=8, size_bytes=8)
    assert scaled.ber_within(8, 8) == pytest.approx(0.01, rel=1e-12)
    factor = 0.01 * 64 / 1.25
    assert scaled.failure_probability_one == pytest.approx(np.array([1, 0.5, 1, 1]) * factor)
    assert scaled.failure_probability_zero == pytest.approx(np.array([1, 0.5, 0.5, 1]) * factor)
    assert np.array_equal(scaled.bit_addresses, cells.bit_addresses)
    # The most: the second cell's F for a 1 is 1.
    most = cells.ber_within(8, 8)
    assert cells.with_ber(most, address=8, size_bytes=8).ber_within(8, 8) == most
    # What lies elsewhere is in nobody's way, and stays a probability.
    double = Cells([0, 100], [1.0, 0.25]).with_ber(1 / 64, address=8, size_bytes=8)
    assert double.failure_probability.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("ber", "where", "message"),
    [
        (0.1, {"address": 8, "size_bytes": 8}, "ber is 0.1, accepted: at most 0.03125, where"),
        (0.1, {"address": 64, "size_bytes": 8}, "accepted: 0, as no .* lies in the 8 bytes at 64"),
        (2.0, {}, "ber is 2.0"),
    ],
)
def test_rates_out_of_reach_are_refused(ber, where, message):
    with pytest.raises(ValueError, match=message) as caught:
        Cells([64, 65], 0.5).with_ber(ber, **where)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="no known cell that may fail lies here"):
        Cells([64], 0.0).with_ber(0.1)


def test_failures_nest_in_the_rate():
    cells = Cells(range(0, 4000, 7), np.linspace(0.01, 0.5, 572))
    rates = [1e-6, 1e-4, 1e-3, 0.02]
    for few, many in itertools.pairwise(cells.with_ber(rate) for rate in rates):
        assert (few.failure_probability <= many.failure_probability).all()


def test_files_hold_it_whole():
    cells = Cells([2**61, 5], [0.25, 0.5], failure_probability_zero=0.125)
    again = errors.from_dict(cells.to_dict())
    assert isinstance(again, Cells)
    assert entries(again) == entries(cells)
    with pytest.raises(ValueError, match="bit_addresses"):
        errors.from_dict({"kind": "cells"})


def test_a_number_of_cells_is_drawn_each_once():
    bits = 1000
    drawn = Cells.draw(40, bits=bits, seed=7, address=4, failure_probability=0.5)
    cells = drawn.bit_addresses
    assert cells.size == np.unique(cells).size == 40
    assert cells.min() >= 32 and cells.max() < 32 + bits
    assert drawn.failure_probability == 0.5
    # The same on every machine: by hand of NumPy's Philox(key=7).
    first = Cells.draw(3, bits=bits, seed=7).bit_addresses.tolist()
    raw = [int(n) for n in np.random.Philox(key=7).random_raw(3)]
    assert first == sorted(
        {raw[0] * 1000 >> 64, (raw[1] * 999 >> 64) + 1, (raw[2] * 998 >> 64) + 2}
    )
    assert Cells.draw(0, bits=0, seed=0).bit_addresses.size == 0
    assert Cells.draw(bits, bits=bits, seed=1).bit_addresses.tolist() == list(range(bits))


def test_more_cells_hold_fewer_and_seeds_differ():
    sets = [set(Cells.draw(n, bits=5000, seed=3).bit_addresses) for n in (1, 10, 100, 5000)]
    assert all(few < many for few, many in itertools.pairwise(sets))
    assert sets[2] != set(Cells.draw(100, bits=5000, seed=4).bit_addresses)
    far = Cells.draw(1000, bits=2**62, seed=3).bit_addresses
    assert (np.histogram(far, bins=4, range=(0, 2**62))[0] > 200).all()


def test_every_set_is_as_likely():
    # 10 pairs of 5 cells, 4,000 draws: 400 each with a deviation of 19.
    counts = {}
    for seed in range(4000):
        pair = tuple(Cells.draw(2, bits=5, seed=seed).bit_addresses.tolist())
        counts[pair] = counts.get(pair, 0) + 1
    assert len(counts) == 10
    assert all(abs(count - 400) < 80 for count in counts.values())


def test_how_often_cells_fail_by_what_they_store():
    falling = Cells([3, 9], failure_probability_one=[1.0, 0.5], failure_probability_zero=0.0)
    assert [errors.failure_of(falling, stored) for stored in (1, 0, None)] == [0.75, 0.0, 0.375]
    assert errors.failure_of(Cells([], [])) == errors.failure_of(Cells([])) == 1.0
    assert errors.failure_of(errors.DataDependent(1e-3, 0.5, 0.25), 0) == 0.25
    assert errors.failure_of(errors.Uniform(1e-3, 0.25), 1) == 0.25


def test_a_column_of_objects_that_are_integers_is_read():
    assert Cells(np.array([5, 2], dtype=object)) == Cells([2, 5])
