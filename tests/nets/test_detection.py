"""The loss of a detector by a worked example, and a whole loop on made-up photos."""

import math
from functools import partial

import pytest
import torch

import eden
from eden import data, nets
from eden.data import Images, Normalisation
from eden.errors import Uniform
from eden.nets import detection_loss

NONE = -20.0  # before the sigmoid: surely not


def silent(classes=2, photos=1):
    """Heads of YOLOv3-tiny for photos of 64 x 64 that say of nothing that it is there."""
    model = nets.build("yolov3_tiny", classes=classes)
    each = 3 * (5 + classes)
    return model, [torch.full((photos, each, side, side), NONE) for side in (2, 4)]


def truth(*rows):
    return torch.tensor([rows], dtype=torch.float32).reshape(1, -1, 5)


def test_without_boxes_only_what_is_claimed_costs():
    model, heads = silent()
    empty = truth((0, 0, 0, 0, -1))
    assert detection_loss(model, heads, empty, (64, 64)).item() < 1e-5
    heads[1][0, 4, 0, 0] = 0.0  # that there is a box, by one half
    found = detection_loss(model, heads, empty, (64, 64)).item()
    assert found == pytest.approx(math.log(2), abs=1e-5)


def test_a_box_is_the_matter_of_one_anchor_and_one_cell():
    # 37 x 58 from (18.5, 3) to (55.5, 61): the shape of anchor 2, which only head 1 has, in its
    # second place. The middle (37, 32) lies at (2.3125, 2) in cells of 16: column 2, row 2.
    model, heads = silent()
    box = truth((18.5, 3, 55.5, 61, 1))
    weight = 2 - 37 * 58 / 64**2
    place = heads[1][0, 7:14, 2, 2]
    place[:] = torch.tensor([0.0, 0.0, 0.2, -0.3, 0.0, 0.0, 0.0])
    # By one half each: the offsets x and y, that there is a box, and both classes. The sides are
    # those of the anchor: logarithms of 0.
    offsets, sides = 2 * math.log(2), (0.2**2 + 0.3**2) / 2
    wanted = weight * (offsets + sides) + 3 * math.log(2)
    found = detection_loss(model, heads, box, (64, 64)).item()
    assert found == pytest.approx(wanted, rel=1e-5)
    # Of two photos the mean, the other without boxes.
    both = [torch.cat([head, torch.full_like(head, NONE)]) for head in heads]
    truths = torch.cat([box, truth((0, 0, 0, 0, -1))])
    found = detection_loss(model, both, truths, (64, 64)).item()
    assert found == pytest.approx(wanted / 2, rel=1e-5)


def test_a_place_whose_box_overlaps_one_is_not_told_that_there_is_none():
    # The same box, said in the cell to the left, a little short of the middle: overlap above 0.5.
    model, heads = silent()
    box = truth((18.5, 3, 55.5, 61, 1))
    heads[1][0, 7:14, 2, 2] = torch.tensor([-0.8, NONE, 0.0, 0.0, 20.0, NONE, 20.0])
    least = detection_loss(model, heads, box, (64, 64)).item()
    heads[1][0, 7:14, 2, 1] = torch.tensor([2.0, NONE, 0.0, 0.0, 3.0, NONE, 3.0])
    assert detection_loss(model, heads, box, (64, 64)).item() == pytest.approx(least, abs=1e-4)
    told = detection_loss(model, heads, box, (64, 64), ignore=0.9).item()
    assert told == pytest.approx(least + math.log(1 + math.exp(3)), rel=1e-4)


def test_an_anchor_of_two_heads_is_told_by_both_and_one_of_none_by_none():
    # Anchor 3, 81 x 82, stands in both heads; 10 x 14, anchor 0, in neither: 23 x 27 takes it.
    model = nets.build("yolov3_tiny", classes=1)
    for sides, heads_told in (((81, 82), [True, True]), ((10, 14), [False, True])):
        heads = [torch.zeros(1, 18, s, s, requires_grad=True) for s in (4, 8)]
        x0 = y0 = 20.0
        box = truth((x0, y0, x0 + sides[0], y0 + sides[1], 0))
        detection_loss(model, heads, box, (128, 128)).backward()
        # Only what is told of a class has a gradient there.
        told = [bool((h.grad.reshape(3, 6, -1)[:, 5] != 0).any()) for h in heads]
        assert told == heads_told


