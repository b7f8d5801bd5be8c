"""Shifted and mirrored images."""

import pytest
import torch

from eden import data
from eden.data import Augment


def drawn(augment, x, seed=0):
    return augment(x, torch.Generator().manual_seed(seed))


def test_nothing_is_done_where_nothing_is_asked():
    x = torch.rand(5, 3, 4, 6)
    assert torch.equal(drawn(Augment(shift=0, flip=0), x), x)


def test_all_are_mirrored_at_a_share_of_one():
    x = torch.rand(5, 3, 4, 6)
    assert torch.equal(drawn(Augment(shift=0, flip=1), x), x.flip(3))


def test_an_image_moves_as_a_whole_and_what_comes_in_is_zero():
    # A pixel of 1 in the middle of 5 x 5, moved by 2 at most: every place within reach is drawn.
    x = torch.zeros(400, 2, 5, 5)
    x[:, :, 2, 2] = 1
    moved = drawn(Augment(shift=2, flip=0), x)
    assert (moved.sum((2, 3)) == 1).all()
    assert torch.equal(moved[:, 0], moved[:, 1])
    assert (moved.sum(0)[0] > 0).all()
    ones = drawn(Augment(shift=2, flip=0.5), torch.ones(400, 1, 5, 5))
    assert sorted(set(ones.sum((1, 2, 3)).tolist())) == [9, 12, 15, 16, 20, 25]


def test_it_follows_from_the_seed_and_each_pass_is_another():
    x, y = torch.rand(30, 3, 8, 8), torch.arange(30)
    passes = []
    for _ in range(2):
        loader = data.batches(x, y, 8, seed=5, augment=Augment(shift=2))
        passes.append([torch.cat([b for b, _ in loader]) for _ in range(2)])
    (a, b), (c, d) = passes
    assert torch.equal(a, c) and torch.equal(b, d) and not torch.equal(a, b)
    plain = torch.cat([n for _, n in data.batches(x, y, 8, seed=5)])
    assert len(plain) == 30


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"shift": -1}, "shift is -1, accepted: an integer from 0 to 64"),
        ({"flip": 1.5}, "flip is 1.5, accepted: a number"),
    ],
)
def test_what_cannot_be_is_refused(asked, words):
    with pytest.raises(ValueError, match=words):
        Augment(**asked)
    with pytest.raises(ValueError, match="seed is None, accepted: an integer, where images are"):
        data.batches(torch.zeros(1, 1, 2, 2), torch.zeros(1), 1, augment=Augment())


def test_shares_of_a_batch_are_augmented_as_the_whole_is():
    x, y = torch.rand(10, 3, 8, 8), torch.arange(10)
    augment = data.Augment(2, 0.5)
    whole = list(data.batches(x, y, 4, seed=0, augment=augment))
    shares = [data.batches(x, y, 4, seed=0, augment=augment).share(rank, 2) for rank in (0, 1)]
    for (images, labels), *parts in zip(whole, *shares, strict=True):
        assert torch.equal(torch.cat([part for part, _ in parts]), images)
        assert torch.equal(torch.cat([part for _, part in parts]), labels)
