"""Scales, bounds and rates of the tensors of an attached network."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import eden
from eden import errors
from eden.data import batches
from eden.network import Config, approximate, attach

NONE = errors.Uniform(0.0)
NATIVE = Config(NONE, stored="fp32", correction="off")


def test_a_loader_of_nothing_is_refused(model):
    handle = attach(model, NATIVE)
    with pytest.raises(ValueError, match="no batch"):
        handle.learn_bounds([])


def test_bounds_are_streaming_and_ignore_what_is_not_finite():
    layer = nn.Linear(4, 1)
    x = torch.tensor([[1.0, -2.0, float("inf"), float("nan")], [3.0, 0.0, 1.0, -float("inf")]])
    handle = attach(layer, Config(NONE, stored="int8"))
    calibration = handle.learn_bounds(batches(x, torch.zeros(2), 1))
    assert calibration.tensors["input"].bounds == (-2.0, 3.0)
    assert handle.config.calibration is calibration


@pytest.mark.parametrize("stored", ["int16", "int8", "int4", "fp32", "fp16", "bf16"])
def test_what_a_clean_value_reads_as_is_plausible(stored):
    # The extremes are rounded as all are, often outward; correction must not take them away.
    layer = nn.Linear(500, 1, bias=False)
    x = torch.rand(1, 500) - 0.3
    config = Config(NONE, stored=stored)
    with torch.no_grad(), approximate(layer, config) as handle:
        handle.learn_bounds([x])
        read = [layer._forward_pre_hooks, handle.model(x)]
        off = attach_off(layer, x, handle, config)
    assert torch.equal(read[1], off)


def attach_off(layer, x, handle, config):
    handle.detach()
    with approximate(layer, config.with_(correction="off")) as plain:
        plain.learn_bounds([x])
        return layer(x)


def test_weights_that_are_not_finite_are_the_networks_own():
    layer = nn.Linear(3, 2, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, -0.5, 0.25], [float("inf"), float("nan"), 0.5]]))
    for stored in ("fp32", "int8"):  # where they would be taken for errors, or have no codes
        with pytest.raises(ValueError, match=r"a value of weight is (nan|inf), accepted: finite"):
            attach(layer, Config(NONE, stored=stored, inputs=False))
    attach(layer, Config(NONE, stored="fp32", correction="off", inputs=False))
    with torch.no_grad():
        assert torch.equal(layer(torch.eye(3))[:, 0], layer.weight[0])
        assert layer(torch.eye(3))[:, 1].isnan().all()


def test_inputs_but_the_first_can_be_given_less_range(model, images):
    handle = attach(model, Config(NONE))
    with pytest.raises(ValueError, match="learn_bounds first"):
        handle.narrow_inputs(0.5)
    whole = handle.learn_bounds([images]).tensors
    handle.narrow_inputs(0.5)
    half = handle.narrow_inputs(0.25).tensors
    assert half["conv1.input"] == whole["conv1.input"] and half["fc1.weight"] == whole["fc1.weight"]
    assert half["fc1.input"].hi == 0.25 * whole["fc1.input"].hi
    assert handle.learn_bounds([images]).input_range == 1.0
    with pytest.raises(ValueError, match="share is 0, accepted"):
        handle.narrow_inputs(0)


@pytest.mark.parametrize("kind", ["bitline", "wordline", "data-dependent"])
def test_set_ber_is_the_mean_over_the_cells_that_the_tensor_covers(kind):
    layer = nn.Linear(512, 256, bias=False)  # 128 KiB as int8: 16 rows
    weak = torch.linspace(0, 1, 65536 if kind == "bitline" else 64, dtype=torch.float64) ** 4 / 50
    error = {
        "bitline": lambda: errors.Bitline(weak.numpy(), 0.5),
        "wordline": lambda: errors.Wordline(weak.flip(0).numpy(), 0.5),
        "data-dependent": lambda: errors.DataDependent(0.01, 0.9, 0.1),
    }[kind]()
    config = Config(error, stored="int8", inputs=False, correction="off")
    with approximate(layer, config.with_(error=error.with_ber(0.0))), torch.no_grad():
        stored = layer(torch.eye(512)).T  # as quantised, no errors
    flips = torch.zeros((), dtype=torch.int64)
    with approximate(layer, config) as handle, torch.no_grad():
        handle.set_ber(2e-3)
        for seed in range(10):
            handle.reseed(seed)
            read = layer(torch.eye(512)).T
            scale = eden.access.ops.scale_of(layer.weight, "int8")
            flips += eden.count_flips(stored, read, stored="int8", scale=scale).sum()
    bits = 10 * layer.weight.numel() * 8
    # Five standard deviations of a binomial, and ones and zeros are not quite as many.
    assert abs(flips.item() / bits - 2e-3) < 5 * (2e-3 / bits) ** 0.5 + 1e-4


@pytest.mark.parametrize("rate_first", [True, False])
def test_a_rate_is_that_of_the_cells_whenever_sizes_are_learned(rate_first):
    # The first 3,200 of 65,536 bitlines fail 40 times as seldom as all of them.
    error = errors.Bitline(np.linspace(0.0, 2e-3, 65536))
    model, x = nn.Linear(400, 4), torch.randn(8, 400)
    config = Config(error, weights=False, stored="int8")
    wrong = 0
    with approximate(model, config) as handle, torch.no_grad():
        for step in (handle.set_ber, handle.learn_bounds)[:: 1 if rate_first else -1]:
            step(1e-2 if step == handle.set_ber else [x])
        assert handle.ber == {"input": 1e-2}
        for seed in range(30):
            handle.reseed(seed)
            with handle.record_faults():
                model(x)
            wrong += len(handle.faults())
    # 768,000 bits, of which eight copies share their cells: the deviation is 250.
    assert wrong == pytest.approx(7680, abs=1000)


def test_a_rate_that_the_cells_do_not_reach_leaves_all_as_it_was():
    model = nn.Linear(400, 4)
    few = np.zeros(65536)
    few[3200:] = 0.5
    with approximate(model, Config(errors.Bitline(few), weights=False)) as handle:
        handle.set_ber(1e-2)
        with pytest.raises(ValueError, match="input: ber"):
            handle.learn_bounds([torch.randn(2, 400)])
        assert handle.tensors[0].elements == 0 and handle.config.calibration is None


def test_sizes_are_those_of_the_last_pass():
    model = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.Conv2d(2, 2, 3, padding=1))
    config = Config(NONE)

    def learned(handle, side):
        entries = handle.learn_bounds([torch.randn(1, 1, side, side)]).tensors
        return [(entries[n].elements, entries[n].output_elements) for n in ("0.input", "2.input")]

    with approximate(model, config) as handle:
        for side in (64, 8):
            assert learned(handle, side) == [(side**2, 2 * side**2), (2 * side**2,) * 2]
    with approximate(model, config) as handle:
        assert learned(handle, 4) == [(16, 32), (32, 32)]


class Backwards(nn.Module):
    """Its last module is its first member."""

    def __init__(self):
        super().__init__()
        self.head, self.body = nn.Linear(4, 2), nn.Linear(8, 4)

    def forward(self, x):
        return self.head(self.body(x))


@pytest.mark.parametrize("exclude", [[], ["body.input"]])
def test_hidden_inputs_are_narrowed_and_data_is_not(exclude):
    model = Backwards()
    with approximate(model, Config(NONE, exclude=exclude)) as handle:
        before = handle.learn_bounds([torch.randn(20, 8)]).tensors
        after = handle.narrow_inputs(0.5).tensors
    assert after["head.input"].hi == before["head.input"].hi / 2
    if not exclude:
        assert before["body.input"].network_input
        assert after["body.input"] == before["body.input"]


def test_of_a_file_that_does_not_know_data_the_first_input_is_it():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    with approximate(model, Config(NONE)) as handle:
        known = handle.learn_bounds([torch.randn(20, 4)])
        old = {
            name: replace(entry, output_elements=None, network_input=False)
            for name, entry in known.tensors.items()
        }
        handle.use(replace(known, tensors=old))
        after = handle.narrow_inputs(0.5).tensors
    assert after["0.input"] == old["0.input"]
    assert after["1.input"].hi == old["1.input"].hi / 2
