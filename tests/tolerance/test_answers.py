"""No search takes for an accuracy what is none."""

import itertools
import math

import pytest
import torch
from torch import nn

from eden import errors
from eden.data import Evaluator
from eden.network import Config, approximate, keep_calibration
from eden.tolerance import (
    accuracy_curve,
    characterize_coarse,
    characterize_fine,
    criticality,
    verify,
)

CONFIG = Config(error=errors.Uniform(weak_fraction=1e-3))


@pytest.fixture(scope="module")
def model():
    net = nn.Linear(4, 2).eval()
    with approximate(net, CONFIG) as handle:
        keep_calibration(net, handle.learn_bounds([torch.randn(8, 4)]))
    return net


def answering(answer):
    """An evaluator that runs the network and says this of it."""

    def evaluate(model):
        model(torch.zeros(1, 4))
        return answer

    return evaluate


def curve(model, evaluate):
    return accuracy_curve(model, evaluate, config=CONFIG, bers=[1e-3], seeds=2)


def coarse(model, evaluate):
    return characterize_coarse(model, evaluate, config=CONFIG, target_accuracy=0.5, seeds=2)


def fine(model, evaluate):
    start = characterize_coarse(model, answering(0.9), config=CONFIG, target_accuracy=0.5, seeds=2)
    return characterize_fine(model, evaluate, start=start, seeds=2)


def cells(model, evaluate):
    return criticality(model, evaluate, config=CONFIG, target_accuracy=0.5)


def verified(model, evaluate):
    return verify(model, evaluate, CONFIG, target_accuracy=0.5, seeds=2)


@pytest.mark.parametrize("search", [curve, coarse, fine, verified, cells])
@pytest.mark.parametrize("answer", [math.nan, math.inf, 90.0, "0.9"])
def test_an_answer_that_is_no_accuracy_is_an_error(model, search, answer):
    with pytest.raises((ValueError, TypeError), match=r"accuracy under draw \d+ is "):
        search(model, answering(answer))


@pytest.mark.parametrize("search", [coarse, fine, verified, cells])
def test_an_evaluator_that_changes_its_mind_is_an_error(model, search):
    left = itertools.count(90, -1)

    def moody(network):
        network(torch.zeros(1, 4))
        return next(left) / 100

    with pytest.raises(ValueError, match=r"evaluate answered 0.9 .* and 0.89 when asked again"):
        search(model, moody)


@pytest.mark.parametrize("search", [coarse, fine, verified, cells])
def test_an_evaluator_that_changes_its_mind_later_is_an_error(model, search):
    """At the end the first question is asked once more: all between may have been of either."""
    answers = itertools.chain([0.9] * 3, itertools.repeat(0.89))

    def moody(network):
        network(torch.zeros(1, 4))
        return next(answers)

    with pytest.raises(ValueError, match=r"evaluate answered 0.9 .* and 0.89 when asked again"):
        search(model, moody)


class _OtherImages(Evaluator):
    """As many images are named rightly whenever it is asked, but not the same ones."""

    asked = 0

    def right(self, model):
        self.asked += 1
        return super().right(model).roll(self.asked)


@pytest.mark.parametrize("search", [coarse, fine, cells])
def test_an_evaluator_that_finds_other_images_right_is_an_error(model, search):
    images = torch.linspace(-1, 1, 1200).view(300, 4)
    labels = model(images).argmax(1)
    labels[::7] = 1 - labels[::7]
    with pytest.raises(ValueError, match=r"answered some images rightly .* others when asked ag"):
        search(model, _OtherImages(images, labels))


def test_nan_is_a_miss_where_the_evaluator_says_so(model):
    evaluate = answering(math.nan)
    evaluate.nan = "miss"
    assert verified(model, evaluate).misses == 2
    assert curve(model, evaluate)[0].accuracies == (0.0, 0.0)
    with pytest.raises(ValueError, match="target"):
        coarse(model, evaluate)
