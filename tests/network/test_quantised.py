"""Layers and tensors that quantise by themselves: their own codes are read, or they are refused."""

import copy
import sys
import types
import warnings

import pytest
import torch
from law import same_bits
from torch import nn
from torch.ao import quantization

import eden
from eden import errors
from eden.access import ops
from eden.network import Config, digest_of_model
from eden.tolerance import characterize_coarse

NONE, SOME = errors.Uniform(0.0), errors.Uniform(0.02)
WEIGHTS = {"inputs": False, "stored": "int8"}

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning:torch.ao", "ignore:.*quant.*:UserWarning"
)


def qat(backend="x86", observe=True):
    """A network in torch.ao's training with fake quantisation, its observers disabled."""
    torch.manual_seed(0)
    net = nn.Sequential(
        quantization.QuantStub(), nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3)
    )
    net.qconfig = quantization.get_default_qat_qconfig(backend)
    net = quantization.prepare_qat(net.train())
    with torch.no_grad():
        net[4].weight.mul_(10.0 ** torch.arange(-3, 0)[:, None])
        net(IMAGES)
    if not observe:
        net.apply(quantization.disable_observer)
    return net.eval()


IMAGES = torch.randn(8, 1, 8, 8)


@pytest.mark.parametrize("backend", ["x86", "qnnpack"])
def test_codes_of_fake_quantisation_are_read_as_they_are(backend):
    """A step for each channel, or one for a tensor; without errors nothing changes."""
    net = qat(backend, observe=False)
    clean = net(IMAGES)
    with eden.approximate(net, Config(NONE, **WEIGHTS)) as handle:
        assert same_bits(net(IMAGES), clean)
        handle.learn_bounds([IMAGES])
        assert same_bits(net(IMAGES), clean)
        handle.set_ber(0.02)
        faulty = net(IMAGES)
        key = handle.reading.tensors["4.weight"].key
        assert [t.bits for t in handle.tensors] == [8, 8]
    assert not torch.equal(faulty, clean)
    quantiser = net[4].weight_fake_quant
    scale = quantiser.scale.view(-1, 1)
    codes = (quantiser(net[4].weight.detach()) / scale).round().to(torch.int8)
    read = ops.inject(codes, SOME.with_ber(0.02), key=key) * scale
    seen = []
    net[4].weight_fake_quant.register_forward_pre_hook(lambda m, a: seen.append(a[0].detach()))
    with eden.approximate(net, Config(NONE, **WEIGHTS)) as handle:
        handle.set_ber(0.02)
        net(IMAGES)
    assert same_bits(seen[-1], read)


def test_gradients_pass_straight_through_the_codes_of_fake_quantisation():
    net = qat(observe=False)
    net(IMAGES).square().sum().backward()
    expected = net[4].weight.grad.clone()
    net.zero_grad()
    with eden.approximate(net, Config(NONE, **WEIGHTS)):
        net(IMAGES).square().sum().backward()
    assert same_bits(net[4].weight.grad, expected)


def refusal_of(net, **changes):
    with pytest.raises(ValueError) as caught:
        eden.attach(net, Config(NONE, **{"stored": "int8", **changes}))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_fake_quantisation_that_cannot_be_read_is_refused_by_name():
    said = refusal_of(qat(), inputs=False)
    assert "1.weight" in said and "disable_observer" in said
    assert "1.input is quantised by itself (Conv2d of torch.ao)" in refusal_of(
        qat(observe=False), weights=False
    )
    said = refusal_of(qat(observe=False), inputs=False, stored="int4")
    assert "codes -128 to 127, stored is 'int4', accepted: 'int8'" in said
    with eden.approximate(qat(), Config(NONE, "fp32", correction="off")):
        pass  # floats are stored as they are
    folded = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    folded.qconfig = quantization.get_default_qat_qconfig("x86")
    folded = quantization.fuse_modules_qat(folded.train(), ["0", "1"])
    folded = quantization.prepare_qat(folded)
    assert "after folding the batch norm" in refusal_of(folded, inputs=False)
    off = qat()
    off.apply(quantization.disable_fake_quant)
    clean = off(IMAGES)
    with eden.approximate(off, Config(NONE, **WEIGHTS)):
        assert not torch.equal(off(IMAGES), clean)  # a plain layer, stored as any


