"""How many errors a network bears, coarsely: one BER for all tensors.

The criterion is a quantile, not a mean: P(accuracy >= target) >= 0.95 over error draws. A search
over 20 draws cannot show that; it aims at no miss in its draws and takes one grid step off, and
`eden.verify` then tests the point on fresh draws and images (design, section 7).

Reference:
    Koppula et al., EDEN, MICRO 2019, section 3.3 (error tolerance characterisation).
"""

from dataclasses import replace
from pathlib import Path

import torch
from tqdm.auto import tqdm

from eden._say import an_int, refusal, within
from eden.access import seeds_for
from eden.network import Config
from eden.tolerance._coarse import coarse_search
from eden.tolerance._evaluator import Evaluate, offering
from eden.tolerance._grid import ber_of, highest_step, step_of
from eden.tolerance._network import NO_ERROR, under_errors
from eden.tolerance._oracle import Oracle
from eden.tolerance._shared import calibrated, check_asked, check_target, progress_bar
from eden.tolerance._tolerances import Tolerances, tensors_bearing


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
        evaluate: ``evaluate(model) -> accuracy`` on validation images. What more it may offer, so
            that a few images may be asked alone, `eden.tolerance.Evaluator` says.
        config: What is injected. Without a calibration that of the model is taken, if it has one.
        target_accuracy: In [0, 1], on the same images.
        seeds: Error draws, >= 1.
        low: Lowest BER asked, > 0.
        high: Highest BER asked, from ``low`` to 1.
        margin_steps: Grid steps (tenths of a decade) to stay below the worst draw; at most those
            from ``low`` to ``high``.
        seed: Of the family of draws.
        folder: Keeps each finished trial as a Parquet shard, and replays those it finds.
        progress: Show a progress bar, and before it what of the network is stored.
        label: What the progress bar's title begins with.

    Returns:
        The tolerances; every tensor has the same.

    Raises:
        TypeError: If an argument is of another type.
        ValueError: If one is outside what is named here, or the network misses the target without
            errors, or at the lowest BER.
    """
    check_asked(model, evaluate, folder, config=config)
    check_target(target_accuracy)
    draws = seeds_for("search", seeds, seed=seed)
    within("low", low, 0, 1, above=True)
    within("high", high, 0, 1, above=True)
    if high < low:
        raise ValueError(refusal("high", high, f"a number from low, {low}, to 1"))
    first, last = step_of(low), step_of(high)
    an_int("margin_steps", margin_steps, 0, max(1, last - first))
    config, subject = calibrated(model, config), {"seed": seed}
    with under_errors(
        model, evaluate, config, low=first, folder=folder, subject=subject
    ) as network:
        if progress:
            tqdm.write(str(network.handle.coverage()))
        oracle, no_error = Oracle(network, target_accuracy), network.every(NO_ERROR)
        clean = oracle.ask(no_error, 0)
        if clean < target_accuracy:
            accepted = f"at most {clean}, what the network reaches without errors"
            raise ValueError(refusal("target_accuracy", target_accuracy, accepted))
        network.choose_part(no_error, 0)
        with progress_bar(draws, label, "coarse tolerance", "draw", progress) as bar:
            found = coarse_search(oracle, bar, low=first, high=last)
        if found.worst < first:
            raise ValueError(
                f"no BER from {low:g} up meets the target accuracy {target_accuracy:.4f} under "
                f"every draw; lower characterize.low or accept a larger accuracy loss"
            )
        step = found.worst - margin_steps
        while any(oracle.confirm(network.every(step), d) < target_accuracy for d in draws):
            step -= 1
        result = Tolerances(
            config=network.handle.config,
            granularity="coarse",
            target_accuracy=target_accuracy,
            clean_accuracy=clean,
            coarse_ber=ber_of(step),
            tensors=tensors_bearing(ber_of(step), network.handle.tensors),
            thresholds=tuple(map(ber_of, found.thresholds)),
            accuracies=tuple(oracle.confirm(network.every(step), draw) for draw in draws),
            trials=network.memo.asked,
            coverage=network.handle.coverage(),
        )
    # The mean is only shown beside the quantile, and asks for every accuracy in full: a fifth of
    # the images, paired with the clean network, will do.
    if (whole := offering(evaluate, "subset", "__len__")) is not None:
        evaluate = whole.subset(max(1, round(0.2 * len(whole))), seed)
    with under_errors(model, evaluate, result.config, folder=folder, subject=subject) as network:
        # Without errors no draw matters.
        target = network.accuracies("clean", 0.0, [0])[0] - (clean - target_accuracy)
        middle = sorted(found.thresholds)[len(draws) // 2]
        step = highest_step(
            lambda s: sum(network.accuracies("mean", ber_of(s), draws)) / len(draws) >= target,
            low=first,
            high=last,
            start=middle,
        )
    return replace(result, mean_ber=None if step < first else ber_of(step))