@pytest.mark.parametrize(
    ("box", "words"),
    [
        ((0, 0, 9, 9, 2), "label of truths is 2, accepted: 0 to 1"),
        ((0, 0, 99, 9, 0), r"box of truths is \[0.0, 0.0, 99.0, 9.0\], accepted: x0 < x1 within 0"),
        ((9, 0, 9, 9, 0), r"box of truths is \[9.0, "),
        ((float("nan"), 0, 9, 9, 0), r"box of truths is \[nan"),
        ((0, 0, 9, 9, float("nan")), "label of truths is nan, accepted: integers"),
        ((0, 0, 9, 9, 0.5), "label of truths is 0.5, accepted: integers"),
    ],
)
def test_truths_that_cannot_be_are_refused(box, words):
    model, heads = silent()
    with pytest.raises(ValueError, match=words):
        detection_loss(model, heads, truth(box), (64, 64))
    with pytest.raises(ValueError, match=r"shape of truths is \[2, 1, 5\], accepted: \[1, most, 5"):
        detection_loss(model, heads, torch.zeros(2, 1, 5), (64, 64))
    with pytest.raises(ValueError, match=r"shape of truths is \[0, 1, 5\], accepted.*one photo at"):
        detection_loss(model, [head[:0] for head in heads], torch.zeros(0, 1, 5), (64, 64))
    with pytest.raises(TypeError, match="type of model is 'LeNet', accepted: a YOLO"):
        detection_loss(nets.build("lenet"), heads, truth(box), (64, 64))


def test_only_a_detector_detects():
    with pytest.raises(TypeError, match="type of model is 'LeNet', accepted: a YOLO"):
        nets.detect(nets.build("lenet"), torch.zeros(1, 1, 28, 28))


def test_so_many_likely_boxes_that_they_would_fill_the_memory_are_cut(monkeypatch):
    monkeypatch.setattr("eden.nets._detect._CONSIDERED", 5)
    corners = torch.arange(8.0)[:, None] * 20 + torch.tensor([0.0, 0, 10, 10])
    found = nets.nms(corners, torch.linspace(0.3, 0.9, 8)[:, None])
    assert found.corners[:, 0].tolist() == [140, 120, 100, 80, 60]


def photos(count, seed):
    """Photos of 64 x 64: a bright upright or lying bar on a dark ground, in a place of its own."""
    draw = torch.Generator().manual_seed(seed)
    pixels = torch.randint(0, 60, (count, 3, 64, 64), generator=draw, dtype=torch.uint8)
    truths = torch.full((count, 1, 5), -1.0)
    for n in range(count):
        label = n % 2
        width, height = ((16, 36), (36, 16))[label]
        x = int(torch.randint(0, 64 - width, (), generator=draw))
        y = int(torch.randint(0, 64 - height, (), generator=draw))
        pixels[n, :, y : y + height, x : x + width] += 150
        truths[n, 0] = torch.tensor([x, y, x + width, y + height, label])
    return Images(pixels, Normalisation((0.0,) * 3, (255.0,) * 3)), truths


def narrow():
    """YOLOv3-tiny's form with few channels: a test has seconds."""
    from eden.nets._yolo import Convolution, Head, Pool

    layers = [Convolution(8), Pool(), Convolution(16), Pool(), Convolution(32), Pool()]
    layers += [Convolution(64), Pool(), Convolution(64), Head((0, 1))]
    return nets.YOLO(layers, ((16, 36), (36, 16)), classes=2)


def test_a_whole_loop_on_made_up_photos():
    torch.manual_seed(0)
    model, size = narrow(), (64, 64)
    x, truths = photos(128, 1)
    loss = lambda heads, told: detection_loss(model, heads, told, size)  # noqa: E731
    nets.train(
        model, (x, truths), epochs=10, batch_size=16, learning_rate=1e-2, loss=loss, progress=False
    )
    evaluate = data.BoxEvaluator(*photos(32, 2), partial(nets.detect, score=0.05))
    accuracy = evaluate(model)
    assert accuracy >= 0.9 and evaluate.precision(model) >= 0.9
    config = eden.Config(error=Uniform(weak_fraction=1e-4), stored="int8")
    with eden.network.approximate(model, config) as handle:
        calibration = handle.learn_bounds(data.batches(x, truths, 32))
    config = config.with_(calibration=calibration)
    # A detector says sizes by its outputs: half of their range would not do.
    boosted = eden.boost(
        model,
        data.batches(x, truths, 16, seed=0),
        config=config,
        target_ber=1e-3,
        epochs=3,
        how=eden.BoostConfig(
            input_range=1.0, optimizer=partial(torch.optim.AdamW, lr=1e-3), loss=loss
        ),
        progress=False,
    )
    found = eden.characterize_coarse(
        boosted,
        evaluate,
        config=config,
        target_accuracy=accuracy - 0.2,
        seeds=3,
        low=1e-6,
        criterion="mean",
        progress=False,
    )
    assert 1e-6 < found.coarse_ber < 0.1
