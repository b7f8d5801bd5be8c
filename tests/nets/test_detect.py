import math

import pytest
import torch
from torch.nn import functional

from eden import nets
from eden.data import overlap


def test_a_letterbox_keeps_proportions_and_leads_back():
    # 100 x 200 in 416: scaled by 2.08 to 208 x 416, with 104 rows of grey above and below.
    square, scale, left, top = box = nets.letterbox(torch.ones(3, 100, 200))
    assert square.shape == (3, 416, 416)
    assert (scale, left, top) == (2.08, 0, 104)
    assert (square[:, :104] == 0.5).all()
    assert (square[:, 104:312] > 0.999).all()
    assert (square[:, 312:] == 0.5).all()
    whole = torch.tensor([[0.0, 104.0, 416.0, 312.0]])
    torch.testing.assert_close(box.back(whole), torch.tensor([[0.0, 0.0, 200.0, 100.0]]))


def test_a_letterbox_scales_between_the_middles_of_pixels():
    # Of a side of 64 in 32 each pixel lies midway between two; of 16 in 32 a quarter from one and
    # three from the next, the outermost ones beyond the last middle.
    ramp = torch.arange(64.0).expand(1, 64, 64) / 64
    assert torch.equal(nets.letterbox(ramp, 32).image[0, 5], (torch.arange(32) * 2 + 0.5) / 64)
    coarse = nets.letterbox(torch.arange(16.0).expand(1, 16, 16) / 16, 32).image[0, 9] * 16
    assert coarse[:4].tolist() == [0, 0.25, 0.75, 1.25] and coarse[-2:].tolist() == [14.75, 15]


