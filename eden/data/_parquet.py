"""Parquet files of images: `image` as bytes of JPEG, and `label`, or `boxes` and `labels`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import torch

from eden._say import refusal
from eden.data._boxes import Annotated, checked_boxes
from eden.data._jpeg import decode_all, stacked


class Labelled(NamedTuple):
    """Images that show one thing each.

    Attributes:
        pixels: uint8 ``[n, 3, h, w]``.
        labels: int64 ``[n]``.
        classes: Their names, where the file says them.
        ids: Of the images; their numbers where the file has none.
        splits: What each is for; "" where the file does not say.
    """

    pixels: torch.Tensor
    labels: torch.Tensor
    classes: tuple[str, ...]
    ids: tuple[str, ...]
    splits: tuple[str, ...]


def read_labelled(path: Path | str, *, progress: bool = False) -> Labelled:
    """Read images that show one thing each, all of one size.

    Columns are `image` and `label`, and may be `id` and `split`; what `classes` there are may stand
    in the metadata, as a list in JSON.

    Raises:
        ValueError: For a file that is damaged or of another kind, an image that cannot be decoded
            or is of another size, and a label that is no class; the message names the row.
        OSError: If there is no such file.
    """
    path = Path(path)
    columns, classes = _read(path, ("image", "label"), ("id", "split"))
    labels = _integers(path, columns["label"])
    most = len(classes) or 1 << 31
    for row, label in enumerate(labels):
        if not 0 <= label < most:
            raise ValueError(f"{path}, row {row}: label is {label}, accepted: 0 to {most - 1}")
    return Labelled(
        stacked(_images(path, columns["image"], progress), lambda row: f"{path}, row {row}"),
        torch.tensor(labels, dtype=torch.int64),
        classes,
        *_names(columns, len(labels)),
    )


def read_annotated(path: Path | str, *, progress: bool = False) -> Annotated:
    """Read photos with boxes.

    Columns are `image`, `boxes` (lists of x0, y0, x1, y1 as fractions of the sides) and `labels`,
    and may be `id` and `split`; the metadata has `classes`, a list in JSON.

    Raises:
        ValueError: As `read_labelled`, for a file without classes, and for a box that is none or
            lies outside.
        OSError: If there is no such file.
    """
    path = Path(path)
    columns, classes = _read(path, ("image", "boxes", "labels"), ("id", "split"))
    if not classes:
        raise ValueError(f"{path}: its metadata has no classes, a list of names in JSON")
    images = _images(path, columns["image"], progress)
    corners, labels = [], []
    for row, image in enumerate(images):
        height, width = image.shape[1:]
        boxes, named = columns["boxes"][row] or [], columns["labels"][row] or []
        if wrong := [box for box in boxes if len(box) != 4]:
            said = "four, x0, y0, x1, y1"
            raise ValueError(refusal(f"{path}, row {row}: numbers of a box", len(wrong[0]), said))
        found, known = checked_boxes(
            f"{path}, row {row}",
            [(x0 * width, y0 * height, x1 * width, y1 * height) for x0, y0, x1, y1 in boxes],
            named,
            (height, width),
            len(classes),
        )
        corners.append(found)
        labels.append(known)
    return Annotated(images, corners, labels, classes, *_names(columns, len(images)))


def _read(
    path: Path, needed: tuple[str, ...], known: tuple[str, ...]
) -> tuple[dict[str, list[Any]], tuple[str, ...]]:
    import pyarrow as pa
    from pyarrow import parquet

    if not path.is_file():
        raise FileNotFoundError(2, "No such file", str(path))
    try:
        names = parquet.read_schema(path).names
        if missing := [name for name in needed if name not in names]:
            had = ", ".join(names)
            raise ValueError(f"{path}: lacks the column {missing[0]!r}; it has {had}")
        table = parquet.read_table(path, columns=[n for n in (*needed, *known) if n in names])
    except (pa.ArrowException, OSError) as error:
        said = " ".join(str(error).split())[:100]
        raise ValueError(f"{path}: is not a parquet file, or is damaged ({said})") from error
    if not len(table):
        raise ValueError(f"{path}: holds no images")
    classes = (table.schema.metadata or {}).get(b"classes", b"[]")
    try:
        listed = json.loads(classes)
    except ValueError:
        listed = None
    if not isinstance(listed, list):
        raise ValueError(f"{path}: classes of its metadata are not a list in JSON")
    return table.to_pydict(), tuple(map(str, listed))


def _images(path: Path, contents: list[Any], progress: bool) -> list[torch.Tensor]:
    for row, content in enumerate(contents):
        # Hugging Face writes {"bytes": ..., "path": ...}.
        if isinstance(content, dict):
            contents[row] = content = content.get("bytes")
        if not isinstance(content, bytes | None):
            raise ValueError(f"{path}, row {row}: image is a {type(content).__name__}, not bytes")
    total = len(contents)
    return decode_all(contents, lambda row: f"{path}, row {row}", total=total, progress=progress)


def _integers(path: Path, values: list[Any]) -> list[int]:
    for row, value in enumerate(values):
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"{path}, row {row}: label is {value!r}, accepted: an integer")
    return values


def _names(columns: dict[str, list[Any]], n: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    ids, splits = columns.get("id", range(n)), columns.get("split", [""] * n)
    return tuple(map(str, ids)), tuple(map(str, splits))
