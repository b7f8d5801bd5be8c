"""Errors of a tensor's own: other models by name, and the user's functions."""

import copy
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

import eden
from eden import errors
from eden.access import rng
from eden.errors import Cells
from eden.network import Config, attach

NONE = errors.Uniform(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = nn.Linear(12, 20), nn.Linear(20, 3)

    def forward(self, x):
        return self.last(torch.relu(self.first(x)))


@pytest.fixture
def images():
    return torch.randn(4, 12, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def model():
    return Net().eval()


def attached(model, images, error=NONE, **options):
    handle = attach(model, Config(error, **options))
    handle.learn_bounds([images])
    return handle


def doubled(x, key):
    return 2 * x


def noisy(x, key):
    number = int(rng.fold_in(key, 1)[1])
    return x + torch.randn(x.shape, generator=torch.Generator().manual_seed(number))


def test_an_unplaced_tensor_counts_cells_from_its_first_bit(model, images):
    handle = attached(model, images, Cells([31]), stored="fp32", correction="off")
    with torch.no_grad():
        y = model(images)
        model.first.weight[0, 0] *= -1
        model.last.weight[0, 0] *= -1
        x = images.clone()
        x[:, 0] *= -1
        with handle.clean():
            hidden = torch.relu(model.first(x))
            hidden[:, 0] *= -1
            assert torch.equal(model.last(hidden), y)


def test_a_placed_tensor_has_the_cells_of_its_partition(model, images):
    def entry(address):
        return SimpleNamespace(
            error=Cells([8 * 64 + 31]), partition="bank0", address=address, row_bytes=64
        )

    config = Config(NONE, stored="fp32", correction="off", inputs=False, include="*.weight")
    entries = {"first.weight": entry(64), "last.weight": entry(8)}
    handle = attach(model, SimpleNamespace(config=config, entries=entries))
    with handle.record_faults():
        model(images)
    # The cell is the sign of the first weight's element 0, and of element (64 - 8) / 4 of the last.
    assert [fault[:5] for fault in handle.faults()] == [
        ("first.weight", 0, 0, 0, 31),
        ("last.weight", 0, 0, 14, 31),
    ]
    assert handle.ber["last.weight"] == 1 / (8 * 240)


def test_rates_of_known_cells_are_those_of_the_tensor(model, images):
    handle = attached(model, images, Cells([3, 5, 100], 0.5))
    sizes = {t.name: 8 * t.size_bytes for t in handle.tensors}
    assert handle.ber == {n: (3 if n != "first.input" else 2) / 2 / sizes[n] for n in sizes} | {
        "first.input": 1.0 / sizes["first.input"] if sizes["first.input"] <= 100 else 1.5 / 96
    }
    handle.set_ber({"first.weight": 1e-4})
    assert handle.ber["first.weight"] == 1e-4
    with pytest.raises(ValueError, match=r"^first.weight: ber is 0\.1, accepted: at most"):
        handle.set_ber(0.1)
    assert handle.count_weak("first.weight", 1e-4, 0) is None


def test_recomputation_by_other_means_is_refused_once_cells_fail_at_times(model, images):
    handle = attached(model, images, Cells([3, 5, 100]))
    assert handle.reading.tensors["first.weight"].sure
    handle.set_ber(1e-4)
    assert not handle.reading.tensors["first.weight"].sure
    handle.set_errors(Cells([3]))
    assert handle.reading.tensors["first.weight"].sure


@pytest.mark.parametrize(
    "error", [Cells([7, 9]), errors.Uniform(0.1), errors.Bitline([0.1] * 65536)]
)
def test_one_tensors_own_model(model, images, error):
    handle = attached(model, images)
    expected = attached(copy.deepcopy(Net()).eval(), images, error).model
    clean = model(images)
    handle.set_errors({"first.weight": error})
    only_one = model(images)
    assert not torch.equal(only_one, clean)
    handle.set_errors({"last.weight": error, "first.input": error, "last.input": error})
    handle.reseed(0)
    assert torch.equal(model(images), expected(images))
    handle.set_errors(NONE)
    assert torch.equal(model(images), clean)
    assert handle.ber == dict.fromkeys(handle.ber, 0.0)


def test_a_compiled_network_sees_other_cells(model, images):
    handle = attached(model, images, Cells([1, 2]))
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    for cells in ([1, 2], [5, 80], [8]):
        handle.set_errors(Cells(cells))
        assert torch.equal(compiled(images), model(images))


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"nope": NONE}, ValueError, "tensor is 'nope', accepted: first.weight, first.input"),
        (
            {"first.weight": 0.1},
            TypeError,
            "type of error of first.weight is 'float', accepted: an",
        ),
        (None, TypeError, "type of error of first.weight is 'NoneType'"),
    ],
)
def test_what_is_no_model_is_refused(model, images, given, kind, message):
    handle = attached(model, images)
    with pytest.raises(kind, match=message):
        handle.set_errors(given)


