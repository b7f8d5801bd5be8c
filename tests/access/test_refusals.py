"""What the functions over the ops refuse, in one line, and what torch must know of them."""

import math

import numpy as np
import pytest
import torch
from law import same_bits

from eden import errors
from eden.access import inject_array, ops, rng
from eden.errors import Table

BITLINES = errors.Bitline([1e-3] * 512, 0.5)
ROWS = errors.Wordline([1e-3, 2e-3, 0.0, 1.0] * 10)
UNIFORM = errors.Uniform(0.1)
BAD_ARGUMENTS = {
    "dtype": ({"x": torch.zeros(3, dtype=torch.float64)}, TypeError, r"float64, accepted: "),
    "complex": ({"x": torch.zeros(3, dtype=torch.complex64)}, TypeError, r"complex64, accepted"),
    "not a tensor": ({"x": [1.0]}, TypeError, r"type of x is 'list', accepted: a tensor"),
    "stored": ({"stored": "int3"}, ValueError, r"'int3', accepted: fp32, fp16"),
    "stored of integers": (
        {"x": torch.zeros(3, dtype=torch.int32), "stored": "int8"},
        ValueError,
        r"'int8', accepted: None, as a tensor of torch.int32 fails on its own bits",
    ),
    "correction": ({"correction": "clip"}, ValueError, r"'clip', accepted: off, zero, saturate"),
    "no bounds": (
        {"correction": "zero"},
        ValueError,
        r"bounds is None, accepted: \(lowest, ",
    ),
    "bounds unused": (
        {"bounds": (-1.0, 1.0)},
        ValueError,
        r"correction is 'off', accepted: zero, saturate, where bounds are given",
    ),
    "bounds turned": (
        {"correction": "zero", "bounds": (2.0, -1.0)},
        ValueError,
        r"bounds is \[2, -1\], accepted: two numbers, the lower at most the upper",
    ),
    "bounds NaN": (
        {"correction": "zero", "bounds": (math.nan, 1.0)},
        ValueError,
        r"bounds is \[nan, 1\], accepted",
    ),
    "three bounds": (
        {"correction": "zero", "bounds": (1.0, 2.0, 3.0)},
        ValueError,
        r"number of elements of bounds is 3, accepted: 2",
    ),
    "copies": (
        {"copies": 7},
        ValueError,
        r"copies is 7, accepted: .* a divisor of the 100 elements of x",
    ),
    "no copies": ({"copies": 0}, ValueError, r"copies is 0, accepted: at least 1"),
    "part of a copy": ({"copies": 1.5}, TypeError, r"copies is 'float', accepted: int"),
    "address by name": ({"address": "a"}, TypeError, r"address is 'str', accepted: int"),
    "rows of a fraction": ({"row_bytes": 64.0}, TypeError, r"row_bytes is 'float', accepted"),
    "no first copy": ({"first_copy": None}, TypeError, r"first_copy is 'NoneType', accepted"),
    "many addresses": ({"address": np.array([0, 4])}, TypeError, r"address is 'ndarray', accepted"),
    "copies of a tensor": (
        {"copies": torch.tensor(1.5)},
        TypeError,
        r"copies is 'Tensor', accepted",
    ),
    "error": (
        {"error": 0.1},
        TypeError,
        r"error is 'float', accepted: an error model or its table",
    ),
    "first_copy": ({"first_copy": -1}, ValueError, r"first_copy is -1, accepted: 0 to"),
    "last copy": (
        {"first_copy": 2**63 - 1},
        ValueError,
        r"first_copy is 9223372036854775807, accepted: 0 to",
    ),
    "address": (
        {"address": 2},
        ValueError,
        r"address is 2, accepted: a multiple of 4",
    ),
    "negative address": ({"address": -4}, ValueError, r"address is -4, accepted: a multiple"),
    "row_bytes": ({"row_bytes": 100}, ValueError, r"row_bytes is 100, accepted: a power"),
    "long rows": ({"row_bytes": 16384}, ValueError, r"row_bytes is 16384, accepted"),
    "bitlines": ({"error": BITLINES}, ValueError, r"bitline table is 512, accepted: 65536, one a"),
    "past the rows": (
        {"error": ROWS, "address": 40 * 8192 - 4},
        ValueError,
        r"last row of the tensor is 40, accepted: below 40, the rows of the wordline table",
    ),
    "key length": (
        {"key": torch.zeros(3, dtype=torch.int64)},
        ValueError,
        r"number of elements of key is 3, accepted: 2$",
    ),
    "key type": (
        {"key": torch.zeros(2)},
        ValueError,
        r"dtype of key is float32, accepted: int64$",
    ),
    "scales": (
        {"stored": "int8", "scale": torch.ones(3)},
        ValueError,
        r"number of scales is 3, accepted: a divisor of the 100",
    ),
    "zero scale": (
        {"stored": "int8", "scale": 0.0},
        ValueError,
        r"scale\[0\] is 0, accepted: finite",
    ),
    "NaN scale": (
        {"stored": "int8", "scale": math.nan},
        ValueError,
        r"scale\[0\] is nan, accepted: finite",
    ),
    "out shape": ({"out": torch.zeros(3)}, ValueError, r"out is \[3\], accepted: .*\[100\]"),
    "out of NumPy": ({"out": np.zeros(100)}, TypeError, r"out is 'ndarray', accepted: a tensor"),
    "out type": (
        {"out": torch.zeros(100, dtype=torch.half)},
        ValueError,
        r"dtype of out is float16, accepted: float32$",
    ),
    "correction of integers": (
        {
            "x": torch.zeros(3, dtype=torch.int8),
            "correction": "zero",
            "bounds": (0.0, 1.0),
        },
        ValueError,
        r"correction is 1, accepted: 0 \(off\) for integer tensors",
    ),
}


