import copy
import pickle

import pytest
import torch
from torch import nn

import eden
from eden import errors, nets
from eden.network import Config, approximate, attach, attached

NONE = errors.Uniform(0.0)
SOME = errors.Uniform(weak_fraction=0.02)
NATIVE = Config(NONE, stored="fp32", correction="off")


def loader(images):
    return [(images, torch.zeros(len(images)))]


def snapshot(model):
    """All that a model holds, hooks too, by identity."""
    return [
        (type(m), {k: dict(v) if isinstance(v, dict) else v for k, v in vars(m).items()})
        for m in model.modules()
    ]


def test_the_tensors_are_named_and_measured(model, images):
    handle = attach(model, Config(NONE, stored="int4"))
    assert [t.name for t in handle.tensors][:4] == [
        "conv1.weight",
        "conv1.input",
        "conv2.weight",
        "conv2.input",
    ]
    before = {t.name: t for t in handle.tensors}
    assert before["conv1.weight"].elements == 150 and before["conv1.input"].elements == 0
    handle.learn_bounds(loader(images))
    after = {t.name: t for t in handle.tensors}
    assert after["conv1.input"].elements == 28 * 28 and after["fc3.input"].size_bytes == 84 // 2
    assert {t.kind for t in handle.tensors} == {"weight", "input"}
    assert {t.reads for t in handle.tensors} == {1} and {t.bits for t in handle.tensors} == {4}


@pytest.mark.parametrize("without", ["weights", "inputs"])
def test_a_call_for_shapes_alone_leaves_the_attachment_as_it_was(model, images, without):
    config = Config(SOME, stored="fp32", correction="off", **{without: False})

    def read_after(calls):
        with approximate(model, config):
            for _ in range(calls):
                shapes = {name: p.to("meta") for name, p in model.named_parameters()}
                made = torch.func.functional_call(model, shapes, images.to("meta"))
                assert made.is_meta and made.shape == (6, 10)
            return model(images).view(torch.int32)  # there may be NaN

    assert torch.equal(read_after(calls=2), read_after(calls=0))


def test_without_errors_in_the_native_format_nothing_changes_to_the_bit(model, images):
    expected = model(images)
    handle = attach(model, NATIVE)
    assert torch.equal(model(images), expected)
    handle.detach()
    assert torch.equal(model(images), expected)


def test_errors_in_the_weights_are_those_of_inject(model, images):
    config = Config(SOME, stored="fp32", inputs=False, include="fc3", correction="off", seed=5)
    own = eden.fold_access(eden.fold_in(eden.key(5), "fc3.weight"), 0)
    clean = copy.deepcopy(model)
    with torch.no_grad():
        clean.fc3.weight.copy_(eden.inject(model.fc3.weight, SOME, key=own))
    attach(model, config)
    assert torch.equal(model(images), clean(images))


def test_errors_in_an_input_meet_every_sample_at_the_same_cells(images):
    layer = nn.Conv2d(1, 1, 1, bias=False)
    nn.init.ones_(layer.weight)
    model = nn.Sequential(layer)
    handle = attach(model, Config(SOME, stored="int8", weights=False, seed=2, correction="off"))
    handle.learn_bounds([images])
    scale = images.abs().max() / 127
    key = eden.fold_access(eden.fold_in(eden.key(2), "0.input"), 0)
    expected = eden.inject(images, SOME, key=key, stored="int8", scale=scale, copies=6)
    assert torch.equal(model(images), expected)
    # F is 1, so the same cells fail in every sample, and again at the next read.
    same = images[:1].expand(6, -1, -1, -1)
    read = model(same)
    assert (read == read[:1]).all() and not torch.equal(read, same)


def test_reads_fail_apart_and_a_seed_brings_them_back(model, images):
    config = Config(errors.Uniform(0.02, 0.5), stored="int8", include="fc*")
    handle = attach(model, config)
    handle.learn_bounds(loader(images))
    first, second = model(images), model(images)
    assert not torch.equal(first, second)
    handle.step()
    third = model(images)
    handle.reseed(0)
    assert torch.equal(model(images), first) and torch.equal(model(images), second)
    handle.step()
    assert torch.equal(model(images), third)
    handle.reseed(1)
    assert not torch.equal(model(images), first)


