"""Max pooling without gradients gives what torch's does."""

import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from eden import nets
from eden.nets._pool import MaxPool2d, _max_pool, max_pool

# NaN, infinities and zeros of either sign among the rest.
ODD = torch.tensor([torch.nan, torch.inf, -torch.inf, 0.0, -0.0])


@st.composite
def pooled(draw):
    size = draw(st.integers(1, 4))
    stride, padding = draw(st.integers(1, 4)), draw(st.integers(0, size // 2))
    shape = [draw(st.integers(1, 2)), draw(st.integers(1, 3))]
    shape += [draw(st.integers(1, 12)) for _ in range(2)]
    dtype = draw(st.sampled_from([torch.float32, torch.float64, torch.bfloat16]))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    x = torch.randn(shape, generator=generator).round(decimals=1)
    odd = torch.rand(shape, generator=generator) < draw(st.sampled_from([0.0, 0.05, 0.5]))
    x[odd] = ODD[torch.randint(0, len(ODD), shape, generator=generator)][odd]
    return x.to(dtype), size, stride, padding, draw(st.booleans())


@given(pooled())
def test_it_gives_what_torch_gives(case):
    x, size, stride, padding, ceil_mode = case
    try:
        expected = functional.max_pool2d(x, size, stride, padding, ceil_mode=ceil_mode)
    except RuntimeError as refused:
        with torch.no_grad(), pytest.raises(RuntimeError, match=re.escape(str(refused)[:40])):
            max_pool(x, size, stride, padding, ceil_mode)
        return
    with torch.no_grad():
        found = max_pool(x, size, stride, padding, ceil_mode)
    assert found.shape == expected.shape
    torch.testing.assert_close(found, expected, rtol=0, atol=0, equal_nan=True)


def test_training_and_integers_have_the_pooling_of_torch():
    x = torch.tensor([[[[1.0, 1.0], [1.0, 1.0]]]], requires_grad=True)
    MaxPool2d(2)(x).sum().backward()
    assert x.grad is not None and x.grad.flatten().tolist() == [1.0, 0.0, 0.0, 0.0]
    with torch.no_grad():
        assert max_pool(torch.arange(4).reshape(1, 1, 2, 2), 2, 2).item() == 3


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch.jit itself
def test_a_trace_is_one_graph_for_both():
    with torch.no_grad():
        traced = torch.jit.trace(MaxPool2d(3, 2, 1), torch.rand(1, 1, 6, 6))
    assert "max_pool2d" in str(traced.graph)


@pytest.mark.parametrize("mode", ["eval", "no_grad"])
def test_who_looks_on_sees_one_call(mode):
    seen = []

    class Mode(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            seen.append(func)
            return func(*args, **(kwargs or {}))

    with Mode(), torch.set_grad_enabled(mode == "eval"):
        MaxPool2d(2)(torch.rand(1, 1, 4, 4))
    assert seen.count(_max_pool) == 1 and torch.maximum not in seen


@pytest.mark.parametrize(
    "x",
    [
        torch.rand(3, 8, 8),  # one image
        torch.rand(0, 3, 8, 8),
        torch.rand(2, 3, 8, 8).to(memory_format=torch.channels_last),
        torch.rand(2, 3, 8, 8).half(),
        torch.rand(2, 8, 8, 3).permute(0, 3, 1, 2),
    ],
    ids=lambda x: str(tuple(x.shape)),
)
def test_other_images_too(x):
    with torch.inference_mode():
        found = MaxPool2d(3, 2, 1)(x)
    assert torch.equal(found, functional.max_pool2d(x, 3, 2, 1))


@torch.no_grad()
def test_what_torch_refuses_is_refused():
    for x in (torch.rand(1, 1, 3, 8, 8), torch.rand(1, 0, 8, 8), torch.rand(8, 8)):
        with pytest.raises(RuntimeError, match=r"max_pool2d|4D"):
            max_pool(x, 2, 2)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch.jit itself
@pytest.mark.parametrize("name", ["lenet", "alexnet", "squeezenet1_1", "vgg16", "resnet18"])
def test_networks_may_be_scripted(name):
    model = nets.build(name, channels=3).eval()
    x = torch.rand(1, 3, *((28, 28) if name == "lenet" else (32, 32)))
    with torch.no_grad():
        torch.testing.assert_close(torch.jit.script(model)(x), model(x))


def test_a_squeezenet_takes_small_images_in_either_mode():
    model, x = nets.build("squeezenet1_1").eval(), torch.rand(1, 3, 8, 8)
    expected = model(x)
    with torch.no_grad():
        torch.testing.assert_close(model(x), expected)
