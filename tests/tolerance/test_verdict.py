"""What a verification says of images that nobody has seen, by worked numbers."""

import json
import math

import pytest
import torch

from eden import errors
from eden.data import Evaluator
from eden.network import Config, approximate
from eden.tolerance import verify

CONFIG = Config(error=errors.Uniform(weak_fraction=1e-3))
SAMPLED = ("images", "standard_error", "original_accuracy", "original_standard_error")
SAMPLED += ("difference", "difference_standard_error")


class Scripted:
    """Answers in this order whatever the network is: the first draw is asked four times."""

    digest = None

    def __init__(self, images, first, second):
        self.images = images
        self.answers = [torch.tensor(bits).bool() for bits in (first, first, first, second, first)]

    def __len__(self):
        return len(self.images)

    def __call__(self, model):
        return self.right(model).double().mean().item()

    def right(self, model):
        model(self.images)
        return self.answers.pop(0)


def test_five_images_under_two_draws(trained, tmp_path):
    # Right before: images 0, 1, 2: 0.6, binomial error sqrt(0.6 0.4 / 5). Under the first draw 1 is
    # lost and 4 gained, under the second 1 and 2 lost and 4 gained: accuracies 0.6 and 0.4, mean
    # 0.5, difference -0.1. Images are right in 2, 0, 1, 0, 2 draws: shares vary by 0.25 about 0.5.
    # They change by 0, -1, -0.5, 0, 1: by 2.2 / 4 = 0.55 about -0.1. Errors: over 5, and the root.
    model, images, _ = trained
    evaluate = Scripted(images[:5], [1, 0, 1, 0, 1], [1, 0, 0, 0, 1])
    asked = {
        "target_accuracy": 0.3,
        "seeds": 2,
        "original": torch.tensor([1, 1, 1, 0, 0]).bool(),
        "folder": tmp_path,
    }
    seen = verify(model, evaluate, CONFIG, **asked)
    assert seen.accuracies == (0.6, 0.4) and seen.images == 5
    assert (seen.mean_accuracy, seen.standard_error) == (0.5, pytest.approx(math.sqrt(0.05)))
    assert seen.original_accuracy == 0.6
    assert seen.original_standard_error == pytest.approx(math.sqrt(0.048))
    assert seen.difference == -0.1
    assert seen.difference_standard_error == pytest.approx(math.sqrt(0.11))
    assert json.loads(json.dumps(seen.to_dict()))["difference"] == -0.1
    # From kept trials the same: there is no answer left to ask for.
    assert not evaluate.answers
    evaluate.answers = [torch.zeros(5).bool()]
    assert verify(model, evaluate, CONFIG, **asked) == seen and len(evaluate.answers) == 1
    # Without a network to compare with, the images still say what the mean is worth.
    del asked["original"]
    alone = verify(model, evaluate, CONFIG, **asked)
    assert alone.standard_error == seen.standard_error and alone.images == 5
    assert all(getattr(alone, name) is None for name in SAMPLED[2:])


def test_a_bare_number_says_nothing_of_images(trained):
    model, images, labels = trained
    evaluate = Evaluator(images, labels)
    asked = {"target_accuracy": 0.5, "seeds": 2}
    bare = verify(model, lambda m: evaluate(m), CONFIG, **asked)
    assert all(getattr(bare, name) is None and bare.to_dict()[name] is None for name in SAMPLED)
    told = verify(model, evaluate, CONFIG, **asked)
    assert told.accuracies == bare.accuracies and told.standard_error > 0
    with pytest.raises(ValueError, match=r"original is tensor.*, accepted: none for an evaluator"):
        right = evaluate.right(model)
        verify(model, lambda m: evaluate(m), CONFIG, original=right, **asked)


def test_a_network_that_errors_do_not_change_differs_by_nothing(trained):
    model, images, labels = trained
    evaluate = Evaluator(images[:50], labels[:50])
    config = CONFIG.with_(error=errors.Uniform(weak_fraction=0.0))
    with approximate(model, config):
        right = evaluate.right(model)
    seen = verify(model, evaluate, config, target_accuracy=0.5, seeds=3, original=right)
    assert (seen.difference, seen.difference_standard_error) == (0.0, 0.0)
    assert seen.mean_accuracy == seen.original_accuracy < 1 and seen.standard_error > 0


def test_the_difference_is_that_of_the_accuracies_and_varies_less_than_they_do(trained):
    model, images, labels = trained
    evaluate = Evaluator(images, labels)
    config = CONFIG.with_(error=errors.Uniform(weak_fraction=0.03))
    seen = verify(
        model, evaluate, config, target_accuracy=0.5, seeds=5, original=evaluate.right(model)
    )
    assert seen.original_accuracy == evaluate(model)
    assert seen.difference == pytest.approx(seen.mean_accuracy - seen.original_accuracy)
    assert (
        0
        < seen.difference_standard_error
        < math.hypot(seen.standard_error, seen.original_standard_error)
    )


def test_one_image_has_no_error(trained):
    model, images, labels = trained
    evaluate = Evaluator(images[:1], labels[:1])
    right = evaluate.right(model)
    seen = verify(model, evaluate, CONFIG, target_accuracy=0.0, seeds=2, original=right)
    assert seen.images == 1 and seen.standard_error is seen.difference_standard_error is None


@pytest.mark.parametrize("original", [torch.ones(399).bool(), torch.ones(400), [True] * 400])
def test_other_answers_than_of_these_images_are_refused(trained, original):
    model, images, labels = trained
    with pytest.raises(ValueError, match=r"original is .*, accepted: a bool tensor \[400\]"):
        verify(model, Evaluator(images, labels), CONFIG, target_accuracy=0.5, original=original)


class Weighed(Evaluator):
    """Tells another accuracy than the share of its images."""

    def __call__(self, model):
        return super().__call__(model) / 2


def test_an_accuracy_that_is_not_of_the_images_told_is_refused(trained):
    model, images, labels = trained
    with pytest.raises(
        ValueError, match=r"accuracy of evaluate under draw \d+ is 0\.4.*, accepted: 0"
    ):
        verify(model, Weighed(images, labels), CONFIG, target_accuracy=0.3, seeds=2)