@pytest.mark.parametrize("cells", ["fresh", "fixed"])
@pytest.mark.parametrize("name", ["seed", "steps"])
@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (-1, ValueError),
        (2**63, ValueError),
        (2**70, ValueError),
        ("x", TypeError),
        (1.5, TypeError),
    ],
)
def test_a_draw_that_is_none_is_refused_and_changes_nothing(
    model, images, name, value, kind, cells
):
    handle = attach(model, Config(SOME, stored="fp32", correction="off", cells=cells))
    handle.reseed(3, steps=2)
    expected, draw = model(images).view(torch.int32), {"seed": 5, "steps": 1, name: value}
    handle.reseed(3, steps=2)
    calls = [lambda: handle.reseed(draw["seed"], steps=draw["steps"])]
    if name == "seed":
        calls.append(lambda: handle.count_weak("fc1.weight", 0.1, value))
    for call in calls:
        with pytest.raises(kind, match=rf"^{name} is {value!r}, accepted: an integer from 0 to"):
            call()
    assert handle.draw == (3, 2)
    assert torch.equal(model(images).view(torch.int32), expected)  # there may be NaN


def test_a_default_device_is_not_the_network_s(model, images):
    batches = loader(images)

    def everything():
        with approximate(model, Config(errors.Uniform(0.02, 0.5))) as handle:
            handle.learn_bounds(batches)
            handle.step()
            handle.set_ber(1e-3)
            return model(images), handle.count_weak("fc1.weight", 1e-3, 4)

    expected, weak = everything()
    with torch.device("meta"):
        found, found_weak = everything()
    assert torch.equal(found, expected) and found_weak == weak


@pytest.mark.filterwarnings("ignore:.*torch.jit.trace", "ignore::torch.jit.TracerWarning")
def test_a_trace_is_made_without_gradients(model, images):
    with approximate(model, Config(SOME, stored="fp32", correction="off")) as handle:
        with pytest.raises(ValueError, match=r"^torch\.jit\.trace records no gradient of a read"):
            torch.jit.trace(model, images)
        with torch.no_grad():
            traced = torch.jit.trace(model, images, check_trace=False)
            handle.reseed(0)
            found = traced(images)
            handle.reseed(0)
            torch.testing.assert_close(found, model(images), equal_nan=True)


def test_fixed_cells_stay_while_accesses_vary(images):
    layer = nn.Linear(8, 8, bias=False)
    reads = {}
    for cells in ("fresh", "fixed"):
        config = Config(
            errors.Uniform(0.1, 0.5), "fp32", inputs=False, correction="off", cells=cells
        )
        with approximate(layer, config) as handle:
            seen = []
            for seed in range(40):
                handle.reseed(seed)
                seen.append((layer(torch.eye(8)) != layer.weight.T).detach())
            reads[cells] = torch.stack(seen).float().mean(dim=0)
    # Fixed: an element has a weak cell or never fails; fresh: every element fails now and then.
    assert (reads["fixed"] == 0).any() and (reads["fixed"] > 0.3).any()
    assert (reads["fresh"] > 0).all()


def test_set_ber_is_by_tensor_too_and_all_or_nothing(model, images):
    handle = attach(model, Config(errors.Uniform(0.1, 0.5), stored="fp32", correction="off"))
    handle.set_ber(1e-3)
    assert set(handle.ber.values()) == {1e-3}
    handle.set_ber({"fc1.weight": 0.0, "fc2.input": 0.25})
    assert handle.ber["fc1.weight"] == 0 and handle.ber["fc2.input"] == 0.25
    handle.set_ber(torch.tensor(0.25))
    assert {type(ber) for ber in handle.ber.values()} == {float}
    before = handle.ber
    for wrong in (
        {"fc1.weight": 0.1, "fc9.weight": 0.1},
        {"fc1.weight": 0.1, "fc3.input": 0.7},
        1.5,
        float("nan"),
    ):
        with pytest.raises(ValueError):
            handle.set_ber(wrong)
        assert handle.ber == before
    handle.set_ber(0)
    clean = copy.deepcopy(model)
    attached(clean).detach()
    assert torch.equal(model(images), clean(images))


