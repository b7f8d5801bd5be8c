"""Bad photos and annotations: one line that names the file and the entry."""

import numpy as np
import pytest
from _annotated import VOC, write_coco, write_photos, write_voc
from PIL import Image

from eden import data

NAN, BOX = float("nan"), [0.1, 0.1, 0.5, 0.5]
WITHIN = "accepted: x0 to x1 within 0 to 80, y0 to y1 within 0 to 40"
PARQUET = {
    f"row 0, box 0 is [8.0, 4.0, 88.0, 20.0], {WITHIN}": ([[[0.1, 0.1, 1.1, 0.5]]], [[0]]),
    f"row 1, box 0 is [40.0, 4.0, 8.0, 20.0], {WITHIN}": (
        [[], [[0.5, 0.1, 0.1, 0.5]]],
        [[], [0]],
    ),
    f"row 0, box 1 is [-8.0, 4.0, 40.0, 20.0], {WITHIN}": ([[BOX, [-0.1, *BOX[1:]]]], [[0, 0]]),
    f"row 0, box 0 is [nan, 4.0, 40.0, 20.0], {WITHIN}": ([[[NAN, *BOX[1:]]]], [[0]]),
    f"row 0, box 0 is [inf, 4.0, 40.0, 20.0], {WITHIN}": ([[[float("inf"), *BOX[1:]]]], [[0]]),
    "row 0: box is [None, 0.1, 0.5, 0.5], accepted: four numbers": ([[[None, *BOX[1:]]]], [[0]]),
    "row 0: box is [0.1, 0.1, 0.2], accepted: four numbers, x0": ([[[0.1, 0.1, 0.2]]], [[0]]),
    "row 0: box is None, accepted: four numbers": ([[None]], [[0]]),
    "row 0: box is ['a', 'b', 'c', 'd'], accepted: four numbers": ([[list("abcd")]], [[0]]),
    "row 0: box is 0.5, accepted: four numbers": ([[0.5]], [[0]]),
    "row 0: boxes is 7, accepted: a list": ([7], [[0]]),
    "row 0: labels is 1, accepted: a list": ([[BOX]], [1]),
    "row 0: label is 2, accepted: 0 to 1": ([[BOX]], [[2]]),
    "row 0: label is -1, accepted: 0 to 1": ([[BOX]], [[-1]]),
    "row 0: label is None, accepted: 0 to 1": ([[BOX]], [[None]]),
    "row 0: label is 0.5, accepted: 0 to 1": ([[BOX]], [[0.5]]),
    "row 0: label is 'dog', accepted: 0 to 1": ([[BOX]], [["dog"]]),
    "row 0: number of labels is 2, accepted: as many as boxes, 1": ([[BOX]], [[0, 1]]),
}


def refused(words, read, *args):
    with pytest.raises(ValueError) as caught:
        read(*args)
    said = str(caught.value)
    assert words in said and "\n" not in said, said
    return said


@pytest.mark.parametrize("words", PARQUET)
def test_rows_of_parquet(tmp_path, words):
    path = write_photos(tmp_path, *PARQUET[words])
    assert str(path) in refused(words, data.read_annotated, path)


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        (None, "its metadata has no classes, a list of names in JSON"),
        ({"a": 1}, "classes of its metadata are not a list in JSON"),
    ],
)
def test_classes_of_parquet(tmp_path, classes, words):
    refused(words, data.read_annotated, write_photos(tmp_path, [[BOX]], [[0]], classes=classes))


def test_parquet_of_other_columns_or_none(tmp_path):
    path = write_photos(tmp_path, [[BOX]], [[0]])
    refused("lacks the column 'label'; it has image, boxes, labels", data.read_labelled, path)
    for content in (b"", b"PAR1", path.read_bytes()[:-9]):
        path.write_bytes(content)
        refused("photos.parquet: is not a parquet file, or is damaged", data.read_annotated, path)


def thing(**changed):
    whole = {"image_id": 7, "category_id": 3, "bbox": [0, 0, 9, 9]}
    return {"annotations": [whole, {k: v for k, v in (whole | changed).items() if v != "gone"}]}


