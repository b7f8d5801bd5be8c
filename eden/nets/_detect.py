"""From a detector's output to boxes."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from eden import _say
from eden.data import Boxes, overlap
from eden.nets._yolo import YOLO

_CONSIDERED = 1000  # boxes of a photo: under many errors all may seem likely


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
        ValueError: For heads of another number, or of other channels, than the model's, and for a
            size that is not theirs.

    Reference: Redmon and Farhadi, "YOLO9000", CVPR 2017, section 2, "Direct location prediction".
    """
    corners, probabilities = [], []
    for values, boxes in read_heads(model, heads, size):
        corners.append(boxes.flatten(1, 3))
        chance = values[..., 4:5].sigmoid() * values[..., 5:].sigmoid()
        probabilities.append(chance.flatten(1, 3))
    return torch.cat(corners, dim=1), torch.cat(probabilities, dim=1)


def read_heads(
    model: YOLO, heads: list[Tensor], size: tuple[int, int]
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield what each head says, box by box, and the corners that follow.

    Args:
        model: As in `decode`.
        heads: As in `decode`.
        size: As in `decode`.

    Yields:
        ``[batch, anchors, rows, columns, 5 + classes]`` before the sigmoid, and corners
        ``[batch, anchors, rows, columns, 4]`` in pixels.

    Raises:
        ValueError: As `decode`.
    """
    each = 5 + model.classes
    said = [len(masks) * each for masks in model.masks]
    if [head.shape[1] for head in heads] != said:
        raise ValueError(_say.refusal("channels of heads", [h.shape[1] for h in heads], str(said)))
    for head, masks in zip(heads, model.masks, strict=True):
        batch, _, rows, columns = head.shape
        cell = size[0] // rows
        if not cell or (rows * cell, columns * cell) != tuple(size):
            said = f"so many pixels for each of {rows} x {columns} cells, alike either way"
            raise ValueError(_say.refusal("size of images", tuple(size), said))
        values = head.reshape(batch, len(masks), each, rows, columns).permute(0, 1, 3, 4, 2)
        y, x = torch.meshgrid(
            torch.arange(rows, device=head.device),
            torch.arange(columns, device=head.device),
            indexing="ij",
        )
        middle = (values[..., :2].sigmoid() + torch.stack([x, y], dim=-1)) * cell
        anchors = head.new_tensor([model.anchors[m] for m in masks])[:, None, None]
        half = values[..., 2:4].exp() * anchors / 2
        yield values, torch.cat([middle - half, middle + half], dim=-1)


def detect(
    model: nn.Module,
    x: Tensor,
    *,
    score: float = 0.25,
    iou: float = 0.45,
    most: int = 100,
) -> list[Boxes]:
    """Return the boxes that a detector finds in each photo of a batch.

    Args:
        model: A YOLO, attached or not.
        x: ``[batch, channels, h, w]``, 0 to 1, RGB; sides are multiples of 32.
        score: As in `nms`; some 0.005 for average precision, which goes over all scores.
        iou: As in `nms`.
        most: As in `nms`.

    Raises:
        TypeError: For a model that is no YOLO.
    """
    _say.a_kind("model", model, YOLO, "a YOLO")
    assert isinstance(model, YOLO)
    corners, probabilities = decode(model, model(x), (x.shape[2], x.shape[3]))
    pairs = zip(corners, probabilities, strict=True)
    return [nms(boxes, chance, score=score, iou=iou, most=most) for boxes, chance in pairs]


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
        score: Least probability of a box; of more than 1000 above it the likeliest are looked at.
        iou: Intersection over union above which the less likely of two boxes goes.
        most: How many are kept, the likeliest first.

    Raises:
        ValueError: For a score or iou outside 0 to 1.
    """
    _say.within("score", score, 0, 1)
    _say.within("iou", iou, 0, 1)
    finite = corners.isfinite().all(dim=1, keepdim=True)
    which, labels = ((probabilities > score) & finite).nonzero(as_tuple=True)
    order = probabilities[which, labels].argsort(descending=True, stable=True)[:_CONSIDERED]
    which, labels = which[order], labels[order]
    boxes = corners[which]
    rivals = (overlap(boxes, boxes) > iou) & (labels[:, None] == labels[None])
    kept: list[int] = []
    gone = torch.zeros(len(boxes), dtype=torch.bool, device=corners.device)
    for box in range(len(boxes)):
        if len(kept) < most and not gone[box]:
            kept.append(box)
            gone |= rivals[box]
    return Boxes(boxes[kept], probabilities[which[kept], labels[kept]], labels[kept])
