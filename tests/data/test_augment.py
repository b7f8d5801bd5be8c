"""Shifted and mirrored images."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

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


@st.composite
def scenes(draw):
    """A photo's height and width, a box in whole pixels, and what is made of it."""
    height, width = draw(st.integers(4, 20)), draw(st.integers(4, 20))
    x0, y0 = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    x1, y1 = draw(st.integers(x0 + 1, width)), draw(st.integers(y0 + 1, height))
    shift = draw(st.integers(0, 12))
    moved = draw(st.integers(0, 2 * shift)), draw(st.integers(0, 2 * shift))
    return (height, width), (x0, y0, x1, y1), shift, (draw(st.integers(0, 1)), *moved)


@given(scenes())
def test_a_box_is_where_its_photo_shows_it(scene):
    size, (x0, y0, x1, y1), shift, (mirrored, down, right) = scene
    augment, drawn = Augment(shift=shift, fill=0.5), torch.tensor([[mirrored], [down], [right]])
    x = torch.full((1, 3, *size), 0.5)
    x[..., y0:y1, x0:x1] = 1.0
    truths = torch.tensor([[[x0, y0, x1, y1, 7.0], [-1.0, -1, -1, -1, -1]]])
    seen, moved = augment.apply(x, drawn), augment.boxes(truths, drawn, size)
    assert moved.shape == truths.shape and (moved[0, 1] == -1).all()
    assert set(seen.unique().tolist()) <= {0.5, 1.0}
    rows, columns = (seen[0, 0] == 1).nonzero().unbind(1)
    if moved[0, 0, 4] == 7:
        assert moved[0, 0, :4].tolist() == [
            columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        ]  # fmt: skip
    assert (moved[0, 0, 4] == 7) <= bool(len(rows))  # what is not seen is left out
    whole = len(rows) == (x1 - x0) * (y1 - y0)
    assert whole <= bool(moved[0, 0, 4] == 7)


def test_a_box_of_which_a_shift_leaves_nothing_is_left_out():
    # Floats lie 5e-7 pixels apart at 5, and twice as far from 8 on.
    y = torch.tensor(5.0)
    above = torch.nextafter(y, torch.tensor(6.0))
    truths = torch.tensor([[[1.0, y, 9.0, above, 0.0]]]).expand(200, 1, 5)
    augment = data.Augment(shift=4, flip=0.5)
    drawn = augment.draw(200, torch.Generator().manual_seed(0))
    moved = augment.boxes(truths, drawn, (16, 16))[:, 0]
    there = moved[:, 4] >= 0
    assert (moved[there, 3] > moved[there, 1]).all() and (moved[~there] == -1).all()
    assert 20 < there.sum() < 180


def test_batches_of_photos_bring_their_boxes_along():
    x = torch.rand(6, 3, 8, 8)
    boxes = torch.tensor([[2.0, 1, 5, 4, 0]]).repeat(6, 1, 1)
    for images, there in data.batches(x, boxes, 4, seed=0, augment=Augment(shift=0, flip=1.0)):
        assert (there == torch.tensor([3.0, 1, 6, 4, 0])).all()  # 8 - 5 to 8 - 2
        mirrored = [(images[n].flip(2) == x).flatten(1).all(1).any() for n in range(len(images))]
        assert all(mirrored)