def test_inside_clean_everything_is_reliable(model, images):
    expected = model(images)
    handle = attach(model, Config(SOME))
    with handle.clean():
        assert torch.equal(model(images), expected)
    with pytest.raises(ValueError, match=r"conv1.input is not calibrated.*learn_bounds"):
        model(images)
    handle.learn_bounds(loader(images))
    assert not torch.equal(model(images), expected)


@pytest.mark.parametrize("ending", ["detach", "exception", "error in the model"])
def test_afterwards_the_model_is_as_before(model, images, ending):
    before = snapshot(model)
    keys = list(model.state_dict())
    if ending == "detach":
        handle = attach(model, Config(SOME, stored="fp32", correction="off"))
        model(images).sum().backward()
        assert list(model.state_dict()) == keys
        handle.detach()
        model.zero_grad(set_to_none=True)
    elif ending == "exception":
        with pytest.raises(KeyError), approximate(model, Config(SOME)):
            raise KeyError
    else:
        with (
            pytest.raises(RuntimeError),
            approximate(model, Config(SOME, stored="fp32", correction="off")),
        ):
            model(images[:, :, :20])
    assert snapshot(model) == before


def test_after_detach_nothing_can_be_changed(model, images):
    handle = attach(model, Config(SOME))
    handle.learn_bounds(loader(images))
    handle.detach()
    handle.detach()  # a second time is no harm
    for name, change in {
        "step": handle.step,
        "reseed": lambda: handle.reseed(1),
        "set_ber": lambda: handle.set_ber(0.1),
        "learn_bounds": lambda: handle.learn_bounds(loader(images)),
        "narrow_inputs": lambda: handle.narrow_inputs(0.5),
    }.items():
        with pytest.raises(ValueError, match=f"{name}: the attachment is detached; attach"):
            change()
    assert handle.config.calibration is not None and len(handle.tensors) == 10


def test_an_exception_in_a_module_leaves_its_parameters_in_sight(model):
    attach(model, NATIVE)
    with pytest.raises(RuntimeError):
        model.fc3(torch.zeros(2, 3))
    assert isinstance(model.fc3.weight, nn.Parameter) and "weight" not in vars(model.fc3)


def test_an_interrupt_is_mended_by_the_next_call_or_by_detach(model, images):
    def interrupt(module, args):
        raise KeyboardInterrupt

    handle = attach(model, Config(SOME, stored="fp32", correction="off"))
    stop = model.fc3.register_forward_pre_hook(interrupt)
    with pytest.raises(KeyboardInterrupt):
        model(images)
    stop.remove()
    assert "weight" in vars(model.fc3)
    state = model.state_dict()["fc3.weight"]
    assert state.data_ptr() == model.fc3._parameters["weight"].data_ptr()
    handle.detach()
    assert "weight" not in vars(model.fc3)


def test_gradients_reach_the_parameters(model, images):
    handle = attach(model, Config(SOME, stored="int8"))
    handle.learn_bounds(loader(images))
    model.train()
    model(images).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_the_state_dict_saves_and_loads_while_attached(model, images, tmp_path):
    attach(model, NATIVE)
    torch.save(model.state_dict(), tmp_path / "state.pt")
    other = nets.lenet().eval()
    other.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert torch.equal(other(images), model(images))
    model.load_state_dict(other.state_dict())


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_of_an_attached_model_is_attached_to_itself(model, images, duplicate):
    handle = attach(model, Config(SOME))
    handle.learn_bounds(loader(images))
    twin = duplicate(model)
    own = attached(twin)
    assert own is not handle and own.model is twin
    handle.reseed(3), own.reseed(3)
    assert torch.equal(twin(images), model(images))
    with torch.no_grad():
        twin.fc3.weight.zero_()
        twin.fc3.bias.zero_()
    handle.reseed(3), own.reseed(3)
    assert not twin(images).any() and model(images).any()
    own.set_ber(0.1)
    assert handle.ber["fc1.input"] == 0.02
    own.detach()
    assert attached(twin) is None and not twin.conv1._forward_pre_hooks
    assert attached(model) is handle and model.conv1._forward_pre_hooks