A_BOX = "accepted: four numbers, x, y, width, height"
INSIDE = "accepted: x0 to x1 within 0 to 30, y0 to y1 within 0 to 20"
COCO = {
    "coco.json, images 0: file_name is missing, accepted: a text": {"images": [{"id": 7}]},
    "coco.json, images 0: id is missing, accepted: an integer": {"images": [{"file_name": "7"}]},
    "coco.json, images 0: id is None, accepted": {"images": [{"id": None, "file_name": "7"}]},
    "coco.json, images 1: id is 7, accepted: one that no other": {
        "images": [{"id": 7, "file_name": name} for name in ("7.jpg", "8.jpg")]
    },
    "coco.json, images 0 is 7, accepted: an entry with id": {"images": [7]},
    "coco.json: images is 'none', accepted: a list": {"images": "none"},
    "coco.json: categories is 3, accepted: a list": {"categories": 3},
    "coco.json: annotations is None, accepted: a list": {"annotations": None},
    "coco.json, categories 0: name is None, accepted: a text": {
        "categories": [{"id": 3, "name": None}]
    },
    "coco.json, categories 0: id is 'x', accepted: an integer": {
        "categories": [{"id": "x", "name": "cat"}]
    },
    "coco.json, categories 1: id is 3, accepted: an integer that no other has": {
        "categories": [{"id": 3, "name": "cat"}, {"id": 3, "name": "dog"}]
    },
    "accepted: a file that is there (1 are missing)": {
        "images": [{"id": 7, "file_name": "nowhere.jpg"}]
    },
    "photos and classes is (0, 2), accepted: at least one of each": {
        "images": [],
        "annotations": [],
    },
    "photos and classes is (1, 0), accepted: at least one of each": {
        "categories": [],
        "annotations": [],
    },
    "annotations 1: image_id is 8, accepted: the id of one of images": thing(image_id=8),
    "annotations 1: image_id is [7], accepted": thing(image_id=[7]),
    "annotations 1: image_id is missing, accepted": thing(image_id="gone"),
    "annotations 1: category_id is 4, accepted: the id of one of categories, 3, 9": thing(
        category_id=4
    ),
    "annotations 1: category_id is missing, accepted": thing(category_id="gone"),
    f"annotations 1: bbox is missing, {A_BOX}": thing(bbox="gone"),
    f"annotations 1: bbox is None, {A_BOX}": thing(bbox=None),
    f"annotations 1: bbox is [1, 2, 3], {A_BOX}": thing(bbox=[1, 2, 3]),
    f"annotations 1: bbox is [1, 2, 3, 'a'], {A_BOX}": thing(bbox=[1, 2, 3, "a"]),
    "annotations 1: iscrowd is 'no', accepted: 0 or 1": thing(iscrowd="no"),
    f"annotations 1: corners is [0.0, 0.0, 99.0, 1.0], {INSIDE}": thing(bbox=[0, 0, 99, 1]),
    f"annotations 1: corners is [-5.0, 0.0, 4.0, 1.0], {INSIDE}": thing(bbox=[-5, 0, 9, 1]),
    f"annotations 1: corners is [9.0, 9.0, 4.0, 12.0], {INSIDE}": thing(bbox=[9, 9, -5, 3]),
    f"annotations 1: corners is [nan, 0.0, nan, 1.0], {INSIDE}": thing(bbox=[NAN, 0, 9, 1]),
    f"annotations 1: corners is [0.0, 0.0, inf, 1.0], {INSIDE}": thing(
        bbox=[0, 0, float("inf"), 1]
    ),
}


@pytest.mark.parametrize("words", COCO)
def test_entries_of_coco(tmp_path, words):
    said = refused(words, data.read_coco, write_coco(tmp_path, **COCO[words]), tmp_path)
    assert "coco.json" in said or "photos and classes" in said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not JSON"),
        (b'{"images": [', "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "coco.json is [], accepted: an entry with categories"),
        (b"{}", "coco.json: categories is missing, accepted: a list"),
    ],
)
def test_files_that_are_not_coco(tmp_path, content, words):
    path = write_coco(tmp_path)
    path.write_bytes(content)
    refused(words, data.read_coco, path, tmp_path)


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\xff\xd8\xff"])
def test_photos_that_cannot_be_read(tmp_path, content):
    coco, voc = write_coco(tmp_path), write_voc(tmp_path)
    (tmp_path / "7.jpg").write_bytes(content)
    (tmp_path / "JPEGImages" / "a.jpg").write_bytes(content)
    for said in (
        refused("7.jpg: ", data.read_coco, coco, tmp_path),
        refused("a.jpg: ", data.read_voc, voc),
    ):
        assert "accepted: JPEG, PNG or another form that Pillow reads" in said


def voc(old, new=""):
    assert old in VOC
    return VOC.replace(old, new, 1)


