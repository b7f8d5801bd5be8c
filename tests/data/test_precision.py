"""Average precision and photos found right, by worked examples and by pycocotools."""

import math

import pytest
import torch
from torch import nn

from eden import data
from eden.data import Boxes, average_precision, coco_scores


def boxes(*rows):
    """Boxes of ``(x0, y0, x1, y1, score, label)``."""
    table = torch.tensor(rows, dtype=torch.float32).reshape(-1, 6)
    return Boxes(table[:, :4], table[:, 4], table[:, 5].to(torch.int64))


SQUARE = (0, 0, 10, 10)
FAR = (50, 50, 60, 60)


def test_the_area_under_precision_against_recall():
    # Two boxes there. Found, by score: right, wrong, right: precision 1, 1/2, 2/3 at recall 1/2,
    # 1/2, 1. The best at no less recall is 1 up to 0.5 (51 recalls) and 2/3 beyond (50).
    there = [boxes((*SQUARE, 1, 0)), boxes((*FAR, 1, 0))]
    found = [boxes((*SQUARE, 0.9, 0)), boxes((*SQUARE, 0.8, 0), (*FAR, 0.7, 0))]
    assert average_precision(found, there) == pytest.approx((51 + 50 * 2 / 3) / 101)
    # The area itself: half at 1, half at 2/3.
    assert average_precision(found, there, recalls="voc") == pytest.approx((1 + 2 / 3) / 2)
    # Of a second class with one box, which nobody finds: the mean with 0.
    there[0] = boxes((*SQUARE, 1, 0), (*FAR, 1, 3))
    assert average_precision(found, there) == pytest.approx((51 + 50 * 2 / 3) / 101 / 2)
    # What is found of a class that is not there costs nothing: COCO leaves it out.
    found[0] = boxes((*SQUARE, 0.9, 0), (*FAR, 0.9, 5))
    assert average_precision(found, there) == pytest.approx((51 + 50 * 2 / 3) / 101 / 2)


def test_a_box_is_found_once_and_by_the_likeliest():
    there = [boxes((*SQUARE, 1, 0))]
    twice = [boxes((*SQUARE, 0.6, 0), (0, 0, 10, 9, 0.9, 0))]
    # The better one comes second, and is one too many: recall 1 at precision 1 all the same.
    assert average_precision(twice, there) == 1
    assert average_precision(twice, there, iou=0.95) == 0.5
    assert average_precision([boxes()], there) == 0


# Label 1 of what does not count: a box, such as VOC's difficult ones, and a crowd.
DIFFICULT, CROWD = -4, -5


def test_what_does_not_count_is_neither_found_nor_missed_nor_wrong():
    # Of class 1, a box and, far off, one that does not count. Half of either, and a tenth of that.
    box, half, tenth = (50, 50, 60, 60), (50, 50, 55, 60), (50, 50, 51, 60)
    alone = (*SQUARE, 1, 1)
    for kind, spared in ((DIFFICULT, (True, False)), (CROWD, (True, True))):
        there = [boxes(alone, (*box, 1, kind))]
        assert average_precision([boxes((*SQUARE, 0.5, 1))], there) == 1
        for part, none_wrong in zip((half, tenth), spared, strict=True):
            # Likelier than the right one, twice: precision 1 of those that count, or 1 of 3.
            found = [boxes((*part, 0.9, 1), (*part, 0.8, 1), (*SQUARE, 0.5, 1))]
            wanted = 1 if none_wrong else pytest.approx(1 / 3)
            assert average_precision(found, there) == wanted
            assert average_precision(found, there, recalls="voc") == wanted
    # One that is there and counts comes first, and another class does not choose it.
    there = [boxes((*SQUARE, 1, 1), (*SQUARE, 1, CROWD))]
    assert average_precision([boxes((*SQUARE, 0.9, 1))], there) == 1
    found = [boxes((*SQUARE, 0.9, 0), (*SQUARE, 0.8, 1))]
    both = [boxes((*SQUARE, 1, CROWD), (*FAR, 1, 0), (*FAR, 1, 1))]
    assert average_precision(found, both) == 0
    # A class of which nothing counts is none.
    assert average_precision(found, [boxes((*SQUARE, 1, 1), (*SQUARE, 1, -3))]) == 1


