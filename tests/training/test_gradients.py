"""What the backward pass of a network under errors goes by: what was read, or what lay in DRAM."""

import copy

import pytest
import torch
from law import same_bits
from torch import nn
from torch.utils.checkpoint import checkpoint

import eden
from eden import errors
from eden.network import Config

ERROR = errors.Uniform(0.03)


class Recorder:
    """Keeps what a module multiplied, as it was read."""

    def __init__(self, module):
        self.module = module
        self.handle = module.register_forward_pre_hook(self)

    def __call__(self, module, args):
        self.weight, self.input = module.weight.detach().clone(), args[0].detach().clone()


def config(**changes):
    return Config(ERROR, **{"correction": "zero", **changes})


def run(model, x, how, chosen):
    """Output, gradients of parameters and input, and what was read by the last module."""
    model = copy.deepcopy(model)
    x = x.clone().requires_grad_()
    with eden.approximate(model, chosen) as handle:
        handle.learn_bounds([x.detach()])
        if how == "clean":
            handle.clean_gradients()
        model.train()
        y = model(x)
        y = y[0] if isinstance(y, tuple) else y
        y.square().sum().backward()
    assert not [m for m in model.modules() if m._forward_pre_hooks or m._forward_hooks]
    return y.detach(), [p.grad for p in model.parameters()], x.grad


@pytest.mark.parametrize("correction", ["zero", "off"])
@pytest.mark.parametrize("how", ["as_read", "clean"])
def test_a_linear_modules_gradients_by_hand(how, correction):
    torch.manual_seed(0)
    model, x = nn.Linear(20, 6, bias=False), torch.randn(9, 20, requires_grad=True)
    with eden.approximate(model, config(correction=correction)) as handle:
        handle.learn_bounds([x.detach()])
        if how == "clean":
            handle.clean_gradients()
        seen = Recorder(model)
        y = model(x)
        y.backward(torch.ones_like(y))
    assert same_bits(y, seen.input @ seen.weight.T)
    assert not torch.equal(seen.weight, model.weight) and not torch.equal(seen.input, x)
    ones = torch.ones_like(y)
    if how == "clean":
        torch.testing.assert_close(x.grad, ones @ model.weight.detach())
        torch.testing.assert_close(model.weight.grad, ones.T @ x.detach())
    elif correction == "off":
        torch.testing.assert_close(x.grad, ones @ seen.weight)
        torch.testing.assert_close(model.weight.grad, ones.T @ seen.input)


NETWORKS = {
    "linear": (lambda: nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 4)), (5, 8)),
    "convolution": (
        lambda: nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 2, 1)),
        (3, 2, 6, 6),
    ),
    "channels last": (
        lambda: nn.Sequential(nn.Conv2d(2, 4, 3), nn.Conv2d(4, 2, 1)).to(
            memory_format=torch.channels_last
        ),
        (3, 2, 6, 6),
    ),
    "transposed": (lambda: nn.ConvTranspose1d(3, 4, 2), (2, 3, 5)),
    "recurrent": (lambda: nn.GRU(4, 5, batch_first=True), (3, 6, 4)),
    "recurrent by time": (lambda: nn.LSTM(4, 5, num_layers=2), (6, 3, 4)),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_every_kind_of_module_has_the_gradients_of_clean_operands(name):
    """Without upstream faults the gradients are those of a network without errors at all."""
    make, shape = NETWORKS[name]
    torch.manual_seed(1)
    model, x = make(), torch.randn(shape)
    last = list(model.children())[-1] if isinstance(model, nn.Sequential) else model
    chosen = config(include=[n for n, m in model.named_modules() if m is last] or None)
    if last is model:
        chosen = config()
    own = copy.deepcopy(model)
    given = x.clone().requires_grad_()
    clean_y = own(given)
    clean_y = clean_y[0] if isinstance(clean_y, tuple) else clean_y
    read = run(model, x, "as_read", chosen)
    found = run(model, x, "clean", chosen)
    assert same_bits(found[0], read[0]) and not torch.equal(found[0], clean_y)
    clean_y.backward(2 * found[0])  # the gradient that comes from above
    if name.startswith("recurrent"):
        # What a recurrent module makes of its own state is as it was in the forward pass.
        assert any(not torch.equal(a, b) for a, b in zip(found[1], read[1], strict=True))
        return
    torch.testing.assert_close(found[2], given.grad)
    for gradient, parameter in zip(found[1], own.parameters(), strict=True):
        torch.testing.assert_close(gradient, parameter.grad)


