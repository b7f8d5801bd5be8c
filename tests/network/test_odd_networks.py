"""Odd networks and inputs: refused in one line that names the tensor, or read as they are."""

import copy

import pytest
import torch
from torch import nn

import eden
from eden import errors
from eden.network import digest_of_model


def network():
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))


def config(rate=0.02, **options):
    return eden.Config(errors.Uniform(rate), **{"stored": "fp32", "correction": "off"} | options)


@pytest.mark.parametrize("model", [None, [network()], nn.Linear, lambda x: x])
def test_what_is_no_network_is_refused(model):
    with pytest.raises(TypeError, match=r"type of model is '\w+', accepted: a torch.nn.Module"):
        eden.attach(model, config())


@pytest.mark.parametrize("stored", ["fp32", "int8"])
def test_an_input_of_another_type_is_refused_by_name(stored):
    model = network()
    eden.attach(model, config(stored=stored))
    with pytest.raises(TypeError, match=r"type of 0.input is torch.float64, accepted: torch.float"):
        model(torch.zeros(5, 8, dtype=torch.float64))
    model.double()
    with pytest.raises(TypeError, match=r"type of 0.\w+ is torch.float64"):
        model(torch.zeros(5, 8, dtype=torch.float64))


class Graph(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, x, adjacency):
        return torch.sparse.mm(adjacency, self.layer(x))


def test_a_sparse_argument_that_no_module_reads_goes_through():
    model, x, adjacency = Graph(), torch.randn(5, 8), torch.eye(5).to_sparse()
    handle = eden.attach(model, config(0.0, stored="int8"))
    handle.learn_bounds([{"x": x, "adjacency": adjacency}])
    assert model(x, adjacency).shape == (5, 8)


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta")
@pytest.mark.parametrize("state", ["errors", "learn"])
@pytest.mark.parametrize(
    ("made", "layout"),
    [
        (lambda x: x.to_sparse(), "torch.sparse_coo"),
        (lambda x: x.to_sparse_csr(), "torch.sparse_csr"),
        (lambda x: torch.nested.nested_tensor([x, x[:2]], layout=torch.jagged), "nested"),
    ],
)
def test_an_input_without_strides_is_refused_by_name(made, layout, state):
    model, x = network(), made(torch.ones(5, 8))
    handle = eden.attach(model, config())
    with pytest.raises(
        TypeError, match=rf"layout of 0.input is '{layout}', accepted: torch.strided"
    ):
        handle.learn_bounds([x]) if state == "learn" else model(x)
    with handle.clean():
        model(x)


def test_what_is_attached_and_learned_in_inference_mode_goes_on_outside():
    model, x = network(), torch.randn(5, 8)
    with torch.inference_mode():
        handle = eden.attach(model, config(stored="int8"))
        handle.learn_bounds([x])
        model(x)
    handle.set_ber(0.01)
    handle.reseed(3)
    handle.learn_bounds([2 * x])
    model(x).sum().backward()
    assert model[0].weight.grad is not None


def test_a_network_without_values_is_refused_by_name():
    with torch.device("meta"):
        model = network()
    with pytest.raises(ValueError, match=r"0.bias is on the device meta and has no values"):
        digest_of_model(model)
    with pytest.raises(ValueError, match=r"on the device meta"):
        eden.accuracy_curve(model, lambda _: 0.5, config=config(), bers=[1e-3])


class Halves(nn.Linear):
    def forward(self, x):
        with torch.no_grad():
            self.weight.mul_(0.5)
        return super().forward(x)


def test_a_weight_written_by_its_own_forward_pass_is_refused_by_name():
    model, x = nn.Sequential(Halves(8, 8)), torch.ones(2, 8)
    before = model[0].weight.detach().clone()
    with eden.approximate(model, config()) as handle:
        with pytest.raises(RuntimeError, match=r"0.weight is written by the forward pass"):
            model(x)
        assert "weight" not in vars(model[0]) and torch.equal(model[0].weight, before)
        with handle.clean():
            model(x)
        assert torch.equal(model[0].weight, before / 2)
    with eden.approximate(model, config(exclude="*.weight")):
        model(x)
    assert torch.equal(model[0].weight, before / 4)


def test_an_embedding_may_norm_what_it_reads():
    model = nn.Sequential(nn.Embedding(10, 4, max_norm=0.5))
    with eden.approximate(model, config(0.0)):
        assert model(torch.arange(10)).norm(dim=1).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize(
    ("stored", "correction"),
    [("int8", "off"), ("int4", "zero"), ("fp32", "zero"), ("bf16", "saturate")],
)
def test_a_weight_whose_nan_would_not_be_read_back_is_refused_by_name(stored, correction, odd):
    model, how = network(), {"stored": stored, "correction": correction}
    clean = model[2].weight.detach().clone()
    with torch.no_grad():
        model[2].weight[1, 3] = odd
    with pytest.raises(ValueError, match=f"^a value of 2.weight is {odd}, accepted: finite"):
        eden.attach(model, config(**how))
    eden.attach(model, config(**how, exclude="2.weight")).detach()
    with torch.no_grad():
        model[2].weight.copy_(clean)
    handle = eden.attach(model, config(**how))
    with torch.no_grad():
        model[2].weight[1, 3] = odd
    with pytest.raises(ValueError, match=f"^a value of 2.weight is {odd}"):
        handle.learn_bounds([torch.zeros(5, 8)])


def test_nan_that_is_read_back_is_no_error():
    model = network()
    with torch.no_grad():
        model[2].weight[1, 3] = float("nan")
    eden.attach(model, config(0.0))
    assert model(torch.ones(5, 8)).isnan()[:, 1].all()


def test_a_shallow_copy_of_an_attached_network_is_refused_at_its_call():
    model, x = network(), torch.randn(5, 8)
    clean = model(x)
    handle = eden.attach(model, config())
    shallow = copy.copy(model)
    with pytest.raises(ValueError, match="a shallow copy of an attached one"):
        shallow(x)
    with pytest.raises(ValueError, match="attached already"):
        eden.attach(shallow, config())
    read = model(x)
    handle.detach()
    assert eden.network.attached(shallow) is None
    assert torch.equal(shallow(x), clean)
    again = eden.attach(shallow, config())
    assert torch.equal(shallow(x), read)
    again.detach()
