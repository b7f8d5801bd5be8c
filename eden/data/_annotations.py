"""Folders of photos with annotations in the form of COCO or of VOC."""

from __future__ import annotations

import dataclasses
import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

from eden._files import read_json
from eden._say import refusal
from eden.data._boxes import Annotated, uncounted_label
from eden.data._entries import (
    Box,
    annotated,
    field,
    flag,
    four,
    integer,
    listed,
    name_or_number,
    pixels,
    text,
)
from eden.data._jpeg import decode_all

_SIDES = ("xmin", "ymin", "xmax", "ymax")
_SIZE = ("width", "height")


@dataclass
class _Photo:
    where: str  # the entry that names it
    path: Path
    split: str
    size: dict[str, int]  # "width" and "height" in pixels, where they are said
    boxes: list[Box] = dataclasses.field(default_factory=list)
    labels: list[int] = dataclasses.field(default_factory=list)
    names: list[str] = dataclasses.field(default_factory=list)  # what is said of a box that is bad

    def add(self, name: str, box: Box, label: int) -> None:
        self.names.append(name)
        self.boxes.append(box)
        self.labels.append(label)


def _size(where: str, entry: dict[str, Any]) -> dict[str, int]:
    said = "pixels, an integer of at least 1"
    # Tools that did not look at the photo write 0.
    there = [key for key in _SIZE if str(entry.get(key, 0)).strip() != "0"]
    return {key: field(where, entry, key, pixels, said) for key in there}


def read_coco(
    annotations: Path | str, images: Path | str, *, split: str = "", progress: bool = False
) -> Annotated:
    """Read photos with boxes in the form of COCO.

    Classes are in the order of their numbers in the file, photos in that of their names, with the
    folders that they are in. Boxes of crowds (``iscrowd``) are there to be ignored, as pycocotools
    has it: neither found nor missed, what is found within them neither right nor wrong, and nothing
    to train on.

    Args:
        annotations: The JSON file, such as ``annotations/instances_val2017.json``.
        images: The folder of the photos.
        split: What they are said to be for.
        progress: Show a bar where decoding takes long.

    Raises:
        ValueError: For a file that is no such JSON, a photo that is missing or cannot be decoded,
            a box that is none or lies outside, a class or photo that the file does not name, and a
            width or height that is not the photo's (either may be absent, or 0); the message names
            the file and the entry.
        OSError: If there is no such file.
    """
    path = Path(annotations)
    content = read_json(path)
    parts = ("categories", "images", "annotations")
    kinds, photos, things = (field(f"{path}", content, p, listed, "a list") for p in parts)
    names: dict[int, str] = {}
    for n, each in enumerate(kinds):
        where = f"{path}, categories {n}"
        number = field(where, each, "id", integer, "an integer")
        if number in names:
            raise ValueError(refusal(f"{where}: id", number, "an integer that no other has"))
        names[number] = field(where, each, "name", text, "a text")
    labels = {number: label for label, number in enumerate(sorted(names))}
    found: dict[Any, _Photo] = {}
    for n, each in enumerate(photos):
        where = f"{path}, images {n}"
        number = field(where, each, "id", name_or_number, "an integer or a text")
        if number in found:
            raise ValueError(refusal(f"{where}: id", number, "one that no other has"))
        file = Path(images) / field(where, each, "file_name", text, "a text")
        found[number] = _Photo(where, file, split, _size(where, each))
    known = f"the id of one of categories, {', '.join(map(str, labels))}"
    for n, each in enumerate(things):
        where = f"{path}, annotations {n}"
        photo = field(where, each, "image_id", found.__getitem__, "the id of one of images")
        label = field(where, each, "category_id", labels.__getitem__, known)
        x, y, width, height = field(where, each, "bbox", four, "four numbers, x, y, width, height")
        crowd = "iscrowd" in each and field(where, each, "iscrowd", flag, "0 or 1")
        photo.add(
            f"{where}: corners",
            (x, y, x + width, y + height),
            uncounted_label(label, crowd=True) if crowd else label,
        )
    return _annotated([*found.values()], images, tuple(names[n] for n in labels), progress)