def test_attention_and_a_compiled_network():
    torch.manual_seed(0)
    model = nn.MultiheadAttention(8, 2, batch_first=True)
    x = torch.randn(2, 3, 8, requires_grad=True)
    gradients = []
    for how in ("as_read", "clean"):
        with eden.approximate(model, config()) as handle:
            handle.learn_bounds([{"query": x.detach(), "key": x.detach(), "value": x.detach()}])
            if how == "clean":
                handle.clean_gradients()
            (gradient,) = torch.autograd.grad(model(x, x, x)[0].square().sum(), x)
            gradients.append(gradient)
    assert not torch.equal(*gradients)
    net = nn.Linear(4, 2)
    with eden.approximate(net, config(inputs=False)) as handle:
        handle.clean_gradients()
        compiled = torch.compile(net, backend="eager", fullgraph=True)
        with pytest.raises(torch._dynamo.exc.Unsupported):
            compiled(torch.randn(3, 4))
    torch._dynamo.reset()


def test_recomputed_passes_have_the_same_gradients():
    torch.manual_seed(0)
    model, x = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 4)), torch.randn(5, 8)
    found = []
    for again in (False, True):
        model.zero_grad()
        with eden.approximate(model, config()) as handle:
            handle.learn_bounds([x])
            handle.clean_gradients()
            y = checkpoint(model, x, use_reentrant=False) if again else model(x)
            y.square().sum().backward()
        found.append([p.grad.clone() for p in model.parameters()])
    assert all(same_bits(a, b) for a, b in zip(*found, strict=True))


def test_an_exception_in_the_middle_leaves_nothing_behind():
    model = nn.Linear(4, 2)
    with eden.approximate(model, config(inputs=False)) as handle:
        handle.clean_gradients()
        with pytest.raises(RuntimeError):
            model(torch.zeros(3, 5))
        model(torch.ones(3, 4)).sum().backward()
    kept = []
    x = torch.randn(3, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        (x * x).sum().backward()
    assert kept and torch.equal(x.grad, 2 * x)


def test_boost_takes_either_and_names_others():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
    x = torch.randn(64, 8)
    loader = [(x, (x[:, 0] > 0).long())]
    options = {"config": config(), "target_ber": 0.05, "epochs": 2, "progress": False}
    states = {}
    for gradients in ("as_read", "clean", None):
        how = None if gradients is None else eden.BoostConfig(gradients=gradients)
        boosted = eden.boost(model, loader, **options, how=how)
        states[gradients] = boosted[0].weight.detach()
    assert same_bits(states[None], states["as_read"])
    assert not torch.equal(states["clean"], states["as_read"])
    with pytest.raises(ValueError, match="gradients is 'exact', accepted: as_read, clean"):
        eden.BoostConfig(gradients="exact")


def test_autocast_is_refused_with_clean_gradients():
    """What it multiplies are copies in another format, of which nobody knows what was read."""
    model, x = nn.Linear(20, 6), torch.randn(9, 20)
    with eden.approximate(model, config()) as handle:
        handle.learn_bounds([x])
        handle.clean_gradients()
        with (
            pytest.raises(ValueError, match=r"gradients is 'clean', accepted: 'as_read' under"),
            torch.autocast("cpu"),
        ):
            model(x)
        model(x).sum().backward()


@pytest.mark.parametrize("which", [0, 1])
def test_an_interrupt_leaves_neither_hooks_of_autograd_nor_modes(which, monkeypatch):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).train()
    x, kept = torch.randn(2, 3, 5, 5), []

    def interrupted(_):
        raise KeyboardInterrupt

    def keep(saved):
        kept.append(saved)
        return saved

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda saved: saved):
        with (
            monkeypatch.context() as patch,
            pytest.raises(KeyboardInterrupt),
            eden.approximate(model, config(correction="off")) as handle,
        ):
            handle.learn_bounds([x])
            handle.clean_gradients()
            patch.setattr(model[which], "forward", interrupted)
            model(x)
        assert model[1].training
        # The hooks on top are those from outside again.
        kept.clear()
        torch.ones(3, requires_grad=True).square().sum()
    assert len(kept) == 1
