"""A small network and its images, trained once."""

import pytest
import torch

from eden import errors
from eden.network import Config, approximate, keep_calibration

CONFIG = Config(error=errors.Uniform(weak_fraction=1e-3))


@pytest.fixture(scope="session")
def trained():
    """Four clusters in sixteen dimensions, and a network that tells them apart."""
    return _clusters(hidden=32, noise=0.55, images=400)


@pytest.fixture(scope="session")
def fragile():
    """The same, closer together, and a smaller network: many cells cost a hundredth alone."""
    return _clusters(hidden=12, noise=1.2, images=1000)


def _clusters(*, hidden, noise, images):
    count = 400 + images
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 4, (count,), generator=generator)
    centres = torch.randn(4, 16, generator=generator)
    images = centres[labels] + noise * torch.randn(count, 16, generator=generator)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = torch.nn.Sequential(
            torch.nn.Linear(16, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, 4)
        )
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        for _ in range(60):
            loss = torch.nn.functional.cross_entropy(model(images[:400]), labels[:400])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with approximate(model, CONFIG) as handle:
        keep_calibration(model, handle.learn_bounds([images[:400]]))
    labels[400:408] = (labels[400:408] + 1) % 4  # so that no network reaches 1
    return model.eval(), images[400:], labels[400:]