WHOLE = "a.xml: is not XML that is read ("
BOMB = "".join(f'<!ENTITY b{n} "{f"&b{n - 1};" * 9}">' for n in range(1, 30))
DOCTYPE = f'<!DOCTYPE a [<!ENTITY b0 "b">{BOMB}]>'
OF_VOC = {
    WHOLE + "no element found": "",
    WHOLE + "no element found: line": "<annotation>",
    WHOLE + "not well-formed": "<<<",
    WHOLE + "unknown encoding": '<?xml version="1.0" encoding="none"?>' + VOC,
    WHOLE + "it has a DOCTYPE": DOCTYPE + voc("dog", "&b29;"),
    WHOLE + "it has a DOCTYPE)": (DOCTYPE + voc("dog", "&b29;")).encode("utf-16"),
    "a.xml: outermost element is 'html', accepted: annotation": "<html/>",
    "a.xml, object 0: xmin is missing, accepted: a number": voc("<xmin>6</xmin>"),
    "a.xml, object 0: xmin is '', accepted: a number": voc("<xmin>6</xmin>", "<xmin/>"),
    "a.xml, object 0: ymax is 'x', accepted: a number": voc(">12<", ">x<"),
    "a.xml, object 0: name is missing, accepted: a text": voc("<name>dog</name>"),
    "a.xml, object 1: difficult is 'yes', accepted: 0 or 1": voc(">1<", ">yes<"),
    f"a.xml, object 0: corners is [5.0, 4.0, 99.0, 12.0], {INSIDE}": voc(">15<", ">99<"),
    f"a.xml, object 0: corners is [5.0, 4.0, 2.0, 12.0], {INSIDE}": voc(">15<", ">2<"),
    f"a.xml, object 0: corners is [-10.0, 4.0, 15.0, 12.0], {INSIDE}": voc(">6<", ">-9<"),
    f"a.xml, object 0: corners is [nan, 4.0, 15.0, 12.0], {INSIDE}": voc(">6<", ">nan<"),
    "accepted: a file that is there (1 are missing)": voc("a.jpg", "b.jpg"),
}


@pytest.mark.parametrize("words", OF_VOC)
def test_files_of_voc(tmp_path, words):
    said = refused(words, data.read_voc, write_voc(tmp_path, OF_VOC[words]))
    assert "a.xml" in said


def test_classes_and_folders_of_voc(tmp_path):
    write_voc(tmp_path)
    refused(
        "a.xml, object 1: name is 'cat', accepted: dog",
        lambda: data.read_voc(tmp_path, classes=["dog"]),
    )
    with pytest.raises(TypeError, match="classes is 'dog', accepted: several names"):
        data.read_voc(tmp_path, classes="dog")
    refused("no Annotations", data.read_voc, tmp_path / "nowhere")
    (tmp_path / "Annotations" / "b.xml").mkdir()
    refused("b.xml: is not XML that is read (", data.read_voc, tmp_path)


NAMED = "accepted: that of one of Annotations/*.xml, without the suffix "


@pytest.mark.parametrize(
    ("part", "content", "name"),
    [
        ("train", b"a.jpg\n", "a.jpg"),
        ("test", b"a.jpg\n", "a.jpg"),
        ("test", "a\n".encode("utf-16"), "\ufffd"),
        ("val", b"a holiday\n", "a holiday"),
        ("val", b"a\nb\n", "b"),
        ("test", b"a\nb\n", "b"),
        ("trainval", b"b 1\n", "b"),
        ("val", b"\xff\na\n", "\ufffd"),
        ("val", "a\n".encode("utf-16"), "\ufffd"),
    ],
)
def test_lists_of_voc_that_name_no_annotation(tmp_path, part, content, name):
    """Those photos would be dealt to other uses, or left out, unseen."""
    write_voc(tmp_path)
    (tmp_path / "ImageSets" / "Main" / f"{part}.txt").write_bytes(content)
    said = refused(NAMED, data.read_voc, tmp_path)
    assert f"{part}.txt: name is {name!r}"[:-1] in said


def test_pixels_of_more_than_8_bits_are_refused(tmp_path):
    """Pillow cuts them off at 255: a photo of 16 bits would be white."""
    grey = np.full((20, 30), 300)
    for mode, kind in (("I;16", np.uint16), ("I", np.int32), ("F", np.float32)):
        path = write_coco(tmp_path)
        image = Image.fromarray(grey.astype(kind))
        assert image.mode == mode
        image.save(tmp_path / "7.jpg", "TIFF")
        said = refused("7.jpg: no image that can be read (", data.read_coco, path, tmp_path)
        assert f"of mode {mode}, more than 8 bits a channel" in said