@pytest.mark.parametrize("sides", [(100, 77), (31, 200), (1, 3), (416, 416)])
def test_a_letterbox_agrees_with_torch_and_does_not_hang_on_threads(sides):
    image = torch.rand(3, *sides, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    before, squares, singles = torch.get_num_threads(), [], []
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            squares.append(nets.letterbox(image, 192).image)
            singles.append(nets.letterbox(image.float(), 192).image)
    finally:
        torch.set_num_threads(before)
    for first, *others in (squares, singles):
        assert all(torch.equal(first, other) for other in others)
    height, width = (max(1, round(side * 192 / max(sides))) for side in sides)
    top, left = (192 - height) // 2, (192 - width) // 2
    expected = functional.interpolate(image[None], (height, width), mode="bilinear")[0]
    inside = squares[0][:, top : top + height, left : left + width]
    torch.testing.assert_close(inside, expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("shape", [(3, 0, 5), (3, 5), (1, 3, 5, 5)])
def test_what_is_no_image_is_refused(shape):
    with pytest.raises(ValueError, match="shape of image is "):
        nets.letterbox(torch.zeros(shape))
    with pytest.raises(ValueError, match="size is 100, accepted: a multiple of 32"):
        nets.letterbox(torch.zeros(3, 8, 8), 100)
    with pytest.raises(ValueError, match=r"image is 'torch.uint8', accepted: floats, 0 to 1"):
        nets.letterbox(torch.zeros(3, 8, 8, dtype=torch.uint8))


@pytest.mark.parametrize("sides", [(330, 320), (320, 16), (33, 33)])
def test_a_detector_takes_sides_that_its_cells_divide(sides):
    """Where they do not, cells of another size than the network's would move the boxes."""
    model = nets.build("yolov3_tiny", classes=1).eval()
    for ask in (model, lambda x: nets.detect(model, x)):
        with pytest.raises(ValueError, match=r"sides of images is '.*', accepted: multiples of 32"):
            ask(torch.zeros(1, 3, *sides))
    heads = [torch.zeros(1, 18, 2, 3), torch.zeros(1, 18, 4, 6)]
    assert nets.decode(model, heads, (64, 96))[0].shape == (1, 90, 4)
    for size in ((96, 64), (64, 95), (0, 0), (64, 192)):
        with pytest.raises(ValueError, match=r"size of images is .* for each of 2 x 3 cells"):
            nets.decode(model, heads, size)


def test_one_box_is_decoded_as_the_paper_writes_it():
    # Head 1 has strides of 16 and anchors 1, 2, 3. Of anchor 2, 37 x 58, the cell in row 1, column
    # 2 says: middle ((2 + 0.5) * 16, (1 + 0.75) * 16), sides 37 * 2 and 58 * 0.5.
    model = nets.build("yolov3_tiny", classes=2)
    heads = [torch.full((1, 21, s, s), -20.0) for s in (2, 4)]
    said = (0.0, math.log(3), math.log(2), math.log(0.5), 0.0, -20.0, math.log(3))
    heads[1][0, 7:14, 1, 2] = torch.tensor(said)
    corners, probabilities = nets.decode(model, heads, (64, 64))
    assert corners.shape == (1, 3 * (4 + 16), 4)
    assert probabilities.shape == (1, 60, 2)
    found = nets.nms(corners[0], probabilities[0])
    torch.testing.assert_close(found.corners, torch.tensor([[3.0, 13.5, 77.0, 42.5]]))
    torch.testing.assert_close(found.scores, torch.tensor([0.5 * 0.75]))
    assert found.labels.tolist() == [1]
    with pytest.raises(ValueError, match=r"channels of heads is \[21\], accepted: \[21, 21\]"):
        nets.decode(model, heads[:1], (64, 64))


def test_of_overlapping_boxes_of_a_class_the_likeliest_stays():
    # Overlaps: a and b 80 / 120, a and c 0; b and d, of the other class, do not compete.
    corners = torch.tensor(
        [[0.0, 0, 10, 10], [2, 0, 12, 10], [20, 0, 30, 10], [2, 0, 12, 10], [0, 0, torch.inf, 1]]
    )
    assert nets.overlap(corners[:1], corners[1:3]).tolist() == [[pytest.approx(80 / 120), 0]]
    chance = torch.tensor([[0.6, 0], [0.9, 0], [0.3, 0], [0, 0.5], [0.9, 0]])
    found = nets.nms(corners, chance)
    assert found.labels.tolist() == [0, 1, 0]
    assert found.corners[:, 0].tolist() == [2, 2, 20]
    assert len(nets.nms(corners, chance, iou=0.7).labels) == 4
    assert len(nets.nms(corners, chance, most=1).labels) == 1
    chance[1] = torch.nan
    assert nets.nms(corners, chance).scores.tolist() == pytest.approx([0.6, 0.5, 0.3])
    assert len(nets.nms(corners[:0], chance[:0]).labels) == 0
    with pytest.raises(ValueError, match="iou is 2, accepted"):
        nets.nms(corners, chance, iou=2)


@pytest.mark.parametrize(
    ("side", "kind"), [(300.0, torch.float16), (1e20, torch.float32), (1e30, torch.float32)]
)
def test_boxes_whose_area_is_beyond_their_format_overlap_all_the_same(side, kind):
    corners = torch.tensor([[0, 0, side, side], [0, 0, side, side / 2]], dtype=kind)
    shares = overlap(corners, corners)
    torch.testing.assert_close(shares.float(), torch.tensor([[1.0, 0.5], [0.5, 1.0]]))
    assert len(nets.nms(corners, torch.tensor([[0.9], [0.8]], dtype=kind), iou=0.4).labels) == 1


def test_a_box_of_no_area_overlaps_nothing():
    point = torch.zeros(1, 4)
    assert nets.overlap(point, point).item() == 0


CORNERS, CHANCE = torch.tensor([[0.0, 0, 9, 9], [1, 1, 5, 5]]), torch.tensor([[0.9], [0.4]])


@pytest.mark.parametrize(
    ("corners", "chance", "keys", "words"),
    [
        (torch.zeros(2, 5), CHANCE, {}, r"shape of corners is [2, 5], accepted: [n, 4]"),
        (CORNERS[0], CHANCE, {}, r"shape of corners is [4], accepted: [n, 4]"),
        (CORNERS[None], CHANCE[None], {}, r"shape of corners is [1, 2, 4], accepted: [n, 4]"),
        (CORNERS, CHANCE[:1], {}, r"shape of probabilities is [1, 1], accepted: [2, classes]"),
        (CORNERS, CHANCE[:, 0], {}, r"shape of probabilities is [2], accepted: [2, classes]"),
        (CORNERS, CHANCE > 0.5, {}, r"type of probabilities is 'torch.bool', accepted: floats"),
        (CORNERS, 8 * CHANCE - 4, {}, r"accepted: 0 to 1, as of decode, or NaN"),
        (CORNERS, -CHANCE, {}, r"probability is -0.8999"),
        (CORNERS, CHANCE * math.inf, {}, r"probability is inf, accepted: 0 to 1"),
        (CORNERS.tolist(), CHANCE, {}, r"type of corners is 'list', accepted: a tensor"),
        (CORNERS, None, {}, r"type of probabilities is 'NoneType', accepted: a tensor"),
        (CORNERS, CHANCE, {"iou": math.nan}, "iou is nan, accepted: a number from 0 to 1"),
        (CORNERS, CHANCE, {"score": -1}, "score is -1, accepted: a number from 0 to 1"),
        (CORNERS, CHANCE, {"most": -1}, "most is -1, accepted: an integer of at least 0"),
        (CORNERS, CHANCE, {"most": 1.5}, "most is 1.5, accepted: an integer of at least 0"),
    ],
)
def test_what_boxes_are_not_kept_of(corners, chance, keys, words):
    with pytest.raises((TypeError, ValueError)) as caught:
        nets.nms(corners, chance, **keys)
    assert words in str(caught.value) and "\n" not in str(caught.value)


HEADS = [torch.zeros(1, 21, 2, 2), torch.zeros(1, 21, 4, 4)]
CELLS = "pixels for each of"


@pytest.mark.parametrize(
    ("heads", "size", "words"),
    [
        (HEADS[0], (64, 64), "type of heads is 'Tensor', accepted: a list of tensors"),
        ([HEADS[0], None], (64, 64), "type of head is 'NoneType', accepted: a tensor"),
        ([head[0] for head in HEADS], (64, 64), "head is 'torch.float32 [21, 2, 2]', accepted"),
        ([head.int() for head in HEADS], (64, 64), "head is 'torch.int32 [1, 21, 2, 2]'"),
        ([head[:, :, :0] for head in HEADS], (0, 64), "accepted: floats [batch, channels, rows"),
        ([HEADS[0], HEADS[1].repeat(2, 1, 1, 1)], (64, 64), "photos of heads is [1, 2], accepted"),
        (HEADS[::-1], (64, 64), f"accepted: (128, 128), 32 x 32 {CELLS} 4 x 4 cells"),
        (HEADS, (32, 32), f"is (32, 32), accepted: (64, 64), 32 x 32 {CELLS} 2 x 2 cells"),
        (HEADS, (128, 128), f"is (128, 128), accepted: (64, 64), 32 x 32 {CELLS} 2 x 2 cells"),
        ([HEADS[0], HEADS[0]], (64, 64), f"accepted: (32, 32), 16 x 16 {CELLS} 2 x 2 cells"),
        (HEADS, 64, "type of size is 'int', accepted: height and width"),
        (HEADS, (64, 64, 3), "size of images is (64, 64, 3), accepted: (64, 64)"),
    ],
)
def test_what_no_boxes_are_decoded_from(heads, size, words):
    with pytest.raises((TypeError, ValueError)) as caught:
        nets.decode(nets.build("yolov3_tiny", classes=2), heads, size)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_a_batch_of_none_has_no_boxes_and_other_models_no_heads():
    model = nets.build("yolov3_tiny", classes=2).eval()
    corners, chance = nets.decode(model, [head[:0] for head in HEADS], (64, 64))
    assert corners.shape == (0, 60, 4) and chance.shape == (0, 60, 2)
    with pytest.raises(TypeError, match="type of model is 'LeNet', accepted: a YOLO"):
        nets.decode(nets.build("lenet"), HEADS, (64, 64))
    for x in (torch.zeros(3, 64, 64), torch.zeros(1, 3, 64, 64, dtype=torch.uint8)):
        with pytest.raises(ValueError, match=r"x is 'torch\..*', accepted: floats \[batch, chann"):
            nets.detect(model, x)


def test_strides_are_those_of_the_heads():
    with torch.device("meta"):
        for name, strides in (("yolov3", (32, 16, 8)), ("yolov3_tiny", (32, 16))):
            model = nets.build(name, classes=1).eval()
            assert model.strides == strides
            heads = model(torch.empty(1, 3, 64, 96))
            assert [(64 // h.shape[2], 96 // h.shape[3]) for h in heads] == [
                (stride, stride) for stride in strides
            ]
