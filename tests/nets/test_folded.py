"""Batch norm that was folded into the weights a training starts from."""

import copy

import pytest
import torch
from torch import nn

from eden import nets

IMAGES = torch.rand(64, 3, 8, 8, generator=torch.Generator().manual_seed(1))


def trained() -> nn.Sequential:
    """Two convolutions whose norms have seen something."""
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU()]
    layers += [nn.Conv2d(4, 5, 3, bias=False), nn.BatchNorm2d(5), nn.Flatten(), nn.Linear(80, 3)]
    model = nn.Sequential(*layers)
    for norm in (model[1], model[4]):
        nn.init.uniform_(norm.weight, 0.2, 3)
        nn.init.uniform_(norm.bias, -1, 1)
        norm.running_mean.uniform_(-0.2, 0.2)
        norm.running_var.uniform_(0.01, 0.3)
    return model.eval()


def folded() -> nn.Sequential:
    """The same, as a file made for inference has it: norms that only add a bias."""
    model = trained()
    with torch.no_grad():
        for conv, norm in ((model[0], model[1]), (model[3], model[4])):
            scale = norm.weight / (norm.running_var + norm.eps).sqrt()
            conv.weight *= scale[:, None, None, None] * (1 + norm.eps) ** 0.5
            norm.bias -= norm.running_mean * scale
            norm.weight.fill_(1)
            norm.reset_running_stats()
    return model


def test_the_output_stays_and_training_begins_with_it():
    model, original = folded(), trained()(IMAGES)
    torch.testing.assert_close(model(IMAGES), original, rtol=1e-4, atol=1e-4)
    training = copy.deepcopy(model).train()
    # What went wrong: the first batch is normalised by what was meant to scale by 1.
    assert (training(IMAGES) - original).abs().max() > 0.5
    assert nets.unfold(model, IMAGES) == 2
    assert not model.training
    torch.testing.assert_close(model(IMAGES), original, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(model.train()(IMAGES), original, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "make", [trained, lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))]
)
def test_other_norms_are_left_alone(make):
    """Norms with statistics, and those that were just drawn."""
    model = make()
    before = copy.deepcopy(model.state_dict())
    assert nets.unfold(model, IMAGES) == 0
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert not model[1]._forward_pre_hooks