@pytest.mark.parametrize("name", BAD_ARGUMENTS)
def test_a_bad_argument_is_named_in_one_line(name):
    change, kind, message = BAD_ARGUMENTS[name]
    arguments = {"x": torch.zeros(100), "error": UNIFORM, "key": rng.key(1)} | change
    with pytest.raises(kind, match=message) as caught:
        ops.inject(arguments.pop("x"), arguments.pop("error"), **arguments)
    assert len(str(caught.value).splitlines()) == 1


def test_numbers_of_numpy_are_numbers():
    x, key = torch.zeros(100), rng.key(1)
    place = {"copies": 4, "first_copy": 3, "address": 64, "row_bytes": 512}
    likewise = {name: np.int64(value) for name, value in place.items()}
    assert same_bits(
        ops.inject(x, ROWS, key=key, **place), ops.inject(x, ROWS, key=key, **likewise)
    )


@pytest.mark.parametrize("number", [2**63, 2**70, -(2**70)])
@pytest.mark.parametrize("name", ["copies", "first_copy", "address", "row_bytes"])
def test_a_number_beyond_64_bits_is_named_in_one_line(name, number):
    for call in (
        lambda **n: ops.inject(torch.zeros(8), UNIFORM, key=rng.key(1), **n),
        lambda **n: inject_array(np.zeros(8, np.float32), UNIFORM, key=(1, 2), **n),
    ):
        with pytest.raises(ValueError, match=f"^{name} is {number}, accepted: a number from 0 to"):
            call(**{name: number})


