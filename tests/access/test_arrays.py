"""NumPy arrays through the torch-free extension: the same bits as tensors."""

import numpy as np
import pytest
import torch

import eden
from eden.access.arrays import inject_array

MODELS = [
    eden.errors.Uniform(0.02, 0.5),
    eden.errors.Bitline(np.linspace(0, 0.05, 512), 0.5),
    eden.errors.Wordline(np.linspace(0, 0.05, 2000)),
    eden.errors.DataDependent(0.02, 0.9, 0.1),
    eden.errors.Cells(range(1000, 40000, 7), 0.5, failure_probability_zero=0.1),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.kind)
@pytest.mark.parametrize("stored", ["fp32", "fp16", "bf16", "int16", "int8", "int4"])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_same_bits_as_a_tensor(model, stored, dtype):
    x = np.random.default_rng(1).normal(size=(3, 5000)).astype(dtype)
    key = eden.key(4)
    options = dict(
        stored=stored,
        scale=0.04 if stored.startswith("int") else None,
        copies=3,
        address=128,
        row_bytes=64,
        bounds=(-3.0, 3.0),
        correction="zero",
    )
    expected = eden.inject(torch.from_numpy(x), model, key=key, **options).numpy()
    got = inject_array(x, model, key=key.tolist(), **options)
    assert np.array_equal(got.view(np.uint8), expected.view(np.uint8))


def test_integers_fail_on_their_own_bits():
    x = np.zeros(1000, dtype=np.uint16)
    out = np.empty_like(x)
    assert inject_array(x, eden.errors.Uniform(1.0), key=(1, 2), out=out) is out
    assert (out == 0xFFFF).all()


@pytest.mark.parametrize(
    ("kind", "message", "options"),
    [
        (ValueError, "scale is None, accepted: a step, as stored is int8", {"stored": "int8"}),
        (ValueError, "address is 2, accepted: a multiple of 4", {"address": 2}),
        (ValueError, "copies is 3, accepted: at least 1 and a divisor", {"copies": 3}),
        (
            ValueError,
            r"bounds is None, accepted: \(lowest, ",
            {"correction": "zero"},
        ),
        (ValueError, "correction is 'clip'", {"correction": "clip"}),
        (ValueError, "'off', accepted: zero, saturate, where bounds", {"bounds": (0.0, 1.0)}),
        (
            ValueError,
            "number of bytes of out is 8, accepted: 400, as x has",
            {"out": np.zeros(2, np.float32)},
        ),
    ],
)
def test_bad_arguments_are_named(kind, message, options):
    with pytest.raises(kind, match=message):
        x = np.zeros(100, np.float32)
        inject_array(x, eden.errors.Uniform(0.1), key=(1, 2), **options)


def test_float64_is_refused():
    with pytest.raises(TypeError, match="dtype of x is 'float64'"):
        inject_array(np.zeros(4), eden.errors.Uniform(0.1), key=(1, 2))


def test_an_array_need_not_lie_at_a_multiple_of_its_elements():
    raw = np.zeros(4001, dtype=np.uint8)
    askew = raw[1:].view(np.float32)
    assert not askew.flags.aligned
    options = dict(key=[1, 2], stored="fp32")
    y = inject_array(askew, eden.errors.Uniform(0.1), **options)
    assert np.array_equal(y, inject_array(askew.copy(), eden.errors.Uniform(0.1), **options))
    with pytest.raises(
        ValueError, match="memory of x or out is one within an element, accepted: a multiple"
    ):
        inject_array(askew.copy(), eden.errors.Uniform(0.1), out=askew, **options)


def read_only(array):
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("kind", "message", "x", "out"),
    [
        (TypeError, "dtype of x is >i4, accepted: one in this machine's", ">i4", None),
        (TypeError, "dtype of x is >u2, accepted: one in this machine's", ">u2", None),
        (TypeError, "dtype of x is >f4, accepted: one in this machine's", ">f4", None),
        (TypeError, "dtype of out is >f4, accepted: one in this", "<f4", np.zeros(100, ">f4")),
        (TypeError, "dtype of out is int32, accepted: float32, as x", "<f4", np.zeros(100, "i4")),
        (TypeError, "dtype of out is uint8, accepted: int8, as x has", "i1", np.zeros(100, "u1")),
        (
            ValueError,
            r"shape of out is \(10, 10\), accepted: \(100,\), as x has",
            "<f4",
            np.zeros((10, 10), "f4"),
        ),
        (
            ValueError,
            "layout of out is not C-contiguous, accepted",
            "<f4",
            np.zeros(200, "f4")[::2],
        ),
        (ValueError, "out is read-only, accepted: an array", "<f4", read_only(np.zeros(100, "f4"))),
    ],
)
def test_arrays_whose_memory_does_not_fit_are_refused(kind, message, x, out):
    with pytest.raises(kind, match=message) as caught:
        inject_array(np.zeros(100, x), eden.errors.Uniform(0.1), key=(1, 2), out=out)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("dtype", ["<i4", "<u2", "<f4", "<f2", ">i1"])
def test_this_machines_order_is_accepted_by_any_name(dtype):
    x = np.arange(100).astype(dtype)
    options = dict(key=(1, 2))
    y = inject_array(x, eden.errors.Uniform(0.1), **options)
    native = inject_array(x.astype(x.dtype.newbyteorder("=")), eden.errors.Uniform(0.1), **options)
    assert np.array_equal(y, native, equal_nan=dtype.startswith("<f"))
