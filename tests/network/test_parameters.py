"""Parameters of modules that eden does not know, chosen by name; layers of transformers."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.functional import linear

import eden
from eden import errors
from eden.network import Config, approximate, attach

SOME = errors.Uniform(0.03)
NATIVE = Config(SOME, stored="fp32", correction="off", inputs=False)
X = torch.randn(12, 4, generator=torch.Generator().manual_seed(5))


class Mixed(nn.Module):
    """As Swin reads its qkv, as Mamba holds a matrix, as others keep lists."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.scale = nn.Parameter(torch.rand(4))
        self.blocks = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
        self.listed = nn.ParameterList([torch.randn(4, 4), torch.randn(4, 4)])
        self.norm = nn.LayerNorm(4)
        self.rnn = nn.GRU(4, 4, batch_first=True)

    def forward(self, x):
        x = linear(x * self.scale, self.blocks[0].weight, self.blocks[0].bias)
        return self.rnn((self.norm(self.blocks[1](x)) @ self.listed[1])[:, None])[0][:, 0]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("scale", ["scale"]),
        ("blocks.0.weight", ["blocks.0.weight"]),
        ("blocks.1.bias", ["blocks.1.bias"]),
        ("listed.1", ["listed.1"]),
        ("norm", ["norm.weight", "norm.bias"]),
        ("re:rnn.bias_.*", ["rnn.bias_ih_l0", "rnn.bias_hh_l0"]),
        (("scale", "norm.b*"), ["scale", "norm.bias"]),
        (lambda name, module: isinstance(module, nn.LayerNorm), ["norm.weight", "norm.bias"]),
    ],
)
def test_parameters_are_stored_by_name_and_read_as_inject_reads_them(pattern, names):
    model = Mixed()
    clean = copy.deepcopy(model)
    with torch.no_grad():
        for name in names:
            key = eden.fold_access(eden.fold_in(eden.key(0), name), 0)
            parameter = clean.get_parameter(name)
            parameter.copy_(eden.inject(parameter, SOME, key=key))
        with approximate(model, NATIVE.with_(weights=False, parameters=pattern)) as handle:
            assert list(handle.ber) == names
            torch.testing.assert_close(model(X), clean(X), rtol=0, atol=0, equal_nan=True)
            again = Config.from_dict(handle.config.to_dict())
        with approximate(model, again) as handle:
            assert list(handle.ber) == names
        assert all(isinstance(p, nn.Parameter) for p in model.parameters())
        assert not any(name in vars(m) for m in model.modules() for name in m._parameters)


@pytest.mark.filterwarnings("ignore:Mixed.* are not in approximate DRAM")
def test_named_parameters_come_beside_the_weights_and_each_is_read_once():
    model = Mixed()
    named = ("scale", "blocks.*.weight", "listed.1", "rnn.weight_ih_l0")
    config = NATIVE.with_(parameters=named, error=errors.Uniform(0.0))
    with torch.no_grad():
        expected = model(X)
        with approximate(model, config) as handle:
            assert torch.equal(model(X), expected)
            learned = handle.learn_bounds([X])
            assert {n: e.reads for n, e in learned.tensors.items()} == {
                "scale": 1,
                "blocks.0.weight": 1,
                "blocks.1.weight": 1,
                "listed.1": 1,
                "rnn.weight_ih_l0": 1,
                "rnn.weight_hh_l0": 1,
            }
            left = {t.name: t.why for t in handle.coverage().tensors if t.why}
    assert left["listed.0"] == "ParameterList is not covered" and "scale" not in left
    only = config.with_(include="rnn.weight_hh_l0", exclude="scale")
    with approximate(model, only) as handle:
        assert list(handle.ber) == [
            "blocks.0.weight",
            "blocks.1.weight",
            "listed.1",
            "rnn.weight_ih_l0",
            "rnn.weight_hh_l0",
        ]


def test_gradients_reach_named_parameters():
    model = Mixed()
    with approximate(model, NATIVE.with_(stored="int8", parameters="*")):
        model(X).square().sum().backward()
    missing = {n for n, p in model.named_parameters() if p.grad is None}
    assert missing == {"listed.0"}