def test_an_observer_enabled_later_is_refused_at_the_read():
    net = qat(observe=False)
    with eden.approximate(net, Config(NONE, **WEIGHTS)):
        net.apply(quantization.enable_observer)
        with pytest.raises(ValueError, match="disable_observer"):
            net(IMAGES)


def test_packed_modules_are_listed_and_a_network_of_them_alone_refused():
    net = quantization.convert(qat(observe=False))
    assert "1.weight is packed by torch.ao; 4.weight is packed" in refusal_of(net)
    both = nn.Sequential(net[4], nn.Linear(3, 2))
    with eden.approximate(both, Config(NONE, **WEIGHTS)) as handle:
        coverage = handle.coverage()
    assert "packed by torch.ao, whose codes cannot be read: 432 B of parameters" in str(coverage)
    assert coverage.uncovered > 0.9


# Look-alikes: the libraries need not be there.


def of_module(monkeypatch, module, name, *bases, **members):
    """A class that says it is another module's."""
    monkeypatch.setitem(sys.modules, module, types.ModuleType(module))
    return type(name, bases, {"__module__": module, **members})


@pytest.mark.parametrize("module", ["brevitas.nn.quant_linear", "torchao.quantization.qat.linear"])
def test_layers_whose_scale_follows_the_weight_are_refused(monkeypatch, module):
    kind = of_module(monkeypatch, module, "QuantLinear", nn.Linear)
    own = type("Mine", (kind,), {})  # and what is made of them
    for layer in (kind(4, 2), own(4, 2)):
        net = nn.Sequential(nn.Linear(4, 4), layer)
        said = refusal_of(net, inputs=False)
        assert said.startswith(f"1.weight is quantised by itself ({type(layer).__name__} of ")
        assert module.partition(".")[0] in said and "exclude it" in said
        assert "exclude='1.input'" in refusal_of(net, weights=False)
        with eden.approximate(net, Config(NONE, exclude="1.*")) as handle:
            assert [t.name for t in handle.tensors] == ["0.weight", "0.input"]
        with eden.approximate(net, Config(NONE, "fp32", correction="off")):
            pass


def test_a_class_that_is_only_named_alike_is_not_taken_for_one(monkeypatch):
    kind = of_module(monkeypatch, "brevitastic.nn", "QuantLinear", nn.Linear)
    with eden.approximate(kind(4, 2), Config(NONE)):
        pass


def coded(monkeypatch, name="Int8Tensor", **members):
    """A tensor that holds int8 codes, as torchao's does."""

    def new(cls, qdata, scale):
        return torch.Tensor._make_wrapper_subclass(cls, qdata.shape, dtype=scale.dtype)

    def init(self, qdata, scale):
        self.qdata, self.scale = qdata, scale

    def dispatch(cls, function, _, args=(), kwargs=None):
        if function is torch.ops.aten.detach.default:
            return kind(args[0].qdata, args[0].scale)

        def plain(x):
            return x.dequantize() if isinstance(x, kind) else x

        return function(*torch.utils._pytree.tree_map(plain, args), **(kwargs or {}))

    kind = of_module(
        monkeypatch, "torchao.quantization", name, torch.Tensor,
        __new__=new, __init__=init, __torch_dispatch__=classmethod(dispatch),
        __tensor_flatten__=lambda self: (["qdata", "scale"], None),
        __tensor_unflatten__=staticmethod(lambda parts, *_: kind(parts["qdata"], parts["scale"])),
        dequantize=lambda self: self.qdata * self.scale, **members,
    )  # fmt: skip
    weight = torch.randn(6, 40)
    scale = weight.abs().amax(1, keepdim=True) / 127
    net = nn.Sequential(nn.Linear(40, 6), nn.Linear(6, 2))
    codes = (weight / scale).round().to(torch.int8)
    net[0].weight = nn.Parameter(kind(codes, scale), requires_grad=False)
    return net, codes, scale


