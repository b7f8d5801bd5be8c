"""Forward passes recomputed by activation checkpointing read what the first ones read."""

import copy
import pickle

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint, checkpoint_sequential

from eden import errors
from eden.network import Config, attach, attached

ERRORS = {
    "uniform": errors.Uniform(0.02, 0.5),
    "always": errors.Uniform(0.02),
    "bitline": errors.Bitline([0.001 * (i % 50) for i in range(65536)], 0.5),
    "wordline": errors.Wordline([0.02, 0.0] * 8, 0.5),
    "data": errors.DataDependent(0.02, 0.9, 0.1),
}


class Net(nn.Module):
    """Blocks of which one is called twice, and what is done with each call of one."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.block = nn.Linear(12, 12), self.make(12)
        self.last = nn.Sequential(self.make(12), nn.Linear(12, 3))

    @staticmethod
    def make(width):
        return nn.Sequential(
            nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, width)
        )

    def forward(self, x, again=lambda function, x: function(x)):
        x = self.first(x)
        x = again(lambda x: again(self.block, x) + again(self.block, x), x)
        x = again(self.last, x)
        return x


WAYS = {
    "reentrant": lambda function, x: checkpoint(function, x, use_reentrant=True),
    "not reentrant": lambda function, x: checkpoint(function, x, use_reentrant=False),
    "to the end": lambda function, x: checkpoint(
        function, x, use_reentrant=False, early_stop=False, preserve_rng_state=False
    ),
    "sequential": lambda function, x: (
        checkpoint_sequential(function, 2, x, use_reentrant=False)
        if isinstance(function, nn.Sequential)
        else function(x)
    ),
}


def inputs():
    return torch.randn(5, 12, generator=torch.Generator().manual_seed(1))


def network(error="uniform", **options):
    model = Net()
    handle = attach(model, Config(ERRORS[error], **options))
    handle.learn_bounds([inputs()])
    handle.set_ber(0.01)
    return model, handle


def gradients(model, *way, between=lambda: None, backward=lambda loss: loss.backward()):
    """Of one pass, from the draw of seed 3 on."""
    attached(model).reseed(3)
    for parameter in model.parameters():
        parameter.grad = None
    x = inputs().requires_grad_()
    loss = model(x, *way).square().sum()
    between()
    backward(loss)
    return [x.grad, *(parameter.grad for parameter in model.parameters())]


def same(ones, others):
    return all(torch.equal(one, other) for one, other in zip(ones, others, strict=True))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("error", ERRORS)
def test_gradients_are_those_without_checkpoints(error, way):
    model, handle = network(error)
    plain = gradients(model)
    handle.reseed(4)
    assert same(gradients(model, WAYS[way]), plain)
    # Reads go on where they would have.
    after = model(inputs())
    gradients(model)
    assert torch.equal(after, model(inputs()))


BETWEEN = {
    "step": lambda handle: handle.step(),
    "reseed": lambda handle: handle.reseed(9),
    "set_ber": lambda handle: handle.set_ber(0.1),
    "set_ber of one": lambda handle: handle.set_ber({"first.weight": 0.1, "block.0.input": 0}),
    "another pass": lambda handle: handle.model(inputs()),
    "learn_bounds": lambda handle: handle.learn_bounds([9 * inputs()]),
    "narrow_inputs": lambda handle: handle.narrow_inputs(0.1),
    "detach": lambda handle: handle.detach(),
}


@pytest.mark.parametrize("way", ["reentrant", "not reentrant"])
@pytest.mark.parametrize("cells", ["fresh", "fixed"])
@pytest.mark.parametrize("what", BETWEEN)
def test_what_happens_before_the_backward_pass_is_not_in_it(what, cells, way):
    plain = gradients(network(cells=cells)[0])
    model, handle = network(cells=cells)
    reference, other = network(cells=cells)
    assert same(gradients(model, WAYS[way], between=lambda: BETWEEN[what](handle)), plain)
    # And the backward pass leaves no trace.
    gradients(reference, between=lambda: BETWEEN[what](other))
    assert handle.ber == other.ber and handle.draw == other.draw
    assert torch.equal(model(inputs()), reference(inputs()))


@pytest.mark.parametrize("way", ["reentrant", "not reentrant"])
def test_clean_passes_stay_clean_and_faulty_ones_faulty(way):
    model, handle = network()

    def within_clean(loss):
        with handle.clean():
            loss.backward()

    plain = gradients(model)
    assert same(gradients(model, WAYS[way], backward=within_clean), plain)
    seen = []
    for again in ([], [WAYS[way]]):
        model.zero_grad()
        with handle.clean():
            loss = model(inputs(), *again).square().sum()
        loss.backward()
        seen.append([parameter.grad for parameter in model.parameters()])
    # Batch norms normalised by the batch twice: they are not what is compared.
    assert same(*seen)


@pytest.mark.parametrize("way", ["reentrant", "not reentrant"])
@pytest.mark.parametrize("within", [True, False])
def test_images_keep_their_numbers(within, way):
    model, handle = network()

    def seen(*again):
        handle.reseed(3)
        model.zero_grad()
        with handle.by_image():
            losses = [model(inputs(), *again).square().sum() for _ in range(2)]
            if within:
                sum(losses).backward()
        if not within:
            sum(losses).backward()
        return [parameter.grad for parameter in model.parameters()]

    for one, other in zip(seen(), seen(WAYS[way]), strict=True):
        torch.testing.assert_close(one, other)  # the order of sums is autograd's


@pytest.mark.parametrize("way", ["reentrant", "not reentrant"])
def test_a_pass_before_attaching_is_recomputed_clean(way):
    model = Net().eval()
    seen = []
    for again in ([], [WAYS[way]]):
        model.zero_grad()
        x = inputs().requires_grad_()
        loss = model(x, *again).square().sum()
        attach(model, Config(ERRORS["uniform"], stored="fp32"))
        loss.backward()
        attached(model).detach()
        seen.append([x.grad, *(parameter.grad for parameter in model.parameters())])
    assert same(*seen)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_of_an_attached_model_follow_too(duplicate):
    model, _ = network()
    twin = duplicate(model)
    step = lambda: attached(twin).step()  # noqa: E731
    assert same(gradients(twin, WAYS["not reentrant"], between=step), gradients(model))


def test_a_graph_is_recomputed_as_often_as_it_is_asked():
    model, handle = network()

    def twice(loss):
        loss.backward(retain_graph=True)
        handle.step()
        loss.backward()

    assert same(
        gradients(model, WAYS["not reentrant"], backward=twice), gradients(model, backward=twice)
    )


# Torch's, which looks at the input of what it compiles.
@pytest.mark.filterwarnings("ignore:The .grad attribute")
def test_a_compiled_block_is_recomputed_with_the_same_errors():
    model, handle = network()
    plain = gradients(model)
    torch._dynamo.reset()
    block = torch.compile(model.block, backend="aot_eager")
    for reentrant in (True, False):

        def again(function, x, reentrant=reentrant):
            if function is not model.block:
                return function(x)
            return checkpoint(block, x, use_reentrant=reentrant)

        for one, other in zip(gradients(model, again, between=handle.step), plain, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


class Own(torch.autograd.Function):
    """A recomputation that torch.utils.checkpoint knows nothing of."""

    @staticmethod
    def forward(ctx, x, function):
        ctx.function = function
        ctx.save_for_backward(x)
        return function(x)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            torch.autograd.backward(ctx.function(x), grad)
        return x.grad, None


def test_other_recomputations_are_refused_where_they_would_read_other_errors():
    model, _ = network()
    with pytest.raises(ValueError, match=r"last\.0\.0\.input is read again in a back"):
        gradients(model, lambda f, x: Own.apply(x, f) if f is model.last else f(x))
    model, _ = network("always")
    own = gradients(model, lambda f, x: Own.apply(x, f) if f is model.last else f(x))
    assert same(own, gradients(model))
