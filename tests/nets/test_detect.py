import math

import pytest
import torch

from eden import nets


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


def test_a_box_of_no_area_overlaps_nothing():
    point = torch.zeros(1, 4)
    assert nets.overlap(point, point).item() == 0
