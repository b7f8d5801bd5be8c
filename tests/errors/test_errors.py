"""Error models: what they accept, how they scale, what they lower to."""

import copy
import math
import pickle

import numpy as np
import pytest
import torch

import eden
from eden import errors

ALWAYS = -1  # 2^64 - 1 as int64


def one_of_each() -> list[errors.ErrorModel]:
    rng = np.random.default_rng(5)
    return [
        errors.Uniform(0.02, 0.5),
        errors.Bitline(rng.random(512) * 0.1, 0.5),
        errors.Wordline(rng.random(40) * 0.1, rng.random(40)),
        errors.DataDependent(0.02, 0.9, 0.1),
        errors.Cells(np.flatnonzero(rng.random(6000) < 0.5), rng.random() * 0.1),
    ]


@pytest.mark.parametrize("model", one_of_each(), ids=lambda m: m.kind)
@pytest.mark.parametrize("ber", [0.0, 1e-9, 1e-4, 0.03, 0.2])
def test_with_ber_reaches_the_mean_and_keeps_failure(model, ber):
    scaled = model.with_ber(ber)
    assert scaled.ber == pytest.approx(ber, rel=1e-9)
    assert type(scaled) is type(model)
    if hasattr(model, "order"):
        assert np.array_equal(scaled.order, model.order)


@pytest.mark.parametrize("model", one_of_each(), ids=lambda m: m.kind)
def test_with_ber_takes_one_byte_range_and_no_misspelt_one(model):
    where = {"address": 64, "size_bytes": 128, "row_bytes": 64}
    assert model.with_ber(0.01, **where).ber > 0
    for name in ("adress", "size", "rows"):
        with pytest.raises(TypeError, match=name):
            model.with_ber(0.01, **{name: 5})
    with pytest.raises(TypeError, match="positional"):
        model.with_ber(0.01, 64)


@pytest.mark.parametrize("model", one_of_each(), ids=lambda m: m.kind)
def test_what_lower_hands_out_is_the_callers_own(model):
    before = model.lower()
    x, key = torch.ones(300), eden.key(1)

    def read(error):
        return eden.inject(x, error, key=key, row_bytes=64).view(torch.int32)

    as_it_was = read(model)
    table = model.lower()
    table.entries.fill_(-1)
    if table.order is not None:
        table.order.zero_()
    after = model.lower()
    assert after.entries.equal(before.entries)
    assert (after.order is None) == (before.order is None)
    assert after.order is None or after.order.equal(before.order)
    assert torch.equal(read(model), as_it_was)
    # A table of the caller's own is its to change.
    assert not torch.equal(read(table), as_it_was)
    again = table.to("cpu")
    again.entries.zero_()
    assert (table.entries == -1).all()


@pytest.mark.parametrize("model", one_of_each(), ids=lambda m: m.kind)
def test_round_trip_through_plain_data(model):
    again = errors.from_dict(model.to_dict())
    assert again.ber == model.ber
    assert again.lower().entries.equal(model.lower().entries)


@pytest.mark.parametrize("model", one_of_each(), ids=lambda m: m.kind)
def test_deepcopy_keeps_the_table(model):
    assert copy.deepcopy(model).lower().entries.equal(model.lower().entries)


@pytest.mark.parametrize("model", one_of_each(), ids=lambda m: m.kind)
def test_models_of_the_same_numbers_are_equal(model):
    made_again = next(m for m in one_of_each() if m.kind == model.kind)
    for same in (copy.deepcopy(model), pickle.loads(pickle.dumps(model)), made_again):
        assert same == model and hash(same) == hash(model)
        assert eden.Config(error=same) == eden.Config(error=model)
    others = [m for m in one_of_each() if m.kind != model.kind]
    for other in (*others, model.with_ber(0.5 * model.ber), model.to_dict()):
        assert other != model


def test_bitlines_in_another_order_are_another_model():
    weak = np.full(512, 0.1)
    assert errors.Bitline(weak) != errors.Bitline(weak, order=np.arange(512)[::-1])


def test_mean_over_the_rows_of_a_tensor():
    # Rows of 64 bytes with P = 0.1 ... 0.4. Bytes 64..159 cover row 1 whole and half of row 2.
    model = errors.Wordline([0.1, 0.2, 0.3, 0.4])
    scaled = model.with_ber(0.01, address=64, size_bytes=96, row_bytes=64)
    covered = (64 * scaled.weak_fraction[1] + 32 * scaled.weak_fraction[2]) / 96
    assert covered == pytest.approx(0.01, rel=1e-9)
    # One factor for all stresses: log(1 - P') / log(1 - P) is the same in every row.
    factor = np.log1p(-scaled.weak_fraction) / np.log1p(-model.weak_fraction)
    assert np.allclose(factor, factor[0], rtol=1e-9)
    with pytest.raises(ValueError, match="accepted: one that meets one of the 4 rows of 64 bytes"):
        model.with_ber(0.01, address=256, size_bytes=8, row_bytes=64)