def test_a_photo_is_judged_without_what_does_not_count():
    truths = torch.tensor([[[*SQUARE, 1], [*FAR, CROWD]], [[*FAR, DIFFICULT], [0, 0, 0, 0, -1]]])
    said = [
        boxes((*SQUARE, 0.9, 1), (*FAR, 0.9, 1), (51, 51, 55, 55, 0.9, 1)),
        boxes((*FAR, 0.9, 1)),
    ]
    x = torch.arange(2.0).reshape(2, 1, 1, 1).expand(-1, 1, 64, 64)
    evaluate = data.BoxEvaluator(x, truths, lambda model, x: model(x))
    assert evaluate.agreements(Saying(said)).tolist() == [1, 1]
    assert evaluate.precision(Saying(said)) == 1
    said[1] = boxes((*FAR, 0.9, 0))
    assert evaluate.agreements(Saying(said)).tolist() == [1, 0]


def test_what_cannot_be_judged_is_said():
    with pytest.raises(ValueError, match="no photo has a box, so there is nothing to find"):
        average_precision([boxes()], [boxes((*SQUARE, 1, CROWD))])
    with pytest.raises(ValueError, match="recalls is 'all', accepted: coco, voc"):
        average_precision([], [], recalls="all")
    with pytest.raises(ValueError, match="photos with boxes found is 0, accepted: 1"):
        average_precision([], [boxes((*SQUARE, 1, 0))])


def drawn(photos, most, generator):
    corners = torch.rand(photos, most, 2, generator=generator) * 40
    sides = 8 + torch.rand(photos, most, 2, generator=generator) * 8
    labels = torch.randint(0, 3, (photos, most, 1), generator=generator)
    scores = torch.rand(photos, most, 1, generator=generator)
    return torch.cat([corners, corners + sides, scores, labels.to(torch.float32)], dim=2)


