"""`eden.inject` returns what the reference returns, bit for bit."""

import math

import numpy as np
import pytest
import torch
from law import any_bits, bits_of, by_reference, entries_of, tensor_of

from eden import errors, reference
from eden.access import ops, rng

pytestmark = pytest.mark.usefixtures("device")

DENSE_START = -math.expm1(-(2.0**-6))  # the weak fraction at which the dense rung begins
RATES = (0.0, 1e-9, 1e-5, 1e-3, 1e-2, DENSE_START, math.nextafter(DENSE_START, 1), 0.1, 0.5, 1.0)
ROW_BYTES = 512
ROWS = 40
FLOATS = (torch.float32, torch.float16, torch.bfloat16)
STORED = ("fp32", "fp16", "bf16", "int16", "int8", "int4")
KINDS = [(dtype, stored) for dtype in FLOATS for stored in STORED] + [
    (torch.int8, None),
    (torch.uint8, "int4"),
    (torch.int16, None),
    (torch.int32, None),
]
# Ends of the segment of 8 KiB lie inside the tensors, their own ends inside a group of 32 bits.
ADDRESS = 8192 - 64
ELEMENTS = 333


def uniform(rate, failure, rng):
    return errors.Uniform(rate, failure)


def data_dependent(rate, failure, rng):
    return errors.DataDependent(rate, failure, failure / 3)


def spread(rate, n, rng):
    """Weak fractions around a rate: some zero, and the ends of the range kept."""
    values = np.clip(rate * rng.choice([0, 0.5, 1, 1, 2], n), 0, 1)
    return np.where(rng.random(n) < 0.05, 0.2 * rate, values)


def bitline(rate, failure, rng):
    n = 8 * ROW_BYTES
    failures = np.where(rng.random(n) < 0.5, failure, failure / 2)
    order = rng.permutation(n) if rate > 1e-3 else None
    return errors.Bitline(spread(rate, n, rng), failures, order)


def wordline(rate, failure, rng):
    failures = np.where(rng.random(ROWS) < 0.5, failure, failure / 2)
    return errors.Wordline(spread(rate, ROWS, rng), failures)


def known(rate, failure, rng):
    """A module's cells about the tensor's: some before it, some after, each direction its own."""
    cells = 8 * ADDRESS - 1000 + np.flatnonzero(rng.random(40_000) < rate)
    failures = np.where(rng.random(cells.size) < 0.5, failure, failure / 2)
    zero = np.where(rng.random(cells.size) < 0.5, failures, 1.0) if rate != 0.5 else None
    return errors.Cells(cells, failures, failure_probability_zero=zero)


MODELS = (uniform, data_dependent, bitline, wordline, known)


def assert_as_reference(x, error, *, key, **arguments):
    expected, _ = by_reference(x, error, key=key, **arguments)
    got = bits_of(ops.inject(x, error, key=key, **arguments))
    wrong = np.flatnonzero(expected != got)
    assert wrong.size == 0, (
        f"{wrong.size} of {x.numel()} elements differ, first {wrong[0]}: "
        f"{got.flat[wrong[0]]:#x}, must be {expected.flat[wrong[0]]:#x}"
    )


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("dtype, stored", KINDS, ids=lambda v: str(v).removeprefix("torch."))
def test_every_model_format_and_type(model, dtype, stored):
    random = np.random.default_rng(ELEMENTS)
    x = any_bits(ELEMENTS, dtype)
    turn = KINDS.index((dtype, stored))  # the formats share the combinations of rate and F
    for i, rate in enumerate(RATES):
        assert_as_reference(
            x,
            model(rate, (1.0, 0.5, 1e-3)[(i + turn) % 3], random),
            key=rng.key(i),
            stored=stored,
            scale=0.01 if dtype.is_floating_point else None,
            address=ADDRESS,
            row_bytes=ROW_BYTES,
        )


