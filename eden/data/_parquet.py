"""Parquet files of images: `image` as bytes of JPEG, and `label`, or `boxes` and `labels`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import torch

from eden._say import refusal
from eden.data._boxes import Annotated
from eden.data._entries import annotated, field, four, in_order, listed
from eden.data._jpeg import decode_all, stacked


class Labelled(NamedTuple):
    """Images that show one thing each.

    Attributes:
        pixels: uint8 ``[n, 3, h, w]``.
        labels: int64 ``[n]``.
        classes: Their names, where the file says them.
        ids: Of the images; the numbers of their rows where the file has none.
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
    in the metadata, as a list in JSON. Images come in the order of their ids, 2 before 10.

    Raises:
        ValueError: For a file that is damaged or of another kind, an image that cannot be decoded
            or is of another size, and a label that is no class; the message names the row.
        OSError: If there is no such file.
    """
    path = Path(path)
    columns, classes = _read(path, ("image", "label"), ("id", "split"))
    rows = range(len(columns["label"]))
    labels = [_label(f"{path}, row {n}", columns["label"][n], classes) for n in rows]
    images, (ids, splits) = _images(path, columns["image"], progress), _names(columns, len(rows))
    order = in_order(ids)
    return Labelled(
        stacked([images[n] for n in order], lambda n: f"{path}, row {order[n]}"),
        torch.tensor([labels[n] for n in order], dtype=torch.int64),
        classes,
        tuple(ids[n] for n in order),
        tuple(splits[n] for n in order),
    )


def read_annotated(path: Path | str, *, progress: bool = False) -> Annotated:
    """Read photos with boxes.

    Columns are `image`, `boxes` (lists of x0, y0, x1, y1 as fractions of the sides) and `labels`,
    and may be `id` and `split`; the metadata has `classes`, a list in JSON. Photos
    come in the order of their ids, 2 before 10.

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
    boxes, labels = [], []
    for row, image in enumerate(images):
        where, width, height = f"{path}, row {row}", image.shape[2], image.shape[1]
        # A photo without boxes may have none of them, or no list at all.
        entry = {name: columns[name][row] or [] for name in ("boxes", "labels")}
        there, named = (field(where, entry, name, listed, "a list") for name in entry)
        if len(named) != len(there):
            said = f"as many as boxes, {len(there)}"
            raise ValueError(refusal(f"{where}: number of labels", len(named), said))
        said = "four numbers, x0, y0, x1, y1"
        sides = [field(where, {"box": box}, "box", four, said) for box in there]
        boxes.append([(a * width, b * height, c * width, d * height) for a, b, c, d in sides])
        labels.append([_label(where, label, classes) for label in named])
    return annotated(
        lambda row, n: f"{path}, row {row}, box {n}",
        images,
        boxes,
        labels,
        classes,
        *_names(columns, len(images)),
    )


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
        named = json.loads(classes)
    except ValueError:
        named = None
    if not isinstance(named, list):
        raise ValueError(f"{path}: classes of its metadata are not a list in JSON")
    return table.to_pydict(), tuple(map(str, named))


def _images(path: Path, contents: list[Any], progress: bool) -> list[torch.Tensor]:
    for row, content in enumerate(contents):
        # Hugging Face writes {"bytes": ..., "path": ...}.
        if isinstance(content, dict):
            contents[row] = content = content.get("bytes")
        if not isinstance(content, bytes | None):
            raise ValueError(f"{path}, row {row}: image is a {type(content).__name__}, not bytes")
    total = len(contents)
    return decode_all(contents, lambda row: f"{path}, row {row}", total=total, progress=progress)


def _label(where: str, value: Any, classes: tuple[str, ...]) -> int:
    most = (len(classes) or 1 << 31) - 1
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ValueError(refusal(f"{where}: label", value, f"0 to {most}"))
    return value


def _names(columns: dict[str, list[Any]], n: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    ids, splits = columns.get("id", range(n)), columns.get("split", [""] * n)
    # A row that does not say is of none, and called by its number.
    called = (number if given is None else given for number, given in enumerate(ids))
    return tuple(map(str, called)), tuple("" if split is None else str(split) for split in splits)