def read_voc(
    folder: Path | str, *, classes: Iterable[str] = (), progress: bool = False
) -> Annotated:
    """Read photos with boxes in the form of VOC: `Annotations/*.xml` and `JPEGImages`.

    Splits are those of `ImageSets/Main`, where there is such a folder; a photo is of the first, by
    the alphabet, of "test", "train" and "val" that names it. One that "trainval" alone names is of
    "val" where "train" names some and "val" none, else of "train". A list for test of which no
    photo is annotated, as VOC 2012's, says nothing. Boxes that are `difficult` do not count, as VOC
    has it: neither found nor missed, what is found of them neither right nor wrong, and nothing to
    train on. Photos are in the order of their names.

    Args:
        folder: That holds these three folders.
        classes: What labels count; as found, in the order of the alphabet, if not given.
        progress: Show a bar where decoding takes long.

    Raises:
        TypeError: For classes that are one text.
        ValueError: As `read_coco`; for XML with a DOCTYPE, too, which can be made to fill the
            memory and which VOC has none of, and for a list with names that no annotation has,
            other than such a list for test.
    """
    if isinstance(classes, str):
        raise TypeError(refusal("classes", classes, "several names"))
    folder = Path(folder)
    files = sorted((folder / "Annotations").glob("*.xml"))
    if not files:
        raise ValueError(f"{folder}: no Annotations/*.xml in it, as VOC has")
    read = [_voc(path) for path in files]
    names = tuple(classes) or tuple(sorted({each.name for _, _, things in read for each in things}))
    split_of = _splits(folder / "ImageSets" / "Main", {path.stem for path in files})
    photos, images = [], folder / "JPEGImages"
    for path, (file, size, things) in zip(files, read, strict=True):
        photo = _Photo(str(path), images / file, split_of.get(path.stem, ""), size)
        for n, each in enumerate(things):
            if each.name not in names:
                raise ValueError(refusal(f"{path}, object {n}: name", each.name, ", ".join(names)))
            label = names.index(each.name)
            photo.add(
                f"{path}, object {n}: corners",
                each.box,
                uncounted_label(label, crowd=False) if each.difficult else label,
            )
        photos.append(photo)
    return _annotated(photos, images, names, progress)


def _splits(lists: Path, known: set[str]) -> dict[str, str]:
    """Return what photos are for by the lists of VOC; those in none are not in it."""
    parts = ("test", "train", "val", "trainval")
    named = {part: _named(lists / f"{part}.txt", known) for part in parts}
    rest = "val" if named["train"] and not named["val"] else "train"
    split_of: dict[str, str] = {}
    for part in parts:
        for name in named[part]:
            split_of.setdefault(name, rest if part == "trainval" else part)
    return split_of


def _named(listing: Path, known: set[str]) -> list[str]:
    """Return the photos that a list names; none of one that is not there, or of others alone."""
    if not listing.is_file():
        return []
    # A line has a name, which may hold spaces, or a name and then whether a class is there.
    lines = listing.read_text("utf-8-sig", errors="replace").splitlines()
    lines = [line.strip() for line in lines if line.strip()]
    names = [line if line in known else re.sub(r"\s+(-1|0|1)$", "", line) for line in lines]
    unknown = [name for name in names if name not in known]
    if not unknown:
        return names
    bad = [n for n in unknown if Path(n).stem in known or "\ufffd" in n or not n.isprintable()]
    if listing.stem == "test" and len(unknown) == len(names) and not bad:
        return []
    said = f"that of one of Annotations/*.xml, without the suffix ({len(unknown)} are of none)"
    raise ValueError(refusal(f"{listing}: name", unknown[0], said))


class _Thing(NamedTuple):
    name: str
    box: Box
    difficult: bool


