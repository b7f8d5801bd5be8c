"""Shared by all tests: the CUDA mark, isolated random states, one trained network."""

import copy
import os
import random

import numpy as np
import pytest
import torch
from hypothesis import settings

from eden import data, nets

# One tree has one verdict: the examples are the same in every run. To look for others:
# pytest --hypothesis-profile=search. No example is too slow on a machine that is busy.
settings.register_profile("eden", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None)
settings.load_profile("eden")


@pytest.hookimpl(tryfirst=True)  # before a fixture asks for the GPU
def pytest_runtest_setup(item):
    """Without a GPU, skip a `cuda` test; where one was promised, fail: no job passes by it."""
    if next(item.iter_markers("cuda"), None) and not torch.cuda.is_available():
        if os.environ.get("EDEN_REQUIRE_CUDA", "0") not in ("", "0"):
            pytest.fail("EDEN_REQUIRE_CUDA is set, but torch finds no CUDA device", pytrace=False)
        pytest.skip("no CUDA device")


@pytest.fixture(scope="module", params=["cpu", pytest.param("cuda", marks=pytest.mark.cuda)])
def device(request):
    """Where this module's tests make their tensors: they run again on a GPU, where there is one."""
    if request.param == "cpu":
        yield request.param
        return
    with torch.device(request.param):
        yield request.param


@pytest.fixture(autouse=True)
def isolated_random_state():
    """Every test starts from the same global generators and leaves no trace in them."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    threads = torch.get_num_threads()
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    yield
    random.setstate(states[0])
    np.random.set_state(states[1])
    torch.set_rng_state(states[2])
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def fashion_mnist():
    """The real images: what a test draws from them must be a small part."""
    return data.load("fashion-mnist")


@pytest.fixture(scope="session")
def _trained_lenet(fashion_mnist):
    x, y = fashion_mnist.train
    torch.manual_seed(0)
    return nets.train(nets.lenet(), (x[:6000], y[:6000]), epochs=3, seed=0, progress=False).eval()


@pytest.fixture
def trained_lenet(_trained_lenet):
    """LeNet after three epochs on 6,000 images (about 0.8): a copy, so a test may spoil it."""
    return copy.deepcopy(_trained_lenet)
