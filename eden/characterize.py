"""How many errors a network bears: coarsely (one BER) and finely (one BER a tensor).

The criterion is a quantile, not a mean: P(accuracy >= target) >= 0.95 over error draws. A search
over 20 draws cannot show that; it aims at no miss in its draws and takes one grid step off, and
`eden.verify` then tests the point on fresh draws and images (design, section 7).

Reference:
    Koppula et al., EDEN, MICRO 2019, section 3.3 (error tolerance characterisation).
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from tqdm.auto import tqdm

from eden.config import Config, calibration_of
from eden.oracle import Evaluate, Oracle, oracle
from eden.search import (
    WorstFirst,
    ber_of,
    coarse_search,
    fine_search,
    highest_step,
    repair,
    step_of,
)
from eden.seeds import seeds_for
from eden.tolerances import TensorTolerance, Tolerances

__all__ = ["CurvePoint", "accuracy_curve", "characterize_coarse", "characterize_fine"]


def characterize_coarse(
    model: torch.nn.Module,
    evaluate: Evaluate,
    *,
    config: Config,
    target_accuracy: float,
    seeds: int = 20,
    low: float = 1e-9,
    high: float = 0.4,
    margin_steps: int = 1,
    seed: int = 0,
    folder: Path | str | None = None,
    progress: bool = False,
    label: str = "",
) -> Tolerances:
    """Find the highest BER the whole network bears.

    Each seed is bisected on its own nested weak sets; the lowest threshold less ``margin_steps``
    grid steps is then confirmed under all seeds.

    Args:
        model: The network; left as it was.
        evaluate: ``evaluate(model) -> accuracy`` on validation images. If it has
            ``reaches(model, target) -> bool``, questions stop early.
        config: What is injected. Without a calibration that of the model is taken, if it has one.
        target_accuracy: In [0, 1], on the same images.
        seeds: Error draws, >= 1.
        low: Lowest BER asked, > 0.
        high: Highest BER asked, at most 1.
        margin_steps: Grid steps (tenths of a decade) to stay below the worst draw.
        seed: Of the family of draws.
        folder: Keeps each finished trial as a Parquet shard, and replays those it finds.
        progress: Show a progress bar.
        label: Before its name.

    Returns:
        The tolerances; every tensor has the same.

    Raises:
        ValueError: If the network misses the target without errors, or at the lowest BER.
    """
    _check_probability("target_accuracy", target_accuracy)
    draws = seeds_for("search", seeds, seed=seed)
    first, last = step_of(low), step_of(high)
    config = _calibrated(model, config)
    with oracle(model, evaluate, config, folder=folder, subject={"seed": seed}) as asked:
        clean = _clean_accuracy(asked)
        _check_clean(clean, target_accuracy)

        def meets(step: int, draw: int) -> bool:
            return _meets(asked, "coarse", ber_of(step), draw, target_accuracy)

        with _bar(draws, label, "coarse tolerance", "draw", progress) as bar:
            found = coarse_search(meets, bar, low=first, high=last)
        if found.worst < first:
            raise ValueError(
                f"no BER from {low:g} up meets the target accuracy {target_accuracy:.4f} under "
                f"every draw; lower characterize.low or accept a larger accuracy loss"
            )
        step = found.worst - margin_steps
        accuracies = asked.accuracies("confirm", ber_of(step), draws)
        while min(accuracies) < target_accuracy:
            step -= 1
            accuracies = asked.accuracies("confirm", ber_of(step), draws)
        ber = ber_of(step)
        result = Tolerances(
            config=asked.handle.config,
            granularity="coarse",
            target_accuracy=target_accuracy,
            clean_accuracy=clean,
            coarse_ber=ber,
            tensors=_tensors(asked, ber),
            thresholds=tuple(ber_of(s) if s >= first else 0.0 for s in found.thresholds),
            accuracies=tuple(accuracies),
            trials=asked.trials.asked,
        )
    middle = sorted(found.thresholds)[len(draws) // 2]
    mean_ber = _mean_ber(model, evaluate, result, draws, middle, (first, last), folder, seed)
    return replace(result, mean_ber=mean_ber)


def characterize_fine(
    model: torch.nn.Module,
    evaluate: Evaluate,
    *,
    config: Config | None = None,
    start: Tolerances,
    seeds: int | None = None,
    high: float = 0.4,
    fraction: float = 0.1,
    margin_steps: int = 1,
    seed: int = 0,
    folder: Path | str | None = None,
    progress: bool = False,
    label: str = "",
) -> Tolerances:
    """Raise each tensor as far as the accuracy target allows, from the coarse tolerance on.

    The trials run on ``fraction`` of the images if ``evaluate`` has ``subset(n, seed)``. So small
    a part has an accuracy of its own, so targets there are paired: on the same images and under
    the same draw, the network may lose from the coarse tolerance on what it may still lose on all
    the images. The result less ``margin_steps`` is
    then held against all images under all draws, and tensors are lowered until none misses.

    Args:
        model: The network; left as it was.
        evaluate: As for `characterize_coarse`.
        config: Default: that of ``start``.
        start: The coarse tolerances of this network on these images.
        seeds: Error draws; default: as many as the coarse search used.
        high: Highest BER of a tensor.
        fraction: Of the images used in trials, in (0, 1].
        margin_steps: Grid steps taken off every tensor that was raised, down to the start.
        seed: Of the family of draws.
        folder: As for `characterize_coarse`.
        progress: Show a progress bar.
        label: Before its name.

    Returns:
        The tolerances, one a tensor.

    Raises:
        ValueError: If ``start`` is not a coarse result.
    """
    if start.granularity != "coarse":
        raise ValueError(f"start must be a coarse result, got {start.granularity!r}")
    if not 0.0 < fraction <= 1.0:
        raise ValueError(f"fraction must lie in (0, 1], got {fraction}")
    config = start.config if config is None else _calibrated(model, config)
    draws = seeds_for("search", seeds or len(start.accuracies), seed=seed)
    base = step_of(start.coarse_ber)
    strides = (4, 2, 1)
    subject = {"seed": seed, "fraction": fraction}
    with oracle(model, evaluate, config, folder=folder, subject=subject) as asked:
        whole = asked.accuracies("base", ber_of(base), draws)
    small = _part_of(evaluate, fraction, seed)
    with oracle(model, small, config, folder=folder, subject=subject) as asked:
        part = asked.accuracies("base", ber_of(base), draws)
        # What a draw may still lose on all the images, it may lose on the part.
        spare = [accuracy - start.target_accuracy for accuracy in whole]
        targets = {d: a - s for d, a, s in zip(draws, part, spare, strict=True)}
        names = [tensor.name for tensor in asked.handle.tensors]
        order = WorstFirst(draws)

        def holds(steps: Mapping[str, int]) -> bool:
            return _holds(asked, order, steps, targets)

        total = len(names) * len(strides)
        with _bar(range(total), label, "fine tolerance", "tensor", progress) as bar:
            found = fine_search(
                holds,
                {name: base for name in names},
                high=step_of(high),
                strides=strides,
                on_settled=lambda name, stride: bar.update(),
            )
        searched = asked.trials.asked
    with (
        oracle(model, evaluate, config, folder=folder, subject=subject) as asked,
        _bar(range(len(draws)), label, "fine, all images", "draw", progress) as bar,
    ):

        def accuracy(steps: Mapping[str, int], draw: int) -> float:
            return asked.accuracies("repair", _bers(steps), [draw])[0]

        steps = repair(
            accuracy,
            _lowered(found, base, margin_steps),
            base=base,
            draws=draws,
            target=start.target_accuracy,
            on_draw=lambda: bar.update(bar.n < bar.total),
        )
        accuracies = [accuracy(steps, draw) for draw in draws]
        return replace(
            start,
            config=asked.handle.config,
            granularity="fine",
            tensors=_tensors(asked, _bers(steps)),
            thresholds=(),
            accuracies=tuple(accuracies),
            mean_ber=None,
            trials=searched,
        )


@dataclass(frozen=True)
class CurvePoint:
    """Accuracies at one BER, one for each draw."""

    ber: float
    accuracies: tuple[float, ...]


def accuracy_curve(
    model: torch.nn.Module,
    evaluate: Evaluate,
    *,
    config: Config,
    bers: list[float],
    seeds: int = 10,
    seed: int = 0,
    folder: Path | str | None = None,
    progress: bool = False,
    label: str = "",
) -> list[CurvePoint]:
    """Accuracy against BER under several draws, for a figure.

    Args:
        model: The network; left as it was.
        evaluate: ``evaluate(model) -> accuracy``.
        config: What is injected.
        bers: Where, each in [0, 1].
        seeds: Draws a BER.
        seed: Of the family of draws.
        folder: As for `characterize_coarse`.
        progress: Show a progress bar.
        label: Before its name.

    Returns:
        A point a BER, in the order given.
    """
    draws = seeds_for("curve", seeds, seed=seed)
    config = _calibrated(model, config)
    with (
        oracle(model, evaluate, config, folder=folder, subject={"seed": seed}) as asked,
        _bar(bers, label, "accuracy curve", "BER", progress) as bar,
    ):
        return [CurvePoint(ber, tuple(asked.accuracies("curve", float(ber), draws))) for ber in bar]


def _bar(items: Iterable, label: str, what: str, unit: str, progress: bool) -> tqdm:
    return tqdm(items, desc=f"{label} {what}".strip(), unit=unit, disable=not progress)


def _calibrated(model: torch.nn.Module, config: Config) -> Config:
    if config.calibration is None and (known := calibration_of(model)) is not None:
        return replace(config, calibration=known)
    return config


def _clean_accuracy(asked: Oracle) -> float:
    """Accuracy in the stored format, without errors (no draw matters then)."""
    return asked.accuracies("clean", 0.0, [0])[0]


def _check_clean(clean: float, target: float) -> None:
    if clean < target:
        raise ValueError(
            f"target_accuracy {target:.4f} is above what the network reaches without errors, "
            f"{clean:.4f}; accepted: at most that"
        )


def _check_probability(name: str, value: float) -> None:
    if not (isinstance(value, int | float) and math.isfinite(value) and 0.0 <= value <= 1.0):
        raise ValueError(f"{name} must lie in [0, 1], got {value!r}")


def _meets(asked: Oracle, label: str, ber: float, draw: int, target: float) -> bool:
    rows = asked.trials.get(
        {"label": label, "ber": ber, "seed": draw, "target": target},
        lambda: [
            {"seed": draw, "ber": ber, "accuracy": None, "met": asked.meets(ber, draw, target)}
        ],
    )
    return rows[0]["met"]


def _holds(
    asked: Oracle, order: WorstFirst, steps: Mapping[str, int], targets: Mapping[int, float]
) -> bool:
    """One trial of the fine search: does every draw meet its target?"""
    bers = _bers(steps)

    def run() -> list[dict]:
        met, missed = order.first_miss(lambda draw: asked.meets(bers, draw, targets[draw]))
        return [{"seed": missed, "ber": None, "accuracy": None, "met": met}]

    row = asked.trials.get({"label": "fine", "bers": bers}, run)[0]
    if not row["met"]:
        order.move_first(row["seed"])
    return row["met"]


def _part_of(evaluate: Evaluate, fraction: float, seed: int) -> Evaluate:
    """An evaluator on a part of the images, if it can be had."""
    subset = getattr(evaluate, "subset", None)
    if subset is None or fraction == 1.0:
        return evaluate
    return subset(max(1, round(fraction * len(evaluate))), seed)  # type: ignore[arg-type]


def _mean_ber(
    model: torch.nn.Module,
    evaluate: Evaluate,
    found: Tolerances,
    draws: list[int],
    guess: int,
    grid: tuple[int, int],
    folder: Path | str | None,
    seed: int,
) -> float | None:
    """The highest BER at which the mean over the draws meets the target, on a part of the images.

    It is only shown beside the quantile, and asks for every accuracy in full: a fifth of the
    images, paired with the clean network as in the fine search, will do.
    """
    small = _part_of(evaluate, 0.2, seed)
    with oracle(model, small, found.config, folder=folder, subject={"seed": seed}) as asked:
        target = _clean_accuracy(asked) - (found.clean_accuracy - found.target_accuracy)

        def meets(step: int) -> bool:
            accuracies = asked.accuracies("mean", ber_of(step), draws)
            return sum(accuracies) / len(accuracies) >= target

        step = highest_step(meets, low=grid[0], high=grid[1], start=guess)
    return None if step < grid[0] else ber_of(step)


def _lowered(steps: Mapping[str, int], base: int, by: int) -> dict[str, int]:
    return {name: max(base, step - by) if step > base else step for name, step in steps.items()}


def _bers(steps: Mapping[str, int]) -> dict[str, float]:
    return {name: ber_of(step) for name, step in steps.items()}


def _tensors(asked: Oracle, ber: float | Mapping[str, float]) -> tuple[TensorTolerance, ...]:
    return tuple(
        TensorTolerance(
            name=info.name,
            kind=info.kind,
            elements=info.elements,
            bits=info.bits,
            size_bytes=info.size_bytes,
            reads=info.reads,
            tolerance=ber if isinstance(ber, float) else ber[info.name],
        )
        for info in asked.handle.tensors
    )
