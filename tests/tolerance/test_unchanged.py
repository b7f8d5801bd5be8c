"""An evaluator that changes the network it is asked about: each draw would meet another one."""

import copy

import pytest
import torch

from eden import errors
from eden.data import Evaluator
from eden.network import Config
from eden.tolerance import accuracy_curve, characterize_coarse, verify
from eden.tolerance._network import under_errors

CONFIG = Config(error=errors.Uniform(weak_fraction=1e-3))
CHANGED = r"^evaluate changed 0\.weight"


def _in_place(model):
    with torch.no_grad():
        model[0].weight.mul_(1.001)


def _trains(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    model(torch.ones(2, 16)).square().sum().backward()
    optimizer.step()
    optimizer.zero_grad()


def _loads(model):
    model.load_state_dict({key: 1.001 * value for key, value in model.state_dict().items()})


def _replaces(model):
    model[0].weight = torch.nn.Parameter(1.001 * model[0].weight.detach())


WAYS = [_in_place, _trains, _loads, _replaces]


class _Changing:
    """An evaluator that does something to the network first."""

    def __init__(self, trained, change):
        self.images, self.labels, self.change = *trained[1:], change

    def __call__(self, model):
        self.change(model)
        return (model(self.images).argmax(1) == self.labels).float().mean().item()


@pytest.mark.parametrize("change", WAYS)
def test_an_evaluator_that_changes_weights_is_an_error(trained, change):
    for ask in (
        lambda *given: verify(*given, target_accuracy=0.5, seeds=2),
        lambda model, evaluate, config: characterize_coarse(
            model, evaluate, config=config, target_accuracy=0.5, seeds=1
        ),
    ):
        model = copy.deepcopy(trained[0])
        with pytest.raises(ValueError, match=CHANGED):
            ask(model, _Changing(trained, change), CONFIG)


def _other_data(model):
    model[0].weight.data = 1.001 * model[0].weight.data


@pytest.mark.parametrize("change", [_other_data, lambda m: m[0].weight.data.mul_(1 + 1e-6)])
def test_what_leaves_no_trace_in_torch_is_an_error_at_the_end(trained, change):
    model, evaluate = copy.deepcopy(trained[0]), _Changing(trained, change)
    with pytest.raises(ValueError, match=r"^evaluate changed the network"):
        accuracy_curve(model, evaluate, config=CONFIG, bers=[1e-4], seeds=1)


@pytest.mark.parametrize("way", ["right", "closest"])
def test_an_evaluator_by_image_that_changes_weights_is_an_error(trained, way, monkeypatch):
    evaluate = Evaluator(*trained[1:])
    clean = getattr(evaluate, way)
    monkeypatch.setattr(
        evaluate, way, lambda model, *more: [_in_place(model), clean(model, *more)][1]
    )
    model = copy.deepcopy(trained[0])
    with pytest.raises(ValueError, match=CHANGED):
        characterize_coarse(model, evaluate, config=CONFIG, target_accuracy=0.5, seeds=1)


def test_what_leaves_the_weights_alone_is_none(trained):
    def modes_and_gradients(model):
        model.train().eval().requires_grad_(False).requires_grad_(True)
        model[0].weight.data = model[0].weight.data.clone()  # as moving it to a GPU and back does
        model(torch.ones(2, 16)).sum().backward()
        model.zero_grad()

    model = copy.deepcopy(trained[0])
    evaluate = _Changing(trained, modes_and_gradients)
    with under_errors(model, evaluate, CONFIG) as network:
        assert network.accuracy(0.0, 1) == network.accuracy(0.0, 2)
    with torch.inference_mode():  # whose tensors count no changes
        model = torch.nn.Sequential(torch.nn.Linear(16, 4), torch.nn.ReLU(), torch.nn.Linear(4, 4))
        with under_errors(model, evaluate, CONFIG.with_(stored="fp32", correction="off")) as own:
            evaluate.change = lambda model: None
            own.accuracy(0.0, 1)
