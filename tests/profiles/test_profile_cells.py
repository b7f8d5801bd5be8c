"""Profiles of single cells: their bit addresses give known cells and exact bitlines."""

import numpy as np
import pytest
import torch

import eden
from eden import profiles
from eden.profiles import Profile


def row(bit_address, failures, reads=16, **others):
    return {"module": "m1", "cells": 1, "reads": reads, "failures_1to0": failures,
            "bit_address": bit_address, "source": "us", **others}  # fmt: skip


def test_cells_fail_as_they_were_seen_to():
    rounds = [row(70_000, 8), row(70_000, 16, source="us, round 2"), row(3, 0), row(9, 16)]
    cells = profiles.cells_of(Profile.of(rounds))
    assert cells.bit_addresses.tolist() == [9, 70_000]
    assert cells.failure_probability.tolist() == [1.0, 24 / 32]
    x = torch.zeros(4096, dtype=torch.float32)
    y = eden.inject(x, cells, key=eden.key(1))
    flipped = y.view(torch.int32).nonzero().ravel().tolist()
    assert 0 in flipped and set(flipped) <= {0, 70_000 // 32}


def test_fills_give_a_probability_for_each_stored_bit():
    ones = row(5, 4, pattern="0xff")
    zeros = row(5, None, pattern="0x0", failures_0to1=12)
    only = row(6, 8, pattern="0xff")
    cells = profiles.cells_of(Profile.of([ones, zeros, only]))
    assert cells.failure_probability_one.tolist() == [4 / 16, 8 / 16]
    # Cell 6 was not tried with a 0: what is known of it stands for that.
    assert cells.failure_probability_zero.tolist() == [12 / 16, 8 / 16]


def test_bitlines_are_counted_exactly():
    rows = [row(65_536 * r + c, 2 * (c == 7), reads=4) for r in range(3) for c in (5, 7)]
    found = profiles.bitlines_of(Profile.of(rows))
    assert found["bitline"].tolist() == [5, 7]
    assert found["cells"].tolist() == [3, 3] and found["weak"].tolist() == [0, 3]
    assert found["reads"].tolist() == [12, 12] and found["failures"].tolist() == [0, 6]
    assert profiles.bitlines_of(Profile.of(rows), row_bytes=64)["bitline"].tolist() == [5, 7]
    with pytest.raises(ValueError, match="row_bytes is 100, accepted: a power of two from 64"):
        profiles.bitlines_of(Profile.of(rows), row_bytes=100)


def test_a_bitline_of_weak_cells_is_told_from_bit_addresses_alone():
    generator = np.random.default_rng(5)
    rows = []
    for c in range(64):
        weak = generator.random(200) < (0.5 if c < 4 else 0.01)
        failures = np.where(weak, generator.binomial(8, 0.6, 200), 0)
        rows += [row(65_536 * r + c, int(f), reads=8) for r, f in enumerate(failures)]
    fit = profiles.fit(Profile.of(rows))
    assert fit.best.number == 1
    assert fit.best.error.weak_fraction[:4].min() > 10 * fit.best.error.weak_fraction[8:64].mean()


def test_files_go_there_and_back(tmp_path):
    profile = Profile.of([row(2**40, 3), row(2**62, 16)])
    for name in ("cells.csv", "cells.csv.gz", "cells.parquet"):
        assert profiles.read(profile.write(tmp_path / name)).table == profile.table


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cells": 2}, "row 2: cells is 2, accepted: 1 where bit_address is given"),
        ({"unit": "row"}, "row 2: unit is 'row', accepted: cell where bit_address is given"),
        ({"bit_address": -1}, "row 2: bit_address is -1, accepted: an integer from 0 to 4.6"),
        ({"bit_address": 1}, "row 2: repeats row 1"),
    ],
)
def test_bad_rows_are_refused_in_one_line(changes, said):
    with pytest.raises(ValueError, match=said):
        Profile.of([row(1, 1), row(2, 1) | changes])


def test_a_profile_without_cells_has_none():
    with pytest.raises(ValueError, match="the profile names no cell, accepted: rows with a bit_"):
        profiles.cells_of(Profile.of([row(None, 1)]))
    two = [row(1, 1), row(2, 1, vdd_volts=1.1)]
    with pytest.raises(ValueError, match="modules and operating points is 2, accepted: one"):
        profiles.cells_of(Profile.of(two))
