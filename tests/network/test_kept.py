"""Weak cells kept between reads: the same bits as without, in bounded memory."""

import copy

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx

import eden
from eden import errors
from eden.access import rng

ERRORS = {
    "uniform": errors.Uniform(1e-2),
    "sometimes": errors.Uniform(2e-2, 0.5),
    "dense": errors.Uniform(0.05),
    "bitline": errors.Bitline([0.001 * (i % 50) for i in range(65536)], 0.5),
    "wordline": errors.Wordline([0.02, 0.0] * 8),
    "data": errors.DataDependent(2e-2, 0.9, 0.1),
    "cells": errors.Cells(range(0, 60000, 97), 0.5),
    "sure cells": errors.Cells(range(50, 4000, 3)),
}
UNIFORM = ERRORS["uniform"]


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(400, 300), nn.ReLU(), nn.Linear(300, 10)).eval()


@pytest.fixture(scope="module")
def x():
    return torch.randn(3, 400, generator=torch.Generator().manual_seed(1))


def attached(model, x, error=UNIFORM, *, keep_bytes=2**26, **options):
    """A copy of the network, and its attachment."""
    model = copy.deepcopy(model)
    handle = eden.attach(model, eden.Config(error, **options), keep_bytes=keep_bytes)
    handle.learn_bounds([x])
    return model, handle


def kept(handle):
    """The tensors whose cells are kept just now."""
    return {name for name, t in handle.reading.tensors.items() if t.kept.cells is not None}


ALL = {"0.weight", "0.input", "2.weight", "2.input"}


@pytest.mark.parametrize("cells", ["fresh", "fixed"])
@pytest.mark.parametrize("error", ERRORS)
def test_every_read_is_the_same_as_without(model, x, error, cells):
    pairs = [attached(model, x, ERRORS[error], keep_bytes=k, cells=cells) for k in (0, 2**26)]

    def same(inputs):
        without, within = [network(inputs) for network, _ in pairs]
        assert torch.equal(without, within)
        return within

    def each(change):
        for _, handle in pairs:
            change(handle)

    seen = [same(x) for _ in range(4)]
    assert kept(pairs[0][1]) == set()
    assert kept(pairs[1][1])
    sometimes = error in ("sometimes", "bitline", "data", "cells")
    known = cells == "fixed" or "cells" in error
    assert torch.equal(seen[2], seen[3]) != sometimes
    each(lambda handle: handle.step())
    assert torch.equal(same(x), seen[0]) == (known and not sometimes)
    same(x[:1]), same(x)  # fewer copies of the same cells
    each(lambda handle: handle.set_ber(3e-4))
    same(x), same(x), same(x)
    each(lambda handle: handle.reseed(7))
    same(x), same(x), same(x)


def test_gradients_are_the_same_as_without(model, x):
    gradients = []
    for keep_bytes in (0, 2**26):
        network, handle = attached(model, x, ERRORS["data"], keep_bytes=keep_bytes)
        for _ in range(3):
            network.zero_grad()
            network(x).square().sum().backward()
        assert bool(kept(handle)) == bool(keep_bytes)
        gradients.append([p.grad for p in network.parameters()])
    assert all(map(torch.equal, *gradients))


def test_cells_are_found_at_the_second_read_and_forgotten_when_they_change(model, x):
    network, handle = attached(model, x)
    network(x)
    assert kept(handle) == set()
    network(x)
    assert kept(handle) == ALL
    handle.step()
    assert kept(handle) == set()
    network(x), network(x)
    handle.set_ber({"0.weight": 1e-3})
    assert kept(handle) == ALL - {"0.weight"}
    handle.learn_bounds([2 * x])  # other scales: the same cells
    assert kept(handle) == ALL - {"0.weight"}


def test_cells_of_a_fixed_module_are_kept_from_draw_to_draw(model, x):
    network, handle = attached(model, x, ERRORS["sometimes"], cells="fixed")
    network(x), network(x)
    handle.step()
    handle.reseed(5)
    assert kept(handle) == ALL
    assert not torch.equal(network(x), network(x))


def test_an_input_of_another_size_has_other_cells():
    torch.manual_seed(0)
    convolution = nn.Conv2d(2, 2, 3)
    small, large = torch.randn(1, 2, 8, 8), torch.randn(1, 2, 30, 30)
    reads = []
    for keep_bytes in (0, 2**26):
        network, handle = attached(convolution, large, keep_bytes=keep_bytes)
        reads.append([network(y) for y in (large, large, small, small, small, large, large)])
    assert all(map(torch.equal, *reads))
    assert "input" in kept(handle)


