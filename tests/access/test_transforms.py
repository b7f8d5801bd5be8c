"""Forward-mode AD and the transforms of torch.func: straight through, as backward."""

import pytest
import torch
import torch.autograd.forward_ad as forward_ad
from law import same_bits
from torch import nn
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, vjp, vmap

import eden
from eden import errors
from eden.access import ops, rng

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*torch.jit.script:DeprecationWarning",  # torch's own forward mode
    "ignore:There is a performance drop",  # of ops that have no rule for batches
)
FLOATS = (torch.float32, torch.float16, torch.bfloat16)
KEY = rng.key(1)
CASES = {
    "int8": {"stored": "int8", "scale": 0.05, "bounds": (-1.0, 1.0), "correction": "zero"},
    "saturate": {"stored": "fp16", "bounds": (-1.0, 0.5), "correction": "saturate"},
    "uncorrected": {"stored": "int4"},
}


@pytest.fixture(params=CASES)
def read(request):
    options = CASES[request.param]
    return lambda x, key=KEY: ops.inject(x, errors.Uniform(0.05), key=key, **options)


def any_numbers(*shape, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3)).to(dtype)


def backward(read, x):
    x = x.detach().requires_grad_()
    (found,) = torch.autograd.grad(read(x).sum(), x)
    return found


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("mode", [torch.enable_grad, torch.no_grad])
@pytest.mark.parametrize("requires_grad", [True, False])
def test_tangents_go_straight_through(read, dtype, mode, requires_grad):
    x, tangent = any_numbers(3, 7, dtype=dtype), any_numbers(3, 7, dtype=dtype)
    through = backward(read, x).bool()
    with mode(), forward_ad.dual_level():
        dual = forward_ad.make_dual(x.clone().requires_grad_(requires_grad), tangent)
        y, moved = forward_ad.unpack_dual(read(dual))
        assert same_bits(y.detach(), read(x))
        assert torch.equal(moved, torch.where(through, tangent, torch.zeros_like(tangent)))
        assert forward_ad.unpack_dual(read(x.detach())).tangent is None


def test_transforms_have_the_gradient_of_backward(read):
    x, direction = any_numbers(9), any_numbers(9)
    through = backward(read, x)
    assert torch.equal(grad(lambda x: read(x).sum())(x), through)
    assert torch.equal(vjp(read, x)[1](direction)[0], direction * through)
    assert torch.equal(jvp(read, (x,), (direction,))[1], direction * through)
    for jacobian in (jacrev, jacfwd):
        assert torch.equal(jacobian(read)(x), torch.diag(through))
    # And so has the gradient's gradient.
    assert torch.equal(hessian(lambda x: read(x).square().sum())(x), torch.diag(2 * through))


def test_a_batch_of_vmap_is_read_one_by_one(read):
    x, keys = any_numbers(4, 9), torch.stack([rng.key(seed) for seed in range(4)])
    gradient = lambda x: grad(lambda x: read(x).sum())(x)  # noqa: E731
    for f in (read, gradient, jacrev(read)):
        assert same_bits(vmap(f)(x), torch.stack([f(one) for one in x]))
        assert same_bits(vmap(f, in_dims=1)(x.T), torch.stack([f(one) for one in x]))
    drawn = vmap(read, in_dims=(None, 0))(x[0], keys)
    assert same_bits(drawn, torch.stack([read(x[0], key) for key in keys]))
    many = grad(lambda x: vmap(read)(x).sum())(x)
    assert torch.equal(many, torch.stack([backward(read, one) for one in x]))


def test_out_has_no_tangent():
    x, out = torch.zeros(9), torch.zeros(9)

    def write(x):
        return ops.inject(x, errors.Uniform(0.1), key=KEY, out=out)

    for call in (
        lambda: jvp(write, (x,), (x,)),
        lambda: vmap(write)(torch.zeros(2, 9)),
        lambda: grad(lambda x: write(x).sum())(x),
    ):
        with pytest.raises(ValueError, match=r"^out (is given inside|is given but|requires).*$"):
            call()


def test_a_network_can_be_transformed():
    torch.manual_seed(0)
    model, x = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 2)), any_numbers(5, 6)
    handle = eden.attach(model, eden.Config(errors.Uniform(0.02, 0.5)))
    handle.learn_bounds([x])
    parameters = dict(model.named_parameters())

    def loss(parameters, x):
        return functional_call(model, parameters, (x,)).square().sum()

    def again(f, *args):
        handle.reseed(0)
        return f(*args)

    plain = dict(
        zip(
            parameters,
            again(torch.autograd.grad, again(loss, parameters, x), list(parameters.values())),
            strict=True,
        )
    )
    found = again(grad(loss), parameters, x)
    assert all(torch.equal(found[name], plain[name]) for name in plain)
    ones = {name: torch.ones_like(p) for name, p in parameters.items()}
    moved = again(lambda: jvp(lambda p: loss(p, x), (parameters,), (ones,))[1])
    torch.testing.assert_close(moved, sum(g.sum() for g in plain.values()))
    # Each sample is read as if it came alone; nothing of it stays.
    alone = [again(grad(loss), parameters, one[None]) for one in x]
    batched = again(vmap(grad(loss), in_dims=(None, 0)), parameters, x[:, None])
    for name in plain:
        torch.testing.assert_close(batched[name], torch.stack([one[name] for one in alone]))
    for _ in range(3):
        vmap(model)(x)
    assert torch.equal(again(model, x), again(model, x))
