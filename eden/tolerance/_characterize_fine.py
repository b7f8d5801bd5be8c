"""How many errors a network bears, finely: one BER a tensor, raised from the coarse tolerance."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch

from eden._say import a_kind, an_int, one_of, rate, within
from eden.access import seeds_for
from eden.network import Config
from eden.tolerance._evaluator import Evaluate
from eden.tolerance._grid import LOWEST_STEP, step_of
from eden.tolerance._network import bers_of, under_errors
from eden.tolerance._oracle import Oracle
from eden.tolerance._shared import calibrated, check_asked, progress_bar
from eden.tolerance._sweep import held, lazy_sweep
from eden.tolerance._tolerances import Tolerances, tensors_bearing


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
        evaluate: ``evaluate(model) -> accuracy`` on the images of the coarse search, or an
            `eden.tolerance.Evaluator`.
        config: Default: that of ``start``.
        start: The coarse tolerances of this network on these images.
        seeds: Error draws; default: as many as the coarse search used.
        high: Highest BER of a tensor, from that of ``start`` to 1.
        margin_steps: Grid steps taken off every tensor that was raised, down to the start.
        seed: Of the family of draws.
        folder: Keeps each finished trial as a Parquet shard, and replays those it finds; those of
            the coarse search too, where it is the same one.
        progress: Show a progress bar.
        label: What the progress bar's title begins with.

    Returns:
        The tolerances, one a tensor.

    Raises:
        TypeError: If an argument is of another type.
        ValueError: If ``start`` is not a coarse result, one is outside what is named here, the
            network misses its target without errors, or the evaluator answers otherwise when asked
            again.
    """
    check_asked(model, evaluate, folder, **({} if config is None else {"config": config}))
    a_kind("start", start, Tolerances, "what characterize_coarse returns")
    one_of("granularity of start", start.granularity, ["coarse"])
    within("high", high, start.coarse_ber, 1)
    an_int("margin_steps", margin_steps, 0, -LOWEST_STEP)
    config = start.config if config is None else calibrated(model, config)
    one_of("stored format of config", config.stored, [start.config.stored])
    count = len(start.thresholds or start.accuracies) if seeds is None else seeds
    draws = seeds_for("search", count, seed=seed)
    base, target = step_of(start.coarse_ber), start.target_accuracy
    with under_errors(model, evaluate, config, folder=folder, subject={"seed": seed}) as network:
        oracle, bottom = Oracle(network, target), dict.fromkeys(network.names, base)
        network.clean_accuracy(target)
        # The coarse search ended with most of these questions.
        with oracle.at_once():
            oracle.ahead((bottom, draw) for draw in draws)
        ground = {draw: oracle.confirm(bottom, draw) for draw in draws}
        # At a stated risk a draw may miss already there: it says nothing of the tensors.
        draws = [draw for draw in draws if ground[draw] >= target]
        if not draws:
            raise ValueError(
                f"start: at its BER {rate(start.coarse_ber)} every draw misses the target "
                f"{target:.4f}, accepted: the coarse tolerances of this network on these images"
            )
        worst_first = sorted(draws, key=ground.__getitem__)
        network.choose_part(bottom, worst_first[0])
        with (
            oracle.at_once(),
            progress_bar(range(len(bottom)), label, "fine tolerance", "tensor", progress) as bar,
        ):
            found = lazy_sweep(
                oracle,
                bottom,
                high=step_of(high),
                draws=worst_first,
                on_settled=lambda count: bar.update(count - bar.n),
            )
            lowered = _lowered(found, base, margin_steps)
            steps = held(oracle, lowered, base=base, top=found, draws=worst_first)
        return replace(
            start,
            config=network.handle.config,
            granularity="fine",
            tensors=tensors_bearing(bers_of(steps), network.handle.tensors),
            thresholds=(),
            accuracies=tuple(oracle.confirm(steps, draw) for draw in draws),
            trials=network.memo.count,
            coverage=network.handle.coverage(),
        )


def _lowered(steps: Mapping[str, int], base: int, by: int) -> dict[str, int]:
    return {name: max(base, step - by) if step > base else step for name, step in steps.items()}