@pytest.mark.parametrize("rate", [1e-6, 1e-5, 1e-4])
@pytest.mark.parametrize("model", MODELS)
def test_many_segments_at_low_rates(model, rate):
    elements = 2**17 if model in (uniform, data_dependent) else ROWS * ROW_BYTES // 4
    x = torch.arange(elements, dtype=torch.int32)
    error = model(rate, 0.5, np.random.default_rng(1))
    assert_as_reference(x, error, key=rng.key(5), row_bytes=ROW_BYTES)
    for stored, each in (("int8", 4), ("int4", 8)):  # as many cells
        values = (torch.arange(each * elements) % 15 - 7.0) * 0.5
        arguments = {"stored": stored, "scale": 0.5, "row_bytes": ROW_BYTES}
        assert_as_reference(values, error, key=rng.key(5), **arguments)


@pytest.mark.parametrize("row_bytes", [64, 128, 1024, 8192])
@pytest.mark.parametrize("rate", [1e-3, 3e-2])
def test_rows_of_every_size(row_bytes, rate):
    random = np.random.default_rng(row_bytes)
    x = any_bits(5000, torch.uint8)
    columns = errors.Bitline(spread(rate, 8 * row_bytes, random), order=None)
    assert_as_reference(x, columns, key=rng.key(1), address=4001, row_bytes=row_bytes)
    rows = errors.Wordline(spread(rate, 9001 // row_bytes + 1, random))
    assert_as_reference(x, rows, key=rng.key(1), address=4001, row_bytes=row_bytes)


@pytest.mark.parametrize("address", [0, 4, 8188, 8192, 2**32 - 4, 2**40 + 12, 2**56 - 4096])
def test_addresses(address):
    x = any_bits(700, torch.float32)
    for rate in (2e-3, 0.2):
        assert_as_reference(x, errors.Uniform(rate, 0.5), key=rng.key(2), address=address)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, 31, 32, 33, 1000])
@pytest.mark.parametrize("stored", STORED)
def test_odd_sizes(n, stored):
    x = any_bits(n, torch.float32)
    for rate in (1e-2, 0.3):
        assert_as_reference(x, errors.Uniform(rate), key=rng.key(n), stored=stored, scale=2.0)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("first_copy", [0, 3, 2**40])
def test_copies(model, first_copy):
    x = any_bits(6 * 50, torch.bfloat16).view(6, 5, 10)
    for rate in (1e-2, 0.4):
        assert_as_reference(
            x,
            model(rate, 0.5, np.random.default_rng(2)),
            key=rng.key(8),
            copies=6,
            first_copy=first_copy,
            row_bytes=ROW_BYTES,
        )


@pytest.mark.parametrize("model", MODELS)
def test_copies_with_numbers_of_their_own(model, device):
    x, key = any_bits(5 * 50, torch.bfloat16).view(5, 50).to(device), rng.key(8, device=device)
    numbers = [7, 0, 2**40, 7, 3]
    extent = ops.Extent(5, 99, 0, ROW_BYTES, torch.tensor(numbers, device=device))
    for rate in (1e-2, 0.4):
        error = model(rate, 0.5, np.random.default_rng(2))
        y = ops.read(x, error.lower().to(x.device), key, extent, ops.Coding(2, None, None, 0))
        for part, read, number in zip(x, y, numbers, strict=True):
            alone = ops.inject(part, error, key=key, first_copy=number, row_bytes=ROW_BYTES)
            assert np.array_equal(bits_of(read), bits_of(alone))


def test_there_is_a_number_for_each_copy():
    extent = ops.Extent(5, numbers=torch.tensor([1, 2]))
    table = errors.Uniform(0.1).lower()
    with pytest.raises(ValueError, match=r"number of elements of copy_numbers is 2, accepted: "):
        ops.read(torch.zeros(10), table, rng.key(1), extent, ops.Coding(0, None, None, 0))


