"""From a detector's output to boxes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from eden import _say
from eden.data import Boxes, check_corners, overlap
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
        TypeError: For a model that is no YOLO, and heads that are no tensors.
        ValueError: For heads of another number, of other channels or in another order than the
            model's, and for a size that is not theirs.

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
        TypeError: As `decode`.
        ValueError: As `decode`.
    """
    _check_heads(model, heads, size)
    each = 5 + model.classes
    for head, masks, cell in zip(heads, model.masks, model.strides, strict=True):
        batch, _, rows, columns = head.shape
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


def _check_heads(model: YOLO, heads: list[Tensor], size: tuple[int, int]) -> None:
    _say.a_kind("model", model, YOLO, "a YOLO")
    _say.a_kind("heads", heads, (list, tuple), "a list of tensors, one a head")
    for head in heads:
        _say.a_kind("head", head, Tensor, "a tensor")
        if head.ndim != 4 or not all(head.shape[2:]) or not head.is_floating_point():
            found = f"{head.dtype} {list(head.shape)}"
            said = "floats [batch, channels, rows, columns], one cell at least"
            raise ValueError(_say.refusal("head", found, said))
    said = [len(masks) * (5 + model.classes) for masks in model.masks]
    if [head.shape[1] for head in heads] != said:
        raise ValueError(_say.refusal("channels of heads", [h.shape[1] for h in heads], str(said)))
    if len({len(head) for head in heads}) > 1:
        found = [len(head) for head in heads]
        raise ValueError(_say.refusal("photos of heads", found, "as many of each"))
    _say.a_kind("size", size, (list, tuple), "height and width")
    # In pixels of another size than the network's cells have, boxes would lie elsewhere.
    for head, stride in zip(heads, model.strides, strict=True):
        rows, columns = head.shape[2:]
        if tuple(size) != (sides := (rows * stride, columns * stride)):
            said = f"{sides}, {stride} x {stride} pixels for each of {rows} x {columns} cells"
            raise ValueError(_say.refusal("size of images", tuple(size), said))


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
        ValueError: For photos of another shape, or of integers.
    """
    _say.a_kind("model", model, YOLO, "a YOLO")
    assert isinstance(model, YOLO)
    if x.ndim != 4 or not x.is_floating_point():
        found = f"{x.dtype} {list(x.shape)}"
        raise ValueError(_say.refusal("x", found, "floats [batch, channels, h, w], 0 to 1"))
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
        most: How many are kept, the likeliest first; 0 or more.

    Raises:
        TypeError: For corners or probabilities that are no tensors.
        ValueError: For tensors of another shape, probabilities, a score or iou outside 0 to 1.
    """
    _say.within("score", score, 0, 1)
    _say.within("iou", iou, 0, 1)
    _say.an_int("most", most, 0)
    _check_boxes(corners, probabilities)
    finite = corners.isfinite().all(dim=1, keepdim=True)
    which, labels = ((probabilities > score) & finite).nonzero(as_tuple=True)
    order = probabilities[which, labels].argsort(descending=True, stable=True)[:_CONSIDERED]
    which, labels = which[order], labels[order]
    boxes = corners[which]
    rivals = (overlap(boxes, boxes) > iou) & (labels[:, None] == labels[None])
    rivals = rivals.cpu().numpy()  # whose rows cost a loop a fraction of what a tensor's do
    kept: list[int] = []
    gone = np.zeros(len(boxes), dtype=bool)
    for box in range(len(boxes)):
        if len(kept) < most and not gone[box]:
            kept.append(box)
            gone |= rivals[box]
    return Boxes(boxes[kept], probabilities[which[kept], labels[kept]], labels[kept])


def _check_boxes(corners: Tensor, probabilities: Tensor) -> None:
    for name, part in (("corners", corners), ("probabilities", probabilities)):
        _say.a_kind(name, part, Tensor, "a tensor")
    check_corners("corners", corners)
    if probabilities.ndim != 2 or len(probabilities) != len(corners):
        said = f"[{len(corners)}, classes]"
        raise ValueError(_say.refusal("shape of probabilities", list(probabilities.shape), said))
    if not probabilities.is_floating_point():
        raise ValueError(_say.refusal("type of probabilities", str(probabilities.dtype), "floats"))
    odd = (probabilities < 0) | (probabilities > 1)
    if bool(odd.any()):
        found = float(probabilities[odd][0])
        raise ValueError(_say.refusal("probability", found, "0 to 1, as of decode, or NaN"))
