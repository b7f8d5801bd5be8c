"""Networks that others have quantised or exported, and what modules keep in their state dicts."""

import copy
import io

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import return_and_correct_aliasing

import eden
from eden import errors
from eden.network import Config, attach, digest_of_model, load_into, save

SOME = errors.Uniform(0.01)
# Torch means to leave these to torchao some day.
pytestmark = [
    pytest.mark.filterwarnings(f"ignore:.*{said}")
    for said in ("torch.quantize_per", "torch.ao", "torch.jit.trace")
]


class Packed(torch.Tensor):
    """As torchao's: codes and a scale that pass for float32, and know few operations."""

    @staticmethod
    def __new__(cls, codes, scale, kind="int8"):
        return torch.Tensor._make_wrapper_subclass(cls, codes.shape, dtype=torch.float32)

    def __init__(self, codes, scale, kind="int8"):
        self.codes, self.scale, self.kind = codes, scale, kind

    def __tensor_flatten__(self):
        return ["codes", "scale"], [self.kind]

    @classmethod
    def __tensor_unflatten__(cls, inner, kind, size, stride):
        return cls(inner["codes"], inner["scale"], *kind)

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        if func in (torch.ops.aten.detach.default, torch.ops.aten._to_copy.default):
            x = args[0]
            return return_and_correct_aliasing(
                func, args, kwargs or {}, cls(x.codes, x.scale, x.kind)
            )
        if func is torch.ops.aten.t.default:
            return (args[0].codes * args[0].scale).t()
        raise NotImplementedError(f"Packed dispatch: unimplemented\n{func}")


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 4)).eval()


def packed(kind="int8", scale=0.01):
    model = network()
    codes = torch.arange(64, dtype=torch.int8).view(8, 8)
    weight = Packed(codes, torch.tensor(scale), kind)
    model[0].weight = nn.Parameter(weight, requires_grad=False)
    return model


IMAGES = torch.randn(5, 8, generator=torch.Generator().manual_seed(0))


def test_a_quantised_weight_is_refused_by_name_before_anything_is_touched():
    model = packed()
    message = "type of 0.weight is 'Packed', accepted: a plain parameter; attach the network as it"
    with pytest.raises(ValueError, match=message) as caught:
        attach(model, Config(SOME))
    assert "\n" not in str(caught.value)
    handle = attach(model, Config(SOME, exclude="0.weight"))
    with pytest.raises(NotImplementedError):  # what it does itself is its own affair
        model[0].weight.nan_to_num()
    assert "0.weight" not in handle.ber


def test_the_rest_of_such_a_network_is_read_and_told_apart():
    model = packed()
    with eden.approximate(model, Config(SOME, include=("2.weight", "0.input"))) as handle:
        handle.learn_bounds([IMAGES])
        handle.set_ber(0.05)
        assert not torch.equal(model[2](IMAGES), network()[2](IMAGES))
    same, other, kind = packed(), packed(scale=0.02), packed("fp8")
    assert digest_of_model(same) == digest_of_model(model)
    assert len({digest_of_model(m) for m in (model, other, kind)}) == 3


def test_a_file_refuses_it_by_name(tmp_path):
    with pytest.raises(
        ValueError, match=r"type of 0\.weight is 'Packed', accepted: a plain tensor"
    ):
        save(packed(), tmp_path / "x.safetensors")


def dynamically_quantised():
    return torch.ao.quantization.quantize_dynamic(network(), {nn.Linear}, dtype=torch.qint8)


class WithExtra(nn.Linear):
    extra: object = None

    def get_extra_state(self):
        return self.extra

    def set_extra_state(self, state):
        self.extra = state


def quantised(step):
    return torch.quantize_per_tensor(torch.eye(3), step, 0, torch.qint8)


def by_channel():
    return torch.quantize_per_channel(torch.eye(3), torch.ones(3), torch.zeros(3), 0, torch.qint8)


EXTRAS = [
    None,
    {"steps": 3, "ranges": [torch.ones(2), (1.5, "a")], "dtype": torch.int8},
    {"steps": 4, "ranges": [torch.ones(2), (1.5, "a")], "dtype": torch.int8},
    {"steps": 3, "ranges": [torch.zeros(2), (1.5, "a")], "dtype": torch.int8},
    io.BytesIO(b"packed"),
    io.BytesIO(b"other"),
    torch.eye(3).to_sparse(),
]


def with_extra(state):
    torch.manual_seed(0)
    model = nn.Sequential(WithExtra(8, 8), nn.Linear(8, 4)).eval()
    model[0].extra = state
    return model


def test_all_that_a_state_dict_may_hold_tells_networks_apart():
    def digests():
        states = [*EXTRAS, quantised(0.1), quantised(0.2), by_channel()]
        return [digest_of_model(with_extra(state)) for state in states]

    found = digests()
    assert len(set(found)) == len(found) and digests() == found


@pytest.mark.parametrize("state", EXTRAS[:3] + EXTRAS[4:5], ids=lambda v: type(v).__name__)
def test_the_coarse_search_takes_them(state, tmp_path):
    model = with_extra(state)

    def evaluate(model):
        return float((model(IMAGES).argmax(1) == 1).float().mean())

    config = Config(SOME, inputs=False)
    found = eden.characterize_coarse(
        model, evaluate, config=config, target_accuracy=0.0, seeds=2, folder=tmp_path
    )
    assert found.tensors


def test_a_network_without_plain_modules_says_what_it_was_made_into():
    with pytest.raises(
        ValueError, match=r"no modules with weights \(the network is quantised .Lin"
    ):
        attach(dynamically_quantised(), Config(SOME))
    scripted = torch.jit.trace(network(), IMAGES)
    with pytest.raises(
        ValueError, match=r"^attach: the network is scripted or traced by torch\.jit, and"
    ):
        attach(scripted, Config(SOME))
    with pytest.raises(ValueError, match=r"^attach: 0 is scripted"):
        attach(nn.Sequential(scripted, nn.Linear(4, 4)), Config(SOME))
    exported = torch.export.export(network(), (IMAGES,)).module()
    with pytest.raises(ValueError, match=r"the network is exported or traced by torch\.fx: attach"):
        attach(exported, Config(SOME))
    with pytest.raises(ValueError, match="there are no modules with weights, and weights=True"):
        attach(nn.Sequential(nn.ReLU()), Config(SOME))


def test_quantised_parts_of_a_network_stand_in_no_search_s_way(tmp_path):
    model = nn.Sequential(dynamically_quantised(), nn.Linear(4, 3)).eval()
    same = nn.Sequential(dynamically_quantised(), copy.deepcopy(model[1])).eval()
    assert digest_of_model(model) == digest_of_model(same)
    found = eden.characterize_coarse(
        model,
        lambda network: 1.0 + 0 * float(network(IMAGES).detach().sum()),
        config=Config(SOME, inputs=False),
        target_accuracy=0.5,
        seeds=2,
    )
    assert [tensor.name for tensor in found.tensors] == ["1.weight"]
    with pytest.raises(ValueError, match="is 'dtype', accepted: a plain tensor"):
        save(model, tmp_path / "x.safetensors")


def test_a_file_of_another_state_is_refused(tmp_path):
    save(network(), tmp_path / "x.safetensors")
    with pytest.raises(ValueError, match="is of another network: it lacks"):
        load_into(with_extra({"a": 1}), tmp_path / "x.safetensors")
