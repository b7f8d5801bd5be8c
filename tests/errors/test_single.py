"""Cells taken out of a model one by one fail as the model has them fail, once they are weak."""

import numpy as np
import pytest
import torch

import eden
from eden import errors
from eden.errors import weak_at

ROW_BITS = 8 * 64


def failures(cells):
    one, zero = cells.failure_probability_one, cells.failure_probability_zero
    return np.stack([np.broadcast_to(f, len(cells.bit_addresses)) for f in (one, zero)], axis=1)


def test_f_is_the_models_at_that_cell():
    # Row 1 begins at bit 512; bitline 3 of it is bit 515.
    by_line = np.linspace(0, 1, ROW_BITS)
    bitline = errors.Bitline(np.full(ROW_BITS, 1e-3), by_line)
    assert np.allclose(failures(weak_at(bitline, [3, 515], row_bytes=64)), by_line[3])
    wordline = errors.Wordline([1e-3, 1e-3], [0.25, 0.5])
    assert (failures(weak_at(wordline, [3, 515], row_bytes=64)) == [[0.25] * 2, [0.5] * 2]).all()
    data = errors.DataDependent(1e-3, failure_probability_one=0.75, failure_probability_zero=0.0)
    assert (failures(weak_at(data, [7])) == [[0.75, 0.0]]).all()
    assert (failures(weak_at(errors.Uniform(0.0), [7, 9])) == 1.0).all()


def test_of_known_cells_others_never_fail():
    known = errors.Cells([5, 9], [0.5, 1.0])
    assert failures(weak_at(known, [4, 5, 9, 10])).tolist() == [
        [0, 0],
        [0.5, 0.5],
        [1, 1],
        [0, 0],
    ]
    assert failures(weak_at(errors.Cells([]), [4])).tolist() == [[0, 0]]


def test_it_flips_that_bit_alone():
    x = torch.arange(16, dtype=torch.uint8)
    y = eden.inject(x, weak_at(errors.Uniform(1e-9), [8 * 5 + 2]), key=eden.key(0))
    assert (x ^ y).tolist() == [0] * 5 + [4] + [0] * 10


def test_a_row_that_the_model_has_not_is_named():
    with pytest.raises(ValueError, match="row of a cell is 2, accepted: below 2, the model's"):
        weak_at(errors.Wordline([0.1, 0.1], [1.0, 1.0]), [2 * ROW_BITS], row_bytes=64)
