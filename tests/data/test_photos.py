"""Photos with boxes, in parquet files and in folders as COCO and VOC have them."""

import json

import pytest
import torch
from _pictures import jpeg, plain, write_parquet

from eden import data

CLASSES = ["person", "dog"]


def photos(folder, boxes, labels, classes=CLASSES, **more):
    images = [jpeg(plain(90, (40, 80))) for _ in boxes]
    columns = {"image": images, "boxes": boxes, "labels": labels, **more}
    return write_parquet(folder / "photos.parquet", columns, classes)


def test_boxes_come_in_pixels(tmp_path):
    path = photos(
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


BOX = [0.1, 0.1, 0.5, 0.5]
BAD = {
    r"row 0: box is \[8.0, 4.0, 88.0, 20.0\], accepted: x0 to x1 within 0 to 80": (
        [[[0.1, 0.1, 1.1, 0.5]]],
        [[0]],
    ),
    r"row 1: box is \[40.0, 4.0, 8.0, 20.0\], accepted": ([[], [[0.5, 0.1, 0.1, 0.5]]], [[], [0]]),
    r"row 0: box is \[nan, ": ([[[float("nan"), 0.1, 0.1, 0.5]]], [[0]]),
    "row 0: label is 2, accepted: 0 to 1": ([[BOX]], [[2]]),
    "row 0: number of labels is 2, accepted: as many as boxes, 1": ([[BOX]], [[0, 1]]),
    "row 0: numbers of a box is 3, accepted: four": ([[[0.1, 0.1, 0.2]]], [[0]]),
}


@pytest.mark.parametrize("words", BAD)
def test_a_box_that_is_none_is_refused(tmp_path, words):
    with pytest.raises(ValueError, match=words) as caught:
        data.read_annotated(photos(tmp_path, *BAD[words]))
    assert "\n" not in str(caught.value)


def test_a_file_without_classes_is_refused(tmp_path):
    with pytest.raises(ValueError, match="its metadata has no classes, a list of names in JSON"):
        data.read_annotated(photos(tmp_path, [[BOX]], [[0]], classes=None))
    with pytest.raises(ValueError, match="classes of its metadata are not a list in JSON"):
        data.read_annotated(photos(tmp_path, [[BOX]], [[0]], classes={"a": 1}))


def write_coco(folder, **changed):
    (folder / "7.jpg").write_bytes(jpeg(plain(50, (20, 30))))
    content = {
        "categories": [{"id": 9, "name": "dog"}, {"id": 3, "name": "cat"}],
        "images": [{"id": 7, "file_name": "7.jpg"}],
        "annotations": [
            {"image_id": 7, "category_id": 9, "bbox": [5, 4, 10, 8]},
            {"image_id": 7, "category_id": 3, "bbox": [0, 0, 30, 20], "iscrowd": 1},
        ],
        **changed,
    }
    path = folder / "coco.json"
    path.write_text(json.dumps(content))
    return path


def test_a_folder_as_coco_has_it(tmp_path):
    read = data.read_coco(write_coco(tmp_path), tmp_path, split="val")
    assert read.classes == ("cat", "dog") and read.ids == ("7",) and read.splits == ("val",)
    assert read.corners[0].tolist() == [[5, 4, 15, 12]] and read.labels[0].tolist() == [1]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"images": [{"id": 7}]}, "is not of the form of COCO .KeyError: 'file_name'"),
        ({"categories": 3}, "is not of the form of COCO"),
        ({"images": [{"id": 7, "file_name": "8.jpg"}]}, "8.jpg: no such photo .1 are missing"),
        ({"images": [], "annotations": []}, "0 photos of 2 classes; at least one of each"),
        (
            {"annotations": [{"image_id": 7, "category_id": 4, "bbox": [0, 0, 1, 1]}]},
            "7.jpg: label is -1, accepted: 0 to 1",
        ),
        (
            {"annotations": [{"image_id": 7, "category_id": 3, "bbox": [0, 0, 99, 1]}]},
            r"7.jpg: box is \[0.0, 0.0, 99.0, 1.0\], accepted",
        ),
    ],
)
def test_bad_annotations_as_of_coco(tmp_path, changed, words):
    with pytest.raises(ValueError, match=words):
        data.read_coco(write_coco(tmp_path, **changed), tmp_path)


VOC = """<annotation><filename>a.jpg</filename>
<object><name>dog</name>
<bndbox><xmin>6</xmin><ymin>5</ymin><xmax>15</xmax><ymax>12</ymax></bndbox></object>
<object><name>cat</name>
<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>30</xmax><ymax>20</ymax></bndbox></object>
</annotation>"""


def write_voc(folder, text=VOC):
    for name in ("Annotations", "JPEGImages", "ImageSets/Main"):
        (folder / name).mkdir(parents=True)
    (folder / "Annotations" / "a.xml").write_text(text)
    (folder / "JPEGImages" / "a.jpg").write_bytes(jpeg(plain(50, (20, 30))))
    (folder / "ImageSets" / "Main" / "val.txt").write_text("a\nb\n")
    return folder


def test_a_folder_as_voc_has_it(tmp_path):
    read = data.read_voc(write_voc(tmp_path))
    assert read.classes == ("cat", "dog") and read.splits == ("val",) and read.ids == ("a",)
    # The first pixel is 1 there, and the last one is inside.
    assert read.corners[0].tolist() == [[5, 4, 15, 12], [0, 0, 30, 20]]
    assert read.labels[0].tolist() == [1, 0]
    with pytest.raises(ValueError, match="class is 'cat', accepted: dog"):
        data.read_voc(tmp_path, classes=["dog"])


@pytest.mark.parametrize("text", ["<annotation>", VOC.replace("<xmin>6</xmin>", "")])
def test_bad_annotations_as_of_voc(tmp_path, text):
    with pytest.raises(ValueError, match=r"a.xml: is not of the form of VOC"):
        data.read_voc(write_voc(tmp_path, text))
    with pytest.raises(ValueError, match="no Annotations"):
        data.read_voc(tmp_path / "nowhere")
