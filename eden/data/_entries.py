"""What readers of photos with boxes check, entry by entry, and the order they put photos in."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

from eden._say import refusal
from eden.data._boxes import Annotated, has_area

Value = TypeVar("Value")
Box = Sequence[float]  # x0, y0, x1, y1
_SLACK = 1.0  # pixels that a box may lie outside by rounding; it is cut to the photo


def field(where: str, entry: Any, key: str, read: Callable[[Any], Value], accepted: str) -> Value:
    """Return a field of an entry of a file.

    Args:
        where: The file and the entry.
        entry: A mapping, if all is well.
        key: Of the field.
        read: Makes what is wanted of the value, and raises LookupError, TypeError or
            ValueError where it cannot.
        accepted: What values are.

    Raises:
        ValueError: Where there is no such field, or it cannot be read.
    """
    if not isinstance(entry, dict):
        raise ValueError(refusal(where, entry, f"an entry with {key}"))
    if key not in entry:
        raise ValueError(f"{where}: {key} is missing, accepted: {accepted}")
    try:
        return read(entry[key])
    except (LookupError, TypeError, ValueError, OverflowError):
        raise ValueError(refusal(f"{where}: {key}", entry[key], accepted)) from None


def integer(value: Any) -> int:
    """Return an integer; a truth value and a number with a fraction are none."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def text(value: Any) -> str:
    """Return a text that is not empty."""
    if not isinstance(value, str) or not value:
        raise TypeError
    return value


def name_or_number(value: Any) -> int | str:
    """Return an integer or a text."""
    return text(value) if isinstance(value, str) else integer(value)


def flag(value: Any) -> bool:
    """Return whether a flag of 0 or 1 is set."""
    return (0, 1).index(value) == 1


def pixels(value: Any) -> int:
    """Return a count of pixels, at least 1; a text of one is read, and a number without fraction.

    XML has only texts, and tools write 640.0 into JSON.
    """
    number = float(value)
    if isinstance(value, bool) or not number.is_integer() or number < 1:
        raise ValueError
    return int(number)


def listed(value: Any) -> list[Any]:
    """Return a list."""
    if not isinstance(value, list):
        raise TypeError
    return value


def four(value: Any) -> tuple[float, float, float, float]:
    """Return the four numbers of a box."""
    a, b, c, d = (float(side) for side in listed(value))
    return a, b, c, d


def annotated(
    name: Callable[[int, int], str],
    images: list[Tensor],
    boxes: list[list[Box]],
    labels: list[list[int]],
    classes: tuple[str, ...],
    ids: Sequence[str],
    splits: Sequence[str],
) -> Annotated:
    """Return photos with their boxes in the order of the ids.

    Boxes without area, which public sets have, are left out; what lies outside by a rounding is cut
    off.

    Args:
        name: What a box is called, by the number of the photo and its own.
        images: uint8 ``[3, h, w]`` each.
        boxes: Of each photo, in pixels.
        labels: Of each photo's boxes.
        classes: What labels count.
        ids: Of the photos.
        splits: Of the photos.

    Raises:
        ValueError: For what is no box or lies outside its photo.
    """
    corners, kept = [], []
    for photo, (image, there) in enumerate(zip(images, boxes, strict=True)):
        height, width = image.shape[1:]
        for n, (x0, y0, x1, y1) in enumerate(there):
            across = -_SLACK <= x0 <= x1 <= width + _SLACK
            if not (across and -_SLACK <= y0 <= y1 <= height + _SLACK):
                shown = [round(side, 1) for side in (x0, y0, x1, y1)]
                said = f"x0 to x1 within 0 to {width}, y0 to y1 within 0 to {height}"
                raise ValueError(refusal(name(photo, n), shown, said))
        found = torch.tensor(there, dtype=torch.float32).reshape(-1, 4)
        found[:, 0::2].clamp_(0, width)
        found[:, 1::2].clamp_(0, height)
        area = has_area(found)
        corners.append(found[area])
        kept.append(torch.tensor(labels[photo], dtype=torch.int64)[area])
    whole = Annotated(images, corners, kept, classes, tuple(ids), tuple(splits))
    return whole.take(in_order(ids))


def in_order(ids: Sequence[str]) -> list[int]:
    """Return the numbers of images in the order of their ids, digits in these by value.

    Images of the same id stay as they stand.
    """

    def key(n: int) -> tuple[list[tuple[str, int, str]], str]:
        # Digits by their count and then one by one: int() takes only so many.
        parts = re.findall("([^0-9]*)0*([0-9]*)", ids[n])
        return [(words, len(digits), digits) for words, digits in parts], ids[n]

    return sorted(range(len(ids)), key=key)