def test_memory_stays_within_the_budget_and_comes_back(model, x):
    def sizes(handle):
        return {
            n: t.kept.cells.nbytes for n, t in handle.reading.tensors.items() if n in kept(handle)
        }

    network, handle = attached(model, x)
    network(x), network(x)
    free = sizes(handle)
    # Weights of 120,000 bytes: 15 segments, about 9,600 weak cells of 2 bytes.
    assert abs(free["0.weight"] - 2 * 9600) < 2000
    budget = handle.reading.tensors["0.weight"].kept.budget
    assert budget.left == 2**26 - sum(free.values())
    handle.step()
    assert budget.left == 2**26

    network, handle = attached(model, x, keep_bytes=free["0.weight"] - 1)
    network(x), network(x), network(x)
    assert kept(handle) == ALL - {"0.weight"}
    assert handle.reading.tensors["2.input"].kept.budget.left >= 0


def test_more_cells_than_a_list_is_good_for_are_found_anew(model, x):
    # 2 bytes a weak cell are more than the tensor itself from a sixteenth of its cells on.
    network, handle = attached(model, x, errors.Uniform(0.07))
    network(x), network(x)
    assert kept(handle) == set()


def test_a_copied_network_keeps_cells_of_its_own(model, x):
    network, handle = attached(model, x)
    network(x), network(x)
    twin = copy.deepcopy(network)
    eden.attached(twin).step()
    assert kept(handle) == ALL
    assert kept(eden.attached(twin)) == set()
    without, _ = attached(model, x, keep_bytes=0)
    assert torch.equal(network(x), without(x))


def test_a_call_for_shapes_alone_leaves_the_cells_alone(model, x):
    network, handle = attached(model, x)
    network(x)
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        assert network(mode.from_tensor(x)).shape == (3, 10)
    assert kept(handle) == set()
    handle.step()
    network(x), network(x)
    assert kept(handle) == ALL


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize(
    "record",
    [lambda network, x: make_fx(network)(x), lambda n, x: torch.jit.trace(n, x, check_trace=False)],
    ids=["make_fx", "trace"],
)
def test_a_recorded_graph_reads_the_cells_of_now(model, x, record):
    network, handle = attached(model, x)
    network.requires_grad_(False)
    network(x), network(x)
    graph = record(network, x)
    handle.step()
    without, twin = attached(model, x, keep_bytes=0)
    twin.step()
    assert torch.equal(graph(x), without(x))


@pytest.mark.parametrize("given, kind", [(-1, ValueError), (1.5, TypeError), (True, TypeError)])
def test_a_budget_is_a_number_of_bytes(model, given, kind):
    with pytest.raises(kind, match="keep_bytes"):
        eden.attach(model, eden.Config(UNIFORM), keep_bytes=given)
    assert eden.attached(model) is None


def test_the_op_refuses_what_does_not_fit():
    x, key, table = torch.zeros(100), rng.key(1), UNIFORM.lower()
    op, place = torch.ops.eden.inject.default, (1, 0, 0, 8192, None)
    middle = (key, table.entries, None, None, None, 0, 0, 0, *place)
    for words, message in (
        (torch.zeros(2, dtype=torch.int32), "number of words of kept is 2, accepted: at least 3"),
        (torch.zeros(3), "dtype of kept is float32, accepted: int32$"),
    ):
        with pytest.raises(RuntimeError, match=message):
            op(x, *middle, words, False)
    with pytest.raises(RuntimeError, match="eden::weak_cells: row_bytes is 100, accepted"):
        torch.ops.eden.weak_cells(x, key, table.entries, None, 0, 0, 1, 0, 100, 10**6)


def test_weak_cells_of_an_unknown_tensor_are_not_counted():
    handle = eden.attach(eden.nets.lenet(), eden.Config(errors.Uniform(1e-3)))
    assert handle.count_weak("fc3.weight", 1.0, 0) == 84 * 10 * 8
    with pytest.raises(ValueError, match=r"tensor is 'fc9.weight', accepted: conv1.weight"):
        handle.count_weak("fc9.weight", 1e-3, 0)