@pytest.mark.parametrize("crowds", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_it_is_what_pycocotools_says(seed, crowds):
    pytest.importorskip("pycocotools")
    generator = torch.Generator().manual_seed(seed)
    table = drawn(12, 9, generator)
    shifted = table.clone()
    shifted[..., :4] += torch.randn(12, 9, 1, generator=generator)
    extra = drawn(12, 120, generator)
    extra[..., 4] *= 0.7
    if crowds:
        # A third of the boxes are crowds, and one, which only one box finds, is difficult.
        table[:, ::3, 5] = -3 - 2 * table[:, ::3, 5]
        table[0, 1, :6] = torch.tensor([200.0, 200, 220, 220, 1, -2])
        shifted[0, 1, :4] = torch.tensor([200.0, 200, 220, 221])
        shifted[0, 1, 5] = 0
    there = [boxes(*rows.tolist()) for rows in table]
    found = [boxes(*rows.tolist()) for rows in torch.cat([shifted, extra], dim=1)]
    said = coco_scores(found, there)
    assert 0.1 < said["AP50"] < 0.9
    assert average_precision(found, there) == pytest.approx(said["AP50"], abs=1e-6)
    assert average_precision(found, there, iou=0.75) == pytest.approx(said["AP75"], abs=1e-6)
    assert coco_scores([boxes()] * 12, there)["AP50"] == 0


class Saying(nn.Module):
    """Says of each photo what it is told to, by the photo's first pixel."""

    def __init__(self, said):
        super().__init__()
        self.said = said

    def forward(self, x):
        assert not self.training
        return [self.said[int(n)] for n in x[:, 0, 0, 0]]


def test_a_box_larger_than_pycocotools_judges_is_wrong_all_the_same():
    there = [boxes((*SQUARE, 1, 0))]
    found = [boxes((-1e20, -1e20, 1e20, 1e20, 0.9, 0), (*SQUARE, 0.5, 0))]
    assert average_precision(found, there) == pytest.approx(0.5)
    assert coco_scores(found, there)["AP50"] == pytest.approx(0.5)


def test_photos_are_right_by_f1():
    # Found of the photos: all; one of two and one wrong (F1 1/2); nothing (0); nothing of nothing.
    two = ((*SQUARE, 0), (*FAR, 1))
    none = ((0, 0, 0, 0, -1),) * 2
    truths = torch.tensor([two, two, two, none], dtype=torch.float32)
    said = [
        boxes((*SQUARE, 0.9, 0), (*FAR, 0.8, 1), (*FAR, 0.1, 0)),
        boxes((*SQUARE, 0.9, 0), (*FAR, 0.8, 0)),
        boxes((*SQUARE, 0.2, 0)),
        boxes(),
    ]
    x = torch.arange(4.0).reshape(4, 1, 1, 1).expand(-1, 1, 64, 64)
    evaluate = data.BoxEvaluator(x, truths, lambda model, x: model(x), batch_size=3)
    model = Saying(said).train()
    assert evaluate.agreements(model).tolist() == [1, 0.5, 0, 1]
    assert evaluate.right(model).tolist() == [True, True, False, True]
    assert evaluate(model) == 0.75 and model.training
    assert evaluate.closest(model, 1).tolist() == [1]
    assert evaluate.take(torch.tensor([2, 1])).right(model).tolist() == [False, True]
    assert len(evaluate.subset(2, seed=1)) == 2
    # Below the score too. Of class 0 three are there; by score right, right, wrong (0.8), right.
    # Of class 1 three, of which one is found. Precision 1 up to 2/3 and 3/4 beyond; 1 up to 1/3.
    wanted = ((2 + 3 / 4) / 3 + 1 / 3) / 2
    assert evaluate.precision(model, recalls="voc") == pytest.approx(wanted)
    assert evaluate.precision(model) == average_precision(said, evaluate.there())


def rows(box):
    """The same box in each of two photos."""
    return torch.tensor([[box], [box]], dtype=torch.float32)


@pytest.mark.parametrize(
    ("truths", "keys", "words"),
    [
        (torch.zeros(2, 1, 4), {}, r"shape of truths is \[2, 1, 4\], accepted: \[2, most, 5\]"),
        (torch.zeros(1, 1, 5), {}, r"shape of truths is \[1, 1, 5\], accepted"),
        (rows((0, 0, 9, 2, 0)), {}, r"box of truths is \[0.0, 0.0, 9.0, 2.0\], accepted: x0 < x1"),
        (rows((2, 0, 1, 2, 0)), {}, r"box of truths is \[2.0, 0.0, 1.0, 2.0\], accepted"),
        (rows((math.nan, 0, 1, 2, -4)), {}, r"box of truths is \[nan, 0.0, 1.0, 2.0\], accepted"),
        (rows((0, 0, 1, 2, 0.5)), {}, "label of truths is 0.5, accepted: integers"),
        (rows((0, 0, 1, 2, math.nan)), {}, "label of truths is nan, accepted: integers"),
        (rows((0, 0, 1, 2, math.inf)), {}, "label of truths is inf, accepted: integers"),
        (torch.zeros(2, 1, 5), {"iou": 2}, "iou is 2, accepted"),
        (torch.zeros(2, 1, 5), {"least": -1}, "least is -1, accepted"),
    ],
)
def test_what_an_evaluator_cannot_go_by_is_refused(truths, keys, words):
    with pytest.raises(ValueError, match=words):
        data.BoxEvaluator(torch.zeros(2, 3, 4, 4), truths, lambda model, x: [], **keys)
    with pytest.raises(ValueError, match=r"shape of photos is \[2, 3\], accepted: \[n, channels"):
        data.BoxEvaluator(torch.zeros(2, 3), rows((0, 0, 1, 2, 0)), lambda model, x: [])


def changed(**parts):
    """A box found, or there, of which some parts are others."""
    return boxes((*SQUARE, 0.9, 0))._replace(**parts)


NAN = float("nan")
ORDER = "accepted: finite x0 <= x1, y0 <= y1"
ODD = {
    r"shape of corners of boxes SIDE in photo 1 is \[1, 5\], accepted: \[n, 4\]": {
        "corners": torch.zeros(1, 5)
    },
    r"shape of corners of boxes SIDE in photo 1 is \[4\], accepted": {"corners": torch.zeros(4)},
    r"shape of labels of boxes SIDE in photo 1 is \[2\], accepted: \[1\]": {
        "labels": torch.tensor([0, 1])
    },
    r"shape of labels of boxes SIDE in photo 1 is \[\], accepted: \[1\]": {
        "labels": torch.tensor(0)
    },
    r"type of labels of boxes SIDE in photo 1 is 'torch.float32', accepted: integers": {
        "labels": torch.tensor([0.5])
    },
    r"type of labels of boxes SIDE in photo 1 is 'torch.bool'": {"labels": torch.tensor([True])},
    rf"corners of boxes SIDE in photo 1 is \[0.0, 0.0, nan, 9.0\], {ORDER}": {
        "corners": torch.tensor([[0, 0, NAN, 9]])
    },
    rf"corners of boxes SIDE in photo 1 is \[0.0, 0.0, inf, 9.0\], {ORDER}": {
        "corners": torch.tensor([[0, 0, float("inf"), 9]])
    },
    rf"corners of boxes SIDE in photo 1 is \[9.0, 0.0, 0.0, 9.0\], {ORDER}": {
        "corners": torch.tensor([[9.0, 0, 0, 9]])
    },
    r"type of corners of boxes SIDE in photo 1 is 'list', accepted: a tensor": {
        "corners": [[0, 0, 9, 9]]
    },
    r"label of boxes SIDE in photo 1 is -1, accepted: 0 or more": {"labels": torch.tensor([-1])},
}
ODD_FOUND = {
    r"score of boxes found in photo 1 is nan, accepted: a number from 0 to 1": NAN,
    r"score of boxes found in photo 1 is -0.5, accepted": -0.5,
    r"score of boxes found in photo 1 is 2.0, accepted": 2.0,
}


@pytest.mark.parametrize("judge", [average_precision, coco_scores])
@pytest.mark.parametrize("side", ["found", "there"])
@pytest.mark.parametrize("words", ODD)
def test_boxes_that_nothing_can_be_told_of(judge, side, words):
    good = [changed(), changed()]
    odd = [changed(), changed(**ODD[words])]
    with pytest.raises((TypeError, ValueError), match=words.replace("SIDE", side)) as caught:
        judge(*((odd, good) if side == "found" else (good, odd)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("judge", [average_precision, coco_scores])
def test_scores_and_photos_that_nothing_can_be_told_of(judge):
    good = [changed(), changed()]
    for words, score in ODD_FOUND.items():
        odd = changed(scores=torch.tensor([score]))
        with pytest.raises(ValueError, match=words):
            judge([changed(), odd], good)
    with pytest.raises(ValueError, match=r"shape of scores .* is \[2\], accepted: \[1\]"):
        judge([changed(), changed(scores=torch.ones(2))], good)
    with pytest.raises(ValueError, match=r"label of boxes found in photo 0 is -4, accepted: 0 or"):
        judge([changed(labels=torch.tensor([-4])), changed()], good)
    for odd in (tuple(changed()), None):
        with pytest.raises(TypeError, match=r"type of boxes found in photo 0 is .*, accepted: Box"):
            judge([odd, changed()], good)
    with pytest.raises(ValueError, match="photos with boxes found is 1, accepted: 2"):
        judge([changed()], good)
    for nothing in ([], [boxes()], [boxes((*SQUARE, 1, CROWD))]):
        with pytest.raises(ValueError, match="no photo has a box, so there is nothing to find"):
            judge([boxes()] * len(nothing), nothing)
    # Boxes without area may be found, and scores of what is there do not matter.
    there = [changed(scores=torch.tensor([NAN])), boxes()]
    assert average_precision([boxes((*SQUARE, 1, 0), (5, 5, 5, 5, 0, 0)), boxes()], there) == 1


@pytest.mark.parametrize("iou", [-0.1, 1.1, NAN, float("inf")])
def test_an_overlap_that_is_none(iou):
    with pytest.raises(ValueError, match=r"iou is .*, accepted: a number from 0 to 1"):
        average_precision([changed()], [changed()], iou=iou)


@pytest.mark.parametrize("shape", [(4,), (2, 5), (2, 3), (1, 2, 4), ()])
def test_corners_that_overlap_nothing(shape):
    good, odd = torch.zeros(2, 4), torch.zeros(shape)
    with pytest.raises(ValueError, match=r"shape of a is \[.*\], accepted: \[n, 4\]"):
        data.overlap(odd, good)
    with pytest.raises(ValueError, match=r"shape of b is \[.*\], accepted: \[n, 4\]"):
        data.overlap(good, odd)


def test_an_evaluator_by_precision_answers_it_and_tells_of_no_photo_alone():
    """Half of the photos have their box found: share 0.5, and precision that of both together."""
    truths = torch.tensor([[[*SQUARE, 0.0]], [[*FAR, 0.0]]])
    detect = lambda model, x: [boxes((*SQUARE, 0.9, 0)) for _ in x]  # noqa: E731
    photos = data.BoxEvaluator(torch.zeros(2, 3, 64, 64), truths, detect, batch_size=1)
    precise = photos.by_precision()
    assert precise(nn.Identity()) == photos.precision(nn.Identity()) != photos(nn.Identity())
    assert len(precise) == 2 and precise.in_order and precise.in_copies == photos.in_copies
    assert precise.x is photos.x and precise.y is photos.y and precise.digest is None
    assert not any(hasattr(precise, name) for name in ("right", "closest", "take"))
    both = [precise.subset(1, seed)(nn.Identity()) for seed in range(8)]
    assert set(both) == {0.0, 1.0}
