"""What a call names, what wraps a network, what is attached already, what was replaced."""

import copy
import pickle

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune, weight_norm
from torch.optim.swa_utils import AveragedModel

from eden import errors
from eden.network import (
    Config,
    approximate,
    attach,
    attached,
    calibration_of,
    load_into,
    save,
    unwrapped,
)
from eden.training import boost

SOME = errors.Uniform(0.03)
INT8 = Config(SOME)
NATIVE = Config(SOME, stored="fp32", correction="off")

X = torch.randn(12, 4, generator=torch.Generator().manual_seed(5))
LOADER = [(X, torch.arange(12) % 3)]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Sequential(nn.ReLU(), nn.Linear(4, 3))

    def forward(self, x):
        return self.b(self.a(x))


class Parallel(nn.Module):
    """As `DistributedDataParallel` names what it wraps, without its processes."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, *args):
        return self.module(*args)


def net():
    torch.manual_seed(2)
    return Net()


class Quirky(nn.Linear):
    """An input that is neither first nor called so."""

    def forward(self, index, features, gain=None):
        return super().forward(features[index] * (1 if gain is None else gain))


H0 = torch.zeros(1, 3, 4)
MASK = torch.zeros(5, 5)
Q, K = torch.randn(3, 5, 8), torch.randn(3, 5, 8)
CALLS = {
    "gru": (nn.GRU(6, 4), "input", (("input", torch.randn(7, 3, 6)), ("hx", H0))),
    "gru cell": (nn.GRUCell(6, 4), "input", (("input", torch.randn(3, 6)), ("hx", H0[0]))),
    "attention": (
        nn.MultiheadAttention(8, 2, batch_first=True),
        "query",
        (("query", Q), ("key", K), ("value", K), ("attn_mask", MASK)),
    ),
    "bilinear": (
        nn.Bilinear(3, 6, 5),
        "input1",
        (("input1", torch.randn(2, 3)), ("input2", torch.randn(2, 6))),
    ),
    "linear": (nn.Linear(6, 2), "input", (("input", torch.randn(2, 6)),)),
    "of a user": (
        Quirky(6, 2),
        "features",
        (("index", torch.arange(2)), ("features", torch.randn(2, 6)), ("gain", torch.ones(6))),
    ),
}


@pytest.mark.parametrize("case", CALLS)
@pytest.mark.parametrize("positional", [0, 1])
def test_the_input_is_the_first_of_the_signature_however_it_is_called(case, positional):
    module, name, arguments = CALLS[case]
    args = tuple(value for _, value in arguments[:positional])
    named = dict(reversed(arguments[positional:]))  # the last of the signature first
    seen = {}

    def note(module, args, kwargs):
        seen.update(kwargs, **{n: v for (n, _), v in zip(arguments, args, strict=False)})

    with torch.no_grad(), approximate(module, NATIVE.with_(weights=False)) as handle:
        handle.set_ber(0.3)
        hook = module.register_forward_pre_hook(note, with_kwargs=True)
        module(*args, **named)
        hook.remove()
    changed = [n for n, value in arguments if seen[n] is not value]
    assert changed == [name]


@pytest.mark.parametrize("config", [INT8, NATIVE.with_(inputs=False)])
def test_a_part_of_an_attached_network_is_refused_as_the_whole_is(config):
    model = nn.Sequential(net(), nn.ReLU(), nn.Sequential(nn.ReLU()))
    handle = attach(model, config)
    for part in (model, model[0], model[0].a, model[0].b, nn.Sequential(model[0].b)):
        with pytest.raises(ValueError, match="attached already; detach it first") as caught:
            attach(part, config)
        assert "\n" not in str(caught.value)
        with pytest.raises(ValueError, match="attached already"):
            attach(copy.deepcopy(part), config)
    handle.detach()
    part = attach(model[0].b, config)
    with pytest.raises(ValueError, match="attached already"):
        attach(model, config)
    part.detach()
    attach(model, config)


def test_batch_norms_of_an_attached_network_count_too():
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
    attach(model, INT8)
    with pytest.raises(ValueError, match="attached already"):
        attach(nn.Sequential(model[1], nn.Linear(4, 4)), INT8)


def compiled(model):
    return torch.compile(model, backend="eager")


def inside(model):
    model.b = torch.compile(model.b, backend="eager")
    return model


WRAPPERS = {
    "DataParallel": nn.DataParallel,
    "as DDP": Parallel,
    "averaged": AveragedModel,
    "compiled": compiled,
    "compiled inside": inside,
    "both": lambda m: Parallel(compiled(m)),
    "the other way": lambda m: compiled(nn.DataParallel(m)),
}


@pytest.fixture(params=WRAPPERS)
def wrap(request):
    torch._dynamo.reset()
    yield WRAPPERS[request.param]
    torch._dynamo.reset()


def test_a_wrapper_changes_neither_names_nor_cells(wrap):
    model = net()
    with torch.no_grad(), approximate(model, INT8) as handle:
        calibration = handle.learn_bounds(LOADER)
        bare = model(X)
        names, coverage = list(handle.ber), handle.coverage()
    wrapped = wrap(model)
    assert calibration_of(wrapped) == calibration
    with torch.no_grad(), approximate(wrapped, INT8) as handle:
        assert list(handle.ber) == names and handle.coverage() == coverage
        assert attached(wrapped) is attached(unwrapped(wrapped)) is handle
        assert torch.equal(wrapped(X), bare)
        handle.reseed(0)
        assert handle.learn_bounds(LOADER) == calibration
        assert torch.equal(wrapped(X), bare)


def test_a_network_whose_layer_is_called_module_keeps_the_name():
    class Holder(nn.Module):
        def __init__(self):
            super().__init__()
            self.module, self.other = nn.Linear(4, 4), nn.Linear(4, 3)

    with approximate(nn.Sequential(Holder()), INT8) as handle:
        assert list(handle.ber)[::2] == ["0.module.weight", "0.other.weight"]


# Torch itself looks at .grad where it compiles the second of two layers.
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
def test_boosting_a_wrapped_network_returns_what_it_was_given(wrap):
    model = wrap(net())
    boosted = boost(model, LOADER, config=INT8, target_ber=0.01, epochs=1, progress=False)
    assert type(boosted) is type(model) and boosted is not model
    assert list(boosted.state_dict()) == list(model.state_dict())
    plain = boost(net(), LOADER, config=INT8, target_ber=0.01, epochs=1, progress=False)
    assert calibration_of(boosted) == calibration_of(plain)
    for name, value in zip(
        plain.state_dict(), (v for v in boosted.state_dict().values() if v.ndim), strict=True
    ):
        assert torch.equal(value, plain.state_dict()[name])


def test_files_know_no_wrappers(wrap, tmp_path):
    model = wrap(net())
    with approximate(model, INT8) as handle:
        learned = handle.learn_bounds(LOADER)
    save(model, tmp_path / "wrapped.safetensors")
    other = Net()
    assert load_into(other, tmp_path / "wrapped.safetensors") == learned
    assert torch.equal(other.a.weight, net().a.weight)
    assert load_into(wrap(Net()), tmp_path / "wrapped.safetensors") == learned


def swap_leaf(model):
    model.b[1] = nn.Linear(4, 3)


def swap_block(model):
    model.b = nn.Sequential(nn.ReLU(), nn.Linear(4, 3))


def swap_unread(model):
    model.b[0] = nn.Linear(4, 4)


def add(model):
    model.b.append(nn.Linear(3, 3))


def take_away(model):
    del model.b[0]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (swap_leaf, r"b\.1"),
        (swap_block, "b"),
        (swap_unread, r"b\.0"),
        (add, r"b\.2"),
        (take_away, r"b\.0"),
    ],
)
@pytest.mark.parametrize("duplicate", [lambda m: m, copy.deepcopy])
def test_a_layer_replaced_while_attached_is_named_at_the_next_call(change, named, duplicate):
    model = net()
    attach(model, INT8).learn_bounds(LOADER)
    model = duplicate(model)
    handle = attached(model)
    model(X)
    change(model)
    with pytest.raises(ValueError, match=f"^{named} was (replaced|added|removed)") as caught:
        model(X)
    assert "\n" not in str(caught.value)
    handle.detach()
    with approximate(model, INT8.with_(calibration=None)) as handle:
        handle.learn_bounds(LOADER)
        model(X)


def test_a_wrapper_put_around_a_layer_while_attached_is_none_of_it():
    model = net()
    attach(model, INT8).learn_bounds(LOADER)
    with torch.no_grad():
        expected = model(X)
        attached(model).reseed(0)
        model.b = nn.DataParallel(model.b)
        assert torch.equal(model(X), expected)


@pytest.mark.parametrize(
    "change",
    [
        lambda layer: prune.l1_unstructured(layer, "weight", 0.5),
        parametrizations.weight_norm,
        lambda layer: parametrize.register_parametrization(layer, "weight", nn.Identity()),
        pytest.param(
            weight_norm,
            marks=pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated"),
        ),
    ],
    ids=["prune", "weight norm", "parametrize", "old weight norm"],
)
def test_a_weight_that_is_no_plain_parameter_any_more_is_named(change):
    model = net()
    handle = attach(model, INT8)
    handle.learn_bounds(LOADER)
    change(model.b[1])
    shown = model.b[1].weight.clone()
    for call in (lambda: model(X), lambda: model.b[1](X)):
        with pytest.raises(ValueError, match=r"^b\.1\.weight is not a plain parameter") as caught:
            call()
        assert "\n" not in str(caught.value)
    assert len(handle.stored_weights()) == 1
    handle.detach()
    assert torch.equal(model.b[1].weight, shown)
    assert model(X).shape == (12, 3)


@pytest.mark.parametrize("kind", [torch.float64, torch.complex64])
def test_a_type_that_cannot_be_stored_is_refused_by_name(kind):
    model = net()
    model.b[1].to(kind) if kind.is_floating_point else setattr(
        model.b[1], "weight", nn.Parameter(torch.ones(3, 4, dtype=kind))
    )
    with pytest.raises(ValueError, match=r"type of b\.1\.weight is .*accepted: .*float32"):
        attach(model, INT8)
    with approximate(model, INT8.with_(exclude="b.1.weight")):
        pass


def test_an_attached_network_still_pickles():
    model = net()
    attach(model, INT8).learn_bounds(LOADER)
    assert torch.equal(pickle.loads(pickle.dumps(model))(X), model(X))


def offload(module):
    """As accelerate's `cpu_offload` does: values on the CPU, loaded inside the forward pass."""
    values, forward = {n: p.data for n, p in module._parameters.items()}, module.forward

    def load_and_call(*args):
        for name, value in values.items():
            module._parameters[name] = nn.Parameter(value)
        try:
            return forward(*args)
        finally:
            for name in values:
                module._parameters[name] = nn.Parameter(values[name].to("meta"))

    module.to("meta")
    module._hf_hook, module.forward = object(), load_and_call


def test_what_accelerate_offloads_is_refused_by_name():
    model = net()
    handle = attach(model, INT8)
    handle.learn_bounds(LOADER)
    offload(model.b[1])
    said = r"^b\.1\.weight is offloaded by accelerate"
    with pytest.raises(ValueError, match=said) as caught:
        model(X)
    assert "\n" not in str(caught.value)
    handle.detach()
    with pytest.raises(ValueError, match=said):
        attach(model, INT8)
    with approximate(model, INT8.with_(exclude="b.1.weight", calibration=None)) as handle:
        handle.learn_bounds(LOADER)
        assert model(X).shape == (12, 3)
