"""Folders of photos with annotations in the form of COCO or of VOC."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from eden._files import read_json
from eden.data._boxes import Annotated, checked_boxes
from eden.data._jpeg import decode_all


def read_coco(
    annotations: Path | str, images: Path | str, *, split: str = "", progress: bool = False
) -> Annotated:
    """Read photos with boxes in the form of COCO.

    Boxes of crowds are left out. Classes are in the order of their numbers in the file.

    Args:
        annotations: The JSON file, such as ``annotations/instances_val2017.json``.
        images: The folder of the photos.
        split: What they are said to be for.
        progress: Show a bar where decoding takes long.

    Raises:
        ValueError: For a file that is no such JSON, a photo that is missing or cannot be decoded,
            a box that is none or lies outside, and a class that the file does not name.
        OSError: If there is no such file.
    """
    path = Path(annotations)
    content = read_json(path)
    try:
        categories = sorted((int(c["id"]), str(c["name"])) for c in content["categories"])
        photos = {photo["id"]: str(photo["file_name"]) for photo in content["images"]}
        found: dict[Any, list[tuple[list[float], int]]] = {photo: [] for photo in photos}
        for each in content["annotations"]:
            if not each.get("iscrowd"):
                x, y, width, height = map(float, each["bbox"])
                box = [x, y, x + width, y + height]
                found[each["image_id"]].append((box, int(each["category_id"])))
    except (KeyError, TypeError, ValueError) as error:
        said = f"{type(error).__name__}: {error}"
        raise ValueError(f"{path}: is not of the form of COCO ({said})") from error
    number = {category: n for n, (category, _) in enumerate(categories)}
    classes = tuple(name for _, name in categories)
    boxes = [[(box, number.get(c, -1)) for box, c in found[photo]] for photo in photos]
    files = [Path(images) / name for name in photos.values()]
    return _annotated(files, boxes, classes, [split] * len(files), progress)


def read_voc(
    folder: Path | str, *, classes: Iterable[str] = (), progress: bool = False
) -> Annotated:
    """Read photos with boxes in the form of VOC: `Annotations/*.xml` and `JPEGImages`.

    Splits are those of `ImageSets/Main`, where there is such a folder; a photo is of the first, by
    the alphabet, of "test", "train" and "val" that names it.

    Args:
        folder: Of the three.
        classes: What labels count; as found, in the order of the alphabet, if not given.
        progress: Show a bar where decoding takes long.

    Raises:
        ValueError: As `read_coco`.
    """
    folder = Path(folder)
    files = sorted((folder / "Annotations").glob("*.xml"))
    if not files:
        raise ValueError(f"{folder}: no Annotations/*.xml in it, as VOC has")
    read = [_voc(path) for path in files]
    names = tuple(classes) or tuple(sorted({name for _, boxes in read for _, name in boxes}))
    number = {name: n for n, name in enumerate(names)}
    boxes = []
    for path, (_, each) in zip(files, read, strict=True):
        if unknown := [name for _, name in each if name not in number]:
            said = ", ".join(names)
            raise ValueError(f"{path}: class is {unknown[0]!r}, accepted: {said}")
        boxes.append([(box, number[name]) for box, name in each])
    split_of: dict[str, str] = {}
    for split in ("test", "train", "val"):
        listing = folder / "ImageSets" / "Main" / f"{split}.txt"
        if listing.is_file():
            for line in listing.read_text().split():
                split_of.setdefault(line, split)
    photos = [folder / "JPEGImages" / name for name, _ in read]
    splits = [split_of.get(path.stem, "") for path in files]
    return _annotated(photos, boxes, names, splits, progress)


def _voc(path: Path) -> tuple[str, list[tuple[list[float], str]]]:
    """The name of the photo, and boxes with the names of their classes."""
    try:
        root = ElementTree.fromstring(path.read_bytes())
        boxes = []
        for thing in root.iter("object"):
            x0, y0, x1, y1 = (
                float(thing.findtext(f"bndbox/{side}", ""))
                for side in ("xmin", "ymin", "xmax", "ymax")
            )
            # Pixels there count from 1, and the last one is inside.
            boxes.append(([x0 - 1, y0 - 1, x1, y1], thing.findtext("name", "")))
        return root.findtext("filename") or f"{path.stem}.jpg", boxes
    except (ElementTree.ParseError, ValueError) as error:
        raise ValueError(f"{path}: is not of the form of VOC ({error})") from error


def _annotated(
    files: list[Path],
    boxes: list[list[tuple[list[float], int]]],
    classes: tuple[str, ...],
    splits: list[str],
    progress: bool,
) -> Annotated:
    if missing := [path for path in files if not path.is_file()]:
        raise ValueError(f"{missing[0]}: no such photo ({len(missing)} are missing)")
    if not (files and classes):
        raise ValueError(f"{len(files)} photos of {len(classes)} classes; at least one of each")
    contents = (path.read_bytes() for path in files)
    images = decode_all(contents, lambda n: str(files[n]), total=len(files), progress=progress)
    corners, labels = [], []
    for path, image, each in zip(files, images, boxes, strict=True):
        size = (image.shape[1], image.shape[2])
        found, named = checked_boxes(
            str(path), [box for box, _ in each], [label for _, label in each], size, len(classes)
        )
        corners.append(found)
        labels.append(named)
    ids = tuple(path.stem for path in files)
    return Annotated(images, corners, labels, classes, ids, tuple(splits))
