"""How many errors a network bears, finely: one BER a tensor, raised from the coarse tolerance."""

from collections.abc import Sequence
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
    groups: int = 0,
    seed: int = 0,
    folder: Path | str | None = None,
    progress: bool = False,
    label: str = "",
) -> Tolerances:
    """Raise each tensor as far as the accuracy target allows, from the coarse tolerance on.

    A deep network has hundreds of tensors: ``groups=8`` raises them in eight runs of neighbouring
    layers, and what that finds can be the ``start`` of a search of each tensor by itself.

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
        start: Tolerances of this network on these images, as a rule the coarse ones: no tensor
            ends below the grid step of what it bears there, at most a fifth less than that.
        seeds: Error draws; default: as many as the search of ``start`` used.
        high: Highest BER of a tensor, from those of ``start`` to 1.
        margin_steps: Grid steps taken off every tensor that was raised, down to the start.
        groups: Runs of neighbouring layers, of about as many layers each, whose tensors rise
            together; 0: each tensor by itself.
        seed: Of the family of draws.
        folder: Keeps each finished trial as a Parquet shard, and replays those it finds; those of
            the coarse search too, where it is the same one.
        progress: Show a progress bar.
        label: What the progress bar's title begins with.

    Returns:
        The tolerances, one a tensor.

    Raises:
        TypeError: If an argument is of another type.
        ValueError: If one is outside what is named here, the network misses its target without
            errors, or the evaluator answers otherwise when asked again.
    """
    check_asked(model, evaluate, folder, **({} if config is None else {"config": config}))
    a_kind("start", start, Tolerances, "Tolerances, as a search returns them")
    within("high", high, max(start.bers().values(), default=0.0), 1)
    if not all(start.bers().values()):
        said = "at least one draw of its search missed at the lowest rate"
        raise ValueError(f"start: bears a BER of 0 ({said}), accepted: rates above 0")
    an_int("margin_steps", margin_steps, 0, -LOWEST_STEP)
    an_int("groups", groups, 0)
    config = start.config if config is None else calibrated(model, config)
    one_of("stored format of config", config.stored, [start.config.stored])
    # Of a fine start not its accuracies: draws that missed where it began have none.
    before = start.seeds or len(start.thresholds or start.accuracies)
    count = before if seeds is None else seeds
    draws = seeds_for("search", count, seed=seed)
    target = start.target_accuracy
    with under_errors(model, evaluate, config, folder=folder, subject={"seed": seed}) as network:
        borne = start.bers()
        if missing := [name for name in network.names if name not in borne]:
            raise ValueError(f"start: {missing[0]} is missing; it is of another network")
        oracle, bottom = Oracle(network, target), {n: step_of(borne[n]) for n in network.names}
        together = _runs(network.names, groups) if groups else None
        network.clean_accuracy(target)
        # The coarse search ended with most of these questions.
        with oracle.at_once():
            oracle.ahead((bottom, draw) for draw in draws)
        ground = {draw: oracle.confirm(bottom, draw) for draw in draws}
        # At a stated risk a draw may miss already there: it says nothing of the tensors.
        draws = [draw for draw in draws if ground[draw] >= target]
        if not draws:
            raise ValueError(
                f"start: at its BER {rate(min(borne.values()))} every draw misses the target "
                f"{target:.4f}, accepted: tolerances of this network on these images"
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
                groups=together,
                on_settled=lambda count: bar.update(count - bar.n),
            )
            lowered = {n: max(bottom[n], step - margin_steps) for n, step in found.items()}
            limits = {"base": bottom, "top": found, "groups": together}
            steps = held(oracle, lowered, draws=worst_first, **limits)
        return replace(
            start,
            config=network.handle.config,
            granularity="fine",
            tensors=tensors_bearing(bers_of(steps), network.handle.tensors),
            thresholds=(),
            accuracies=tuple(oracle.confirm(steps, draw) for draw in draws),
            seeds=count,
            trials=network.memo.count + (start.trials if start.granularity == "fine" else 0),
            coverage=network.handle.coverage(),
        )


def _runs(names: Sequence[str], count: int) -> list[list[str]]:
    """Split tensors, in forward order, where layers end, into runs of about as many layers."""
    layer_of = {name: name.rpartition(".")[0] for name in names}
    layers = list(dict.fromkeys(layer_of.values()))
    count = min(count, len(layers))
    run_of = {layer: number * count // len(layers) for number, layer in enumerate(layers)}
    return [[n for n in names if run_of[layer_of[n]] == run] for run in range(count)]
