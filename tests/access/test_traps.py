"""What other error injectors are known to get wrong, each as a test that would catch it."""

import math

import numpy as np
import pytest
import torch
from law import ELEMENTS, any_bits, bits_of, by_reference, flips, same_bits

from eden import errors
from eden.access import ops, rng

pytestmark = pytest.mark.usefixtures("device")

ROW_BITS = 65536


def count(x, y):
    return int(np.bitwise_count(flips(x, y)).sum())


def test_rates_below_what_a_float32_uniform_can_express():
    # A float32 uniform number has 24 bits: compared with a rate below 2^-24 it is 0, so below the
    # rate, with probability 2^-24. At 2^-30 such an injector flips 64 times too many bits.
    x = torch.zeros(2**23, dtype=torch.int32)  # 2^28 bits
    hits = 0
    for seed in range(40):
        hits += count(x, ops.inject(x, errors.Uniform(2.0**-30), key=rng.key(seed)))
    # Poisson with mean 10, against 640.
    assert 1 <= hits <= 25
    # And the failure probability: 2^28 weak cells that fail at 2^-28.
    y = ops.inject(x, errors.Uniform(1.0, 2.0**-28), key=rng.key(1))
    assert count(x, y) <= 8
    assert count(x, ops.inject(x, errors.Uniform(1.0, 2.0**-64), key=rng.key(1))) == 0


@pytest.mark.parametrize("rate", [0.3, 3e-3, 3e-5])
def test_rates_are_not_rounded_to_powers_of_two(rate):
    # ANDs of random words give 2^-k only: 0.3 would be 0.25, 17 % off.
    x = torch.zeros(2**21, dtype=torch.int32)
    n, hits = 0, 0
    while n * rate < 5000:
        hits += count(x, ops.inject(x, errors.Uniform(rate), key=rng.key(n)))
        n += x.numel() * 32
    assert abs(hits - n * rate) < 5 * math.sqrt(n * rate)


def test_duplicates_do_not_cancel():
    # Positions drawn with replacement and applied by XOR: a cell hit twice would be right again,
    # and at tau = 1/64, 1016 weak cells of a segment come from 1024 points.
    x = torch.zeros(2**20, dtype=torch.int32)
    rate = -math.expm1(-1 / 64)
    n = x.numel() * 32
    hits = sum(count(x, ops.inject(x, errors.Uniform(rate), key=rng.key(s))) for s in range(4))
    expected = 4 * n * rate  # by XOR: n (1 - e^(-2/64)) / 2, 0.8 % less, 11 sigma
    assert abs(hits - expected) < 4 * math.sqrt(expected)
    assert count(x, ops.inject(x, errors.Uniform(1.0), key=rng.key(1))) == n


def common(a, b):
    return int(np.bitwise_count(a & b).sum())


def test_two_tensors_do_not_share_weak_cells():
    x = torch.zeros(2**18, dtype=torch.int32)
    error, key = errors.Uniform(1e-2), rng.key(1)
    n = x.numel() * 32
    first = flips(x, ops.inject(x, error, key=rng.fold_in(key, "conv1.weight")))
    others = [
        ops.inject(x, error, key=rng.fold_in(key, "conv2.weight")),
        ops.inject(x, error, key=rng.fold_in(key, "conv1.weight"), address=x.numel() * 4),
        ops.inject(x, error, key=rng.key(2)),
        ops.inject(x, error, key=key, address=2**50),
    ]
    for other in others:
        # Independent sets meet in n P^2 = 839 cells; equal ones in 83,886.
        assert abs(common(first, flips(x, other)) - n * 1e-4) < 5 * math.sqrt(n * 1e-4)


def test_segments_do_not_repeat_each_other():
    x = torch.zeros(64, 2048, dtype=torch.int32)
    cells = flips(x, ops.inject(x, errors.Uniform(0.05), key=rng.key(3)))
    for shift in range(1, 64):
        expected = (64 - shift) * 65536 * 0.05**2
        assert abs(common(cells[shift:], cells[:-shift]) - expected) < 6 * math.sqrt(expected)


