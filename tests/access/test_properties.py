"""What must hold for any tensor, rate and place: identities, nesting, independence of the cut."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from law import ELEMENTS, any_bits, bits_of, flips, same_bits

from eden import errors
from eden.access import ops, rng

pytestmark = pytest.mark.usefixtures("device")

ROW_BYTES = 64
COLUMNS = 8 * ROW_BYTES
ROWS = 260  # the greatest address and size that are drawn fit
DENSE_START = -math.expm1(-(2.0**-6))

# Weak fractions of all magnitudes, and many near the boundary of the dense rung.
rates = st.one_of(
    st.floats(-9, 0).map(lambda e: 10.0**e),
    st.floats(-1e-3, 1e-3).map(lambda d: DENSE_START * (1 + d)),
    st.sampled_from([0.0, DENSE_START, math.nextafter(DENSE_START, 1), 1.0]),
)
failures = st.one_of(st.just(1.0), st.floats(0, 1))
seeds = st.integers(-(2**63), 2**64 - 1)
tensors = st.builds(
    any_bits, st.integers(0, 3000), st.sampled_from(list(ELEMENTS)), st.integers(0, 2**32)
)
# Multiples of every element's size.
addresses = st.integers(0, 1000).map(lambda a: 4 * a)
kinds = st.sampled_from(["uniform", "data_dependent", "bitline", "wordline", "cells"])
quick = settings(max_examples=150)
# One order for all bitline models, or weak sets would not nest.
ORDER = np.random.default_rng(0).permutation(COLUMNS)
# Of each cell, below which rate it is not among the known ones.
FROM_RATE = np.random.default_rng(1).random(COLUMNS * ROWS)


def model(kind, rate, failure=1.0, failure_zero=None, spread=0.0):
    """An error model of a kind; `spread` makes bitlines and rows differ around the rate."""
    if kind == "uniform":
        return errors.Uniform(rate, failure)
    if kind == "data_dependent":
        return errors.DataDependent(
            rate, failure, failure if failure_zero is None else failure_zero
        )
    if kind == "cells":
        cells = np.flatnonzero(rate > FROM_RATE)
        return errors.Cells(cells, failure, failure_probability_zero=failure_zero)
    n = COLUMNS if kind == "bitline" else ROWS
    weak = np.clip(rate * (1 + spread * np.cos(np.arange(n))), 0, 1)
    if kind == "bitline":
        return errors.Bitline(weak, failure, ORDER)
    return errors.Wordline(weak, failure)


def load(x, error, key, **arguments):
    return ops.inject(x, error, key=key, row_bytes=ROW_BYTES, **arguments)


@given(tensors, kinds, failures, seeds, addresses)
@quick
def test_nothing_fails_at_zero(x, kind, failure, seed, address):
    assert same_bits(load(x, model(kind, 0.0, failure), rng.key(seed), address=address), x)
    assert same_bits(load(x, model(kind, 1.0, 0.0), rng.key(seed), address=address), x)


@given(tensors, kinds, seeds, addresses)
@quick
def test_all_bits_fail_at_one(x, kind, seed, address):
    y = load(x, model(kind, 1.0), rng.key(seed), address=address)
    np.testing.assert_array_equal(bits_of(y), ~bits_of(x))


@given(tensors, kinds, rates, seeds, addresses)
@quick
def test_twice_is_the_identity(x, kind, rate, seed, address):
    error, key = model(kind, rate), rng.key(seed)
    once = load(x, error, key, address=address)
    assert same_bits(load(once, error, key, address=address), x)


@given(tensors, kinds, rates, rates, failures, seeds, st.floats(0, 1))
@quick
def test_failures_nest_in_the_weak_fraction(x, kind, rate, other, failure, seed, spread):
    key = rng.key(seed)
    mild, harsh = (model(kind, r, failure, spread=spread) for r in sorted((rate, other)))
    few, many = flips(x, load(x, mild, key)), flips(x, load(x, harsh, key))
    assert not (few & ~many).any()


@given(tensors, kinds, rates, failures, failures, seeds)
@quick
def test_failures_nest_in_the_failure_probability(x, kind, rate, failure, other, seed):
    key = rng.key(seed)
    low, high = sorted((failure, other))
    few = flips(x, load(x, model(kind, rate, low, failure_zero=low / 2), key))
    many = flips(x, load(x, model(kind, rate, high, failure_zero=high / 2), key))
    assert not (few & ~many).any()


@given(tensors, kinds, rates, failures, seeds)
@quick
def test_failures_are_weak_cells(x, kind, rate, failure, seed):
    key = rng.key(seed)
    weak = flips(x, load(x, model(kind, rate), key))
    for access in range(3):
        failed = flips(x, load(x, model(kind, rate, failure), rng.fold_access(key, access)))
        assert not (failed & ~weak).any()


@given(
    st.integers(1, 3000),
    st.sampled_from(["fp32", "fp16", "bf16", "int16", "int8", "int4"]),
    kinds,
    rates,
    failures,
    st.data(),
)
@quick
def test_an_address_range_may_be_cut_anywhere(n, stored, kind, rate, failure, data):
    # A byte holds two elements of int4: cut at bytes.
    step = 2 if stored == "int4" else 1
    bits = {"fp32": 32, "int8": 8, "int4": 4}.get(stored, 16)
    x = any_bits(n, torch.float32, data.draw(st.integers(0, 99)))
    cuts = data.draw(st.lists(st.integers(0, n // step).map(lambda c: c * step), max_size=4))
    address = data.draw(addresses)
    error, key = model(kind, rate, failure, spread=0.5), rng.key(3)
    whole = load(x, error, key, stored=stored, scale=0.1, address=address)
    ends = [0, *sorted(cuts), n]
    parts = [
        load(x[a:b], error, key, stored=stored, scale=0.1, address=address + a * bits // 8)
        for a, b in pairwise(ends)
    ]
    assert same_bits(torch.cat(parts), whole)


@given(st.integers(1, 9), st.integers(1, 300), kinds, rates, failures, st.integers(0, 2**62))
@quick
def test_copies_are_single_loads(copies, n, kind, rate, failure, first):
    x = any_bits(copies * n, torch.float16, n)
    error, key = model(kind, rate, failure), rng.key(1)
    together = load(x, error, key, copies=copies, first_copy=first)
    alone = [load(part, error, key, first_copy=first + i) for i, part in enumerate(x.split(n))]
    assert same_bits(together, torch.cat(alone))


@pytest.mark.parametrize("threads", [2, 3, 8])
@pytest.mark.parametrize("copies", [1, 4, 100])
@pytest.mark.parametrize("kind", ["uniform", "data_dependent", "bitline", "wordline"])
def test_the_number_of_threads_does_not_matter(kind, copies, threads):
    x = any_bits(copies * 1000, torch.float32)
    for rate in (1e-3, 0.3):
        error = model(kind, rate, 0.5)
        arguments = {"copies": copies, "bounds": (-1.0, 1.0), "correction": "zero"}
        torch.set_num_threads(1)
        one = load(x, error, rng.key(1), **arguments)
        torch.set_num_threads(threads)
        assert same_bits(load(x, error, rng.key(1), **arguments), one)


@given(tensors, kinds, rates, failures)
@quick
def test_out_is_what_the_functional_form_returns(x, kind, rate, failure):
    error, key, out = model(kind, rate, failure), rng.key(5), torch.empty_like(x)
    before = x.clone()
    assert load(x, error, key, out=out) is out
    assert same_bits(out, load(x, error, key))
    assert same_bits(x, before)


@pytest.mark.parametrize("stored", ["fp32", "fp16", "int8", "int4"])
@pytest.mark.parametrize("correction", ["off", "zero", "saturate"])
@pytest.mark.parametrize("shape", [(), (0,), (9,), (3, 77), (5, 2, 4099)])
def test_the_gradient_is_straight_through_but_for_corrected_values(stored, correction, shape):
    x = torch.randn(shape).requires_grad_()
    copies = shape[0] if len(shape) > 1 else 1
    arguments = {"stored": stored, "scale": 0.1, "copies": copies, "correction": correction}
    key, error = rng.key(1), errors.Uniform(0.05, 0.5)
    y = load(x, error, key, bounds=None if correction == "off" else (-1.5, 0.5), **arguments)
    weights = torch.randn(shape)
    (y * weights).sum().backward()
    arguments["correction"] = "off"
    raw = load(x.detach(), error, key, **arguments)
    plausible = torch.ones(shape, dtype=torch.bool)
    if correction != "off":
        plausible = (raw >= -1.5) & (raw <= 0.5)
        if raw.numel() > 100:
            assert not plausible.all()
    assert torch.equal(x.grad, torch.where(plausible, weights, 0.0))


def test_the_same_gradient_at_every_number_of_threads():
    # Units share bytes of the mask where copies do not end at one.
    gradients = []
    for threads in (1, 2, 8):
        torch.set_num_threads(threads)
        x = (torch.arange(100 * 333) % 7 - 3.0).requires_grad_()
        error = errors.Uniform(0.1)
        y = load(x, error, rng.key(2), copies=100, bounds=(-2.0, 2.5), correction="zero")
        y.sum().backward()
        gradients.append(x.grad)
    assert all(torch.equal(g, gradients[0]) for g in gradients)
