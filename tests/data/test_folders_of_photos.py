"""Folders of photos with boxes as a data set, by the name that a recipe gives them."""

import pytest
import torch
from _annotated import VOC, write_as_coco, write_as_voc, write_coco, write_voc

from eden import data

SIZE = 64


def photos(n):
    """Photos of growing brightness, whose ids count from 1, with a box each."""
    ids = tuple(map(str, range(1, n + 1)))
    return data.Annotated(
        [torch.full((3, 32, 32), 8 * number, dtype=torch.uint8) for number in range(n)],
        [torch.tensor([[4.0, 4, 20, 20]])] * n,
        [torch.tensor([number % 2]) for number in range(n)],
        ("a", "b"),
        ids,
        ("",) * n,
    )


def levels(x):
    """Which photos those of a split are, by their brightness."""
    return [round(float(image[0, 8, 8]) * 255 / 8) for image in x[:]]


@pytest.mark.parametrize("write", [write_as_coco, write_as_voc])
def test_photos_are_by_turns_of_their_ids(tmp_path, write):
    splits = data.load(write(tmp_path, photos(12)), tmp_path, size=SIZE)
    # In the order of numbers, 2 before 10: training, test, validation, test.
    assert [levels(x) for x, _ in splits] == [[0, 4, 8], [2, 6, 10], [1, 3, 5, 7, 9, 11]]
    x, boxes = splits.test
    assert x.shape == (6, 3, SIZE, SIZE)
    assert boxes.tolist() == [[[8, 8, 40, 40, 1]]] * 6


@pytest.mark.parametrize(
    ("file", "images"),
    [
        ("annotations/instances_val2017.json", "val2017"),
        ("annotations/instances_val2017.json", "images/val2017"),
        ("annotations/instances_val2017.json", "annotations/images"),
        ("annotations/some.json", "images"),
        ("annotations/some.json", "some"),
        ("annotations/some.json", "annotations"),
        ("some.json", "."),
        ("some.json", "images"),
        ("some.json", "some"),
    ],
)
def test_where_the_photos_of_coco_lie(tmp_path, file, images):
    name = write_as_coco(tmp_path, photos(4), file, images)
    assert [len(x) for x, _ in data.load(name, tmp_path, size=SIZE)] == [1, 1, 2]


def test_a_folder_is_found_by_its_name_or_by_itself(tmp_path, monkeypatch):
    write_as_voc(tmp_path, photos(4), "VOC2007")
    for root in (tmp_path, tmp_path / "VOC2007"):
        assert len(data.load("VOC2007", root, size=SIZE).train[0]) == 1
    monkeypatch.setenv("EDEN_DATA", str(tmp_path))
    assert len(data.load("VOC2007", size=SIZE).train[0]) == 1


def write_lists(folder, **numbers):
    lists = folder / "ImageSets" / "Main"
    lists.mkdir(parents=True, exist_ok=True)
    for name, those in numbers.items():
        (lists / f"{name}.txt").write_text("".join(f"{each}\n" for each in those), "utf-8-sig")


def test_lists_of_voc_say_the_splits(tmp_path):
    write_as_voc(tmp_path, photos(20))
    write_lists(tmp_path / "bars", train=range(1, 13), val=[14, 13], test=[15, 16, 17])
    lists = tmp_path / "bars" / "ImageSets" / "Main"
    splits = data.load("bars", tmp_path, size=SIZE)
    # Those that no list names, 18 to 20, are for other tasks.
    assert [levels(x) for x, _ in splits] == [[*range(12)], [12, 13], [14, 15, 16]]
    (lists / "val.txt").unlink()
    assert [len(x) for x, _ in data.load("bars", tmp_path, size=SIZE)] == [11, 1, 3]
    (lists / "test.txt").unlink()
    (lists / "val.txt").write_text("13\n")
    with pytest.raises(ValueError, match=r"bars: has no split 'test'"):
        data.load("bars", tmp_path, size=SIZE)


def test_lists_of_voc_that_join_training_and_validation(tmp_path):
    write_as_voc(tmp_path, photos(16))
    write_lists(tmp_path / "bars", trainval=range(1, 13), test=range(13, 17))
    train, validation, test = (levels(x) for x, _ in data.load("bars", tmp_path, size=SIZE))
    assert sorted(train + validation) == [*range(12)] and test == [12, 13, 14, 15]
    write_lists(tmp_path / "bars", val=[12])
    assert [levels(x) for x, _ in data.load("bars", tmp_path, size=SIZE)][:2] == [
        [*range(11)],
        [11],
    ]
    (tmp_path / "bars" / "ImageSets" / "Main" / "val.txt").unlink()
    write_lists(tmp_path / "bars", train=range(1, 10))
    train, validation, _ = (levels(x) for x, _ in data.load("bars", tmp_path, size=SIZE))
    assert train == [*range(9)] and validation == [9, 10, 11]