def test_two_batches_do_not_share_access_failures():
    x = torch.zeros(2**18, dtype=torch.int32)
    error, key = errors.Uniform(1e-2, 0.5), rng.key(1)
    weak = flips(x, ops.inject(x, errors.Uniform(1e-2), key=key))
    batches = [flips(x, ops.inject(x, error, key=rng.fold_access(key, i))) for i in range(3)]
    batches.append(flips(x, ops.inject(x, error, key=key, first_copy=1)))
    batches += list(flips(x, ops.inject(x.expand(2, -1), error, key=key, copies=2))[1:])
    cells = int(np.bitwise_count(weak).sum())
    for i, batch in enumerate(batches):
        assert not (batch & ~weak).any()
        for other in batches[:i]:
            if i == 4:  # copy 1 of two is the copy that first_copy named
                continue
            assert abs(common(batch, other) - cells / 4) < 5 * math.sqrt(cells / 4)
    np.testing.assert_array_equal(batches[4], batches[3])


def test_copies_of_a_batch_share_weak_cells_but_not_failures():
    x = torch.zeros(2, 2**17, dtype=torch.int32)
    always = flips(x, ops.inject(x, errors.Uniform(0.02), key=rng.key(1), copies=2))
    np.testing.assert_array_equal(always[0], always[1])
    sometimes = flips(x, ops.inject(x, errors.Uniform(0.02, 0.5), key=rng.key(1), copies=2))
    assert (sometimes[0] != sometimes[1]).any()


