"""How far a figure may be off because its images are a sample: standard errors over images."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from eden._say import a_kind, an_int, refusal

_INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)


class Sampled(NamedTuple):
    """A mean over images.

    Attributes:
        value: The mean.
        standard_error: Of the mean, for images drawn at random; None of a single one.
    """

    value: float
    standard_error: float | None


class Resampled(NamedTuple):
    """A figure that is no mean, and what it is on images drawn with replacement (bootstrap).

    Attributes:
        value: On all images, each once.
        resamples: On each draw of them, ``[resamples]``; NaN where a draw leaves it open.
    """

    value: float
    resamples: np.ndarray

    @property
    def standard_error(self) -> float | None:
        """Of the value, for images drawn at random; None of fewer than two resamples.

        Reference:
            Efron and Tibshirani, An Introduction to the Bootstrap, 1993, algorithm 6.1.
        """
        known = self.resamples[~np.isnan(self.resamples)]
        return float(known.std(ddof=1)) if len(known) > 1 else None

    def less(self, other: Resampled) -> Resampled:
        """Return the difference from another network's, on the same draws of the same images.

        Raises:
            ValueError: For other draws, as far as their number tells.
        """
        if self.resamples.shape != other.resamples.shape:
            found, said = len(other.resamples), f"{len(self.resamples)}, the same draws"
            raise ValueError(refusal("number of the other's resamples", found, said))
        return Resampled(self.value - other.value, self.resamples - other.resamples)


def share_right(right: Tensor) -> Sampled:
    """Return the share of images that are right, with its binomial error.

    Args:
        right: For each image, bool ``[n]``, of at least one.

    Raises:
        TypeError: For what is no tensor.
        ValueError: For one of another type or shape, or of no image.
    """
    _check("right", right, (torch.bool,))
    n = len(right)
    share = int(right.sum()) / n
    return Sampled(share, math.sqrt(share * (1 - share) / n))


def mean_of(counts: Tensor, draws: int) -> Sampled:
    """Return the mean over images of what each has done on average over draws.

    The draws are the same for all images, so it is images that are drawn, each with its own mean:
    the sample standard deviation of these over the root of their number.

    Args:
        counts: In how many draws each image was right; less, for a paired difference, as many as
            it was right in before. Integers ``[n]``, of one image at least.
        draws: At least 1.

    Raises:
        TypeError: For what is no tensor, or draws that are no integer.
        ValueError: For a tensor of another type or shape, or of no image, and for no draw.
    """
    _check("counts", counts, _INTEGERS)
    an_int("draws", draws, 1)
    counts = counts.to(torch.int64)  # squares of narrower ones would wrap around
    n, total, squares = len(counts), int(counts.sum()), int((counts**2).sum())
    mean = total / (n * draws)
    if n == 1:
        return Sampled(mean, None)
    # In integers up to here, so what never changes has an error of 0 and nothing is cancelled.
    variance = (n * squares - total**2) / (n * (n - 1) * draws**2)
    return Sampled(mean, math.sqrt(variance / n))


def _check(name: str, values: Tensor, types: tuple[torch.dtype, ...]) -> None:
    a_kind(name, values, Tensor, "a tensor")
    if values.dtype not in types:
        said = " or ".join(str(each).removeprefix("torch.") for each in types)
        raise ValueError(refusal(f"type of {name}", str(values.dtype), said))
    if values.ndim != 1 or not len(values):
        raise ValueError(refusal(f"shape of {name}", list(values.shape), "[n], n at least 1"))
