"""The ops as torch sees them: schemas, fake kernels, compilation, messages on bad input."""

import pytest
import torch
from law import same_bits

from eden import errors
from eden.access import ops, rng

BITLINES = errors.Bitline([1e-3] * 512, 0.5)
ROWS = errors.Wordline([1e-3, 2e-3, 0.0, 1.0] * 10)
CELLS = errors.Cells([5, 40, 700, 10**9], 0.5)


def samples_of_inject():
    """Arguments of eden::inject on the CPU, where weak cells can be asked for."""
    with torch.device("cpu"):
        return list(_samples())


def _samples():
    """One set for each thing that a trace could get wrong.

    opcheck takes no NaN for equal: few errors, and no value that one bit makes a NaN.
    """
    x, key = torch.linspace(0.05, 0.45, 240).view(4, 60), rng.key(1)
    table, columns, rows = (e.lower() for e in (errors.Uniform(1e-3, 0.5), BITLINES, ROWS))
    scale, scales = torch.tensor(0.1), torch.tensor([0.1, 0.2, 0.3, 0.4])
    bounds = torch.tensor([0.1, 0.4])
    entries = table.entries
    place = ops.Extent()
    yield x, key, entries, None, None, None, 0, 0, 0, *place, None, False
    yield x.half(), key, entries, None, None, None, 0, 1, 0, *place, None, False
    yield x.bfloat16(), key, entries, None, scale, None, 0, 4, 0, *place, None, False
    yield x, key, entries, None, scales, bounds, 0, 5, 1, *place, None, True
    yield x.clone().requires_grad_(), key, entries, None, None, bounds, 0, 0, 2, *place, None, True
    yield x.clone().requires_grad_(), key, entries, None, None, None, 0, 2, 0, *place, None, False
    yield (
        x,
        key,
        columns.entries,
        columns.order,
        None,
        None,
        1,
        0,
        0,
        4,
        7,
        128,
        64,
        None,
        None,
        False,
    )
    yield x, key, rows.entries, None, None, None, 2, 0, 0, 1, 0, 64, 64, None, None, False
    cells = CELLS.lower().entries
    yield x, key, cells, None, None, None, 3, 0, 0, *place, None, False
    yield x, key, cells, None, scale, bounds, 3, 4, 1, 4, 7, 16, 64, None, None, True
    yield x[:0], key, entries, None, None, bounds, 0, 0, 1, *place, None, True
    yield x[0, 0], key, entries, None, None, None, 0, 0, 0, *place, None, False
    yield x.to(torch.int8), key, entries, None, None, None, 0, 0, 0, *place, None, False
    numbers = torch.tensor([9, 0, 2**40, 9])
    yield x, key, entries, None, scale, None, 0, 4, 0, *ops.Extent(4, numbers=numbers), None, False
    kept = ops.weak_cells(x, table, key, 0, place, 10**6)
    yield x.clone().requires_grad_(), key, entries, None, None, None, 0, 0, 0, *place, kept, True


def on(device, arguments):
    """The samples on a device; a table stays on the CPU when it is lowered."""
    return tuple(
        a.detach().to(device).requires_grad_(a.requires_grad) if isinstance(a, torch.Tensor) else a
        for a in arguments
    )


@pytest.mark.parametrize("sample", range(len(samples_of_inject())))
def test_opcheck_inject(sample, device):
    arguments = on(device, samples_of_inject()[sample])
    torch.library.opcheck(torch.ops.eden.inject.default, arguments)


@pytest.mark.parametrize("sample", range(len(samples_of_inject())))
def test_opcheck_inject_out(sample, device):
    x, *middle, _, _ = on(device, samples_of_inject()[sample])
    x = x.detach()
    out = torch.empty_like(x)
    torch.library.opcheck(torch.ops.eden.inject_out.default, (x, *middle, out))


@pytest.mark.usefixtures("device")
@pytest.mark.parametrize("stored, dtype", [(0, torch.float32), (1, torch.half), (5, torch.float32)])
def test_opcheck_count_flips(stored, dtype):
    x, y = torch.randn(2, 50).to(dtype)
    scale = torch.tensor(0.1) if stored == 5 else None
    torch.library.opcheck(torch.ops.eden.count_flips.default, (x, y, scale, stored))
    raw = x.to(torch.int16)
    torch.library.opcheck(torch.ops.eden.count_flips.default, (raw, raw + 1, None, 0))


