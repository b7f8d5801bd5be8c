"""Photos with boxes around what they show, and boxes that were found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from eden import _say
from eden.data._pixels import Images, Normalisation


class Boxes(NamedTuple):
    """What was found in an image, or is there.

    Attributes:
        corners: ``[n, 4]``: x0, y0, x1, y1 in pixels of the network's input.
        scores: ``[n]``, 0 to 1.
        labels: ``[n]``, int64. Of what is there but counts neither as found nor as missed:
            -2 - 2 label of a box, as of VOC's difficult ones; -3 - 2 label of a crowd.
    """

    corners: Tensor
    scores: Tensor
    labels: Tensor


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

    def into(self, boxes: Tensor) -> Tensor:
        """Return corners ``[n, 4]`` in the image's pixels as those in the square's."""
        return boxes * self.scale + boxes.new_tensor([self.left, self.top] * 2)

    def back(self, boxes: Tensor) -> Tensor:
        """Return corners ``[n, 4]`` in the square's pixels as those in the image's."""
        return (boxes - boxes.new_tensor([self.left, self.top] * 2)) / self.scale


def letterbox(image: Tensor, size: int = 416) -> Letterbox:
    """Scale an image to fit a square, its sides in proportion, and put it in the middle of grey.

    Args:
        image: ``[channels, h, w]``, 0 to 1.
        size: Of the square, a multiple of 32.

    Raises:
        ValueError: For an image of other dimensions, of no pixels or of integers, and for another
            size.

    Reference: darknet, src/image.c, `letterbox_image`.
    """
    if image.ndim != 3 or not image.numel():
        raise ValueError(_say.refusal("shape of image", list(image.shape), "[channels, h, w]"))
    if not image.is_floating_point():
        raise ValueError(_say.refusal("type of image", str(image.dtype), "floats, 0 to 1"))
    check_size(size)
    height, width = image.shape[1:]
    scale = size / max(height, width)
    inside = (max(1, round(height * scale)), max(1, round(width * scale)))
    top, left = ((size - side) // 2 for side in inside)
    square = image.new_full((len(image), size, size), 0.5)
    square[:, top : top + inside[0], left : left + inside[1]] = _scaled(
        _scaled(image.mT, inside[0]).mT, inside[1]
    )
    return Letterbox(square, scale, left, top)


def _scaled(image: Tensor, columns: int) -> Tensor:
    """Return ``[channels, h, columns]``, linear between the middles of columns, constant beyond.

    Each product and sum is rounded by itself: the same bits on all machines, by any number of
    threads, which torch's interpolation does not give.
    """
    there = image.shape[2]
    number = torch.arange(columns, dtype=torch.float64, device=image.device)
    at = ((number + 0.5) * (there / columns) - 0.5).clamp(0, there - 1)
    before = at.to(torch.int64)
    after, share = (before + 1).clamp(max=there - 1), (at - before).to(image.dtype)
    return image[:, :, before] * (1 - share) + image[:, :, after] * share


def check_size(size: int) -> None:
    """Refuse a side that no square has.

    Raises:
        TypeError: If it is no integer.
        ValueError: If it is no multiple of 32.
    """
    _say.an_int("size", size, 32)
    if size % 32:
        raise ValueError(_say.refusal("size", size, "a multiple of 32"))


@dataclass(frozen=True)
class Annotated:
    """Photos with boxes.

    Attributes:
        images: uint8 ``[3, h, w]`` each.
        corners: float32 ``[boxes, 4]`` each: x0, y0, x1, y1 in pixels.
        labels: int64 ``[boxes]`` each; below -1 as in `Boxes`.
        classes: What labels count.
        ids: Of the photos, which stand in their order, 2 before 10.
        splits: What each is for; "" where that is not said.
    """

    images: list[Tensor]
    corners: list[Tensor]
    labels: list[Tensor]
    classes: tuple[str, ...]
    ids: tuple[str, ...]
    splits: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.images)

    def of(self, *splits: str) -> Annotated:
        """Return the photos of some splits.

        Raises:
            ValueError: For a split that no photo is of.
        """
        for split in splits:
            _say.one_of("split", split, sorted(set(self.splits)))
        return self.take([n for n, split in enumerate(self.splits) if split in splits])

    def take(self, numbers: Sequence[int]) -> Annotated:
        """Return the photos of these numbers, in this order."""
        return Annotated(
            [self.images[n] for n in numbers],
            [self.corners[n] for n in numbers],
            [self.labels[n] for n in numbers],
            self.classes,
            tuple(self.ids[n] for n in numbers),
            tuple(self.splits[n] for n in numbers),
        )

    def squares(self, size: int) -> tuple[Images, Tensor]:
        """Return photos in squares of grey, and the boxes in them.

        Args:
            size: Of the squares, a multiple of 32.

        Returns:
            Photos ``[n, 3, size, size]``, kept as bytes and shown from 0 to 1, and boxes
            ``[n, most, 5]``: x0, y0, x1, y1 in pixels and the label, -1 where there is no box and
            below that as in `Boxes`, which training leaves out.
        """
        check_size(size)
        pixels = torch.empty((len(self), 3, size, size), dtype=torch.uint8)
        truths = torch.full((len(self), max(map(len, self.labels), default=0), 5), -1.0)
        for n, (image, corners, labels) in enumerate(
            zip(self.images, self.corners, self.labels, strict=True)
        ):
            # In double: a byte is what the exact value rounds to, but for ties.
            box = letterbox(image.to(torch.float64) / 255, size)
            pixels[n] = (box.image * 255).round()
            # Rounding puts a box at the border a hair outside, and leaves nothing of a thin one.
            placed = box.into(corners).clamp(0, size)
            truths[n, : len(labels), :4] = placed
            truths[n, : len(labels), 4] = torch.where(has_area(placed), labels, -1).to(
                torch.float32
            )
        return Images(pixels, Normalisation((0.0,) * 3, (255.0,) * 3)), truths


def check_truths(
    truths: Tensor, photos: int, size: tuple[int, int], *, classes: int | None = None
) -> None:
    """Refuse what is not as `Annotated.squares` gives it: answers about it would be wrong.

    Args:
        truths: ``[photos, most, 5]``.
        photos: How many there are.
        size: Their height and width in pixels.
        classes: Of the network, where it is known.

    Raises:
        ValueError: For another shape, no photo, a label that is no integer or that there is no
            class for, and a box, other than those labelled -1, outside the photo or without area.
    """
    if truths.ndim != 3 or truths.shape[2] != 5 or len(truths) != photos or not photos:
        said = f"[{photos}, most, 5], one photo at least"
        raise ValueError(_say.refusal("shape of truths", list(truths.shape), said))
    labels = truths[..., 4]
    if len(wrong := labels[~labels.isfinite() | (labels != labels.round())]):
        raise ValueError(_say.refusal("label of truths", wrong[0].item(), "integers"))
    there = truths[labels != -1]
    if classes is not None and len(there) and (most := int(there[:, 4].max())) >= classes:
        raise ValueError(_say.refusal("label of truths", most, f"0 to {classes - 1}"))
    sides = there.new_tensor([size[1], size[0]])
    inside = ((there[:, :2] >= 0) & (there[:, 2:4] <= sides)).all(dim=1)
    if not bool((good := inside & has_area(there[:, :4])).all()):
        wrong = there[~good][0, :4].tolist()
        said = f"x0 < x1 within 0 to {size[1]}, y0 < y1 within 0 to {size[0]}"
        raise ValueError(_say.refusal("box of truths", wrong, said))


def boxes_of(truths: Tensor, *, uncounted: bool = False) -> Boxes:
    """Return the boxes of a photo, of score 1; ``[most, 5]`` as of `Annotated.squares`.

    Args:
        truths: Of the photo.
        uncounted: Whether those that do not count come too, with their labels below -1.
    """
    labels = truths[:, 4]
    there = truths[(labels != -1) if uncounted else (labels >= 0)]
    return Boxes(there[:, :4], there.new_ones(len(there)), there[:, 4].to(torch.int64))


def has_area(corners: Tensor) -> Tensor:
    """Return of corners ``[..., 4]`` whether they are of a box with area, bool ``[...]``."""
    return (corners[..., 2:] > corners[..., :2]).all(dim=-1)


def uncounted_label(label: int, *, crowd: bool) -> int:
    """Return the label below -1 of a box that does not count."""
    return -2 - 2 * label - crowd


def counting(labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return of labels ``[n]`` the classes, which boxes count, and which are crowds."""
    counts = labels >= 0
    classes = torch.where(counts, labels, (-2 - labels).div(2, rounding_mode="floor"))
    return classes, counts, ~counts & (labels % 2 == 1)


