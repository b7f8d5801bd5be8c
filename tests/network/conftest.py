"""The network and the images of the tests that say no others."""

import pytest
import torch

from eden import nets


@pytest.fixture
def model():
    torch.manual_seed(0)
    return nets.lenet().eval()


@pytest.fixture
def images():
    return torch.randn(6, 1, 28, 28, generator=torch.Generator().manual_seed(1))
