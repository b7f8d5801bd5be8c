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


def test_a_cell_of_a_reliable_tensor_fails_as_its_model_says():
    """At a quarter of the reads, as if nothing protected it: 5 standard deviations of 400 reads."""
    torch.manual_seed(0)
    model = nn.Linear(8, 3)
    config = Config(errors.Uniform(1e-3, 0.25), inputs=False, protect={"weight": "reliable"})
    handle = attach(model, config)
    handle.learn_bounds([X])
    clean, wrong = model(X), 0
    with handle.one_weak_cell("weight", 3, 7):
        for _ in range(400):
            wrong += not torch.equal(model(X), clean)
    assert 100 - 44 < wrong < 100 + 44


def test_other_errors_leave_a_reliable_tensor_at_the_rated_point():
    torch.manual_seed(0)
    model = nn.Linear(8, 3)
    handle = attach(model, Config(errors.Uniform(0.0), protect={"weight": "reliable"}))
    handle.learn_bounds([X])
    clean = model(X)
    handle.set_errors({"weight": errors.Uniform(0.2)})
    assert torch.equal(model(X), clean)
    handle.set_errors(errors.Uniform(0.2))
    assert handle.ber == {"weight": 0.0, "input": 0.2}


def test_errors_say_anew_whether_weak_cells_always_fail():
    model = nn.Linear(8, 3)
    handle = attach(model, Config(errors.Uniform(0.01)))
    for failure in (0.5, 1.0):
        handle.set_errors(errors.Uniform(0.01, failure))
        assert {t.sure for t in handle.reading.tensors.values()} == {failure == 1.0}
