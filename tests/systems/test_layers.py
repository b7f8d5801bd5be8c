"""Shapes of networks, as systems see them."""

import copy
import pickle

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

import eden
from eden.systems import Layer, layers_of


def shape(layer, *names):
    return tuple(getattr(layer, name) for name in names)


def sizes(layer):
    return shape(layer, "weight_elements", "input_elements", "output_elements", "macs")


def test_a_convolution_by_hand():
    model = nn.Conv2d(4, 8, (3, 5), stride=(1, 2), padding=(1, 0), groups=2)
    (layer,) = layers_of(model, torch.zeros(3, 4, 6, 11))
    assert (layer.name, layer.kind) == ("Conv2d", "conv")
    assert shape(layer, "batch", "in_channels", "in_h", "in_w") == (3, 4, 6, 11)
    assert shape(layer, "kernel_h", "kernel_w", "stride_h", "stride_w") == (3, 5, 1, 2)
    assert shape(layer, "pad_h", "pad_w", "groups", "out_channels") == (1, 0, 2, 8)
    assert shape(layer, "out_h", "out_w", "steps") == (6, 4, 1)
    # 8 filters of 2 channels of 3 x 5; 3 x 8 x 6 x 4 outputs of 30 products each.
    assert sizes(layer) == (240, 3 * 4 * 66, 576, 576 * 30)
    assert shape(layer, "pixels", "depth", "filters") == (3 * 24, 30, 4)
    assert shape(layer, "weight_bytes", "input_bytes", "output_bytes") == (960, 3168, 2304)


@pytest.mark.parametrize(
    "model, x, kind, expected",
    [
        (nn.Conv1d(2, 3, 4), (1, 2, 10), "conv", (24, 20, 21, 21 * 8)),
        (nn.Conv1d(2, 3, 4), (2, 10), "conv", (24, 20, 21, 21 * 8)),  # a single sample
        (nn.Conv2d(4, 8, 3, groups=4), (1, 4, 5, 5), "depthwise", (72, 100, 72, 72 * 9)),
        (nn.Conv2d(1, 2, 3, padding="same", dilation=2), (1, 1, 6, 6), "conv", (18, 36, 72, 648)),
        (nn.Conv2d(1, 2, 3, padding="valid"), (1, 1, 6, 6), "conv", (18, 36, 32, 288)),
        (nn.Linear(6, 4), (5, 6), "linear", (24, 30, 20, 120)),
        (nn.Linear(6, 4), (2, 5, 6), "linear", (24, 60, 40, 240)),
        (nn.Linear(6, 4), (6,), "linear", (24, 6, 4, 24)),
        # Four gates of 3 features, over 2 inputs and 3 states, seven times.
        (nn.LSTM(2, 3), (7, 1, 2), "recurrent", (60, 14, 21, 420)),
        (nn.GRU(2, 3, batch_first=True), (4, 7, 2), "recurrent", (45, 56, 84, 45 * 28)),
        (nn.RNNCell(2, 3), (4, 2), "recurrent", (15, 8, 12, 60)),
    ],
)
def test_sizes_by_hand(model, x, kind, expected):
    (layer,) = layers_of(model, torch.zeros(*x))
    assert layer.kind == kind
    assert sizes(layer) == expected


def test_a_dilated_kernel_reaches_further():
    (layer,) = layers_of(nn.Conv2d(1, 1, 3, dilation=(2, 3)), torch.zeros(1, 1, 9, 9))
    assert shape(layer, "dilation_h", "dilation_w", "out_h", "out_w") == (2, 3, 5, 3)
    (layer,) = layers_of(nn.Conv1d(1, 1, 3, dilation=2), torch.zeros(1, 1, 9))
    assert shape(layer, "dilation_h", "dilation_w") == (1, 2)


def test_steps_of_a_recurrent_layer():
    (layer,) = layers_of(nn.LSTM(2, 3, batch_first=True), torch.zeros(4, 7, 2))
    assert shape(layer, "batch", "steps", "in_channels", "out_channels") == (4, 7, 2, 3)


