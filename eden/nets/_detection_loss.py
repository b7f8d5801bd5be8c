"""What the heads of a YOLO are trained on."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from eden.data import boxes_of, check_truths, overlap
from eden.nets._detect import read_heads
from eden.nets._yolo import YOLO


def detection_loss(
    model: YOLO,
    heads: list[Tensor],
    truths: Tensor,
    size: tuple[int, int],
    *,
    ignore: float = 0.5,
) -> Tensor:
    """Return the loss of what a detector's heads say of photos, a mean over the photos.

    Each box is the matter of the anchor whose shape is nearest to its own, of those that a head
    has, in the cell that its middle lies in. That cell is to say the box, that there is one, and
    its class; all others, that there is none, but those whose box overlaps one that is there.

    Args:
        model: Whose anchors and classes they are.
        heads: What it returned for a batch.
        truths: ``[batch, most, 5]`` as `eden.data.Annotated.squares` gives them.
        size: Height and width in pixels of the photos.
        ignore: Intersection over union above which a cell is not told that there is no box.

    Raises:
        TypeError: For a network that is no YOLO.
        ValueError: For heads of another form than the model's, no photo, truths of another shape,
            and a box of no class or outside the photo.

    Reference: Redmon and Farhadi, "YOLOv3", section 2.1. The gradients are those of darknet,
    src/yolo_layer.c, with the weight 2 - w h of small boxes.
    """
    said_by_head = list(read_heads(model, heads, size))
    check_truths(truths, len(heads[0]), size, classes=model.classes)
    anchors = heads[0].new_tensor(model.anchors)
    used = sorted({mask for masks in model.masks for mask in masks})
    total = heads[0].new_zeros(())
    for (values, corners), masks in zip(said_by_head, model.masks, strict=True):
        rows, columns = values.shape[2:4]
        stride = values.new_tensor([size[1] / columns, size[0] / rows])
        wanted = torch.zeros(values.shape[:4], device=values.device)
        counted = torch.ones_like(wanted)
        for photo, rows_of in enumerate(truths):
            there = boxes_of(rows_of)
            if not len(there.labels):
                continue
            with torch.no_grad():
                near = overlap(corners[photo].reshape(-1, 4), there.corners).amax(1) > ignore
                counted[photo].view(-1)[near] = 0
            sides = there.corners[:, 2:] - there.corners[:, :2]
            middle = (there.corners[:, :2] + sides / 2) / stride
            most = middle.new_tensor([columns, rows]) - 1
            cell = torch.minimum(middle.floor(), most)
            nearest = torch.tensor(used)[_alike(sides, anchors[used]).argmax(1).cpu()]
            for box, anchor in enumerate(nearest.tolist()):
                if anchor not in masks:
                    continue
                at = masks.index(anchor), int(cell[box, 1]), int(cell[box, 0])
                wanted[photo][at] = counted[photo][at] = 1
                said = values[photo][at]
                weight = 2 - sides[box].prod() / (size[0] * size[1])
                offset = functional.binary_cross_entropy_with_logits(
                    said[:2], middle[box] - cell[box], reduction="sum"
                )
                shape = (said[2:4] - (sides[box] / anchors[anchor]).log()).square().sum() / 2
                label = functional.one_hot(there.labels[box], model.classes).to(said)
                named = functional.binary_cross_entropy_with_logits(
                    said[5:], label, reduction="sum"
                )
                total = total + weight * (offset + shape) + named
        total = total + functional.binary_cross_entropy_with_logits(
            values[..., 4], wanted, counted, reduction="sum"
        )
    return total / len(truths)


def _alike(sides: Tensor, anchors: Tensor) -> Tensor:
    """Intersection over union ``[n, m]`` of boxes with one middle, by width and height."""
    common = torch.minimum(sides[:, None], anchors[None]).prod(-1)
    return common / (sides.prod(-1)[:, None] + anchors.prod(-1)[None] - common)
