"""Verification of one declared point on draws and images no search has seen.

With 59 draws and no miss, the Clopper-Pearson bound says that fewer than 5 % of all draws miss the
target, at 95 % confidence (0.95^59 < 0.05); 299 draws say so of 1 %. Each network that is tried
after a failure uses new draws and half of the error probability of the one before: all tries
together err at most twice as often as the first alone may.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from eden._say import an_int, refusal, within
from eden.access import seeds_for
from eden.data import mean_of, share_right
from eden.network import places_of
from eden.tolerance._evaluator import Evaluate, offering
from eden.tolerance._memo import Row
from eden.tolerance._network import under_errors, unpacked
from eden.tolerance._shared import check_asked, check_target, progress_bar

# The confidence of the k-th retreat is 1 - (1 - confidence) / 2^k: beyond, a float cannot tell.
_MOST_ATTEMPTS = 30


@dataclass(frozen=True)
class Verdict:
    """What a verification saw.

    Attributes:
        target_accuracy: The accuracy to reach.
        accuracies: One for each draw.
        misses: Draws below the target.
        seeds: Draws.
        upper_bound: Clopper-Pearson bound on P(accuracy < target), at ``confidence``.
        confidence: Of the bound.
        quantile: What 1 - P(miss) must show.
        passed: Whether the bound is below 1 - quantile.
        attempt: 0 for the declared point, then 1, 2, ... for retreats.
        images: How many there are; None, as all that follows, unless the evaluator tells which
            are right.
        standard_error: Of the mean accuracy, over images; None for one image.
        original_accuracy: Of the network compared with; None, as all that follows, without one.
        original_standard_error: Binomial.
        difference: What the mean accuracy has more than the original, below 0 if it has less.
        difference_standard_error: Over images, each paired with itself; None for one image.
    """

    target_accuracy: float
    accuracies: tuple[float, ...] = field(repr=False)
    misses: int
    seeds: int
    upper_bound: float
    confidence: float
    quantile: float
    passed: bool
    attempt: int = 0
    images: int | None = None
    standard_error: float | None = None
    original_accuracy: float | None = None
    original_standard_error: float | None = None
    difference: float | None = None
    difference_standard_error: float | None = None

    @property
    def mean_accuracy(self) -> float:
        """Mean over the draws."""
        return sum(self.accuracies) / len(self.accuracies)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able dict."""
        return {
            **vars(self),
            "accuracies": list(self.accuracies),
            "mean_accuracy": self.mean_accuracy,
            "lowest_accuracy": min(self.accuracies),
        }


def upper_bound(misses: int, seeds: int, *, confidence: float = 0.95) -> float:
    """One-sided Clopper-Pearson bound on the probability of a miss.

    Args:
        misses: In [0, seeds].
        seeds: Draws, >= 1.
        confidence: In (0, 1).

    Returns:
        The bound, in [0, 1].
    """
    an_int("seeds", seeds, 1)
    an_int("misses", misses, 0, seeds)
    _check_shares(confidence=confidence)
    from scipy.stats import binomtest  # scipy.stats takes a second to import

    interval = binomtest(misses, seeds, alternative="less").proportion_ci(
        confidence_level=confidence, method="exact"
    )
    return float(interval.high)


def draws_needed(*, quantile: float = 0.95, confidence: float = 0.95) -> int:
    """The fewest draws that, without a miss, show P(miss) < 1 - quantile.

    >>> draws_needed(), draws_needed(quantile=0.99)
    (59, 299)
    """
    _check_shares(quantile=quantile, confidence=confidence)
    return math.floor(math.log(1.0 - confidence) / math.log(quantile)) + 1


def _check_shares(**shares: float) -> None:
    for name, share in shares.items():
        within(name, share, 0, 1, above=True, below=True)


