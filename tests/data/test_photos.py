"""Photos with boxes, in parquet files and in folders as COCO and VOC have them."""

import pytest
import torch
from _annotated import VOC, write_coco, write_photos, write_voc

from eden import data


def test_boxes_come_in_pixels(tmp_path):
    path = write_photos(
        tmp_path,
        [[[0.25, 0.5, 0.75, 1.0], [0.0, 0.0, 0.5, 0.5]], [[0.5, 0.5, 0.5, 0.7]], []],
        [[0, 1], [0], []],
        split=["train", "test", "train"],
    )
    read = data.read_annotated(path)
    assert read.images[0].shape == (3, 40, 80) and read.classes == ("person", "dog")
    assert read.corners[0].tolist() == [[20, 20, 60, 40], [0, 0, 40, 20]]
    assert read.labels[0].tolist() == [0, 1]
    # A box without area holds nothing.
    assert [len(c) for c in read.corners] == [2, 0, 0] == [len(n) for n in read.labels]
    assert read.of("train").ids == ("0", "2")
    with pytest.raises(ValueError, match="split is 'val', accepted: test, train"):
        read.of("val")


def test_photos_in_squares_keep_their_bytes_and_boxes():
    image = torch.randint(0, 256, (3, 32, 64), dtype=torch.uint8)
    corners = torch.tensor([[10.0, 0, 20, 32]])
    one = data.Annotated([image], [corners], [torch.tensor([1])], ("a", "b"), ("x",), ("",))
    x, truths = one.squares(64)
    assert torch.equal(x.pixels[0, :, 16:48], image)
    assert (x.pixels[0, :, :16] == 128).all()
    torch.testing.assert_close(x[:][0, :, 16:48], image / 255)
    assert truths.tolist() == [[[10, 16, 20, 48, 1]]]
    (there,) = map(data.boxes_of, truths)
    assert there.corners.tolist() == [[10, 16, 20, 48]] and there.labels.tolist() == [1]


def test_a_box_of_which_rounding_leaves_nothing_is_none():
    # A tenth of 1e-7 and 2e-7, below 8 rows of grey, where floats lie 1e-6 apart.
    thin = torch.tensor([[0.0, 1e-7, 100, 2e-7], [0, 0, 320, 320]])
    image = torch.zeros(3, 480, 640, dtype=torch.uint8)
    one = data.Annotated([image], [thin], [torch.tensor([0, 1])], ("a", "b"), ("x",), ("",))
    assert (thin[:, 3] > thin[:, 1]).all()
    _, truths = one.squares(64)
    assert data.boxes_of(truths[0]).labels.tolist() == [1]


def test_a_folder_as_coco_has_it(tmp_path):
    read = data.read_coco(write_coco(tmp_path), tmp_path, split="val")
    assert read.classes == ("cat", "dog") and read.ids == ("7",) and read.splits == ("val",)
    # A crowd of cats stays, and does not count.
    assert read.corners[0].tolist() == [[5, 4, 15, 12], [0, 0, 30, 20]]
    assert read.labels[0].tolist() == [1, -3]


def test_a_folder_as_voc_has_it(tmp_path):
    read = data.read_voc(write_voc(tmp_path))
    assert read.classes == ("cat", "dog") and read.splits == ("val",) and read.ids == ("a",)
    # The first pixel is 1 there, and the last one is inside; the cat is difficult.
    assert read.corners[0].tolist() == [[5, 4, 15, 12], [0, 0, 30, 20]]
    assert read.labels[0].tolist() == [1, -2]
    spaced = VOC.replace(">dog<", "> dog\n<").replace(">a.jpg<", ">\na.jpg <")
    assert data.read_voc(write_voc(tmp_path, spaced)).classes == ("cat", "dog")
    again = data.read_voc(write_voc(tmp_path, VOC.replace("<difficult>1", "<difficult>0")))
    assert again.labels[0].tolist() == [1, 0]


@pytest.mark.parametrize("read", ["coco", "voc"])
def test_what_does_not_count_is_not_trained_on(tmp_path, read):
    if read == "coco":
        photos = data.read_coco(write_coco(tmp_path), tmp_path)
    else:
        photos = data.read_voc(write_voc(tmp_path))
    _, truths = photos.squares(32)
    assert data.boxes_of(truths[0]).labels.tolist() == [1]
    assert (data.boxes_of(truths[0], uncounted=True).labels == photos.labels[0]).all()


IDS = ["10", "2", "b10a", "b9z", "1", "007", "7", "b"]
ORDER = ["1", "2", "007", "7", "10", "b", "b9z", "b10a"]


@pytest.mark.parametrize("read", ["coco", "voc", "parquet", "labelled"])
def test_photos_are_in_the_order_of_their_ids_whatever_the_reader(tmp_path, read):
    if read == "coco":
        images = [{"id": n, "file_name": f"{name}.jpg"} for n, name in enumerate(IDS)]
        path = write_coco(tmp_path, images=images, annotations=[])
        photos = data.read_coco(path, tmp_path)
    elif read == "voc":
        for name in IDS:
            write_voc(tmp_path, VOC.replace("a.jpg", f"{name}.jpg"), name)
        photos = data.read_voc(tmp_path)
    elif read == "parquet":
        photos = data.read_annotated(write_photos(tmp_path, [[]] * 8, [[]] * 8, id=IDS))
    else:
        path = write_photos(tmp_path, [[]] * 8, [[]] * 8, id=IDS, label=range(8), classes=None)
        photos = data.read_labelled(path)
        assert [IDS[n] for n in photos.labels] == ORDER
    assert list(photos.ids) == ORDER


def test_photos_without_ids_stay_in_the_order_of_the_rows(tmp_path):
    boxes = [[[0, 0, (n + 1) / 20, 1]] for n in range(12)]
    read = data.read_annotated(write_photos(tmp_path, boxes, [[0]] * 12))
    assert [int(c[0, 2]) for c in read.corners] == [4 * (n + 1) for n in range(12)]
    same = data.read_annotated(write_photos(tmp_path, boxes, [[0]] * 12, id=["a"] * 12))
    assert all(map(torch.equal, same.corners, read.corners))
