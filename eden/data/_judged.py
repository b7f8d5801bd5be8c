"""What boxes have to be for it to be told how well those found agree with those there."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from eden._say import a_kind, refusal
from eden.data._boxes import Boxes, check_corners


def check_photos(found: Sequence[Boxes], there: Sequence[Boxes]) -> None:
    """Refuse boxes that no agreement can be told of, or would be told of wrongly.

    Args:
        found: Of each photo.
        there: Of each photo; their scores are not looked at.

    Raises:
        TypeError: For what is no `Boxes` of tensors.
        ValueError: For photos that are not as many, or of which none has a box that counts; for
            tensors of another shape, corners that are not finite or in another order, scores
            outside 0 to 1, and labels that are no integers or stand for nothing. The message says
            which photo.
    """
    if len(found) != len(there):
        raise ValueError(refusal("photos with boxes found", len(found), f"{len(there)}"))
    for n, boxes in enumerate(found):
        _check(f"boxes found in photo {n}", boxes)
        where, scores = f"of boxes found in photo {n}", boxes.scores
        a_kind(f"scores {where}", scores, Tensor, "a tensor")
        if scores.shape != boxes.labels.shape:
            said = f"[{len(boxes.corners)}], as there are corners"
            raise ValueError(refusal(f"shape of scores {where}", list(scores.shape), said))
        _each(f"score {where}", scores, (scores >= 0) & (scores <= 1), "a number from 0 to 1")
        _each(f"label {where}", boxes.labels, boxes.labels >= 0, "0 or more")
    for n, boxes in enumerate(there):
        _check(f"boxes there in photo {n}", boxes)
        said = "0 or more, or below -1 of what does not count"
        _each(f"label of boxes there in photo {n}", boxes.labels, boxes.labels != -1, said)
    if not any(bool((boxes.labels >= 0).any()) for boxes in there):
        raise ValueError("average precision: no photo has a box, so there is nothing to find")


def _check(where: str, boxes: Boxes) -> None:
    a_kind(where, boxes, Boxes, "Boxes")
    corners, labels = boxes.corners, boxes.labels
    for name, part in (("corners", corners), ("labels", labels)):
        a_kind(f"{name} of {where}", part, Tensor, "a tensor")
    check_corners(f"corners of {where}", corners)
    if labels.shape != corners.shape[:1]:
        said = f"[{len(corners)}], as there are corners"
        raise ValueError(refusal(f"shape of labels of {where}", list(labels.shape), said))
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise ValueError(refusal(f"type of labels of {where}", str(labels.dtype), "integers"))
    good = corners.isfinite().all(dim=1) & (corners[:, :2] <= corners[:, 2:]).all(dim=1)
    _each(f"corners of {where}", corners, good, "finite x0 <= x1, y0 <= y1, as x0, y0, x1, y1")


def _each(name: str, values: Tensor, good: Tensor, accepted: str) -> None:
    if not bool(good.all()):
        raise ValueError(refusal(name, values[~good][0].tolist(), accepted))