def test_a_list_of_voc_of_photos_without_annotations(tmp_path):
    """As that of VOC 2012 for test, whose boxes are kept back."""
    write_as_voc(tmp_path, photos(14))
    write_lists(tmp_path / "bars", train=range(1, 13), val=[13], test=[20, 21])
    assert set(data.read_voc(tmp_path / "bars").splits) == {"train", "val", ""}
    with pytest.raises(ValueError, match=r"bars: has no split 'test'"):
        data.load("bars", tmp_path, size=SIZE)


def test_names_of_voc_may_hold_spaces_and_be_followed_by_a_class(tmp_path):
    names = ("my 1", "my 2", "3")
    write_as_voc(tmp_path, data.Annotated(**{**vars(photos(3)), "ids": names}))
    write_lists(tmp_path / "bars", train=["my 1", "my 2  -1"], test=["3  1"])
    read = data.read_voc(tmp_path / "bars")
    assert sorted(zip(read.ids, read.splits, strict=True)) == [
        ("3", "test"),
        ("my 1", "train"),
        ("my 2", "train"),
    ]


def test_photos_of_several_cameras_are_in_the_order_of_their_folders(tmp_path):
    names = ("a/1", "b/1", "a/2", "b/2")
    four = data.Annotated(**{**vars(photos(4)), "ids": names})
    backwards = four.take([3, 2, 1, 0])
    for n, some in enumerate((four, backwards)):
        for part in "ab":
            (tmp_path / str(n) / "bars" / part).mkdir(parents=True)
        path = write_as_coco(tmp_path / str(n), some)
        read = data.read_coco(tmp_path / str(n) / path, tmp_path / str(n) / "bars")
        assert read.ids == ("a/1", "a/2", "b/1", "b/2")
        assert [round(float(image.float().mean()) / 8) for image in read.images] == [0, 2, 1, 3]


def test_photos_of_voc_may_lie_in_folders_too(tmp_path):
    for xml, part in (("x", "b"), ("y", "a")):
        write_voc(tmp_path, VOC.replace("a.jpg", f"{part}/1.jpg"), xml)
        (tmp_path / "JPEGImages" / part).mkdir()
        (tmp_path / "JPEGImages" / f"{xml}.jpg").rename(tmp_path / "JPEGImages" / part / "1.jpg")
    assert data.read_voc(tmp_path).ids == ("a/1", "b/1")


@pytest.mark.parametrize("names", [("a.jpg", "a.png"), ("a.png", "a.jpg")])
def test_photos_that_a_suffix_tells_apart_are_in_one_order(tmp_path, names):
    images = [{"id": n, "file_name": f"./{name}"} for n, name in enumerate(names)]
    read = data.read_coco(write_coco(tmp_path, images=images, annotations=[]), tmp_path)
    assert read.ids == ("a.jpg", "a.png")
    images[1]["file_name"] = str(tmp_path / "b.c.jpg")  # as some write it: of this machine
    read = data.read_coco(write_coco(tmp_path, images=images, annotations=[]), tmp_path)
    assert read.ids == ("a", "b.c")


@pytest.mark.parametrize(
    ("name", "keys", "words"),
    [
        ("none.json", {"size": SIZE}, "none.json not found: no none.json in "),
        ("none", {"size": SIZE}, "data set none not found: no Annotations in "),
        ("annotations/instances_bars.json", {}, "accepted: fashion-mnist, cifar10, NAME.parquet"),
        ("cifar10", {"size": SIZE}, "'cifar10', accepted: of photos with boxes: NAME.parquet"),
        ("fashion-mnist", {"size": SIZE}, "accepted: of photos with boxes: NAME.parquet, NAME.js"),
        ("annotations/instances_bars.json", {"size": 33}, "size is 33, accepted: a multiple of 32"),
    ],
)
def test_what_is_not_there(tmp_path, name, keys, words):
    write_as_coco(tmp_path, photos(4))
    with pytest.raises(ValueError) as caught:
        data.load(name, tmp_path, **keys)
    assert words in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("write", [write_as_coco, write_as_voc])
def test_too_few_and_damaged_ones(tmp_path, write):
    name = write(tmp_path, photos(2))
    with pytest.raises(ValueError, match=r"number of images is 2, accepted: at least 3"):
        data.load(name, tmp_path, size=SIZE)
    next(tmp_path.rglob("2.jpg")).write_bytes(b"")
    with pytest.raises(ValueError, match=r"2\.jpg: the image is empty, accepted: JPEG"):
        data.load(name, tmp_path, size=SIZE)