def check_corners(name: str, corners: Tensor) -> None:
    """Refuse what is not ``[n, 4]``.

    Raises:
        ValueError: If it is not.
    """
    if corners.ndim != 2 or corners.shape[1] != 4:
        raise ValueError(_say.refusal(f"shape of {name}", list(corners.shape), "[n, 4]"))


def overlap(a: Tensor, b: Tensor, *, of_first: Tensor | None = None) -> Tensor:
    """Return intersection over union of corners ``[n, 4]`` and ``[m, 4]``; 0 of none.

    Args:
        a: The first boxes.
        b: The second ones.
        of_first: bool ``[m]``: where the intersection is taken over the area of the first box
            alone, as COCO has it for crowds.

    Returns:
        float64 ``[n, m]``.

    Raises:
        ValueError: For corners of another shape.
    """
    check_corners("a", a)
    check_corners("b", b)
    # Squares of a side of 300 are beyond halves, of 1e20, as errors make boxes, beyond floats.
    a, b = a.to(torch.float64), b.to(torch.float64)
    low = torch.maximum(a[:, None, :2], b[None, :, :2])
    high = torch.minimum(a[:, None, 2:], b[None, :, 2:])
    common = (high - low).clamp(min=0).prod(dim=-1)
    first, second = ((x[:, 2:] - x[:, :2]).clamp(min=0).prod(dim=-1) for x in (a, b))
    union = first[:, None] + second[None] - common
    if of_first is not None:
        union = torch.where(of_first[None], first[:, None], union)
    return torch.where(union > 0, common / union, 0.0)