def test_patterns_that_name_nothing_are_refused():
    model = Mixed()
    with pytest.raises(ValueError, match=r"parameters: 'sca' matches no parameter; there are sc"):
        attach(model, NATIVE.with_(parameters="sca"))
    with pytest.raises(TypeError, match="parameters is 3, accepted"):
        NATIVE.with_(parameters=(3,))
    model.codes = nn.Parameter(torch.zeros(3, dtype=torch.int8), requires_grad=False)
    with pytest.raises(ValueError, match=r"type of codes is 'torch\.int8', accepted"):
        attach(model, NATIVE.with_(parameters="codes"))
    with pytest.raises(ValueError, match="no module is around the network"):
        attach(nn.Linear(4, 4), NATIVE.with_(parameters="weight"))


class Conv1D(nn.Module):
    """As transformers has it in GPT-2."""

    def __init__(self, nf, nx):
        super().__init__()
        self.nf = nf
        self.weight = nn.Parameter(torch.randn(nx, nf))
        self.bias = nn.Parameter(torch.zeros(nf))

    def forward(self, x):
        return torch.addmm(self.bias, x.view(-1, x.size(-1)), self.weight).view(*x.shape[:-1], -1)


class TinyExperts(nn.Module):
    """As transformers has it in Mixtral."""

    def __init__(self):
        super().__init__()
        self.gate_up_proj = nn.Parameter(torch.randn(2, 6, 4))
        self.down_proj = nn.Parameter(torch.randn(2, 4, 3))

    def forward(self, hidden_states, top_k_index):
        out = torch.zeros_like(hidden_states)
        for expert in range(2):
            here = top_k_index == expert
            gate, up = linear(hidden_states[here], self.gate_up_proj[expert]).chunk(2, -1)
            out[here] = linear(gate.relu() * up, self.down_proj[expert])
        return out


@pytest.mark.parametrize(
    ("build", "inputs", "names"),
    [
        (lambda: Conv1D(6, 4), (X[None],), ["weight", "input"]),
        (TinyExperts, (X, torch.arange(12) % 2), ["gate_up_proj", "down_proj", "input"]),
    ],
)
def test_layers_of_transformers_are_covered(build, inputs, names):
    model = build()
    with torch.no_grad(), approximate(model, NATIVE.with_(inputs=True)) as handle:
        assert list(handle.ber) == names
        handle.learn_bounds([(inputs, None)])
        assert handle.coverage().uncovered == 0 and handle.never_read == []
        handle.set_ber(0.0)
        expected = model(*inputs)
        for name in names:
            handle.set_ber(dict.fromkeys(names, 0.0) | {name: 0.2})
            assert not torch.equal(model(*inputs), expected), name
    assert torch.equal(model(*inputs), expected)


class Tree(nn.Module):
    """Calls itself."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.eye(4) + 0.25)
        self.stopped = False

    def forward(self, x, depth):
        if depth:
            x = self(x, depth - 1)
        elif self.stopped:
            raise KeyboardInterrupt
        return x @ self.w


@pytest.mark.parametrize("inference", [True, False])
def test_a_module_that_calls_itself_reads_at_every_depth(inference):
    model = nn.ModuleDict({"tree": Tree()})
    tree = model["tree"]
    config = NATIVE.with_(stored="int8", parameters="tree.w")
    with torch.inference_mode(inference), approximate(model, config) as handle:
        handle.reseed(1)
        read = tree(torch.eye(4), 0)
        assert not torch.equal(read, tree.w)
        expected = read @ read @ read  # of cells that always fail: the same at each access
        for _ in range(2):
            assert torch.equal(tree(torch.eye(4), 2), expected)
            assert "w" not in tree.__dict__
            # An interrupt in a call leaves nothing that the next would take for one around it.
            tree.stopped = True
            with pytest.raises(KeyboardInterrupt):
                tree(torch.eye(4), 1)
            tree.stopped = False
    assert "w" not in tree.__dict__
