"""A model run on a batch: modes are restored, whatever happens."""

import pytest
import torch
from torch import nn

from eden.data import call, device_of, evaluating, inputs_of, keeping_modes


def modes(model):
    return [module.training for module in model.modules()]


@pytest.mark.parametrize("inside", [evaluating, keeping_modes])
def test_modes_are_restored_module_by_module(inside):
    model = nn.Sequential(nn.Dropout(), nn.Sequential(nn.Dropout(), nn.Linear(2, 2)))
    model[1].eval()
    model[1][1].train()
    before = modes(model)
    with pytest.raises(KeyError), inside(model):
        model.train()
        raise KeyError
    assert modes(model) == before and torch.is_grad_enabled()


def test_evaluating_is_without_gradients():
    model = nn.Linear(2, 2)
    with evaluating(model):
        assert not model.training and not model(torch.ones(1, 2)).requires_grad
    assert model.training


def test_a_batch_may_be_a_tensor_a_tuple_or_keywords():
    model, x = nn.Bilinear(2, 3, 4), (torch.ones(5, 2), torch.ones(5, 3))
    expected = model(*x)
    assert inputs_of([x, torch.zeros(5)]) is x and inputs_of(x[0]) is x[0]
    assert torch.equal(call(model, x, device_of(model)), expected)
    keywords = {"input1": x[0], "input2": x[1]}
    assert torch.equal(call(model, keywords, device_of(model)), expected)
    assert device_of(nn.Dropout()) == torch.device("cpu")
