"""Known cells under injection: exactly these are weak, wherever a tensor lies."""

import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from law import ELEMENTS, any_bits, bits_of, by_reference, flips, same_bits

from eden import errors, reference
from eden.access import ops, rng

pytestmark = pytest.mark.usefixtures("device")

quick = settings(max_examples=150)
cell_sets = st.sets(st.integers(0, 120_000), max_size=300).map(sorted)
tensors = st.builds(
    any_bits, st.integers(0, 3000), st.sampled_from(list(ELEMENTS)), st.integers(0, 2**32)
)
addresses = st.integers(0, 3000).map(lambda a: 4 * a)
seeds = st.integers(0, 2**63)
failures = st.one_of(st.just(1.0), st.floats(0, 1))


def failed_cells(x, y, address):
    """Bit addresses at which a tensor that fails on its own bits differs."""
    changed = flips(x, y).reshape(-1)
    bits = 8 * changed.dtype.itemsize
    set_bits = changed[:, None] >> np.arange(bits, dtype=changed.dtype) & 1
    return 8 * address + np.flatnonzero(set_bits)


@given(tensors, cell_sets, seeds, addresses)
@quick
def test_exactly_the_known_cells_fail(x, cells, seed, address):
    y = ops.inject(x, errors.Cells(cells), key=rng.key(seed), address=address)
    size = x.numel() * x.element_size()
    within = [cell for cell in cells if 8 * address <= cell < 8 * (address + size)]
    assert failed_cells(x, y, address).tolist() == within


@given(tensors, cell_sets, failures, failures, seeds, addresses)
@quick
def test_as_the_reference_and_nested_in_the_probability(x, cells, one, zero, seed, address):
    key, at = rng.key(seed), {"address": address}
    error = errors.Cells(cells, failure_probability_one=one, failure_probability_zero=zero)
    y = ops.inject(x, error, key=key, **at)
    expected, _ = by_reference(x, error, key=key, **at)
    np.testing.assert_array_equal(bits_of(y), expected)
    less = errors.Cells(cells, failure_probability_one=one / 2, failure_probability_zero=zero / 3)
    few = flips(x, ops.inject(x, less, key=key, **at))
    assert not (few & ~flips(x, y)).any()


@given(tensors, cell_sets, failures, seeds, addresses, st.floats(0, 1))
@quick
def test_cut_ranges_equal_whole_ones(x, cells, failure, seed, address, where):
    key, error = rng.key(seed), errors.Cells(cells, failure, failure_probability_zero=0.5)
    cut = int(where * x.numel())
    cut -= cut % (4 // x.element_size())  # at an address that is a multiple of the element
    later = address + cut * x.element_size()
    parts = [
        ops.inject(x[:cut], error, key=key, address=address),
        ops.inject(x[cut:], error, key=key, address=later),
    ]
    assert same_bits(torch.cat(parts), ops.inject(x, error, key=key, address=address))


@given(cell_sets, failures, seeds, st.integers(1, 5), st.integers(0, 2**40))
@quick
def test_copies_share_their_cells_and_fail_apart(cells, failure, seed, copies, first):
    x, key = any_bits(copies * 400, torch.float32), rng.key(seed)
    error = errors.Cells(cells, failure)
    y = ops.inject(x, error, key=key, copies=copies, first_copy=first)
    for copy in range(copies):
        part = slice(400 * copy, 400 * copy + 400)
        alone = ops.inject(x[part], error, key=key, first_copy=first + copy)
        assert same_bits(y[part], alone)


def test_the_device_key_does_not_matter():
    x, error = any_bits(4000, torch.float32), errors.Cells(range(0, 100_000, 301), 0.5)
    key = rng.key(3)
    other = torch.stack([key[0] + 1, key[1]])
    assert same_bits(ops.inject(x, error, key=key), ops.inject(x, error, key=other))
    again = rng.fold_access(key, 1)
    assert not same_bits(ops.inject(x, error, key=key), ops.inject(x, error, key=again))


def test_a_failure_is_as_likely_as_it_says():
    x = torch.zeros(4000, dtype=torch.int32)
    error = errors.Cells(range(128_000), failure_probability_zero=0.3)
    failed = int(ops.count_flips(x, ops.inject(x, error, key=rng.key(5))).sum())
    assert abs(failed - 0.3 * 128_000) < 5 * (0.21 * 128_000) ** 0.5
    ones = ~x
    all_fail = ops.inject(ones, error, key=rng.key(5))
    assert same_bits(all_fail, x)


@pytest.mark.parametrize("address", [2**45, 2**56 - 8192])
def test_cells_lie_as_far_as_tensors_do(address):
    x = any_bits(2000, torch.uint8)
    cells = 8 * address + np.array([0, 5, 700, 15_999, 16_000, 2**30])
    error = errors.Cells(cells.tolist(), 1.0)
    y = ops.inject(x, error, key=rng.key(0), address=address)
    assert failed_cells(x, y, address).tolist() == cells[:4].tolist()


@pytest.mark.parametrize("stored", ["fp32", "fp16", "bf16", "int16", "int8", "int4"])
def test_a_named_bit_of_a_named_element(stored):
    x = torch.linspace(-1, 1, 50)
    bits, scale = reference.STORED_BITS[stored], None
    if stored.startswith("int"):
        scale = torch.tensor(1 / 7)
    clean = ops.inject(x, errors.Uniform(0), key=rng.key(0), stored=stored, scale=scale)
    error = errors.Cells([17 * bits + bits - 1])  # the sign
    y = ops.inject(x, error, key=rng.key(0), stored=stored, scale=scale)
    assert torch.nonzero(y != clean).tolist() == [[17]]
    assert int(ops.count_flips(clean, y, stored=stored, scale=scale)[bits - 1].sum()) == 1


def test_a_table_out_of_order_is_refused_on_the_cpu():
    table = errors.Cells([3, 40, 500]).lower()
    table.entries[1, 0] = 501
    x = torch.zeros(100, device="cpu")
    with pytest.raises(ValueError, match=r"bit address of table\[2\] is 500, accepted: above"):
        ops.inject(x, table, key=rng.key(0, device="cpu"))


def test_a_small_tensor_of_a_large_module_is_read_soon():
    error = errors.Cells(np.arange(0, 3 * 10**7, 10))  # three million
    x, key = torch.zeros(256), rng.key(1)
    ops.inject(x, error, key=key)

    def seconds(error):
        start = time.perf_counter()
        for _ in range(200):
            ops.inject(x, error, key=key, address=10**6)
        return time.perf_counter() - start

    # Going through them all would take a thousand times as long.
    assert min(seconds(error) for _ in range(3)) < 20 * min(
        seconds(errors.Cells([5])) for _ in range(3)
    )