class Packed(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(2, 3)

    def forward(self, x):
        return self.rnn(pack_sequence([x[0], x[0, :2]]))[1]


def test_a_packed_batch_counts_what_it_holds():
    (layer,) = layers_of(Packed(), torch.zeros(1, 5, 2))
    assert shape(layer, "batch", "steps", "input_elements", "output_elements") == (2, 5, 14, 21)
    assert layer.macs == 45 * 7


class Attends(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x):
        return self.attention(x, x, x)[0]


def test_attention_by_hand():
    (layer,) = layers_of(Attends(), torch.zeros(2, 5, 8))
    assert layer.kind == "attention"
    # Four layers of 8 x 8, and two products of 5 x 5 x 8; queries, keys and values are one map.
    assert sizes(layer) == (256, 80, 80, 2 * (5 * 256 + 2 * 5 * 5 * 8))


class Odd(nn.Module):
    """A layer that no system knows, one whose weights no call shows, and a linear one."""

    def __init__(self):
        super().__init__()
        self.own = nn.ParameterDict({"matrix": torch.zeros(3, 3)})
        self.known = nn.Linear(4, 4)
        self.up = nn.ConvTranspose2d(1, 2, 2)
        self.words = nn.Embedding(100, 4)
        self.gain = nn.Parameter(torch.zeros(4, 2))

    def forward(self, x):
        self.up(x.reshape(1, 1, 2, 2))
        return self.known(x + self.words(torch.tensor([3, 7])).sum(0)) @ self.gain


def test_unknown_layers_are_listed_with_their_bytes():
    found = layers_of(Odd(), torch.zeros(1, 4))
    by_name = {layer.name: layer for layer in found}
    assert [layer.name for layer in found[:3]] == ["up", "words", "known"]
    assert by_name["known"].kind == "linear"
    kinds = {name: layer.kind for name, layer in by_name.items() if name != "known"}
    assert set(kinds.values()) == {"other"}
    assert sizes(by_name["up"]) == (8, 4, 18, 0)
    assert by_name["words"].weight_elements == 8  # the two rows that were looked up
    assert by_name["own.matrix"].weight_elements == 9
    assert sum(layer.weight_elements for layer in found) == 8 + 8 + 16 + 8 + 9


def test_calls_are_listed_in_order_and_a_shared_module_each_time():
    shared = nn.Linear(4, 4)
    model = nn.Sequential(nn.Linear(3, 4), shared, nn.ReLU(), shared)
    assert [layer.name for layer in layers_of(model, torch.zeros(1, 3))] == ["0", "1", "1"]


def test_a_config_says_how_wide_elements_are():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 3))
    config = eden.Config(eden.errors.Uniform(0.0), stored="int4", exclude="2.input")
    first, second = layers_of(model, torch.zeros(1, 1, 4, 4), config)
    assert shape(first, "weight_bits", "input_bits", "output_bits") == (4, 4, 4)
    assert shape(second, "weight_bits", "input_bits", "output_bits") == (4, 32, 32)
    plain = layers_of(model.to(torch.float16), torch.zeros(1, 1, 4, 4, dtype=torch.float16))
    assert {layer.weight_bits for layer in plain} == {16}


def test_what_stays_on_chip_by_the_config_is_marked():
    model, x = nn.Sequential(nn.Linear(64, 10), nn.Linear(10, 10)), torch.randn(4, 64)
    config = eden.Config(eden.errors.Uniform(1e-4), on_chip_bytes=20)
    with eden.approximate(model, config) as handle:
        handle.learn_bounds([x])
        config = handle.config
    first, second = layers_of(model, x, config)
    assert shape(first, "input_on_chip", "output_on_chip") == (False, False)
    assert shape(second, "input_on_chip", "output_on_chip") == (True, True)


def test_the_network_is_left_as_it_was():
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout())
    layers_of(model, torch.zeros(1, 3))
    assert model.training
    assert not model[0]._forward_hooks


@pytest.mark.parametrize(
    "model, sample, said",
    [
        (nn.Linear(3, 4), torch.zeros(0, 3), "sample holds no batch, accepted: a tensor of .*"),
        (nn.Linear(3, 4), {}, "sample holds no batch, .*"),
        (nn.Linear(3, 4), torch.zeros(1, 5), "shapes of Linear cannot be found: it does not .*"),
        (nn.ReLU(), torch.zeros(1, 5), "shapes of ReLU cannot be found: none of its .* called"),
    ],
)
def test_bad_input_is_one_line(model, sample, said):
    with pytest.raises(ValueError, match=f"^{said}$"):
        layers_of(model, sample)


def test_a_layer_is_a_value():
    layer = Layer("fc", "linear", in_channels=2, out_channels=3, weight_elements=6,
                  input_elements=2, output_elements=3, macs=6)  # fmt: skip
    assert copy.deepcopy(layer) == layer == pickle.loads(pickle.dumps(layer))
    kept = layer.on_chip(weight=False, input=True, output=True)
    assert kept != layer
    assert kept.input_on_chip and not layer.input_on_chip
    with pytest.raises(ValueError, match="layer fc: macs is 7, accepted: 6, as its shapes say"):
        Layer("fc", "linear", in_channels=2, out_channels=3, weight_elements=6,
              input_elements=2, output_elements=3, macs=7)  # fmt: skip
    with pytest.raises(ValueError, match="kind is 'pool', accepted: conv, depthwise, linear"):
        Layer("fc", "pool")
