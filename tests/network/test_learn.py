"""Scales, bounds and rates of the tensors of an attached network."""

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
