"""How well the boxes found agree with those that are there."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from eden._say import one_of, refusal
from eden.data._boxes import Boxes, overlap

_MOST = 100  # boxes of a class in a photo that count, the likeliest first, as COCO has it
_RECALLS = np.linspace(0, 1, 101)  # where COCO reads the precision


def matched(found: Boxes, there: Boxes, iou: float) -> Tensor:
    """Tell which boxes found are right, bool ``[n]``.

    The likeliest chooses first: of the boxes there of its class that none has, the one that it
    overlaps most, if by at least `iou`.
    """
    right = torch.zeros(len(found.labels), dtype=torch.bool)
    shared = overlap(found.corners, there.corners)
    shared[found.labels[:, None] != there.labels[None]] = -1
    if not shared.numel():
        return right
    for one in found.scores.argsort(descending=True, stable=True).tolist():
        best = int(shared[one].argmax())
        if shared[one, best] >= iou:
            right[one] = True
            shared[:, best] = -1
    return right


def agreement(found: Boxes, there: Boxes, iou: float) -> float:
    """Return F1 of the boxes of a photo: twice the right ones over all found and all there."""
    total = len(found.labels) + len(there.labels)
    return 2 * int(matched(found, there, iou).sum()) / total if total else 1.0


def average_precision(
    found: Sequence[Boxes], there: Sequence[Boxes], *, iou: float = 0.5, recalls: str = "coco"
) -> float:
    """Return the mean over classes of the area under precision against recall.

    Precision is the best at no less recall; classes of which nothing is there do not count.

    Args:
        found: Of each photo.
        there: Of each photo; scores do not matter.
        iou: Least intersection over union of a right box.
        recalls: Where precision is read: "coco" at 101 recalls (pycocotools, cocoeval.py), "voc" at
            all there are (VOC since 2010), which gives up to a few hundredths more for small sets.

    Raises:
        ValueError: Where nothing is there at all, or photos are not as many.
    """
    one_of("recalls", recalls, ("coco", "voc"))
    if len(found) != len(there):
        raise ValueError(refusal("photos with boxes found", len(found), f"{len(there)}"))
    labels = torch.cat([boxes.labels for boxes in there]) if there else torch.zeros(0)
    if not len(labels):
        raise ValueError("average precision: no photo has a box, so there is nothing to find")
    best = [_likeliest(boxes) for boxes in found]
    right = torch.cat([matched(a, b, iou) for a, b in zip(best, there, strict=True)])
    scores = torch.cat([boxes.scores for boxes in best])
    named = torch.cat([boxes.labels for boxes in best])
    order = scores.argsort(descending=True, stable=True)
    right, named = right[order].numpy(), named[order].numpy()
    areas = []
    for label, count in zip(*np.unique(labels.numpy(), return_counts=True), strict=True):
        hits = np.cumsum(right[named == label])
        precision = hits / np.arange(1, len(hits) + 1)
        precision = np.maximum.accumulate(precision[::-1])[::-1]
        if recalls == "voc":
            areas.append(precision[right[named == label]].sum() / count)
            continue
        at = np.searchsorted(hits / count, _RECALLS)
        areas.append(np.append(precision, 0.0)[np.minimum(at, len(hits))].mean())
    return float(np.mean(areas))


def coco_scores(found: Sequence[Boxes], there: Sequence[Boxes]) -> dict[str, float]:
    """Return what pycocotools says of boxes found: AP50, AP75 and AP50:95.

    Raises:
        ValueError: Where pycocotools is not installed.
    """
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError:
        raise ValueError("these scores take pycocotools: pip install 'eden-dram[vision]'") from None
    content: dict[str, list[dict[str, Any]]] = {
        "images": [{"id": photo} for photo in range(len(there))],
        "categories": [{"id": n} for n in sorted({int(n) for b in there for n in b.labels})],
        "annotations": [],
    }
    for photo, boxes in enumerate(there):
        for (x0, y0, x1, y1), label in zip(boxes.corners.tolist(), boxes.labels, strict=True):
            content["annotations"].append(
                {
                    "id": len(content["annotations"]) + 1,
                    "image_id": photo,
                    "category_id": int(label),
                    "bbox": [x0, y0, x1 - x0, y1 - y0],
                    "area": (x1 - x0) * (y1 - y0),
                    "iscrowd": 0,
                }
            )
    said = [
        [photo, x0, y0, x1 - x0, y1 - y0, float(score), int(label)]
        for photo, boxes in enumerate(found)
        for (x0, y0, x1, y1), score, label in zip(boxes.corners.tolist(), *boxes[1:], strict=True)
    ]
    if not said:
        return dict.fromkeys(("AP50", "AP75", "AP50:95"), 0.0)
    with contextlib.redirect_stdout(io.StringIO()):  # it prints as it goes
        coco: Any = COCO()
        coco.dataset = content
        coco.createIndex()
        judge = COCOeval(coco, coco.loadRes(np.array(said)), "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    whole, half, most = judge.stats[:3]
    return {"AP50": float(half), "AP75": float(most), "AP50:95": float(whole)}


def _likeliest(boxes: Boxes) -> Boxes:
    """The likeliest of each class."""
    order = boxes.scores.argsort(descending=True, stable=True)
    kept = []
    for label in boxes.labels.unique():
        kept.append(order[boxes.labels[order] == label][:_MOST])
    rows = torch.cat(kept) if kept else order
    return Boxes(boxes.corners[rows], boxes.scores[rows], boxes.labels[rows])