@pytest.mark.parametrize("dtype", ELEMENTS)
@pytest.mark.parametrize("rate", [0.012, 0.1])  # sparse and dense
def test_the_first_and_the_last_bit_are_hit_like_any_other(dtype, rate):
    hits, keys = np.zeros(2), 3000
    for seed in range(keys):
        x = torch.zeros(37, dtype=torch.int32)[: 148 // dtype.itemsize].to(dtype)
        changed = flips(x, ops.inject(x, errors.Uniform(rate), key=rng.key(seed)))
        hits += changed[0] & 1, changed[-1] >> (8 * dtype.itemsize - 1)
    expected = keys * rate
    assert (abs(hits - expected) < 5 * math.sqrt(expected)).all()


@pytest.mark.parametrize("dtype", ELEMENTS)
def test_no_type_is_refused(dtype):
    x = any_bits(1000, dtype)
    assert count(x, ops.inject(x, errors.Uniform(1.0), key=rng.key(1))) == 8000 * dtype.itemsize


def test_more_than_2_to_the_31_bits():
    # Zeros and ones of 288 MiB: bits past 2^31 are neither lost nor those of 2^31 earlier.
    n = 9 * 2**25  # bytes, 2.25 * 2^30 bits
    x = torch.zeros(n, dtype=torch.uint8)
    key, error = rng.key(1), errors.Uniform(1e-6)
    y = ops.inject(x, error, key=key)
    where = np.flatnonzero(bits_of(y).view(np.uint64)) * 64
    assert where[0] < 2**25 and where[-1] > 2.25 * 2**30 - 2**25
    assert abs(where.size - 2416) < 5 * math.sqrt(2416)
    assert (where >= 2**31).sum() > 100
    tail = 2**24
    assert same_bits(y[-tail:], ops.inject(x[-tail:], error, key=key, address=n - tail))
    assert not same_bits(y[2**28 : 2**28 + tail], y[:tail])


@pytest.mark.parametrize("power", [28, 29, 31, 32, 40, 52])
def test_addresses_beyond_32_bits(power):
    # 2^28 bytes are 2^31 bits. Truncated addresses would repeat the cells of address 0.
    x = torch.zeros(20000, dtype=torch.uint8)
    for rate in (1e-2, 0.1):
        error, key = errors.Uniform(rate, 0.5), rng.key(1)
        across = ops.inject(x, error, key=key, address=2**power - 10000)
        expected, _ = by_reference(x, error, key=key, address=2**power - 10000)
        np.testing.assert_array_equal(bits_of(across), expected)
        beyond = ops.inject(x[:10000], error, key=key, address=2**power)
        assert not same_bits(beyond, ops.inject(x[:10000], error, key=key))


def test_copies_beyond_2_to_the_31_bits():
    # 3.2e9 bits in all: the places of the last copy are those of the first.
    x = torch.zeros(3, 2**27, dtype=torch.int8)
    y = ops.inject(x, errors.Uniform(1e-7), key=rng.key(4), copies=3)
    assert torch.equal(y[0], y[2]) and count(x[2], y[2]) > 50


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("stored", ["fp32", "fp16", "bf16", "int16", "int8", "int4"])
def test_nan_and_infinity_among_the_inputs(dtype, stored):
    x = torch.tensor([math.nan, math.inf, -math.inf, -math.nan, 1.0, -2.0, 0.0], dtype=dtype)
    for rate in (0.0, 0.3):
        y = ops.inject(x, errors.Uniform(rate), key=rng.key(1), stored=stored)
        expected, _ = by_reference(x, errors.Uniform(rate), key=rng.key(1), stored=stored)
        np.testing.assert_array_equal(bits_of(y), expected)
        if rate == 0.0 and stored.startswith("int"):
            # The scale comes from the finite values, here 2; infinities clamp to it.
            assert y.tolist()[:4] == [0.0, 2.0, -2.0, 0.0]
        corrected = ops.inject(
            x,
            errors.Uniform(rate),
            key=rng.key(1),
            stored=stored,
            bounds=(-2, 2),
            correction="zero",
        )
        assert corrected.isfinite().all() and (corrected.abs() <= 2).all()


def test_a_signalling_nan_in_its_native_format_is_kept():
    x = torch.tensor([0x7F800001, -0x7FFFFF], dtype=torch.int32).view(torch.float32)
    assert same_bits(ops.inject(x, errors.Uniform(0.0), key=rng.key(1)), x)


def test_the_default_scale_does_not_see_errors():
    # max|x| over the loaded values would make one flip change all codes.
    x = torch.linspace(-1, 1, 255)
    y = ops.inject(x, errors.Uniform(1e-3), key=rng.key(5), stored="int8")
    clean = ops.inject(x, errors.Uniform(0.0), key=rng.key(5), stored="int8")
    changed = (y != clean).sum()
    assert 0 < changed < 20  # 2 expected


@pytest.mark.parametrize("stored", ["fp32", "int8"])
def test_non_contiguous_tensors_lie_in_memory_in_their_logical_order(stored):
    x = torch.randn(6, 40, 5)
    error, key = errors.Uniform(0.05), rng.key(1)
    for view in (x.transpose(0, 2), x[:, ::3], x[..., 2], x.flip(0), x[:1].expand(4, -1, -1)):
        y = ops.inject(view, error, key=key, stored=stored, scale=0.02)
        expected = ops.inject(view.contiguous(), error, key=key, stored=stored, scale=0.02)
        assert same_bits(y, expected)
    channels_last = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
    y = ops.inject(channels_last, error, key=key)
    assert same_bits(y, ops.inject(channels_last.contiguous(), error, key=key))


@pytest.mark.parametrize("dtype", ELEMENTS)
def test_empty_and_zero_dimensional_tensors(dtype):
    for shape in ((0,), (0, 3), (3, 0, 2)):
        y = ops.inject(torch.zeros(shape, dtype=dtype), errors.Uniform(0.5), key=rng.key(1))
        assert y.shape == shape and y.dtype == dtype
    x = torch.tensor(1, dtype=dtype)
    y = ops.inject(x, errors.Uniform(1.0), key=rng.key(1))
    assert y.shape == () and count(x, y) == 8 * dtype.itemsize


def test_an_empty_tensor_in_every_stored_format():
    for stored in ("fp16", "bf16", "int16", "int8", "int4"):
        y = ops.inject(torch.empty(0), errors.Uniform(0.5), key=rng.key(1), stored=stored)
        assert y.shape == (0,)


def test_flush_to_zero_of_the_caller_changes_nothing():
    x = any_bits(2000, torch.float16)
    subnormal = (x.view(torch.int16) & 0x3FF).view(torch.float16)
    arguments = {
        "key": rng.key(1),
        "stored": "fp32",
        "bounds": (-1e-39, 1e-6),
        "correction": "zero",
    }
    expected = ops.inject(subnormal, errors.Uniform(0.01), **arguments)
    if not torch.set_flush_denormal(True):
        pytest.skip("this CPU cannot flush subnormals")
    try:
        got = ops.inject(subnormal, errors.Uniform(0.01), **arguments)
    finally:
        torch.set_flush_denormal(False)
    assert same_bits(got, expected)


def test_the_global_generator_is_neither_read_nor_touched():
    x = torch.ones(100)
    before = torch.get_rng_state()
    y = ops.inject(x, errors.Uniform(0.5, 0.5), key=rng.key(1))
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(4)
    assert same_bits(y, ops.inject(x, errors.Uniform(0.5, 0.5), key=rng.key(1)))
