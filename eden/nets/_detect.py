"""From images to a detector's input, and from its output to boxes."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from eden import _say
from eden.nets._yolo import YOLO


class Letterbox(NamedTuple):
    """An image in a square of grey, and where in it.

    Attributes:
        image: ``[channels, size, size]``.
        scale: Pixels of the square for one of the image.
        left: Pixels of grey before the image's first column.
        top: Pixels of grey above its first row.
    """

    image: Tensor
    scale: float
    left: int
    top: int

    def back(self, boxes: Tensor) -> Tensor:
        """Return corners ``[n, 4]`` in the square's pixels as those in the image's."""
        return (boxes - boxes.new_tensor([self.left, self.top] * 2)) / self.scale


class Boxes(NamedTuple):
    """What was found in an image.

    Attributes:
        corners: ``[n, 4]``: x0, y0, x1, y1 in pixels of the network's input.
        scores: ``[n]``, 0 to 1.
        labels: ``[n]``, int64.
    """

    corners: Tensor
    scores: Tensor
    labels: Tensor


def letterbox(image: Tensor, size: int = 416) -> Letterbox:
    """Scale an image to fit a square, its sides in proportion, and put it in the middle of grey.

    Args:
        image: ``[channels, h, w]``, 0 to 1.
        size: Of the square, a multiple of 32.

    Raises:
        ValueError: For an image of other dimensions or of no pixels, and for another size.

    Reference: darknet, src/image.c, `letterbox_image`.
    """
    if image.ndim != 3 or not image.numel():
        raise ValueError(_say.refusal("shape of image", list(image.shape), "[channels, h, w]"))
    _say.an_int("size", size, 32)
    if size % 32:
        raise ValueError(_say.refusal("size", size, "a multiple of 32"))
    height, width = image.shape[1:]
    scale = size / max(height, width)
    inside = (max(1, round(height * scale)), max(1, round(width * scale)))
    top, left = ((size - side) // 2 for side in inside)
    square = image.new_full((len(image), size, size), 0.5)
    square[:, top : top + inside[0], left : left + inside[1]] = functional.interpolate(
        image[None], inside, mode="bilinear", align_corners=False
    )[0]
    return Letterbox(square, scale, left, top)


def decode(model: YOLO, heads: list[Tensor], size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Return the boxes that a detector's heads speak of, all of them.

    Args:
        model: Whose anchors and classes they are.
        heads: What it returned for a batch.
        size: Height and width in pixels of the images that it was given.

    Returns:
        Corners ``[batch, n, 4]`` as x0, y0, x1, y1 in pixels, and probabilities
        ``[batch, n, classes]``, objectness times class.

    Raises:
        ValueError: For heads of another number, or of other channels, than the model's.

    Reference: Redmon and Farhadi, "YOLO9000", CVPR 2017, section 2, "Direct location prediction".
    """
    each = 5 + model.classes
    said = [len(masks) * each for masks in model.masks]
    if [head.shape[1] for head in heads] != said:
        raise ValueError(_say.refusal("channels of heads", [h.shape[1] for h in heads], str(said)))
    corners, probabilities = [], []
    for head, masks in zip(heads, model.masks, strict=True):
        batch, _, rows, columns = head.shape
        values = head.reshape(batch, len(masks), each, rows, columns).permute(0, 1, 3, 4, 2)
        y, x = torch.meshgrid(
            torch.arange(rows, device=head.device),
            torch.arange(columns, device=head.device),
            indexing="ij",
        )
        stride = head.new_tensor([size[1] / columns, size[0] / rows])
        middle = (values[..., :2].sigmoid() + torch.stack([x, y], dim=-1)) * stride
        anchors = head.new_tensor([model.anchors[m] for m in masks])[:, None, None]
        half = values[..., 2:4].exp() * anchors / 2
        corners.append(torch.cat([middle - half, middle + half], dim=-1).flatten(1, 3))
        chance = values[..., 4:5].sigmoid() * values[..., 5:].sigmoid()
        probabilities.append(chance.flatten(1, 3))
    return torch.cat(corners, dim=1), torch.cat(probabilities, dim=1)


def overlap(a: Tensor, b: Tensor) -> Tensor:
    """Return intersection over union ``[n, m]`` of corners ``[n, 4]`` and ``[m, 4]``; 0 of none."""
    low = torch.maximum(a[:, None, :2], b[None, :, :2])
    high = torch.minimum(a[:, None, 2:], b[None, :, 2:])
    common = (high - low).clamp(min=0).prod(dim=-1)
    areas = ((x[:, 2:] - x[:, :2]).clamp(min=0).prod(dim=-1) for x in (a, b))
    union = next(areas)[:, None] + next(areas)[None] - common
    return torch.where(union > 0, common / union, 0.0)


def nms(
    corners: Tensor,
    probabilities: Tensor,
    *,
    score: float = 0.25,
    iou: float = 0.45,
    most: int = 300,
) -> Boxes:
    """Keep of the boxes of each class those that overlap with no likelier one.

    Args:
        corners: ``[n, 4]`` of one image.
        probabilities: ``[n, classes]``; NaN, which errors in memory can make, is never kept.
        score: Least probability of a box.
        iou: Intersection over union above which the less likely of two boxes goes.
        most: How many are kept, the likeliest first.

    Raises:
        ValueError: For a score or iou outside 0 to 1.
    """
    _say.within("score", score, 0, 1)
    _say.within("iou", iou, 0, 1)
    finite = corners.isfinite().all(dim=1, keepdim=True)
    which, labels = ((probabilities > score) & finite).nonzero(as_tuple=True)
    order = probabilities[which, labels].argsort(descending=True, stable=True)
    which, labels = which[order], labels[order]
    boxes = corners[which]
    rivals = (overlap(boxes, boxes) > iou) & (labels[:, None] == labels[None])
    kept: list[int] = []
    gone = torch.zeros(len(boxes), dtype=torch.bool, device=corners.device)
    for place in range(len(boxes)):
        if len(kept) < most and not gone[place]:
            kept.append(place)
            gone |= rivals[place]
    return Boxes(boxes[kept], probabilities[which[kept], labels[kept]], labels[kept])