def test_the_int8_data_of_a_tensor_fails_on_its_own_bits(monkeypatch):
    torch.manual_seed(0)
    net, codes, scale = coded(monkeypatch)
    x = torch.randn(5, 40)
    clean = net(x)
    config = Config(NONE, include="0.weight")
    with eden.approximate(net, config) as handle:
        assert same_bits(net(x), clean)
        handle.learn_bounds([x])
        handle.set_ber(0.02)
        faulty = net(x)
        read = ops.inject(codes, SOME.with_ber(0.02), key=handle.reading.tensors["0.weight"].key)
    assert not torch.equal(read, codes) and torch.equal(net[0].weight.qdata, codes)
    assert same_bits(faulty, net[1](nn.functional.linear(x, read * scale, net[0].bias)))
    refused = refusal_of(net, include="0.weight", stored="fp16", correction="off")
    assert "stored is 'fp16', accepted: 'int8'" in refused


def test_other_tensors_and_inputs_quantised_anew_are_refused(monkeypatch):
    net, _, _ = coded(monkeypatch, "Float8Tensor")
    assert "0.weight is quantised by itself (torchao's Float8Tensor)" in refusal_of(net)
    net, _, _ = coded(monkeypatch, act_quant_kwargs={"granularity": "row"})
    with eden.approximate(net, Config(NONE, inputs=False)):
        pass
    assert "torchao quantises it anew for each row" in refusal_of(net, weights=False)


# The libraries themselves, where they are.


def quantised_by_torchao(config_name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torchao = pytest.importorskip(
            "torchao.quantization", reason="torchao is not installed", exc_type=ImportError
        )
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 4)).eval()
        torchao.quantize_(net, getattr(torchao, config_name)())
    return net


@pytest.mark.filterwarnings("ignore")
def test_torchaos_int8_weights_are_read_searched_and_kept():
    net, x = quantised_by_torchao("Int8WeightOnlyConfig"), torch.randn(20, 32)
    with torch.no_grad():
        clean, digest = net(x), digest_of_model(net)
        config = Config(NONE, **WEIGHTS)
        with eden.approximate(net, config) as handle:
            assert same_bits(net(x), clean)
            handle.learn_bounds([x])
            handle.set_ber(0.05)
            assert not torch.equal(net(x), clean)
        assert same_bits(net(x), clean) and digest_of_model(net) == digest
        found = characterize_coarse(
            net,
            lambda m: float((m(x).argmax(1) == clean.argmax(1)).float().mean()),
            config=config,
            target_accuracy=0.5,
            seeds=2,
        )
    assert found.coarse_ber > 0
    assert [t.size_bytes for t in found.tensors] == [512, 64]
    copied = copy.deepcopy(net)
    assert digest_of_model(copied) == digest


@pytest.mark.filterwarnings("ignore")
def test_torchaos_dynamic_inputs_are_refused_and_its_weights_read():
    net, x = quantised_by_torchao("Int8DynamicActivationInt8WeightConfig"), torch.randn(20, 32)
    assert "exclude='0.input'" in refusal_of(net, weights=False)
    with torch.no_grad():
        clean = net(x)
        with eden.approximate(net, Config(NONE, **WEIGHTS)):
            assert same_bits(net(x), clean)


@pytest.mark.filterwarnings("ignore")
def test_brevitas_layers_are_refused():
    brevitas = pytest.importorskip(
        "brevitas.nn", reason="brevitas is not installed", exc_type=ImportError
    )
    net = nn.Sequential(brevitas.QuantConv2d(1, 2, 3), nn.Flatten(), brevitas.QuantLinear(72, 3))
    assert "0.weight is quantised by itself (QuantConv2d of brevitas)" in refusal_of(
        net, inputs=False
    )
