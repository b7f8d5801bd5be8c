import errno
import os

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from eden import errors, nets
from eden.network import (
    Calibration,
    Config,
    TensorCalibration,
    approximate,
    attach,
    calibration_of,
    identity_of,
    keep_calibration,
    load_into,
    save,
)

CALIBRATION = Calibration(
    {"conv1.input": TensorCalibration("input", 784, 1, -0.1, 1 / 3)}, identity="uniform/seed-3"
)


def test_weights_and_calibration_come_back_to_the_bit(tmp_path):
    model, other = nets.lenet(), nets.lenet()
    keep_calibration(model, CALIBRATION)
    save(model, tmp_path / "a.safetensors")
    assert load_into(other, tmp_path / "a.safetensors") == CALIBRATION == calibration_of(other)
    assert all(torch.equal(v, model.state_dict()[k]) for k, v in other.state_dict().items())
    save(other, tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.safetensors", "b.safetensors"]


def test_an_attached_model_saves_its_own_weights(tmp_path):
    model, other = nets.lenet(), nets.lenet()
    handle = attach(model, Config(errors.Uniform(0.1)))
    learned = handle.learn_bounds([torch.randn(2, 1, 28, 28)])
    save(model, tmp_path / "a.safetensors")
    assert load_into(other, tmp_path / "a.safetensors") == learned
    assert torch.equal(other.fc1.weight, model.fc1.weight)


def test_shared_weights_are_written_once(tmp_path):
    def tied():
        model = nn.Sequential(nn.Embedding(100, 50), nn.Linear(50, 100, bias=False))
        model[1].weight = model[0].weight
        return model

    model, other = tied(), tied()
    save(model, tmp_path / "a.safetensors")
    assert (tmp_path / "a.safetensors").stat().st_size < 1.5 * 4 * 5000
    assert load_into(other, tmp_path / "a.safetensors") is None
    assert torch.equal(other[0].weight, model[0].weight) and other[0].weight is other[1].weight


@pytest.mark.parametrize("content", [b"", b"\x80\x02}q\x00.", b"PK\x03\x04" + bytes(100), None])
def test_what_is_not_safetensors_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "weights.safetensors"
    if content is None:
        save(nets.lenet(), path)
        content = path.read_bytes()[:-100]
    path.write_bytes(content)
    with pytest.raises(ValueError, match="not a safetensors file") as caught:
        load_into(nets.lenet(), path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


def test_a_pickle_is_refused(tmp_path):
    torch.save(nets.lenet().state_dict(), tmp_path / "weights.pt")
    with pytest.raises(ValueError, match="not a safetensors file"):
        load_into(nets.lenet(), tmp_path / "weights.pt")
    with pytest.raises(FileNotFoundError, match="no such file"):
        load_into(nets.lenet(), tmp_path / "nowhere.safetensors")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"weight": torch.zeros(3, 2)}, "lacks 'bias'"),
        (
            {"weight": torch.zeros(3, 2), "bias": torch.zeros(3), "more": torch.zeros(1)},
            "has 'more'",
        ),
        (
            {"weight": torch.zeros(2, 3), "bias": torch.zeros(3)},
            r"weight is torch.float32 \[2, 3\]",
        ),
        ({"weight": torch.zeros(3, 2).half(), "bias": torch.zeros(3)}, "weight is torch.float16"),
    ],
)
def test_another_networks_file_is_refused_and_nothing_loaded(tmp_path, state, words):
    save_file(state, tmp_path / "a.safetensors")
    model = nn.Linear(2, 3)
    before = model.weight.detach().clone()
    with pytest.raises(ValueError, match=words):
        load_into(model, tmp_path / "a.safetensors")
    assert torch.equal(model.weight, before) and calibration_of(model) is None


