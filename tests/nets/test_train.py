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