def test_mean_over_the_bitlines_of_a_tensor():
    # 512 bitlines; the first 32 bytes use only the first 256, which are ten times stronger.
    weak = np.repeat([0.01, 0.001], 256)
    scaled = errors.Bitline(weak).with_ber(1e-4, address=0, size_bytes=32)
    assert scaled.weak_fraction[:256].mean() == pytest.approx(1e-4, rel=1e-9)


def test_lowering_by_hand():
    # P = 2^-20: -log(1 - P) = 2^-20 + 2^-41 + 2^-60 / 3 + ..., in units of 2^-64
    # 2^44 + 2^23 + 2^4 / 3 + 2^-18 = 17592186044416 + 8388608 + 5.33, rounded down.
    stress, dense, one, zero = errors.Uniform(2.0**-20, 0.75).lower().entries[0].tolist()
    assert stress == 2**44 + 2**23 + 5
    assert dense == 0
    assert one == zero == 3 * 2**62 - 2**64
    # P = 1/2 is dense: 1 - e^(1/64) / 2 of the cells that no sparse rung reaches.
    stress, dense, one, _ = errors.Uniform(0.5).lower().entries[0].tolist()
    assert stress == 2**58
    assert dense % 2**64 / 2**64 == pytest.approx(1 - math.exp(1 / 64) / 2, abs=1e-15)
    assert one == ALWAYS
    assert errors.Uniform(1.0).lower().entries[0].tolist() == [2**58, ALWAYS, ALWAYS, ALWAYS]
    assert errors.Uniform(0.0, 0.0).lower().entries[0].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: errors.Uniform(1.5), "weak_fraction is 1.5, accepted: a number from 0 to 1"),
        (lambda: errors.Uniform(math.nan), "weak_fraction is nan"),
        (lambda: errors.Uniform(0.1, -0.1), "failure_probability is -0.1"),
        (lambda: errors.Wordline([0.1, 2.0]), r"weak_fraction\[1\] is 2.0"),
        (lambda: errors.Wordline([]), r"is \[0\], accepted: one row of probabilities"),
        (lambda: errors.Wordline([0.1, 0.1], [0.5] * 3), "failure_probability is 3, accepted: 2"),
        (lambda: errors.Bitline(np.zeros(100)), r"bitlines .8 \* row_bytes. is 100, accepted: 512"),
        (lambda: errors.Bitline(np.zeros(512), order=np.zeros(512)), "permutation"),
        (lambda: errors.Bitline(np.zeros(512), order=np.arange(512) + 0.7), "permutation"),
        (lambda: errors.Bitline(np.zeros(512), order=np.arange(512) + 2**32), "permutation"),
        (lambda: errors.Bitline(np.zeros(512), order=[2**70] * 512), "permutation"),
        (lambda: errors.Bitline(np.zeros(512), order=["x"] * 512), "permutation"),
        (lambda: errors.Bitline(np.full(512, 0.1)).with_ber(0.01, size_bytes=0), "bytes is 0"),
        (lambda: errors.Uniform(0.1, 0.5).with_ber(0.6), "at most the failure probability, 0.5"),
        (
            lambda: errors.Wordline([0.0, 0.1], 0.5).with_ber(0.3),
            "ber is 0.3, accepted: at most 0.25",
        ),
        (lambda: errors.from_dict({"kind": "magic"}), "kind of error model is 'magic'"),
        (lambda: errors.from_dict({"kind": "uniform"}), "weak_fraction"),
    ],
)
def test_bad_values_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("value", ["often", "0.5", True, None, 1j])
def test_what_is_no_number_is_no_probability(value):
    with pytest.raises(TypeError, match="weak_fraction is"):
        errors.Uniform(value)
    with pytest.raises(TypeError, match="ber is"):
        errors.Uniform(0.1).with_ber(value)


@pytest.mark.parametrize(
    "make",
    [
        errors.Uniform,
        lambda huge: errors.Uniform(0.1, huge),
        lambda huge: errors.DataDependent(0.1, huge, 0.1),
        lambda huge: errors.Bitline([0.1] * 511 + [huge]),
        lambda huge: errors.Bitline([0.1] * 512, huge),
        lambda huge: errors.Wordline([huge]),
        lambda huge: errors.Wordline([huge, "often"]),
        lambda huge: errors.Cells([1], huge),
        lambda huge: errors.Cells([huge]),
        errors.Uniform(0.1).with_ber,
        errors.Wordline([0.1]).with_ber,
    ],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_beyond_all_floats_is_one_short_line(make, sign):
    with pytest.raises(ValueError, match="accepted") as refused:
        make(sign * 10**400)
    assert len(str(refused.value)) < 300 and "\n" not in str(refused.value)


def test_numbers_of_numpy_and_torch_are_probabilities():
    for half in (np.float32(0.5), np.array(0.5), torch.tensor(0.5), 1, 0):
        assert type(errors.Uniform(half).weak_fraction) is float


def test_tensors_are_taken_as_arrays():
    rows = torch.tensor([0.1, 0.2], dtype=torch.float64)
    assert errors.Wordline(rows, rows).ber == pytest.approx((0.01 + 0.04) / 2)
