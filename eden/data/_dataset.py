"""Any torch data set, read into memory."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import torch
from tqdm.auto import tqdm

from eden._say import refusal


def from_dataset(dataset: Any, *, progress: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    """Read a torch data set of ``(image, label)`` into two tensors.

    Args:
        dataset: Has a length and items by number. An image is a tensor ``[channels, h, w]``, or an
            array or image of Pillow's, ``[h, w]`` or ``[h, w, channels]``.
        progress: Show a bar.

    Returns:
        Images ``[n, channels, h, w]`` of the type that they have, and int64 labels ``[n]``. Where
        they are bytes, `eden.data.Images` keeps them so.

    Raises:
        TypeError: For what has no length.
        ValueError: For an empty set, an item that is no such pair, an image without pixels, and
            images of several shapes or types.
    """
    if not (hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")):
        said = "a data set with a length and items by number"
        raise TypeError(refusal("type of dataset", type(dataset).__name__, said))
    if not len(dataset):
        raise ValueError(refusal("number of images", 0, "at least 1"))
    images, labels = [], []
    for n in tqdm(range(len(dataset)), desc="read", unit="image", disable=not progress):
        item = dataset[n]
        if not isinstance(item, tuple | list) or len(item) != 2:
            raise ValueError(refusal(f"item {n}", item, "a pair of image and label"))
        image = _image(item[0])
        if image.ndim != 3 or not image.numel():
            accepted = "[channels, h, w] of one pixel at least"
            raise ValueError(refusal(f"shape of image {n}", [*image.shape], accepted))
        if images and image.dtype != images[0].dtype:
            said = f"{images[0].dtype}, as the first"
            raise ValueError(refusal(f"type of image {n}", str(image.dtype), said))
        if images and image.shape != images[0].shape:
            said = f"{[*images[0].shape]}, as the first"
            raise ValueError(refusal(f"shape of image {n}", [*image.shape], said))
        images.append(image)
        labels.append(_label(item[1], n))
    return torch.stack(images), torch.tensor(labels, dtype=torch.int64)


def _label(label: Any, n: int) -> int:
    try:
        found = operator.index(label)
    except TypeError:
        found = -1
    if found < 0:
        raise ValueError(refusal(f"label of item {n}", label, "an integer of at least 0"))
    return found


def _image(image: Any) -> torch.Tensor:
    if isinstance(image, torch.Tensor):
        return image
    if getattr(image, "mode", None) in ("P", "PA"):  # its numbers are of colours in a palette
        image = image.convert("RGB")
    array = torch.from_numpy(np.array(image))
    if array.ndim == 2:
        return array[None]
    return array.permute(2, 0, 1).contiguous() if array.ndim == 3 else array