@pytest.mark.parametrize("pattern", ["first.weight", "first.w*", "re:first.weight"])
def test_a_function_stands_for_the_read(model, images, pattern):
    handle = attached(model, images, errors.Uniform(0.3), include="first.weight")
    handle.set_corruption(pattern, doubled)
    got = model(images)
    with handle.clean(), torch.no_grad():
        model.first.weight *= 2  # neither quantised nor corrected
        assert torch.equal(model(images), got)
        model.first.weight /= 2
    handle.set_corruption(pattern, None)
    assert not torch.equal(model(images), got)


def test_its_randomness_repeats_with_the_seed(model, images):
    handle = attached(model, images)
    handle.set_corruption("re:.*", noisy)
    first, second = model(images), model(images)
    assert not torch.equal(first, second)
    handle.reseed(0)
    assert torch.equal(model(images), first)
    assert torch.equal(model(images), second)
    handle.step()
    assert not torch.equal(model(images), first)
    handle.check_read("test")


def test_its_gradient_goes_straight_through(model, images):
    handle = attached(model, images)

    def zeroed(x, key):
        return x.zero_()  # in place: it has a copy

    handle.set_corruption("last.weight", zeroed)
    before = model.last.weight.detach().clone()
    x = images.clone().requires_grad_()
    model(x).sum().backward()
    assert torch.equal(model.last.weight, before)
    assert model.last.weight.grad.abs().sum() > 0
    assert torch.equal(model.first.weight.grad, torch.zeros_like(model.first.weight))


def test_what_is_recomputed_is_corrupted_alike(model, images):
    handle = attached(model, images)
    handle.set_corruption("*", noisy)
    handle.set_errors({"first.weight": Cells([6, 7], 0.5)})

    def gradients(again, between=lambda: None):
        handle.reseed(3)
        model.zero_grad()
        loss = again(model, images).square().sum()
        between()
        loss.backward()
        return [p.grad for p in model.parameters()]

    def checkpointed(function, x):
        return checkpoint(function, x, use_reentrant=False)

    def others():
        handle.set_corruption("first.weight", doubled)
        handle.set_errors(errors.Uniform(0.1))

    expected = gradients(lambda function, x: function(x))
    got = gradients(checkpointed, others)
    assert all(map(torch.equal, got, expected))
    assert handle.reading.tensors["first.weight"].corruption is doubled


def test_it_runs_compiled(model, images):
    handle = attached(model, images)
    handle.set_corruption("first.weight", doubled)
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    x = images.clone().requires_grad_()
    got = compiled(x)
    got.sum().backward()
    assert torch.equal(got, model(images)) and model.first.weight.grad is not None


@pytest.mark.parametrize(
    ("pattern", "function", "kind", "message"),
    [
        ("nope", doubled, ValueError, "set_corruption: 'nope' matches no tensor; there are first"),
        ("first.weight", 3, TypeError, "type of function is 'int', accepted: a function of a"),
        (None, doubled, TypeError, "type of pattern is 'NoneType', accepted: text"),
    ],
)
def test_what_cannot_be_set_is_refused(model, images, pattern, function, kind, message):
    handle = attached(model, images)
    with pytest.raises(kind, match=message):
        handle.set_corruption(pattern, function)


@pytest.mark.parametrize(
    ("function", "kind", "message"),
    [
        (lambda x, key: None, TypeError, "what the corruption of first.weight returns is 'NoneT"),
        (lambda x, key: x[:1], ValueError, r"returns is 'torch.float32 \[1, 12\] on cpu', acc"),
        (lambda x, key: x.half(), ValueError, r"returns is 'torch.float16 \[20, 12\] on cpu'"),
    ],
)
def test_what_it_returns_is_checked(model, images, function, kind, message):
    handle = attached(model, images)
    handle.set_corruption("first.weight", function)
    with pytest.raises(kind, match=message):
        model(images)


def test_after_detach_nothing_is_set(model, images):
    handle = attached(model, images)
    handle.detach()
    for change in (
        lambda: handle.set_errors(NONE),
        lambda: handle.set_corruption("first.weight", doubled),
    ):
        with pytest.raises(ValueError, match="the attachment is detached"):
            change()


def test_the_cells_tell_one_fixed_module_from_another():
    one, other, same = (
        eden.network.identity_of(Config(Cells(cells, f), cells="fixed"))
        for cells, f in (([1, 2], 1.0), ([1, 3], 1.0), ([1, 2], 0.5))
    )
    assert one == same != other