def verify(
    model: torch.nn.Module,
    evaluate: Evaluate,
    placement: Any,
    *,
    target_accuracy: float,
    seeds: int = 59,
    quantile: float = 0.95,
    confidence: float = 0.95,
    attempt: int = 0,
    original: torch.Tensor | None = None,
    seed: int = 0,
    folder: Path | str | None = None,
    progress: bool = False,
) -> Verdict:
    """Run a placed network under fresh error draws.

    Args:
        model: The network; left as it was.
        evaluate: ``evaluate(model) -> accuracy``, on images no search has seen.
        placement: From `eden.place`, or a `Config` (its error model at its own BER).
        target_accuracy: In [0, 1], on the same images.
        seeds: Draws, from 1 to a million; a retreat (``attempt`` > 0) takes as many more as its
            confidence asks for.
        quantile: The share of draws that must meet the target, in (0, 1).
        confidence: Of the first attempt, in (0, 1); attempt k has 1 - (1 - confidence) / 2^k.
        attempt: 0 for a point declared beforehand, k for the k-th retreat, at most 30.
        original: Which images the network to compare with names rightly, bool ``[n]``, as
            ``evaluate.right(network)`` tells; None to compare with none.
        seed: Of the family of draws.
        folder: Keeps finished draws as Parquet shards, and replays those it finds.
        progress: Show a progress bar.

    Returns:
        The verdict.

    Raises:
        TypeError: If an argument is of another type.
        ValueError: If one is outside what is named here, or the evaluator answers otherwise when
            asked again, or by image.
    """
    check_asked(model, evaluate, folder, placement=placement)
    check_target(target_accuracy)
    _check_original(evaluate, original)
    _check_shares(quantile=quantile, confidence=confidence)
    an_int("attempt", attempt, 0, _MOST_ATTEMPTS)
    confidence = 1.0 - (1.0 - confidence) / 2**attempt
    if attempt > 0:
        seeds = max(seeds, draws_needed(quantile=quantile, confidence=confidence))
    draws = seeds_for(f"verify {attempt}", seeds, seed=seed)
    subject = {"verify": attempt, "placement": places_of(placement)}
    with (
        under_errors(model, evaluate, placement, folder=folder, subject=subject) as network,
        progress_bar(draws, "", "verify", "draw", progress) as bar,
    ):
        network.check_placed_repeats(draws[0])
        with network.copies(network.placed, most=seeds) as answers:
            rows = list(answers(bar))
        images = None if network.tells_right is None else len(network.tells_right)
    accuracies = tuple(row["accuracy"] for row in rows)
    misses = sum(accuracy < target_accuracy for accuracy in accuracies)
    bound = upper_bound(misses, seeds, confidence=confidence)
    return Verdict(
        target_accuracy=target_accuracy,
        accuracies=accuracies,
        misses=misses,
        seeds=seeds,
        upper_bound=bound,
        confidence=confidence,
        quantile=quantile,
        passed=bound < 1.0 - quantile,
        attempt=attempt,
        **({} if images is None else _over_images(rows, images, original)),
    )


def _check_original(evaluate: Evaluate, original: torch.Tensor | None) -> None:
    if original is None:
        return
    if (by_image := offering(evaluate, "right", "__len__")) is None:
        said = "none for an evaluator that does not tell which images are right"
        raise ValueError(refusal("original", original, said))
    bits = isinstance(original, torch.Tensor) and original.dtype == torch.bool
    if not bits or original.shape != (len(by_image),):
        said = f"a bool tensor [{len(by_image)}], of the evaluator's images"
        raise ValueError(refusal("original", original, said))


def _over_images(rows: list[Row], images: int, original: torch.Tensor | None) -> dict[str, Any]:
    """What draws of errors and a network without any say of images that nobody has seen."""
    counts = torch.zeros(images, dtype=torch.int64)
    for row in rows:  # one after the other: bits of all draws at once would be large
        counts += torch.from_numpy(unpacked(row["right"], images))
    told = {"images": images, "standard_error": mean_of(counts, len(rows)).standard_error}
    if original is None:
        return told
    share = share_right(original)
    paired = mean_of(counts - len(rows) * original.cpu().to(torch.int64), len(rows))
    return told | {
        "original_accuracy": share.value,
        "original_standard_error": share.standard_error,
        "difference": paired.value,
        "difference_standard_error": paired.standard_error,
    }
