"""Steps of stored weights: one for each channel, or one for a tensor."""

import pytest
import torch
from law import same_bits
from torch import nn

import eden
from eden import errors
from eden.access import ops, rng
from eden.network import find_targets

NONE = errors.Uniform(0.0)


class Kinds(nn.Module):
    """A weight of every kind."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(11, 6)
        self.conv = nn.Conv1d(6, 8, 3, groups=2)
        self.up = nn.ConvTranspose1d(8, 5, 2)
        self.rnn = nn.GRU(5, 4, batch_first=True)
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.norm = nn.LayerNorm(4)
        self.narrow = nn.Linear(4, 1)
        self.last = nn.Linear(1, 3)

    def forward(self, tokens):
        x = self.up(self.conv(self.embedding(tokens).mT)).mT
        x = self.attention(*3 * [self.rnn(x)[0]])[0]
        return self.last(self.narrow(self.norm(x)))


def uneven(model):
    """Channels of very different sizes, and one of zeros."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(
                    10.0
                    ** torch.arange(-len(parameter), 0)[(...,) + (None,) * (parameter.ndim - 1)]
                )
                if len(parameter) > 2:
                    parameter[1] = 0
    return model


def read_weights(model, tokens):
    """What each stored weight was read as in a call, by name."""
    seen, handles = {}, []
    for target in find_targets(model):

        def note(module, args, kwargs, target=target):
            for owner, attribute, name in target.weights:
                seen[name] = getattr(owner, attribute).detach().clone()

        handles.append(target.module.register_forward_pre_hook(note, with_kwargs=True))
    model(tokens)
    for handle in handles:
        handle.remove()
    return seen


@pytest.mark.parametrize("stored", ["int16", "int8", "int4"])
@pytest.mark.parametrize("scale", ["channel", "tensor"])
def test_each_channel_of_every_kind_of_weight_is_read_with_its_own_step(stored, scale):
    torch.manual_seed(0)
    model, tokens = uneven(Kinds()), torch.randint(11, (2, 9))
    config = eden.Config(NONE, stored, inputs=False, scale=scale)
    clean = {n: p.detach().clone() for n, p in model.named_parameters() if p.ndim > 1}
    with eden.approximate(model, config):
        seen = read_weights(model, tokens)
    assert seen.keys() == clean.keys()
    for name, weight in clean.items():
        rows = len(weight) if scale == "channel" and weight.numel() > len(weight) else 1
        runs = weight.reshape(rows, -1)
        step = torch.stack([ops.scale_of(run, stored) for run in runs])
        read = ops.inject(runs, NONE, key=rng.key(0), stored=stored, scale=step)
        assert same_bits(seen[name], read.view_as(weight)), name
        if scale == "channel":
            top = 2 ** (ops.formats.get(stored).bits - 1) - 1
            worst = (read - runs).abs().amax(1) / runs.abs().amax(1).clamp_min(1e-30)
            assert worst.max() <= 0.5 / top + 1e-6


def test_channels_is_the_default_of_weights_and_the_other_formats_know_none():
    torch.manual_seed(0)
    model, tokens = uneven(Kinds()), torch.randint(11, (2, 9))
    outputs = {}
    for stored, scale in (
        ("int8", None),
        ("int8", "channel"),
        ("int8", "tensor"),
        ("fp16", "channel"),
        ("fp16", "tensor"),
    ):
        options = {} if scale is None else {"scale": scale}
        with eden.approximate(
            model, eden.Config(errors.Uniform(0.01), stored, inputs=False, **options)
        ):
            outputs[stored, scale] = model(tokens)
    assert same_bits(outputs["int8", None], outputs["int8", "channel"])
    assert not torch.equal(outputs["int8", "channel"], outputs["int8", "tensor"])
    assert same_bits(outputs["fp16", "channel"], outputs["fp16", "tensor"])


@pytest.mark.parametrize("correction", ["off", "zero", "saturate"])
def test_errors_fall_on_the_codes_of_the_channels(correction):
    torch.manual_seed(0)
    model = uneven(nn.Sequential(nn.Linear(50, 7)))
    weight, error = model[0].weight.detach(), errors.Uniform(0.05)
    bounds, scale = ops.weight_range(weight, "int8", 7)
    with eden.approximate(model, eden.Config(error, inputs=False, correction=correction)) as handle:
        read = read_weights(model, torch.eye(50))["0.weight"]
        key = handle.reading.tensors["0.weight"].key
    options = {} if correction == "off" else {"bounds": bounds, "correction": correction}
    expected = ops.inject(weight, error, key=key, stored="int8", scale=scale, **options)
    assert same_bits(read, expected) and not torch.equal(read, weight)
    assert (read / scale[:, None]).abs().max() <= 128


@pytest.mark.filterwarnings("ignore:Initializing zero-element")
def test_a_shared_an_empty_and_a_single_weight():
    model = nn.Module()
    model.first, model.second = nn.Linear(4, 4), nn.Linear(4, 4)
    model.second.weight = model.first.weight
    model.empty, model.extra = nn.Linear(0, 3), nn.Parameter(torch.randn(7))
    model.forward = lambda x: (
        model.second(model.first(x)) + model.empty(x[:, :0]).sum() + model.extra.sum()
    )
    config = eden.Config(NONE, inputs=False, parameters="extra")
    with eden.approximate(model, config) as handle:
        y = model(torch.ones(2, 4))
        assert [t.name for t in handle.tensors] == ["extra", "first.weight", "empty.weight"]
    whole = ops.inject(model.extra.detach(), NONE, key=rng.key(0), stored="int8")
    assert torch.isfinite(y).all()
    with eden.approximate(model, config):
        seen = []
        model.register_forward_pre_hook(lambda *_: seen.append(model.extra.detach().clone()))
        model(torch.ones(2, 4))
    assert same_bits(seen[0], whole)  # a step for each element would be no quantisation


# Inductor's own imports warn of what torch deprecates.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_compiled_network_reads_the_same():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 6), nn.Linear(6, 3))
    x = torch.randn(4, 8)
    with eden.approximate(model, eden.Config(errors.Uniform(0.02, 0.5), inputs=False)) as handle:
        compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
        for seed in (1, 2):
            outputs = []
            for network in (model, compiled):
                handle.reseed(seed)
                outputs.append(network(x))
            assert same_bits(*outputs)