@pytest.mark.filterwarnings("ignore:.*torch.jit.trace", "ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize("stored", ["fp32", "int8"])
def test_a_trace_has_no_gradients(stored):
    def read(x):
        return ops.inject(x, UNIFORM, key=rng.key(1), stored=stored, scale=None)

    x = torch.randn(9)
    with pytest.raises(ValueError, match=r"^torch\.jit\.trace records no gradient of a read: .*$"):
        torch.jit.trace(read, x.clone().requires_grad_())
    with torch.no_grad():
        traced = torch.jit.trace(read, x.clone().requires_grad_())
    assert same_bits(traced(x), read(x))


def test_a_default_device_is_not_meant_for_what_lies_elsewhere():
    x = torch.randn(64)
    options = {"stored": "int8", "scale": 0.1, "bounds": (-1.0, 1.0), "correction": "zero"}
    key = rng.fold_in(rng.key(1), "a name")
    expected = ops.inject(x, UNIFORM, key=key, **options)
    with torch.device("meta"):
        assert torch.equal(rng.fold_in(rng.key(1, device="cpu"), "a name"), key)
        assert same_bits(ops.inject(x, UNIFORM, key=key, **options), expected)
        assert ops.count_flips(x, expected).device.type == "cpu"
        with pytest.raises(ValueError, match="device of key is meta, accepted: cpu, that of x"):
            ops.inject(x, UNIFORM, key=rng.key(1))


def test_out_must_be_other_memory():
    x = torch.zeros(200)
    for out in (x[:100], x[50:150]):
        with pytest.raises(ValueError, match=r"out is in the memory of x, accepted: other memory$"):
            ops.inject(x[:100], UNIFORM, key=rng.key(1), out=out)


@pytest.mark.parametrize("name", ["key", "table", "order", "scale", "bounds"])
def test_out_must_be_other_memory_than_all_that_is_read(name):
    memory = torch.zeros(2**19, dtype=torch.uint8)
    columns = errors.Bitline([0.01] * 512).lower()
    given = {
        "key": rng.key(1),
        "scale": torch.full((4,), 0.1),
        "bounds": torch.tensor([-1.0, 1.0]),
        "table": columns.entries,
        "order": columns.order,
    }
    there = memory[64 : 64 + given[name].nbytes].view(given[name].dtype).view(given[name].shape)
    given[name] = there.copy_(given[name])
    table = Table(columns.lookup, given.pop("table"), given.pop("order"))
    given |= {"stored": "int8", "correction": "zero", "row_bytes": 64}
    x = torch.zeros(400)
    for first in (0, 64 + there.nbytes - 4):
        out = memory[first : first + x.nbytes].view(torch.float32)
        with pytest.raises(ValueError, match=f"out is in the memory of {name}, accepted: other"):
            ops.inject(x, table, **given, out=out)
    beside = memory[64 + there.nbytes :][: x.nbytes].view(torch.float32)
    ops.inject(x, table, **given, out=beside)


def test_out_does_not_take_part_in_autograd():
    x = torch.zeros(100, requires_grad=True)
    with pytest.raises(ValueError, match=r"x requires a gradient"):
        ops.inject(x, UNIFORM, key=rng.key(1), out=torch.empty(100))
    leaf = torch.empty(100, requires_grad=True)
    for out in (leaf, 2 * leaf, leaf.view(100)):
        with pytest.raises(
            ValueError, match=r"out requires a gradient, accepted: one that does not"
        ):
            ops.inject(x.detach(), UNIFORM, key=rng.key(1), out=out)
    with torch.no_grad():
        ops.inject(x, UNIFORM, key=rng.key(1), out=torch.empty(100))
        ops.inject(x, UNIFORM, key=rng.key(1), out=leaf)  # as torch lets it be


@pytest.mark.parametrize("kept", [lambda out: out, lambda out: out[3:5], lambda out: out.detach()])
def test_autograd_knows_that_out_was_written_to(kept):
    weight, out = torch.ones(100, requires_grad=True), torch.ones(100)
    used = (weight[: kept(out).numel()] * kept(out)).sum()
    version = out._version
    ops.inject(torch.zeros(100), UNIFORM, key=rng.key(1), out=out)
    assert out._version == version + 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        used.backward()
    with torch.inference_mode():
        ops.inject(torch.zeros(100), UNIFORM, key=rng.key(1), out=torch.empty(100))


def test_autograd_knows_it_of_compiled_code_too():
    torch._dynamo.reset()
    weight, out, key = torch.ones(100, requires_grad=True), torch.ones(100), rng.key(1)
    write = torch.compile(
        lambda x, out: ops.inject(x, UNIFORM, key=key, out=out),
        backend="aot_eager",
        fullgraph=True,
    )
    used = (weight * out).sum()
    write(torch.zeros(100), out)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        used.backward()


def test_a_bad_seed_or_fold():
    with pytest.raises(TypeError, match=r"seed is 1\.5, accepted: an integer"):
        rng.key(1.5)
    with pytest.raises(TypeError, match=r"seed is 'x', accepted: an integer"):
        rng.key("x")
    with pytest.raises(TypeError, match=r"seed is True"):
        rng.key(True)
    with pytest.raises(ValueError, match=rf"a number from {-(2**63)} to {2**64 - 1}"):
        rng.key(2**64)
    with pytest.raises(ValueError, match=r"shape of data is \[2\], accepted: that of one number"):
        rng.fold_in(rng.key(1), torch.tensor([1, 2]))
    with pytest.raises(
        ValueError, match=r"dimensions of data is 2, accepted: 0 or 1, a number or a list"
    ):
        rng.fold_in_each(rng.key(1), torch.tensor([[1, 2]]))
    with pytest.raises(ValueError, match=r"dtype of data is int32, accepted: int64$"):
        rng.fold_in(rng.key(1), torch.tensor(1, dtype=torch.int32))


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, math.inf])
def test_a_probability_outside_its_range(value):
    for make in (
        lambda: errors.Uniform(value),
        lambda: errors.Uniform(0.1, value),
        lambda: errors.DataDependent(0.1, value, 0.5),
        lambda: errors.DataDependent(0.1, 0.5, value),
        lambda: errors.Wordline([0.1, value]),
        lambda: errors.Bitline([value] * 512),
        lambda: errors.Bitline([0.1] * 512, value),
        lambda: errors.Uniform(0.1).with_ber(value),
    ):
        with pytest.raises(ValueError, match=r" is .*, accepted: a number from 0 to 1$"):
            make()


def test_count_flips_of_unlike_tensors():
    with pytest.raises(ValueError, match=r"y is 'torch.float32 \[4\]', accepted: like x"):
        ops.count_flips(torch.zeros(3), torch.zeros(4))
