"""Attaching to each kind of module: recurrent, attention, embedding, shared weights, the rest."""

import copy
import warnings

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

import eden
from eden import errors
from eden.network import Config, approximate, attach, attached

NONE = errors.Uniform(0.0)
SOME = errors.Uniform(0.03)
NATIVE = Config(NONE, stored="fp32", correction="off")
FAULTY = Config(SOME, stored="fp32", correction="off")


class Tied(nn.Module):
    """Embedding and output layer share one weight; a layer is called twice."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 6)
        self.mix = nn.Linear(6, 6)
        self.out = nn.Linear(6, 11, bias=False)
        self.out.weight = self.embed.weight

    def forward(self, tokens):
        return self.out(self.mix(self.mix(self.embed(tokens)).relu()))


class Packed(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(5, 4, batch_first=True)

    def forward(self, x):
        lengths = torch.tensor([3, 7, 5])
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[0].data


def tokens(*shape):
    return torch.arange(torch.Size(shape).numel()).reshape(shape) % 11


def first(output):
    return output[0] if isinstance(output, tuple) else output


CASES = {
    "conv1d": (lambda: nn.Conv1d(2, 3, 3), lambda: (torch.randn(4, 2, 9),)),
    "conv unbatched": (lambda: nn.Conv2d(2, 3, 3), lambda: (torch.randn(2, 9, 9),)),
    "conv transposed": (lambda: nn.ConvTranspose2d(2, 3, 3), lambda: (torch.randn(4, 2, 5, 5),)),
    "channels last": (
        lambda: nn.Conv2d(3, 8, 3).to(memory_format=torch.channels_last),
        lambda: (torch.randn(4, 3, 9, 9).contiguous(memory_format=torch.channels_last),),
    ),
    "linear": (lambda: nn.Linear(6, 5), lambda: (torch.randn(3, 2, 6),)),
    "linear of a transposed": (lambda: nn.Linear(6, 5), lambda: (torch.randn(6, 7).t(),)),
    "linear of one": (lambda: nn.Linear(6, 5), lambda: (torch.randn(6),)),
    "bilinear": (lambda: nn.Bilinear(3, 4, 5), lambda: (torch.randn(2, 3), torch.randn(2, 4))),
    "embedding": (lambda: nn.Embedding(11, 6), lambda: (tokens(2, 7),)),
    "embedding bag": (lambda: nn.EmbeddingBag(11, 6), lambda: (tokens(2, 7),)),
    "lstm": (
        lambda: nn.LSTM(5, 4, num_layers=2, bidirectional=True),
        lambda: (torch.randn(7, 3, 5),),
    ),
    "lstm projected": (lambda: nn.LSTM(5, 4, proj_size=2), lambda: (torch.randn(7, 3, 5),)),
    "gru": (lambda: nn.GRU(5, 4, batch_first=True), lambda: (torch.randn(3, 7, 5),)),
    "rnn unbatched": (lambda: nn.RNN(5, 4), lambda: (torch.randn(7, 5),)),
    "packed": (Packed, lambda: (torch.randn(3, 7, 5),)),
    "lstm cell": (lambda: nn.LSTMCell(5, 4), lambda: (torch.randn(3, 5),)),
    "attention": (
        lambda: nn.MultiheadAttention(8, 2, batch_first=True),
        lambda: (torch.randn(3, 5, 8),) * 3,
    ),
    "attention time first": (
        lambda: nn.MultiheadAttention(8, 2),
        lambda: (torch.randn(5, 3, 8),) * 3,
    ),
    "cross attention": (
        lambda: nn.MultiheadAttention(8, 2, kdim=6, vdim=4),
        lambda: (torch.randn(5, 3, 8), torch.randn(7, 3, 6), torch.randn(7, 3, 4)),
    ),
    "transformer": (
        lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
        lambda: (torch.randn(3, 5, 8),),
    ),
    "tied": (Tied, lambda: (tokens(3, 4),)),
}


@pytest.fixture(params=CASES)
def case(request):
    build, inputs = CASES[request.param]
    torch.manual_seed(1)
    # The fused path of a transformer layer never takes part: hooks rule it out.
    torch.backends.mha.set_fastpath_enabled(request.param != "transformer")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="LSTM with projections")
        yield build().eval(), inputs()
    torch.backends.mha.set_fastpath_enabled(True)


@pytest.mark.parametrize("grad", [True, False])
def test_without_errors_nothing_changes_to_the_bit(case, grad):
    model, inputs = case
    with torch.set_grad_enabled(grad):
        expected = first(model(*inputs))
        with approximate(model, NATIVE):
            assert torch.equal(first(model(*inputs)), expected)
        assert torch.equal(first(model(*inputs)), expected)


def test_every_tensor_matters_and_the_state_dict_does_not_change(case):
    model, inputs = case
    state = {k: v.clone() for k, v in model.state_dict().items()}
    expected = first(model(*inputs)).detach()
    handle = attach(model, FAULTY)
    # Learning finds the sizes; not all values are there to be wrong before.
    handle.learn_bounds([(inputs, None)])
    for name in handle.ber:
        handle.set_ber(0)
        handle.set_ber({name: 0.5})
        output = first(model(*inputs)).detach()
        assert not torch.equal(output.nan_to_num(), expected.nan_to_num()), name
        state_now = model.state_dict()
        assert list(state_now) == list(state)
        assert all(torch.equal(v, state[k]) for k, v in state_now.items())
    names = list(handle.ber)
    handle.detach()
    assert torch.equal(first(model(*inputs)), expected)
    weights = {n for n, p in model.named_parameters() if p.ndim > 1}
    assert {n for n in names if not n.endswith("input")} == weights


def test_gradients_reach_every_weight(case):
    model, inputs = case
    model.train()
    with approximate(model, Config(SOME, stored="int8")) as handle:
        handle.learn_bounds([(inputs, None)])
        output = model(*inputs)
        sum(
            o.square().sum()
            for o in (output if isinstance(output, tuple) else (output,))
            if isinstance(o, torch.Tensor)
        ).backward()
    assert all(p.grad is not None for p in model.parameters())
    assert not any("weight" in vars(module) for module in model.modules())


def test_a_copy_is_bound_to_the_copy(case):
    model, inputs = case
    attach(model, FAULTY)
    twin = copy.deepcopy(model)
    with torch.no_grad():
        for p in twin.parameters():
            p.zero_()
    attached(twin).set_ber(0)
    assert not first(twin(*inputs)).any()


def test_attention_reads_its_output_projection_without_calling_it():
    attention = nn.MultiheadAttention(8, 2, batch_first=True).eval()
    x = torch.randn(3, 5, 8)
    config = FAULTY.with_(include="out_proj.weight", seed=3)
    key = eden.fold_access(eden.fold_in(eden.key(3), "out_proj.weight"), 0)
    clean = copy.deepcopy(attention)
    with torch.no_grad():
        clean.out_proj.weight.copy_(eden.inject(attention.out_proj.weight, SOME, key=key))
        attach(attention, config)
        for keywords in ({}, {"need_weights": False}):
            attached(attention).reseed(3)
            assert torch.equal(attention(x, x, x, **keywords)[0], clean(x, x, x, **keywords)[0])
    assert "weight" not in vars(attention.out_proj)


def test_keyword_arguments_are_read_too():
    attention = nn.MultiheadAttention(8, 2, batch_first=True).eval()
    x = torch.randn(3, 5, 8)
    clean = attention(x, x, x)[0]
    attach(attention, FAULTY.with_(weights=False))
    by_place = attention(x, x, x)[0]
    attached(attention).reseed(0)
    by_name = attention(query=x, key=x, value=x)[0]
    assert torch.equal(by_name.nan_to_num(), by_place.nan_to_num())
    assert not torch.equal(by_name, clean)


@pytest.mark.parametrize(
    ("module", "x", "dim"),
    [
        (nn.GRU(5, 4), torch.randn(7, 3, 5), 1),
        (nn.GRU(5, 4, batch_first=True), torch.randn(3, 7, 5), 0),
        (nn.MultiheadAttention(8, 2), torch.randn(7, 3, 8), 1),
        (nn.MultiheadAttention(8, 2, batch_first=True), torch.randn(3, 7, 8), 0),
        (nn.Linear(6, 5), torch.randn(3, 7, 6), 0),
    ],
)
def test_the_same_cells_meet_every_sample(module, x, dim):
    seen = []
    handle = attach(module, FAULTY.with_(weights=False))
    module.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    same = x.select(dim, 0).unsqueeze(dim).expand_as(x).contiguous()
    with torch.no_grad():
        module(*([same] * (3 if isinstance(module, nn.MultiheadAttention) else 1)))
    wrong = seen[0].view(torch.int32) != same.view(torch.int32)
    assert wrong.any() and (wrong == wrong.select(dim, 0).unsqueeze(dim)).all()
    handle.learn_bounds([((same,) * (3 if isinstance(module, nn.MultiheadAttention) else 1),)])
    assert handle.tensors[0].elements == x.numel() // 3


def test_linear_layers_of_a_time_first_transformer_know_the_batch():
    layer = nn.TransformerEncoderLayer(8, 2, 16).eval()
    with approximate(layer, NATIVE) as handle:
        handle.learn_bounds([torch.randn(7, 3, 8)])
        sizes = {t.name: t.elements for t in handle.tensors}
    assert sizes["linear1.input"] == 7 * 8 and sizes["linear2.input"] == 7 * 16


def test_a_shared_weight_is_one_tensor_under_its_first_name():
    model = Tied()
    with approximate(model, FAULTY) as handle:
        names = [t.name for t in handle.tensors]
        assert "embed.weight" in names and "out.weight" not in names
        assert "embed.input" not in names  # indices
        handle.learn_bounds([tokens(3, 4)])
        reads = {t.name: t.reads for t in handle.tensors}
        assert reads["embed.weight"] == 2 and reads["mix.weight"] == reads["mix.input"] == 2
        assert reads["out.input"] == 1
    with approximate(model, FAULTY.with_(exclude="embed.weight")) as handle:
        assert "out.weight" not in [t.name for t in handle.tensors]


def test_a_repeated_call_fails_apart():
    layer = nn.Linear(50, 50, bias=False)
    attach(layer, Config(errors.Uniform(0.1, 0.5), stored="fp32", correction="off", inputs=False))
    once, again = layer(torch.eye(50)), layer(torch.eye(50))
    assert not torch.equal(once, again)


def test_modules_that_cannot_be_swapped_say_so_unless_left_out():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    nn.utils.parametrizations.weight_norm(model[1])
    with pytest.raises(ValueError, match=r"1\.weight is not a plain parameter"):
        attach(model, FAULTY)
    with approximate(model, FAULTY.with_(exclude="1.weight")) as handle:
        assert [t.name for t in handle.tensors] == ["0.weight", "0.input", "1.input"]
    with pytest.raises(ValueError, match="no shape yet"):
        attach(nn.LazyLinear(3), FAULTY)
    with pytest.raises(ValueError, match="no modules with weights"):
        attach(nn.ReLU(), FAULTY)


def test_an_empty_batch_passes():
    layer = nn.Linear(4, 3)
    attach(layer, FAULTY)
    assert layer(torch.zeros(0, 4)).shape == (0, 3)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_networks(dtype):
    layer = nn.Linear(16, 8).to(dtype)
    x = torch.randn(3, 16, dtype=dtype)
    expected = layer(x)
    native = "fp16" if dtype == torch.float16 else "bf16"
    with approximate(layer, NATIVE.with_(stored=native)):
        assert torch.equal(layer(x), expected)
    with approximate(layer, Config(SOME, stored="int8")) as handle:
        handle.learn_bounds([x])
        assert layer(x).dtype == dtype and not torch.equal(layer(x), expected)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_a_padded_batch_goes_through_a_transformer_in_evaluation():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    model = nn.TransformerEncoder(layer, 2).eval()
    x, padding = torch.randn(3, 5, 8), torch.arange(5) >= torch.tensor([[3], [5], [4]])
    with torch.no_grad():
        fused = model(x, src_key_padding_mask=padding)
        with approximate(model, NATIVE):
            plain = model(x, src_key_padding_mask=padding)
        assert model.use_nested_tensor
        torch.testing.assert_close(plain[~padding], fused[~padding], rtol=1e-5, atol=1e-5)
        assert torch.equal(model(x, src_key_padding_mask=padding), fused)
