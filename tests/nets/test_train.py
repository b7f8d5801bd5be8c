"""What the plain training loop refuses before a step is made."""

import math

import pytest
import torch

from eden import data, nets

NONE = torch.zeros(0, 1, 28, 28), torch.zeros(0, dtype=torch.int64)
FOUR = torch.zeros(4, 1, 28, 28), torch.zeros(4, dtype=torch.int64)
BYTES = data.Images(torch.zeros(0, 1, 28, 28, dtype=torch.uint8), data.Normalisation((0,), (1,)))


@pytest.mark.parametrize(
    ("pair", "keys", "words"),
    [
        (NONE, {}, "number of training images is 0, accepted: at least 1"),
        ((BYTES, NONE[1]), {}, "number of training images is 0, accepted: at least 1"),
        ((FOUR[0], NONE[1]), {}, "number of labels is 0, accepted: as many as inputs, 4"),
        (FOUR, {"learning_rate": -1.0}, "learning_rate is -1.0, accepted: a number of at least 0"),
        (FOUR, {"learning_rate": math.nan}, "learning_rate is nan, accepted: a number"),
        (FOUR, {"learning_rate": "high"}, "learning_rate is 'high', accepted: a number"),
        ((FOUR[0], FOUR[1] + 10), {}, "highest label is 10, accepted: below 10, the classes"),
        ((FOUR[0], FOUR[1] - 1), {}, "lowest label is -1, accepted: 0 or more, or -100"),
        (
            (FOUR[0], FOUR[1].float()),
            {},
            "labels is 'torch.float32 [4]', accepted: int64 or uint8 [n]",
        ),
        ((FOUR[0], FOUR[1].int()), {}, "labels is 'torch.int32 [4]', accepted: int64 or uint8 [n]"),
        (
            (FOUR[0], FOUR[1][:, None]),
            {},
            "labels is 'torch.int64 [4, 1]', accepted: int64 or uint8 [n]",
        ),
        (FOUR, {"batch_size": 0}, "batch_size is 0, accepted: an integer of at least 1"),
    ],
)
def test_what_nothing_is_learned_from(pair, keys, words):
    model = nets.build("lenet")
    before = model.fc3.bias.clone()
    with pytest.raises((TypeError, ValueError)) as caught:
        nets.train(model, pair, progress=False, **keys)
    assert words in str(caught.value) and "\n" not in str(caught.value)
    assert torch.equal(model.fc3.bias, before)


@pytest.mark.parametrize(
    "labels",
    [torch.full((4, 10), 0.1), torch.tensor([0, -100, 9, 1]), torch.ones(4, dtype=torch.uint8)],
)
def test_what_cross_entropy_takes_is_taken(labels):
    nets.train(nets.build("lenet"), (FOUR[0], labels), epochs=1, progress=False)


@pytest.mark.parametrize(
    ("pixel", "keys"), [(math.nan, {}), (1e20, {"optimizer": "sgd", "learning_rate": 1e30})]
)
def test_weights_that_a_training_ruined_are_said(pixel, keys):
    images = torch.full_like(FOUR[0], pixel)
    with pytest.raises(ValueError, match="train: weights are not finite after epoch 1; a lower"):
        nets.train(nets.build("lenet"), (images, FOUR[1]), epochs=1, progress=False, **keys)


def test_a_batch_in_which_nothing_counts_ruins_nothing():
    """Its loss is 0 over 0, its gradients are 0."""
    labels = torch.tensor([0, 1, -100, -100])
    nets.train(nets.build("lenet"), (FOUR[0], labels), epochs=1, batch_size=1, progress=False)


def test_labels_are_looked_at_without_a_trace():
    """Statistics of batch norm and modes stay; a loss of one's own takes labels of its own."""
    model = nets.build("mobilenet_v2", classes=3).train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    images = torch.zeros(4, 3, 32, 32)
    with pytest.raises(ValueError, match="highest label is 3, accepted: below 3"):
        nets.train(model, (images, torch.arange(4)), progress=False)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert model.training
    squared = lambda outputs, y: ((outputs[:, 0] - y) ** 2).mean()  # noqa: E731
    nets.train(model, (images, torch.arange(4)), epochs=1, loss=squared, progress=False)
