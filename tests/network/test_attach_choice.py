"""Which tensors `attach` takes, and what it refuses."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

import eden
from eden import devices, errors
from eden.mapping import place
from eden.network import Calibration, Config, TensorCalibration, approximate, attach
from eden.tolerance import Tolerances
from eden.tolerance._tolerances import tensors_bearing

NONE = errors.Uniform(0.0)
SOME = errors.Uniform(weak_fraction=0.02)
NATIVE = Config(NONE, stored="fp32", correction="off")


def snapshot(model):
    """All that a model holds, hooks too, by identity."""
    return [
        (type(m), {k: dict(v) if isinstance(v, dict) else v for k, v in vars(m).items()})
        for m in model.modules()
    ]


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        ("conv1.weight", None, ["conv1.weight"]),
        ("conv1", None, ["conv1.weight", "conv1.input"]),
        ("conv*", "*.input", ["conv1.weight", "conv2.weight"]),
        (["re:fc[12].*t"], "fc1", ["fc2.weight", "fc2.input"]),
        (
            lambda name, module: isinstance(module, nn.Conv2d),
            "*.weight",
            ["conv1.input", "conv2.input"],
        ),
        (None, ("fc*", "conv2*"), ["conv1.weight", "conv1.input"]),
    ],
)
def test_include_and_exclude(model, include, exclude, expected):
    handle = attach(model, Config(SOME, include=include, exclude=exclude))
    assert [t.name for t in handle.tensors] == expected
    # What was chosen can be written down, also where a function chose.
    again = Config.from_dict(handle.config.to_dict())
    handle.detach()
    assert [t.name for t in attach(model, again).tensors] == expected


def test_weights_and_inputs_apart(model):
    with approximate(model, Config(SOME, inputs=False)) as handle:
        assert {t.kind for t in handle.tensors} == {"weight"}
    with approximate(model, Config(SOME, weights=False)) as handle:
        assert {t.kind for t in handle.tensors} == {"input"}


@pytest.mark.parametrize(
    ("config", "kind", "words"),
    [
        (
            Config(SOME, include="fc4"),
            ValueError,
            "'fc4' matches no tensor; there are conv1.weight",
        ),
        (Config(SOME, exclude="fc4*"), ValueError, "exclude: 'fc4\\*' matches no tensor"),
        (Config(SOME, include="re:("), ValueError, "not a regular expression"),
        (Config(SOME, weights=False, inputs=False), ValueError, "nothing to store"),
        (Config(SOME, exclude="*"), ValueError, "nothing to store"),
        (SOME, TypeError, "type of config is 'Uniform', accepted: an eden.Config or a placement"),
    ],
)
def test_what_cannot_be_attached_leaves_the_model_alone(model, config, kind, words):
    before = snapshot(model)
    with pytest.raises(kind, match=words):
        attach(model, config)
    assert snapshot(model) == before


def test_an_interrupt_while_attaching_leaves_the_model_alone(model, monkeypatch):
    before = snapshot(model)

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(model.fc2, "register_forward_hook", interrupt)
    with pytest.raises(KeyboardInterrupt):
        attach(model, NATIVE)
    monkeypatch.undo()
    assert snapshot(model) == before


def test_attaching_twice_is_refused(model):
    handle = attach(model, NATIVE)
    with pytest.raises(ValueError, match="attached already"):
        attach(model, NATIVE)
    with pytest.raises(ValueError, match="attached already"):
        attach(nn.Sequential(model), NATIVE)
    handle.detach()
    attach(model, NATIVE)


def test_a_placed_tensor_has_the_cells_of_its_partition(images):
    model = nn.Sequential(nn.Linear(8, 8, bias=False), nn.Linear(8, 8, bias=False))
    entry = {"partition": "bank3", "row_bytes": 1024, "error": errors.Uniform(0.05)}
    placement = SimpleNamespace(
        config=Config(SOME, stored="fp32", inputs=False, correction="off", seed=4),
        entries={
            "0.weight": SimpleNamespace(address=0, **entry),
            "1.weight": SimpleNamespace(address=256, **entry),
        },
    )
    handle = attach(model, placement)
    key = eden.fold_access(eden.fold_in(eden.key(4), "bank3"), 0)
    for layer, address in zip(model, (0, 256), strict=True):
        read = eden.inject(layer.weight, entry["error"], key=key, address=address, row_bytes=1024)
        assert torch.equal(layer(torch.eye(8)), read.T)
    handle.detach()
    del placement.entries["1.weight"]
    with pytest.raises(ValueError, match=r"no place for 1\.weight"):
        attach(model, placement)


def test_a_network_of_a_known_module_is_refused_on_another(model):
    entry = TensorCalibration("input", 784, 1, 0.0, 1.0)
    here = Config(SOME, cells="fixed", seed=7)
    from eden.network import identity_of, keep_calibration

    calibration = Calibration({"conv1.input": entry}, identity_of(here))
    attach(model, here.with_(calibration=calibration)).detach()
    keep_calibration(model, calibration)
    attach(model, here).detach()
    for other in (here.with_(seed=8), here.with_(cells="fresh")):
        with pytest.raises(ValueError, match="boosted for the module 'uniform/seed-7") as caught:
            attach(model, other)
        assert "\n" not in str(caught.value)


def test_batch_norm_does_not_learn_from_faulty_activations():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)).train()
    x = torch.randn(8, 1, 6, 6)
    handle = attach(model, Config(SOME, stored="fp32", correction="off"))
    before = {k: v.clone() for k, v in model[1].state_dict().items()}
    model(x).sum().backward()
    assert model[1].training and model[1].weight.grad is not None
    assert all(torch.equal(v, before[k]) for k, v in model[1].state_dict().items())
    with handle.clean():
        model(x)
    assert not torch.equal(model[1].running_mean, before["running_mean"])


def test_what_is_known_of_a_network_of_other_sizes_is_refused():
    def network(width):
        return nn.Sequential(nn.Linear(8, width), nn.ReLU(), nn.Linear(width, 4))

    x, config = torch.randn(5, 8), Config(errors.Uniform(1e-3), stored="int8")
    wide, narrow = network(32), network(16)
    with approximate(wide, config) as handle:
        known = config.with_(calibration=handle.learn_bounds([x]))
        tensors = tensors_bearing(1e-2, handle.tensors)
    said = r"^elements of 0.weight is 128, accepted: 256: the calibration or placement is another"
    with pytest.raises(ValueError, match=said):
        attach(narrow, known)
    found = Tolerances(known, "coarse", 0.5, 0.9, 1e-2, tensors)
    placement = place(found, devices.load("ddr3l-1600-b10"), method="coarse")
    with pytest.raises(ValueError, match=said):
        attach(narrow, placement)
    # One that a model carries is of the model as it was.
    wide[0], wide[2] = nn.Linear(8, 16), nn.Linear(16, 4)
    handle = attach(wide, config)
    with pytest.raises(ValueError, match=r"0.input is not calibrated"):
        wide(x)
    assert handle.learn_bounds([x]).tensors["0.weight"].elements == 128
    assert wide(x).shape == (5, 4)
