"""Searches and verifications see the same errors however the images are batched."""

import copy

import pytest
import torch
from torch import nn

from eden import data, errors
from eden.network import Config, attach, calibration_of
from eden.tolerance import characterize_coarse, verify
from eden.tolerance._network import under_errors
from eden.tolerance._oracle import Oracle
from eden.training import boost, history_of

X = torch.randn(60, 4, generator=torch.Generator().manual_seed(1))
Y = (X[:, 0] > X[:, 1]).long()


class Scaled(nn.Module):
    """A depthwise convolution: no sum that another batch would round otherwise."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Conv1d(4, 4, 1, groups=4, bias=False)
        nn.init.ones_(self.layer.weight)

    def forward(self, x):
        return self.layer(x[..., None])[:, [1, 0], 0]


@pytest.fixture(scope="module")
def network():
    model, config = Scaled(), Config(errors.Uniform(0.1, 0.5))
    handle = attach(model, config)
    handle.learn_bounds([X])
    handle.detach()
    return model, config.with_(calibration=calibration_of(model))


def test_part_and_rest_are_the_whole(network):
    images = torch.randn(400, 4, generator=torch.Generator().manual_seed(2))
    evaluate = data.Evaluator(images, (images[:, 0] > images[:, 1]).long(), 60)
    rights = []
    for by_part in (False, True):
        with under_errors(copy.deepcopy(network[0]), evaluate, network[1]) as asked:
            asked.choose_part(steps := asked.every(-10), 0)
            question = asked.question(steps, 1)
            if by_part:
                Oracle(asked, 0.5).right(steps, 1)
                assert asked.memo.known(question.reads(part=True)) is not None
            rights.append(asked.answer(question, part=False)["right"])
    assert rights[0] == rights[1]


def checked(model, config, evaluate):
    asked = {"config": config, "evaluate": evaluate, "target_accuracy": 0.5}
    images = data.batches(X, Y, 60)
    boosted = boost(model, images, target_ber=1e-3, epochs=1, progress=False, **asked)
    return [(row["accuracy"], row["bears"]) for row in history_of(boosted)]


ASKED = {
    "verify": lambda model, config, evaluate: (
        verify(model, evaluate, config, target_accuracy=0.5, seeds=4).accuracies
    ),
    "coarse": lambda model, config, evaluate: characterize_coarse(
        model, evaluate, config=config, target_accuracy=0.8, seeds=3
    ).to_dict(),
    "check of boost": checked,
}


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("what", ASKED)
def test_the_batch_size_makes_no_difference(network, what, plain):
    seen = []
    for size in (60, 25, 7):
        evaluate = data.Evaluator(X, Y, size)
        ask = (lambda model, evaluate=evaluate: evaluate(model)) if plain else evaluate
        seen.append(ASKED[what](*network, ask))
    assert seen[0] == seen[1] == seen[2]