class _Tree(ElementTree.TreeBuilder):
    """Refuses what could define entities, of which a few lines may stand for gigabytes."""

    def doctype(self, *_: object) -> None:
        raise ValueError("it has a DOCTYPE")


def _voc(path: Path) -> tuple[str, dict[str, int], list[_Thing]]:
    """The name of the photo, its sides where they are said, and what is in it."""
    try:
        parser = ElementTree.XMLParser(target=_Tree())
        root = ElementTree.fromstring(path.read_bytes(), parser)
    except (ElementTree.ParseError, OSError, ValueError, LookupError) as error:
        raise ValueError(f"{path}: is not XML that is read ({error})") from error
    if root.tag != "annotation":
        raise ValueError(refusal(f"{path}: outermost element", root.tag, "annotation, as of VOC"))
    things = []
    for n, thing in enumerate(root.iter("object")):
        said = {
            "name": thing.findtext("name"),
            "difficult": thing.findtext("difficult", "0"),
            **{side: thing.findtext(f"bndbox/{side}") for side in _SIDES},
        }
        said = {key: value.strip() for key, value in said.items() if value is not None}
        where = f"{path}, object {n}"
        x0, y0, x1, y1 = (field(where, said, side, float, "a number") for side in _SIDES)
        things.append(
            _Thing(
                field(where, said, "name", text, "a text"),
                # Pixels there count from 1, and the last one is inside.
                (x0 - 1, y0 - 1, x1, y1),
                field(where, said, "difficult", ["0", "1"].index, "0 or 1") == 1,
            )
        )
    sides = {key: root.findtext(f"size/{key}") for key in _SIZE}
    size = _size(str(path), {key: value for key, value in sides.items() if value is not None})
    return root.findtext("filename", "").strip() or f"{path.stem}.jpg", size, things


def _ids(photos: list[_Photo], folder: Path | str) -> list[str]:
    """Return names within a folder, without the suffixes that tell no photo from another."""
    # Cameras number their photos alike: the folders in between are part of the name.
    names = [Path(os.path.relpath(photo.path, folder)).as_posix() for photo in photos]
    stems = [os.path.splitext(name)[0] for name in names]
    times = Counter(stems)
    return [s if times[s] == 1 else name for name, s in zip(names, stems, strict=True)]


def _annotated(
    photos: list[_Photo], folder: Path | str, classes: tuple[str, ...], progress: bool
) -> Annotated:
    if missing := [photo for photo in photos if not photo.path.is_file()]:
        said = f"a file that is there ({len(missing)} are missing)"
        raise ValueError(refusal(f"{missing[0].where}: photo", str(missing[0].path), said))
    if not (photos and classes):
        numbers = len(photos), len(classes)
        raise ValueError(refusal("number of photos and classes", numbers, "at least one of each"))
    seen: set[Path] = set()
    for photo in photos:
        file = photo.path.resolve()
        if file in seen:
            raise ValueError(refusal(f"{photo.where}: photo", str(photo.path), "each photo once"))
        seen.add(file)
    contents = (photo.path.read_bytes() for photo in photos)
    name = lambda n: str(photos[n].path)  # noqa: E731
    images = decode_all(contents, name, total=len(photos), progress=progress)
    for photo, image in zip(photos, images, strict=True):
        # Boxes are of the photo that was annotated: of one scaled since they would lie elsewhere.
        sides = {"width": image.shape[2], "height": image.shape[1]}
        if {**sides, **photo.size} != sides:
            found = tuple(photo.size.get(key) for key in _SIZE)
            said = f"{tuple(sides.values())}, those of {photo.path}"
            raise ValueError(refusal(f"{photo.where}: width and height", found, said))
    return annotated(
        lambda photo, n: photos[photo].names[n],
        images,
        [photo.boxes for photo in photos],
        [photo.labels for photo in photos],
        classes,
        _ids(photos, folder),
        [photo.split for photo in photos],
    )
