"""What one attached model does for several threads at once: nothing by halves."""

import copy
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from eden import errors
from eden.network import Config, approximate, attach, attached

NATIVE = Config(errors.Uniform(0.02), stored="fp32", correction="off")


def network(middle):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 8), middle, nn.Linear(8, 3)).eval()


class Wait(nn.Module):
    """Holds a call up in the middle of the network until it is told to go on."""

    def __init__(self):
        super().__init__()
        self.arrived, self.go_on = threading.Event(), threading.Event()

    def forward(self, x):
        self.arrived.set()
        assert self.go_on.wait(60)
        return x


@pytest.mark.parametrize("options", [{}, {"inputs": False}, {"weights": False}])
def test_a_second_thread_is_refused_and_the_first_one_undisturbed(options):
    wait, x = Wait(), torch.randn(4, 8)
    model = network(wait)
    handle = attach(model, NATIVE.with_(**options))
    wait.go_on.set()
    expected = model(x)
    handle.reseed(0)
    wait.go_on.clear(), wait.arrived.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(model, x)
        assert wait.arrived.wait(60)
        for _ in range(2):
            with pytest.raises(RuntimeError, match="called by two threads at once"):
                model(x)
        wait.go_on.set()
        assert torch.equal(first.result(), expected)
    handle.reseed(0)
    assert torch.equal(model(x), expected)  # one after the other is fine


def test_parts_called_by_themselves_are_watched_too():
    wait, x = Wait(), torch.randn(4, 8)
    model = network(nn.ReLU())
    attach(model, NATIVE)
    model[0].register_forward_pre_hook(lambda *_: wait(None))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(model[0], x)
        assert wait.arrived.wait(60)
        read = vars(model[0])["weight"]
        with pytest.raises(RuntimeError, match="two threads at once"):
            model[0](x)
        assert vars(model[0])["weight"] is read
        wait.go_on.set()
        first.result()
    assert "weight" not in vars(model[0])


def test_copies_are_called_side_by_side():
    model, x = network(nn.ReLU()), torch.randn(4, 8)
    attach(model, NATIVE)
    twins = [copy.deepcopy(model) for _ in range(2)]
    expected = [model(x) for _ in range(200)]
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(lambda twin: [twin(x) for _ in range(200)], twins):
            assert all(map(torch.equal, found, expected))


def test_calls_that_are_not_refused_read_what_one_thread_reads():
    model, x = network(nn.ReLU()), torch.randn(4, 8)
    attach(model, NATIVE)
    expected = model(x)

    def call(_):
        try:
            return model(x)
        except RuntimeError as refused:
            assert "two threads" in str(refused)

    with ThreadPoolExecutor(4) as pool:
        found = [y for y in pool.map(call, range(1000)) if y is not None]
    assert found and all(torch.equal(y, expected) for y in found)
    assert not any("weight" in vars(module) for module in model.modules())


def test_an_interrupted_call_is_mended_in_its_own_thread():
    model, x = network(nn.ReLU()), torch.randn(4, 8)
    handle = attach(model, NATIVE)
    expected = model(x)

    def interrupt(*_):
        raise KeyboardInterrupt

    stop = model[2].register_forward_pre_hook(interrupt)
    with pytest.raises(KeyboardInterrupt):
        model(x)
    stop.remove()
    assert torch.equal(model(x), expected)
    with ThreadPoolExecutor(1) as pool:
        assert torch.equal(pool.submit(model, x).result(), expected)
    handle.detach()


@pytest.mark.parametrize("inner", [False, True])
def test_one_of_many_attaches(inner):
    for _ in range(20):
        model = network(nn.ReLU())
        start = threading.Barrier(4)

        def attempt(number, model=model, start=start):
            start.wait(60)
            try:
                # An inner module is a part of the network.
                return attach(model[0] if inner and number == 0 else model, NATIVE)
            except ValueError as refused:
                assert "attached already" in str(refused)

        with ThreadPoolExecutor(4) as pool:
            handles = [handle for handle in pool.map(attempt, range(4)) if handle is not None]
        if not inner:
            assert len(handles) == 1 and attached(model) is handles[0]
        for handle in handles:
            handle.detach()
        assert not any(module._forward_pre_hooks for module in model.modules())


def test_a_function_in_a_config_may_attach_another_model():
    def chosen(name, module):
        with approximate(nn.Linear(2, 2), NATIVE):
            return True

    attach(nn.Linear(2, 2), NATIVE.with_(include=chosen))
