"""Images out of bytes of JPEG, PNG or what else Pillow reads."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from tqdm.auto import tqdm

from eden._say import refusal

_SLOW = 2000  # images from which decoding shows a bar


def decode_image(content: bytes | None, name: str) -> torch.Tensor:
    """Decode an image, uint8 ``[3, h, w]``, RGB.

    Args:
        content: Of the file.
        name: Where it stands, for what is said of it.

    Raises:
        ValueError: If there is no image in it, or Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError:
        raise ValueError("reading images takes Pillow: pip install 'eden-dram[vision]'") from None
    known = "accepted: JPEG, PNG or another form that Pillow reads"
    if not content:
        raise ValueError(f"{name}: the image is empty, {known}")
    try:
        with Image.open(io.BytesIO(content)) as image:
            if image.mode[0] in "IF":  # Pillow would cut all above 255 off
                raise ValueError(f"of pixels of mode {image.mode}, more than 8 bits a channel")
            pixels = np.array(image.convert("RGB"))
    except Exception as error:  # whatever decoders raise
        said = " ".join(str(error).split())[:100]
        raise ValueError(f"{name}: no image that can be read ({said}), {known}") from error
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous()


def decode_all(
    contents: Sequence[bytes | None] | Iterable[Any],
    name: Callable[[int], str],
    *,
    total: int,
    progress: bool,
) -> list[torch.Tensor]:
    """Decode many images; a bar where that takes long."""
    hidden = not progress or total < _SLOW
    bar = tqdm(contents, desc="decode", total=total, unit="image", disable=hidden)
    return [decode_image(content, name(row)) for row, content in enumerate(bar)]


def stacked(images: list[torch.Tensor], name: Callable[[int], str]) -> torch.Tensor:
    """Put images of one size into one tensor, uint8 ``[n, 3, h, w]``.

    Raises:
        ValueError: For one of another size than the first; the message names it.
    """
    for row, image in enumerate(images):
        if image.shape != images[0].shape:
            height, width = image.shape[1:]
            said = "{1} x {2}, as the first".format(*images[0].shape)
            raise ValueError(refusal(f"{name(row)}: size", f"{height} x {width}", said))
    return torch.stack(images)
