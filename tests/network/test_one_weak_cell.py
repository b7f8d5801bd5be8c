"""One weak cell alone: what may be changed meanwhile, and what there is afterwards."""

import pytest
import torch
from torch import nn

from eden import errors
from eden.network import Config, attach

X = torch.randn(4, 8, generator=torch.Generator().manual_seed(2))


@pytest.fixture
def handle():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 3)).eval()
    config = Config(errors.Uniform(0.05), protect={"0.weight": "triple"})
    handle = attach(model, config)
    handle.learn_bounds([X])
    return handle


def test_a_draw_that_begins_meanwhile_is_that_of_all_places(handle):
    handle.reseed(5)
    expected = handle.model(X)
    handle.reseed(1)
    with handle.one_weak_cell("0.weight", 3, 7):
        handle.reseed(5)
    assert torch.equal(handle.model(X), expected)


def test_the_rate_of_its_tensor_is_no_question_meanwhile(handle):
    before = handle.model(X).detach()
    with handle.one_weak_cell("0.weight", 3, 7):
        for change in (
            lambda: handle.set_ber(0.1),
            lambda: handle.set_ber({"0.weight": 0.1}),
            lambda: handle.set_errors({"0.weight": errors.Uniform(0.1)}),
            lambda: handle.one_weak_cell("0.weight", 1, 1).__enter__(),
        ):
            with pytest.raises(ValueError, match=r"0\.weight.* one"):
                change()
        assert set(handle.ber.values()) == {0.05}
        handle.set_ber({"1.weight": 0.0})
        with handle.one_weak_cell("1.weight", 1, 1):
            pass
    handle.set_ber({"1.weight": 0.05})
    handle.reseed(0)
    assert torch.equal(handle.model(X), before)
