"""The ops that an attached network needs beside `inject`: ranges, keys of accesses, gradients."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from law import ELEMENTS, any_bits, bits_of, same_bits

from eden import errors, reference
from eden.access import formats, ops, rng

FLOATS = (torch.float32, torch.float16, torch.bfloat16)
quick = settings(max_examples=150)
floats = st.sampled_from(FLOATS)
stored_formats = st.sampled_from(list(formats.FORMATS))


def finite(n, dtype, seed, magnitude=1.0):
    generator = torch.Generator().manual_seed(seed)
    return (magnitude * torch.randn(n, generator=generator, dtype=torch.float64)).to(dtype)


def check_range(x, stored, channels=0):
    bounds, scale = ops.weight_range(x, stored, channels)
    expected, step = reference.weight_range(bits_of(x), ELEMENTS[x.dtype][0], stored, channels)
    np.testing.assert_array_equal(bits_of(bounds), np.array(expected).view(np.uint32))
    assert (scale is None) == (step is None)
    if scale is not None:
        assert same_bits(scale, torch.tensor(step))
        each = x.unflatten(0, (channels, -1)) if channels else [x]
        assert all(
            same_bits(own, ops.scale_of(run, stored))
            for own, run in zip(scale.view(-1), each, strict=True)
        )


@given(
    st.integers(1, 3000),
    floats,
    st.integers(0, 2**32),
    stored_formats,
    st.sampled_from([1e-44, 1e-38, 1e-6, 1.0, 3e4, 1e37]),
    st.sampled_from([0.0, -0.0, math.inf, -math.inf, math.nan, None]),
)
@quick
def test_the_range_is_that_of_the_reference(n, dtype, seed, stored, magnitude, odd):
    x = finite(n, dtype, seed, magnitude)
    if odd is not None:
        x[seed % n] = odd
    check_range(x, stored)


@given(st.integers(1, 300), floats, st.integers(0, 2**32), stored_formats)
@quick
def test_the_range_of_any_bits(n, dtype, seed, stored):
    check_range(any_bits(n, dtype, seed), stored)


@given(
    st.integers(1, 40),
    st.integers(1, 90),
    floats,
    st.integers(0, 2**32),
    stored_formats,
    st.booleans(),
)
@quick
def test_the_range_of_channels_is_that_of_the_reference(
    channels, run, dtype, seed, stored, any_value
):
    x = (any_bits if any_value else finite)(channels * run, dtype, seed)
    x[: run * (seed % 3)] = 0  # some channels hold zeros only: a step of 1
    check_range(x, stored, channels)


@pytest.mark.parametrize("shape", [(3, 70_001), (70_001, 3), (1, 200_000), (600, 300)])
def test_the_steps_of_channels_do_not_depend_on_threads(shape):
    x = finite(shape[0] * shape[1], torch.float32, 5)
    x[-1], x[0] = -50.0, 60.0
    seen = []
    for threads in (1, 2, 5):
        torch.set_num_threads(threads)
        seen.append(ops.weight_range(x, "int8", shape[0]))
    assert all(same_bits(a, b) for found in seen for a, b in zip(found, seen[0], strict=True))
    assert same_bits(seen[0][1][:1], ops.scale_of(x[: shape[1]], "int8").view(1))


def test_the_bounds_of_channels_hold_what_each_reads_and_are_the_widest():
    x = torch.tensor([[127.0, -64.0], [-63.5, 32.0], [0.0, 0.0]])
    bounds, scale = ops.weight_range(x, "int8", 3)
    assert scale.tolist() == [1.0, 0.5, 1.0]
    assert bounds.tolist() == [-64.5, 127.5]  # of the first channel; the second's is -63.75
    read = ops.inject(
        x, errors.Uniform(0.0), key=rng.key(0), stored="int8", scale=scale, bounds=bounds,
        correction="zero",
    )  # fmt: skip
    assert torch.equal(read, x)


@pytest.mark.parametrize("correction", ["zero", "saturate"])
@pytest.mark.parametrize("stored", ["int16", "int8", "int4"])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_channel_of_zeros_adds_zero_to_the_bounds(sign, stored, correction):
    alive = sign * torch.tensor([[0.05, 0.1], [0.02, 0.07]])
    x = torch.cat([alive, torch.tensor([[0.0, -0.0]])])
    (lo, hi), _ = ops.weight_range(alive, stored, 2)
    bounds, scale = ops.weight_range(x, stored, 3)
    assert bounds.tolist() == [min(lo, 0.0), max(hi, 0.0)]
    read = ops.inject(
        x, errors.Uniform(0.5), key=rng.key(0), stored=stored, scale=scale, bounds=bounds,
        correction=correction,
    )  # fmt: skip
    assert (read[2] == 0).all()  # its step is 1: any other code is implausible
    check_range(x, stored, 3)


@pytest.mark.parametrize("stored", list(formats.FORMATS))
@pytest.mark.parametrize("channels", [0, 1, 4])
def test_zeros_alone_are_bounded_by_zero(stored, channels):
    x = torch.tensor([0.0, -0.0, 0.0, 0.0])
    assert ops.weight_range(x, stored, channels)[0].tolist() == [0.0, 0.0]
    check_range(x, stored, channels)


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_range_does_not_depend_on_threads_or_on_where_the_extremes_are(dtype):
    n = 300_001
    for at in (0, 65_535, 65_536, n - 2):
        x = finite(n, dtype, at)
        x[at], x[at + 1] = -50.0, 60.0
        seen = []
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            seen.append(ops.weight_range(x, "int8"))
        assert all(same_bits(a, b) for found in seen for a, b in zip(found, seen[0], strict=True))
        assert seen[0][0][1] == torch.tensor(127.5) * seen[0][1]


@pytest.mark.parametrize("stored", formats.FORMATS)
def test_flush_to_zero_of_the_caller_does_not_change_the_range(stored):
    x = torch.tensor([1e-39, -3e-41])
    expected = ops.weight_range(x, stored)
    if not torch.set_flush_denormal(True):
        pytest.skip("this CPU cannot flush subnormals")
    try:
        got = ops.weight_range(x, stored)
    finally:
        torch.set_flush_denormal(False)
    assert same_bits(got[0], expected[0])
    assert got[1] is None or same_bits(got[1], expected[1])


@given(st.integers(0, 500), floats, st.integers(0, 2**32))
@quick
def test_marked_elements_get_no_gradient_and_the_others_all_of_it(n, dtype, seed):
    grad = any_bits(n, dtype, seed)
    marks = np.random.default_rng(seed).integers(0, 256, (n + 7) // 8, dtype=np.uint8)
    kept = torch.ops.eden.keep_plausible(grad, torch.from_numpy(marks))
    bit = np.unpackbits(marks, bitorder="little")[:n].astype(bool)
    np.testing.assert_array_equal(bits_of(kept), np.where(bit, 0, bits_of(grad)))


@pytest.mark.parametrize("n", [63, 64, 65, 32_768, 100_003])
def test_the_gradient_does_not_depend_on_threads(n):
    grad, marks = finite(n, torch.float32, 1), any_bits((n + 7) // 8, torch.uint8, 2)
    torch.set_num_threads(1)
    alone = torch.ops.eden.keep_plausible(grad, marks)
    torch.set_num_threads(5)
    assert same_bits(torch.ops.eden.keep_plausible(grad, marks), alone)


def test_the_gradient_has_a_gradient():
    x = torch.linspace(-2, 2, 40, requires_grad=True)
    error = errors.Uniform(0.0)
    y = ops.inject(x, error, key=rng.key(1), bounds=(-1.0, 1.0), correction="zero")
    inside = (x.abs() <= 1).float()
    (first,) = torch.autograd.grad((y**3).sum(), x, create_graph=True)
    torch.testing.assert_close(first, 3 * x**2 * inside)
    # The load passes its gradient as it is: through y**3 it depends on what was loaded.
    (second,) = torch.autograd.grad(first.sum(), x)
    torch.testing.assert_close(second, 6 * x * inside)


def test_a_gradient_of_any_strides():
    x = torch.randn(6, 7, requires_grad=True)
    y = ops.inject(x, errors.Uniform(0.0), key=rng.key(1), bounds=(-0.5, 0.5), correction="zero")
    weight = torch.randn(7, 6).T
    y.backward(weight)
    assert torch.equal(x.grad, weight * (x.abs() <= 0.5))
    x.grad = None
    y = ops.inject(x, errors.Uniform(0.0), key=rng.key(1), bounds=(-0.5, 0.5), correction="zero")
    y.sum().backward()  # an expanded one
    assert torch.equal(x.grad, (x.abs() <= 0.5).float())


@pytest.mark.parametrize("count", [0, 1, 2**40, -1, 2**63 - 1])
def test_a_key_is_that_of_its_access_and_the_next_is_another(count):
    key, counter = rng.key(7), torch.tensor(count)
    expected = [rng.fold_access(key, torch.tensor(count)), rng.fold_access(key, counter + 1)]
    assert torch.equal(ops.next_key(key, counter), expected[0])
    assert torch.equal(ops.next_key(key, counter), expected[1])
    assert counter == torch.tensor(count) + 2 and torch.equal(key, rng.key(7))
    words = tuple(int(k) % 2**64 for k in key)
    assert int(expected[0][1]) % 2**64 == reference.fold_access(words, count % 2**64)[1]


def test_opcheck():
    check, op = torch.library.opcheck, torch.ops.eden
    for dtype in FLOATS:
        x = finite(99, dtype, 3).view(3, 33)
        for stored in range(6):
            check(op.weight_range.default, (x, stored))
            check(op.weight_range.default, (x.clone().requires_grad_(), stored))
            check(op.weight_range.default, (x, stored, 3))
        marks = any_bits(13, torch.uint8, 4)
        for grad in (x, x.clone().requires_grad_()):
            check(op.keep_plausible.default, (grad, marks))
        check(op.keep_plausible.default, (x[:0], marks[:0]))
    check(op.next_key.default, (rng.key(1), torch.tensor(3)))


def test_ranges_and_keys_are_constants_to_autograd():
    x = torch.randn(5, requires_grad=True)
    bounds, scale = ops.weight_range(x, "int8")
    assert not bounds.requires_grad and not scale.requires_grad
    assert not ops.scale_of(x, "int8").requires_grad


# Inductor's own imports warn of what torch deprecates.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_one_graph_serves_all_reads_of_a_weight(backend):
    error = errors.Uniform(0.02, 0.5)

    def read(weight, key, counter):
        bounds, scale = ops.weight_range(weight, "int8")
        own = ops.next_key(key, counter)
        options = {"scale": scale, "bounds": bounds, "correction": "zero"}
        return ops.inject(weight, error, key=own, stored="int8", **options)

    compiled = torch.compile(read, fullgraph=True, backend=backend)
    weight = torch.randn(40, 50, requires_grad=True)
    compiled(weight, rng.key(0), torch.tensor(0)).sum().backward()
    with torch._dynamo.config.patch(error_on_recompile=True):
        for seed in range(3):
            counters = torch.tensor(seed), torch.tensor(seed)
            gradients = []
            for _ in range(2):
                results = []
                for function, counter in zip((read, compiled), counters, strict=True):
                    weight.grad = None
                    y = function(weight, rng.key(seed), counter)
                    y.square().sum().backward()
                    results += [y, weight.grad]
                assert same_bits(results[0], results[2]) and same_bits(results[1], results[3])
                gradients.append(results[1])
            assert not torch.equal(*gradients)
            assert counters[0] == counters[1] == seed + 2


BAD_CALLS = {
    "empty": (
        lambda: ops.weight_range(torch.empty(0), "int8"),
        r"number of elements of x is 0, accepted: at least 1$",
    ),
    "integers": (
        lambda: ops.weight_range(torch.zeros(3, dtype=torch.int8), "int8"),
        r"dtype of x is int8, accepted: float32, float16, bfloat16$",
    ),
    "channels": (
        lambda: ops.weight_range(torch.zeros(9), "int8", 2),
        r"channels is 2, accepted: 0, or a divisor of the 9 elements of x",
    ),
    "channels below none": (
        lambda: ops.weight_range(torch.zeros(9), "int8", -3),
        r"channels is -3, accepted: 0, or a divisor",
    ),
    "strides": (
        lambda: ops.weight_range(torch.zeros(3, 4).T, "int8"),
        r"layout of x is not contiguous, accepted: contiguous$",
    ),
    "stored": (
        lambda: torch.ops.eden.weight_range(torch.zeros(3), 6),
        r"stored is 6, accepted: 0 to 5$",
    ),
    "marks": (
        lambda: torch.ops.eden.keep_plausible(torch.zeros(9), torch.zeros(1, dtype=torch.uint8)),
        r"elements of corrected is 1, accepted: 2, a bit for each of the 9 elements",
    ),
    "type of the marks": (
        lambda: torch.ops.eden.keep_plausible(torch.zeros(8), torch.zeros(1)),
        r"dtype of corrected is float32, accepted: uint8$",
    ),
    "key": (
        lambda: ops.next_key(torch.zeros(3, dtype=torch.int64), torch.tensor(0)),
        r"number of elements of key is 3, accepted: 2$",
    ),
    "counter": (
        lambda: ops.next_key(rng.key(0), torch.zeros(2, dtype=torch.int64)),
        r"number of elements of counter is 2, accepted: 1$",
    ),
}


@pytest.mark.parametrize("name", BAD_CALLS)
def test_a_bad_argument_is_named(name):
    call, message = BAD_CALLS[name]
    with pytest.raises(RuntimeError, match=message):
        call()