@pytest.mark.parametrize("stored", ["int16", "int8", "int4"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_scale_of_each_channel(stored, dtype):
    torch.manual_seed(1)
    x = torch.randn(3, 4, 25).to(dtype)
    scale = torch.tensor([2.0**-126, 1e-3, 0.37, 3e38])
    for s in (scale, scale[2:3], scale[2], 0.125, None):
        for rate in (0.0, 0.05):
            assert_as_reference(
                x,
                errors.Uniform(rate),
                key=rng.key(3),
                stored=stored,
                scale=s if s is not None or rate else ops.scale_of(x, stored),
                copies=3,
            )


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("correction", ["zero", "saturate"])
def test_correction(dtype, stored, correction):
    x = any_bits(900, dtype)
    limits = [(-1.0, 2.0), (0.1, 0.3), (-1e-10, 1e-9), (0.0, 1e30), (-math.inf, math.inf)]
    for lo, hi in [*limits, (-5.0, -0.0), (-1e-45, 1e-45), (65504.0, 65519.9), (3.0, 3.0)]:
        for rate in (0.0, 1e-2, 0.2):
            assert_as_reference(
                x,
                errors.Uniform(rate),
                key=rng.key(4),
                stored=stored,
                scale=0.03,
                # As float32: what the op rounds inward to the element type.
                bounds=torch.tensor([lo, hi]),
                correction=correction,
            )


@pytest.mark.parametrize("channels", [1, 3, 60])
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("stored", ["int16", "int8", "int4"])
def test_saturated_values_are_codes_within_the_bounds(stored, dtype, channels):
    torch.manual_seed(2)
    x = torch.randn(channels, 900 // channels).to(dtype)
    scale = ops.scale_of(x, stored) * torch.linspace(0.5, 2, channels)
    top = 2 ** (ops.formats.get(stored).bits - 1) - 1
    # As weights have them, between codes, on codes, beyond all codes, beside all codes.
    weights = ops.weight_range(x.flatten(), stored)[0]
    steps = scale[0] * torch.tensor([[-2.5, 2.5], [-3, 2], [-9e9, 9e9], [0.2, 0.3], [9e8, 9e9]])
    for bounds in [weights, *steps]:
        options = {"stored": stored, "scale": scale, "bounds": bounds, "correction": "saturate"}
        for rate in (0.0, 0.1):
            assert_as_reference(x, errors.Uniform(rate), key=rng.key(4), **options)
        read = ops.inject(x, errors.Uniform(0.1), key=rng.key(4), **options)
        codes = torch.round(read.double() / scale[:, None].double()).clamp(-top - 1, top)
        assert torch.equal((codes.float() * scale[:, None]).to(dtype), read)
        if bounds[0] <= 0 <= bounds[1]:
            assert (read >= bounds[0]).all() and (read <= bounds[1]).all()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("stored", STORED)
def test_count_flips(dtype, stored):
    x = any_bits(500, dtype, seed=1)
    y = ops.inject(x, errors.Uniform(0.1), key=rng.key(1), stored=stored, scale=0.5)
    counts = ops.count_flips(x, y, stored=stored, scale=0.5)
    element = {torch.float32: "fp32", torch.float16: "fp16", torch.bfloat16: "bf16"}[dtype]
    expected = reference.count_flips(bits_of(x), bits_of(y), element, stored=stored, scale=0.5)
    np.testing.assert_array_equal(counts.cpu().numpy(), expected)


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.int16, torch.int32])
def test_count_flips_of_integers(dtype):
    x, y = any_bits(500, dtype, seed=1), any_bits(500, dtype, seed=2)
    expected = reference.count_flips(bits_of(x), bits_of(y), f"raw{8 * x.element_size()}")
    np.testing.assert_array_equal(ops.count_flips(x, y).cpu().numpy(), expected)


@pytest.mark.parametrize("shape", [(6, 25), (1, 300), (300, 1), (3, 5000)])
def test_count_flips_of_channels(shape):
    x = torch.randn(shape)
    scale = torch.rand(shape[0]) + 0.01
    y = ops.inject(x, errors.Uniform(0.1), key=rng.key(1), stored="int8", scale=scale)
    expected = reference.count_flips(
        bits_of(x).reshape(-1), bits_of(y).reshape(-1), "fp32", stored="int8", scale=scale.numpy()
    )
    counts = ops.count_flips(x, y, stored="int8", scale=scale)
    np.testing.assert_array_equal(counts.numpy(), expected)
    with pytest.raises(
        ValueError, match="number of elements of scale is 7, accepted: at least 1 and a div"
    ):
        ops.count_flips(x, y, stored="int8", scale=torch.ones(7))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("stored", ["int16", "int8", "int4"])
def test_default_scale(dtype, stored):
    element = {torch.float32: "fp32", torch.float16: "fp16", torch.bfloat16: "bf16"}[dtype]
    samples = [any_bits(1000, dtype), any_bits(3, dtype), torch.zeros(5, dtype=dtype)]
    smallest = np.array([1, 0], dtype=bits_of(samples[0]).dtype)
    samples += [tensor_of(smallest, dtype), torch.full((3,), math.nan, dtype=dtype)]
    samples += [torch.empty(0, dtype=dtype), torch.tensor([math.inf, -3, 2], dtype=dtype)]
    for x in samples:
        expected = reference.scale_of(bits_of(x), element, stored)
        assert ops.scale_of(x, stored).item() == expected


def test_lowering_is_that_of_the_reference():
    random = np.random.default_rng(0)
    rates = [*RATES, 5e-324, 2.0**-64, 2.0**-65, 2.0**-63, 1 - 2.0**-53, 1 - 2.0**-52]
    rates += list(random.random(50)) + list(10 ** random.uniform(-20, 0, 200))
    for step in range(-20, 21):
        rates.append(DENSE_START + step * 2.0**-59)
    for rate in rates:
        failure = random.choice(rates)
        error = errors.DataDependent(rate, failure, rate)
        assert entries_of(error) == [reference.lower(rate, failure, rate)], (rate, failure)


def test_keys_are_those_of_the_reference():
    def words(key):
        return tuple(int(k) % 2**64 for k in key)

    for seed in (0, 1, 7, -1, 2**63 - 1, -(2**63), 2**64 - 1):
        key = rng.key(seed)
        assert words(key) == reference.key(seed)
        for data in (0, 5, -3, 2**64 - 1, "conv1.weight", "", "Übung"):
            assert words(rng.fold_in(key, data)) == reference.fold_in(words(key), data)
            assert words(rng.fold_access(key, data)) == reference.fold_access(words(key), data)
        number = torch.tensor(-3)
        assert words(rng.fold_in(key, number)) == reference.fold_in(words(key), -3)
        each = rng.fold_in_each(key, torch.tensor([5, -3, 0]))
        assert [words(k) for k in each] == [reference.fold_in(words(key), d) for d in (5, -3, 0)]


def test_a_cell_is_weak_from_its_strength_on():
    # The earliest point of each cell, one tick early and on time.
    segment, key = 3, reference.key(11)
    n = 8192
    x = torch.zeros(n, dtype=torch.uint8)
    weakest = {}
    for rung in range(11):
        for cell, time in zip(*reference.points(key[0], 1, segment, rung, 0, 16), strict=True):
            weakest[int(cell)] = min(int(time), weakest.get(int(cell), 2**64))
    assert len(weakest) > 900  # 65536 (1 - e^(-1/64)) = 1016
    for cell, time in list(weakest.items())[::40]:
        for stress, weak in ((time, False), (time + 1, True)):
            table = errors.Table(0, torch.tensor([[stress, 0, -1, -1]]))
            y = ops.inject(x, table, key=rng.key(11), address=segment * 8192)
            assert bool(y[cell // 8] >> (cell % 8) & 1) is weak


@pytest.mark.parametrize("bad", [None, [1.0], torch.eye(2).to_sparse()])
def test_what_is_not_a_dense_tensor_is_refused_by_name(bad):
    x, error, key = torch.ones(2, 2), errors.Uniform(weak_fraction=0.1), rng.key(1)
    with pytest.raises(TypeError, match=r"^(type|layout) of x is"):
        ops.inject(bad, error, key=key)
    with pytest.raises(TypeError, match=r"^(type|layout) of key is"):
        ops.inject(x, error, key=bad)
    with pytest.raises(TypeError, match=r"^(type|layout) of y is"):
        ops.count_flips(x, bad)