@pytest.mark.usefixtures("device")
def test_opcheck_the_small_ops():
    torch.library.opcheck(torch.ops.eden.seed_key.default, (torch.tensor(7),))
    for access_only in (False, True):
        for data in (
            torch.tensor(3),
            torch.tensor([3, -4, 5]),
            torch.tensor([], dtype=torch.int64),
        ):
            arguments = (rng.key(1), data, access_only)
            torch.library.opcheck(torch.ops.eden.fold.default, arguments)


# Inductor's own imports warn of what torch deprecates.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_one_graph_serves_changing_keys_and_tables(backend):
    own = errors.Uniform(1e-3).lower().to("cpu")

    @torch.compile(fullgraph=True, backend=backend)
    def load(x, key, count):
        access = rng.fold_access(rng.fold_in(key, "conv1.weight"), count)
        return ops.inject(
            x * 2, own, key=access, stored="int8", bounds=(-3.0, 3.0), correction="zero", copies=2
        )

    def plainly(x, key, count):
        access = rng.fold_access(rng.fold_in(key, "conv1.weight"), count)
        arguments = {"stored": "int8", "bounds": (-3.0, 3.0), "correction": "zero", "copies": 2}
        return ops.inject(x * 2, own, key=access, **arguments)

    x, different = torch.randn(2, 500), set()
    load(x, rng.key(0), torch.tensor(0))
    with torch._dynamo.config.patch(error_on_recompile=True):
        for seed in range(4):
            for rate in (0.0, 1e-2, 0.5):
                own.entries.copy_(errors.Uniform(rate, 0.5).lower().entries)
                count = torch.tensor(seed + 1)
                y = load(x, rng.key(seed), count)
                assert same_bits(y, plainly(x, rng.key(seed), count))
                different.add(float(y.sum()))
    assert len(different) > 8


def test_the_gradient_of_a_compiled_load():
    error = errors.Uniform(0.05)

    def load(x, key):
        return ops.inject(x, error, key=key, bounds=(-1.0, 1.0), correction="saturate")

    compiled = torch.compile(load, fullgraph=True, backend="aot_eager")
    start = torch.randn(300)
    compiled(start.clone().requires_grad_(), rng.key(0))
    with torch._dynamo.config.patch(error_on_recompile=True):
        for seed in range(3):
            gradients = []
            for function in (load, compiled):
                x = start.clone().requires_grad_()
                function(x, rng.key(seed)).sum().backward()
                gradients.append(x.grad)
            assert torch.equal(*gradients)
            assert 0 < (gradients[0] == 0).sum() < 300


def test_keys_are_made_inside_a_graph():
    @torch.compile(fullgraph=True, backend="aot_eager")
    def derive(key, number):
        return rng.fold_in(rng.fold_access(key, "layer"), number)

    for seed in range(3):
        key = rng.key(seed)
        expected = rng.fold_in(rng.fold_access(key, "layer"), torch.tensor(seed))
        assert torch.equal(derive(key, torch.tensor(seed)), expected)


@pytest.mark.parametrize(
    "change",
    [
        {"copies": 3},
        {"copies": 0},
        {"copies": -1},
        {"row_bytes": 100},
        {"row_bytes": 16384},
        {"address": 3},
        {"address": -4},
        {"address": 2**56},
        {"x": torch.zeros(16, dtype=torch.int16), "address": 1},
        {"stored": 2, "address": 1},
    ],
    ids=str,
)
def test_shapes_alone_are_refused_what_values_are(change):
    """What makes a graph refuses in the words of what runs it."""
    given = {"x": torch.zeros(16), "stored": 0, "copies": 1, "address": 0, "row_bytes": 64} | change
    x, entries = given["x"], errors.Uniform(0.1).lower().entries
    place = given["copies"], 0, given["address"], given["row_bytes"], None
    said = []
    for device in ("cpu", "meta"):
        tensors = on(device, (x, rng.key(1), entries))
        arguments = *tensors, None, None, None, 0, given["stored"], 0, *place, None, False
        with pytest.raises(RuntimeError) as caught:
            torch.ops.eden.inject.default(*arguments)
        said.append(str(caught.value).splitlines()[0].partition("eden::")[2])
    assert said[0] == said[1] and " is " in said[0] and ", accepted: " in said[0]
