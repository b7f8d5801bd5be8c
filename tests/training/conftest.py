import pytest
import torch
from torch import nn


@pytest.fixture
def blobs():
    """Four classes, told by which quarter of 16 numbers is large."""
    draw = torch.Generator().manual_seed(0)
    y = torch.arange(400) % 4
    x = 0.3 * torch.randn(400, 16, generator=draw)
    return x + nn.functional.one_hot(y, 4).repeat_interleave(4, dim=1), y


@pytest.fixture
def model(blobs):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(16, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 4))
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    for _ in range(40):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(blobs[0]), blobs[1]).backward()
        optimizer.step()
    return net.eval()
