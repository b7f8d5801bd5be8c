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

from eden.access import seeds_for
from eden.network import Config, calibration_of
from eden.tolerance._coarse import coarse_search
from eden.tolerance._grid import ber_of, highest_step, step_of
from eden.tolerance._oracle import Evaluate, Oracle, oracle
from eden.tolerance._questions import NO_ERROR, Questions, bers_of
from eden.tolerance._sweep import held, lazy_sweep
from eden.tolerance._tolerances import TensorTolerance, Tolerances


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

    A draw bears the steps of the grid up to its first miss. Which step that is, is found without
    asking for most of them (`_coarse`), and if ``evaluate`` can tell which images are closest
    to another class (`eden.data.Evaluator` can), most questions go to the closest fifth. The lowest
    threshold less ``margin_steps`` grid steps is then confirmed under all draws on all images.

    Args:
        model: The network; left as it was.
        evaluate: ``evaluate(model) -> accuracy`` on validation images. If it also has ``right``,
            ``closest`` and ``take``, as `eden.data.Evaluator` has, a few images may be asked alone.
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
        questions = Questions(asked)
        no_error = questions.same(NO_ERROR)
        clean = questions.whole(no_error, 0)
        _check_clean(clean, target_accuracy)
        answers = questions.answers(
            target_accuracy,
            no_error,
            0,
            steps_of=lambda step: questions.same(step) if step >= first else no_error,
        )
        with _bar(draws, label, "coarse tolerance", "draw", progress) as bar:
            found = coarse_search(answers, bar, low=first, high=last)
        if found.worst < first:
            raise ValueError(
                f"no BER from {low:g} up meets the target accuracy {target_accuracy:.4f} under "
                f"every draw; lower characterize.low or accept a larger accuracy loss"
            )
        step = found.worst - margin_steps
        while any(questions.whole(questions.same(step), d) < target_accuracy for d in draws):
            step -= 1
        accuracies = [questions.whole(questions.same(step), draw) for draw in draws]
        ber = ber_of(step)
        result = Tolerances(
            config=asked.handle.config,
            granularity="coarse",
            target_accuracy=target_accuracy,
            clean_accuracy=clean,
            coarse_ber=ber,
            tensors=_tensors(asked, ber),
            thresholds=tuple(map(ber_of, found.thresholds)),
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
    margin_steps: int = 1,
    seed: int = 0,
    folder: Path | str | None = None,
    progress: bool = False,
    label: str = "",
) -> Tolerances:
    """Raise each tensor as far as the accuracy target allows, from the coarse tolerance on.

    Tensors rise in turn by one grid step, round after round, each until a draw misses the target
    on the images. What need not be asked for that is not (`_sweep`): most questions go to the
    fifth of the images that are closest to another class, if ``evaluate`` can tell them
    (`eden.data.Evaluator` can), and none to steps that make no further cell weak. The result less
    ``margin_steps`` is then asked under every draw; as weak sets nest but accuracies only nearly
    do, a draw can miss there, and single tensors move by a step until none does.

    Args:
        model: The network; left as it was.
        evaluate: As for `characterize_coarse`.
        config: Default: that of ``start``.
        start: The coarse tolerances of this network on these images.
        seeds: Error draws; default: as many as the coarse search used.
        high: Highest BER of a tensor.
        margin_steps: Grid steps taken off every tensor that was raised, down to the start.
        seed: Of the family of draws.
        folder: As for `characterize_coarse`; with the same one, its answers are not asked again.
        progress: Show a progress bar.
        label: Before its name.

    Returns:
        The tolerances, one a tensor.

    Raises:
        ValueError: If ``start`` is not a coarse result.
    """
    if start.granularity != "coarse":
        raise ValueError(f"start must be a coarse result, got {start.granularity!r}")
    config = start.config if config is None else _calibrated(model, config)
    draws = seeds_for("search", seeds or len(start.accuracies), seed=seed)
    base, target = step_of(start.coarse_ber), start.target_accuracy
    with oracle(model, evaluate, config, folder=folder, subject={"seed": seed}) as asked:
        questions = Questions(asked)
        bottom = {tensor.name: base for tensor in asked.handle.tensors}
        # The coarse search ended with these questions.
        ground = {draw: questions.whole(bottom, draw) for draw in draws}
        worst_first = sorted(draws, key=ground.__getitem__)
        answers = questions.answers(target, bottom, worst_first[0])

        with _bar(range(len(bottom)), label, "fine tolerance", "tensor", progress) as bar:
            found = lazy_sweep(
                answers,
                bottom,
                high=step_of(high),
                draws=worst_first,
                on_settled=lambda count: bar.update(count - bar.n),
            )
        steps = held(
            questions.whole,
            _lowered(found, base, margin_steps),
            base=base,
            top=found,
            draws=worst_first,
            target=target,
            rank=questions.rank,
        )
        return replace(
            start,
            config=asked.handle.config,
            granularity="fine",
            tensors=_tensors(asked, bers_of(steps)),
            thresholds=(),
            accuracies=tuple(questions.whole(steps, draw) for draw in draws),
            mean_ber=None,
            trials=asked.trials.asked,
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
    images, paired with the clean network, will do.
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


def _tensors(asked: Oracle, ber: float | Mapping[str, float]) -> tuple[TensorTolerance, ...]:
    return tuple(
        TensorTolerance(**vars(info), tolerance=ber if isinstance(ber, float) else ber[info.name])
        for info in asked.handle.tensors
    )