SIDES = "accepted: (30, 20), those of "
PIXELS = "accepted: pixels, an integer of at least 1"
SIZES = {
    f"width and height is (31, 20), {SIDES}": {"width": 31, "height": 20},
    f"width and height is (30, 19), {SIDES}": {"width": 30, "height": 19},
    f"width and height is (20, 30), {SIDES}": {"width": 20, "height": 30},
    f"width and height is (60, 40), {SIDES}": {"width": 60.0, "height": 40.0},
    f"width and height is (31, None), {SIDES}": {"width": 31},
    f"width and height is (None, 30), {SIDES}": {"height": 30},
    f"height is -20, {PIXELS}": {"height": -20},
    f"width is 'wide', {PIXELS}": {"width": "wide"},
    f"width is 30.5, {PIXELS}": {"width": 30.5},
    f"width is nan, {PIXELS}": {"width": NAN},
    f"width is inf, {PIXELS}": {"width": float("inf")},
}


def of_size(size):
    """The annotations of one photo of 30 x 20 pixels, in both forms."""
    inside = "".join(f"<{key}>{value}</{key}>" for key, value in size.items())
    return (
        {"images": [{"id": 7, "file_name": "7.jpg", **size}]},
        voc("</filename>", f"</filename><size>{inside}</size>"),
    )


@pytest.mark.parametrize("words", SIZES)
def test_sizes_that_are_not_the_photos(tmp_path, words):
    coco, xml = of_size(SIZES[words])
    said = refused(words, data.read_coco, write_coco(tmp_path, **coco), tmp_path)
    assert "coco.json, images 0: " in said
    quoted = words
    if "pixels, an integer" in words and "'" not in words:  # XML has texts alone
        key, _, rest = words.partition(" is ")
        value, _, rest = rest.partition(", ")
        quoted = f"{key} is '{value}', {rest}"
    assert "a.xml: " in refused(quoted, data.read_voc, write_voc(tmp_path, xml))


def test_sizes_of_coco_that_are_no_number(tmp_path):
    for value in (None, True, [30]):
        changed, _ = of_size({"width": value})
        words = f"coco.json, images 0: width is {value}, {PIXELS}"
        refused(words, data.read_coco, write_coco(tmp_path, **changed), tmp_path)
    write_voc(tmp_path, of_size({"width": ""})[1])
    refused(f"a.xml: width is '', {PIXELS}", data.read_voc, tmp_path)


@pytest.mark.parametrize(
    "size",
    [
        {},
        {"width": 30},
        {"height": 20},
        {"width": 30, "height": 20},
        {"width": 30.0},
        {"width": 0, "height": 0},  # of tools that did not look at the photo
        {"width": 30, "height": 0},
    ],
)
def test_sizes_may_be_said_or_not(tmp_path, size):
    coco, xml = of_size(size)
    photos = data.read_coco(write_coco(tmp_path, **coco), tmp_path)
    assert photos.images[0].shape == (3, 20, 30)
    assert len(data.read_voc(write_voc(tmp_path, xml))) == 1


@pytest.mark.parametrize("read", ["coco", "voc"])
def test_boxes_without_area_are_left_out(tmp_path, read):
    if read == "coco":
        photos = data.read_coco(write_coco(tmp_path, **thing(bbox=[4, 4, 0, 5])), tmp_path)
    else:
        photos = data.read_voc(write_voc(tmp_path, voc(">15<", ">5<")))
    assert len(photos.labels[0]) == len(photos.corners[0]) == 1


def test_a_photo_named_twice_is_refused(tmp_path):
    # Else one image could be trained on and judged on.
    images = [{"id": 1, "file_name": "7.jpg"}, {"id": 7, "file_name": "7.jpg"}]
    for again in ("7.jpg", "nowhere/../7.jpg"):
        (tmp_path / "nowhere").mkdir(exist_ok=True)
        images[0]["file_name"] = again
        coco = write_coco(tmp_path, images=images)
        assert "coco.json, images 1: photo is" in refused(
            "each photo once", data.read_coco, coco, tmp_path
        )
    write_voc(tmp_path)
    write_voc(tmp_path, name="b")  # which says a.jpg, too
    assert "b.xml: photo is" in refused("each photo once", data.read_voc, tmp_path)


def test_rows_that_do_not_say_their_split_are_of_none(tmp_path):
    path = write_photos(
        tmp_path, [[], [], []], [[], [], []], id=["7", None, "b"], split=["val", None, "test"]
    )
    read = data.read_annotated(path)
    assert dict(zip(read.ids, read.splits, strict=True)) == {"7": "val", "1": "", "b": "test"}
