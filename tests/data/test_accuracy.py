"""What an evaluator says, checked."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from eden.data import Evaluator, accuracy_of, right_of

NET = nn.Identity()


class Says:
    def __init__(self, answer, **more):
        self.answer = answer
        vars(self).update(more)

    def __call__(self, model):
        return self.answer


@pytest.mark.parametrize(
    "answer", [0, 1, 0.5, np.float32(0.5), np.float64(1.0), np.array(0.5), torch.tensor(0.5)]
)
def test_numbers_of_any_kind_are_accepted(answer):
    value = accuracy_of(Says(answer), NET, draw=1)
    assert type(value) is float and value == float(answer)


@pytest.mark.parametrize(
    "answer", [math.nan, math.inf, -math.inf, 90.0, -1e-9, 1 + 1e-9, 10**400, torch.tensor(2.0)]
)
def test_what_is_no_accuracy_is_an_error_that_names_the_draw(answer):
    with pytest.raises(ValueError, match=r"accuracy under draw 7 is .*a number from 0 to 1"):
        accuracy_of(Says(answer), NET, draw=7)


@pytest.mark.parametrize("answer", ["0.9", None, True, [0.9], 0.5j, torch.tensor([0.5]), {}])
def test_what_is_no_number_is_an_error_that_names_the_draw(answer):
    with pytest.raises(TypeError, match=r"accuracy under draw 7 is .*a number from 0 to 1"):
        accuracy_of(Says(answer), NET, draw=7)


def test_nan_is_a_miss_where_the_evaluator_says_so():
    assert accuracy_of(Says(math.nan, nan="miss"), NET, draw=1) == 0.0
    for answer in (math.inf, 90.0):
        with pytest.raises(ValueError, match="accuracy under draw 1"):
            accuracy_of(Says(answer, nan="miss"), NET, draw=1)
    with pytest.raises(ValueError, match="nan of the evaluator is 'skip', accepted: error, miss"):
        accuracy_of(Says(0.5, nan="skip"), NET, draw=1)


def test_images_named_rightly_are_bools_one_an_image():
    right = right_of(Evaluator(torch.eye(3), torch.arange(3)), NET, draw=1)
    assert right.tolist() == [True] * 3
    for wrong in (torch.ones(3), torch.ones(2, dtype=torch.bool), [True] * 3):
        evaluate = Evaluator(torch.eye(3), torch.arange(3))
        evaluate.right = lambda _, wrong=wrong: wrong
        with pytest.raises(ValueError, match=r"draw 5 is .*accepted: a bool tensor \[3\]"):
            right_of(evaluate, NET, draw=5)


def test_labels_that_the_network_has_no_class_for_are_refused():
    """None of its answers would be right: an accuracy that is low for no reason that shows."""
    x = torch.eye(3)
    for ask in (Evaluator.right, Evaluator.__call__, lambda e, model: e.closest(model, 1)):
        with pytest.raises(ValueError, match="highest label is 3, accepted: below 3, the classes"):
            ask(Evaluator(x, torch.tensor([0, 3, 1])), NET)
    with pytest.raises(ValueError, match="lowest label is -1, accepted: 0 or more"):
        Evaluator(x, torch.tensor([0, -1, 1]))