def test_a_full_disk_leaves_the_earlier_file(tmp_path, monkeypatch):
    path = tmp_path / "a.safetensors"
    save(nets.lenet(), path)
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save(nets.lenet(), path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == [path.name]


def test_an_interrupt_leaves_the_earlier_file(tmp_path, monkeypatch):
    path = tmp_path / "new folder" / "a.safetensors"
    save(nets.lenet(), path)
    before = path.read_bytes()

    def interrupt(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save(nets.lenet(), path)
    assert path.read_bytes() == before and [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "facts",
    [
        "[]",
        "3",
        "null",
        "{",
        "[" * 100_000,
        '{"aliases": 3}',
        '{"aliases": {"weight": "nowhere"}}',
        '{"aliases": {"weight": 3}}',
        '{"tensors": 3, "identity": null}',
        '{"tensors": {"weight": {"kind": "weight"}}, "identity": null}',
        '{"tensors": {}}',
    ],
)
def test_metadata_of_another_kind_are_refused_in_one_line_and_nothing_is_loaded(tmp_path, facts):
    path, net = tmp_path / "odd.safetensors", nn.Linear(2, 2)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    save_file({"weight": torch.ones(2, 2), "bias": torch.ones(2)}, path, {"eden": facts})
    with pytest.raises(ValueError, match=r"odd.safetensors: ") as caught:
        load_into(net, path)
    assert "\n" not in str(caught.value)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


INT8 = Config(errors.Uniform(0.0))
ONE, TEN = [torch.randn(2, 1, 28, 28)], [10 * torch.randn(2, 1, 28, 28)]


INPUTS = {"conv1": 784, "conv2": 1176, "fc1": 400, "fc2": 120, "fc3": 84}
CALIBRATED = Calibration(
    {f"{name}.input": TensorCalibration("input", n, 1, -9.0, 9.0) for name, n in INPUTS.items()}
)


def lenet_in_file(path, seed, loader):
    torch.manual_seed(seed)
    model = nets.lenet().eval()
    learned = None
    if loader is not None:
        with approximate(model, INT8) as handle:
            learned = handle.learn_bounds(loader)
    save(model, path)
    return model, learned


@pytest.mark.parametrize("before", [None, ONE])
def test_loading_into_an_attached_network_takes_the_ranges_of_the_file(tmp_path, before):
    path = tmp_path / "a.safetensors"
    other, learned = lenet_in_file(path, 3, TEN)
    model = nets.lenet().eval()
    handle = attach(model, INT8)
    if before is not None:
        handle.learn_bounds(before)
    assert load_into(model, path) == learned == handle.config.calibration == calibration_of(model)
    with torch.no_grad(), approximate(other, INT8):
        assert torch.equal(model(TEN[0]), other(TEN[0]))
    save(model, tmp_path / "b.safetensors")
    assert path.read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    handle.detach()
    assert calibration_of(model) == learned


def test_ranges_of_former_weights_are_forgotten_where_the_file_has_none(tmp_path):
    path = tmp_path / "a.safetensors"
    other, _ = lenet_in_file(path, 3, None)
    model = nets.lenet().eval()
    handle = attach(model, INT8.with_(error=errors.Uniform(0.1)))
    handle.learn_bounds(ONE)
    handle.set_ber(0.01)
    assert load_into(model, path) is None and calibration_of(model) is None
    assert {t.elements for t in handle.tensors if t.kind == "input"} == {0}
    with pytest.raises(ValueError, match=r"conv1\.input is not calibrated.*learn_bounds"):
        model(TEN[0])
    learned = handle.learn_bounds(TEN)
    assert set(handle.ber.values()) == {0.01} and handle.tensors[1].elements == 784
    with approximate(other, INT8) as fresh:
        assert fresh.learn_bounds(TEN) == learned


def test_a_file_of_a_part_leaves_the_rest_uncalibrated(tmp_path):
    model = nets.lenet().eval()
    part = Calibration({"conv1.input": CALIBRATED.tensors["conv1.input"]})
    keep_calibration(model, part)
    save(model, tmp_path / "a.safetensors")
    handle = attach(model, INT8.with_(calibration=CALIBRATED))
    assert load_into(model, tmp_path / "a.safetensors") == part
    with pytest.raises(ValueError, match=r"does not mention conv1\.weight and 8 more"):
        handle.check_calibrated()
    with pytest.raises(ValueError, match=r"conv2\.input is not calibrated"):
        model(ONE[0])


def test_a_file_boosted_for_another_module_is_refused_and_nothing_loaded(tmp_path):
    fixed = INT8.with_(cells="fixed", seed=7)
    path = tmp_path / "a.safetensors"
    boosted = nets.lenet()
    save(boosted, path, calibration=Calibration(CALIBRATED.tensors, identity_of(fixed)))
    for config in (INT8, fixed.with_(seed=8)):
        model = nets.lenet()
        before = model.fc1.weight.detach().clone()
        handle = attach(model, config)
        with pytest.raises(ValueError, match="boosted for the module 'uniform/seed-7"):
            load_into(model, path)
        assert torch.equal(model.fc1.weight, before) and handle.config.calibration is None
    attach(model := nets.lenet(), fixed)
    assert load_into(model, path).identity == identity_of(fixed)
