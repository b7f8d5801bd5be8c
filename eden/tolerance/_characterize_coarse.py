"""How many errors a network bears, coarsely: one BER for all tensors.

Given images and a draw of errors accuracy is what it is, so the tolerance is the BER at which
P(miss) over draws is a stated risk (design, section 7). It is estimated from all draws'
thresholds, and from single cells where `eden.criticality` has tried them; the lowest threshold of
20 draws is noise. The paper's ways stand beside it.

Reference:
    Koppula et al., EDEN, MICRO 2019, section 3.3 (error tolerance characterisation).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from tqdm.auto import tqdm

from eden._files import digest
from eden._say import a_kind, an_int, one_of, refusal, within
from eden.access import seeds_for
from eden.errors import Cells, failure_of
from eden.network import Config, TensorInfo
from eden.tolerance._coarse import coarse_search
from eden.tolerance._critical import Criticality
from eden.tolerance._curves import LEAST_LOSS, curves_of_cells, curves_of_draws, wrong_by
from eden.tolerance._evaluator import Evaluate, offering
from eden.tolerance._grid import ber_of, highest_step, step_of
from eden.tolerance._network import NO_ERROR, FaultyNetwork, under_errors
from eden.tolerance._oracle import Oracle
from eden.tolerance._probe import probe
from eden.tolerance._shared import calibrated, check_asked, check_target, progress_bar
from eden.tolerance._tolerances import CRITERIA, Tolerances, tensors_bearing

# Of many images the part that the mean of the draws is taken on, and the fewest: 17 of 87 photos
# said 1e-6 where the draws of the same network bore 8e-6 and more.
_SHARE, _FEWEST = 0.2, 400


def characterize_coarse(
    model: torch.nn.Module,
    evaluate: Evaluate,
    *,
    config: Config,
    target_accuracy: float,
    seeds: int = 20,
    low: float = 1e-9,
    high: float = 0.4,
    miss_probability: float = 0.01,
    risk: Criticality | None = None,
    probes: int = 300,
    criterion: str = "risk",
    margin_steps: int = 1,
    seed: int = 0,
    folder: Path | str | None = None,
    progress: bool = False,
    label: str = "",
) -> Tolerances:
    """Find the highest BER the whole network bears.

    A draw bears the steps of the grid up to its first miss. Which step that is, is found without
    asking for most of them (`_coarse`), and if ``evaluate`` can tell which images are closest
    to another class (`eden.data.Evaluator` can), most questions go to the closest fifth.

    Args:
        model: The network; left as it was.
        evaluate: ``evaluate(model) -> accuracy`` on validation images. What more it may offer, so
            that a few images may be asked alone, `eden.tolerance.Evaluator` says.
        config: What is injected. Without a calibration that of the model is taken, if it has one.
        target_accuracy: In [0, 1], on the same images.
        seeds: Error draws, >= 1.
        low: Lowest BER asked, > 0.
        high: Highest BER asked, from ``low`` to 1.
        miss_probability: The risk q that the tolerance is stated at, in (0, 0.5]. At 1 % a
            verification of 59 draws passes more often than not.
        risk: What `eden.criticality` found for this network, config and target. Without it, and
            of known cells (`eden.errors.Cells`), the draws alone decide, and the interval says how
            little they know of rare misses.
        probes: With ``risk``, the most draws asked besides where misses are rare, until the ends
            of the interval are a factor of 1.6 apart; >= 0.
        criterion: What the tolerance returned is: ``risk``, the BER at which P(miss) is q; as in
            the paper, ``mean``, the highest at which the mean of the draws meets the target; or
            ``sweep``, that up to which no draw misses. All are in the result; the mean is of all
            images where it is the tolerance, else of a fifth and at least 400 of them.
        margin_steps: Grid steps (tenths of a decade) to stay below the lowest draw of a ``sweep``;
            at most those from ``low`` to ``high``.
        seed: Of the family of draws.
        folder: Keeps each finished trial as a Parquet shard, and replays those it finds.
        progress: Show a progress bar, and before it what of the network is stored.
        label: What the progress bar's title begins with.

    Returns:
    The tolerances; every tensor has the same.

    Raises:
        TypeError: If an argument is of another type.
        ValueError: If one is outside what is named here, ``risk`` is of another target or other
            tensors, the evaluator answers otherwise when asked again, or the network misses the
            target without errors or under every draw at the lowest BER.
    """
    check_asked(model, evaluate, folder, config=config)
    check_target(target_accuracy)
    within("miss_probability", miss_probability, 0, 0.5, above=True)
    one_of("criterion", criterion, CRITERIA)
    draws = seeds_for("search", seeds, seed=seed)
    within("low", low, 0, 1, above=True)
    within("high", high, 0, 1, above=True)
    if high < low:
        raise ValueError(refusal("high", high, f"a number from low, {low}, to 1"))
    first, last = step_of(low), step_of(high)
    an_int("margin_steps", margin_steps, 0, max(1, last - first))
    an_int("probes", probes, 0, 10**6)
    config, subject = calibrated(model, config), {"seed": seed}
    with under_errors(
        model, evaluate, config, low=first, folder=folder, subject=subject
    ) as network:
        if progress:
            tqdm.write(str(network.handle.coverage()))
        oracle, no_error = Oracle(network, target_accuracy), network.every(NO_ERROR)
        if risk is not None:
            risk = _checked(risk, network.handle.config, target_accuracy, network.handle.tensors)
            # No cell ever fails; or a rate makes known ones fail more often, not more of them.
            by_chance = not isinstance(network.handle.config.error, Cells)
            if not (by_chance and any(stratum.tried for stratum in risk.strata)):
                risk = None
        _check_high(network, high)
        clean = network.clean_accuracy(target_accuracy)
        network.choose_part(no_error, 0)
        with progress_bar(draws, label, "coarse tolerance", "draw", progress) as bar:
            found = coarse_search(oracle, draws, low=first, high=last, on_found=bar.update)
        if max(found.thresholds) < first:
            raise ValueError(
                f"no BER from {low:g} up meets the target accuracy {target_accuracy:.4f} under "
                "any draw; give a smaller low, or accept a larger loss of accuracy"
            )
        handle, span = network.handle, {"low": first, "high": last}
        if risk is None:
            curves = curves_of_draws(**span, about=sorted(found.thresholds)[seeds // 2])
        else:
            curves = curves_of_cells(
                risk,
                **span,
                about=found.worst,
                allowed=max(clean - target_accuracy, LEAST_LOSS),
                wrong=wrong_by(handle.config, network.names),
                placed=lambda s, bers: handle.stresses(s.tensor, s.bit, bers),
                seed=seed,
            )
        for threshold in found.thresholds:
            curves.see(
                threshold if threshold >= first else None,
                threshold + 1 if threshold < last else None,
            )
        if risk is not None:
            more = seeds_for("probe", probes, seed=seed) if probes else []
            asked = probe(oracle, curves, more, at=miss_probability, low=first)
            for _ in progress_bar(asked, label, "rare misses", "draw", progress):
                pass
        stated = curves.stated(miss_probability)
        trials = network.memo.count
        resolved, tensors, coverage = handle.config, handle.tensors, handle.coverage()
    paired = None if criterion == "mean" else clean - target_accuracy
    mean = _mean_ber(
        model, evaluate, resolved, target_accuracy, paired, found.thresholds, draws, first, last,
        seed=seed, folder=folder,
    )  # fmt: skip
    sweep = ber_of(found.worst - margin_steps) if found.worst >= first else 0.0
    ber = {"risk": stated.ber, "mean": mean or 0.0, "sweep": sweep}[criterion]
    return Tolerances(
        config=resolved,
        granularity="coarse",
        target_accuracy=target_accuracy,
        clean_accuracy=clean,
        coarse_ber=ber,
        tensors=tensors_bearing(ber, tensors),
        thresholds=tuple(map(ber_of, found.thresholds)),
        mean_ber=mean,
        sweep_ber=sweep,
        criterion=criterion,
        risk=stated,
        trials=trials,
        coverage=coverage,
    )


def _checked(
    risk: object, config: Config, target: float, tensors: Sequence[TensorInfo]
) -> Criticality:
    """The single cells of these tensors; refused are those of another network, config or target."""
    a_kind("risk", risk, Criticality, "what eden.criticality returns, None")
    assert isinstance(risk, Criticality)
    one_of("target_accuracy of risk", risk.target_accuracy, [target])
    one_of("stored format of risk", risk.config.stored, [config.stored])
    one_of("correction of risk", risk.config.correction, [config.correction])
    one_of("error model of risk", risk.config.error.kind, [config.error.kind])
    if config.error.kind in ("uniform", "data_dependent"):  # whose F no rate changes
        for bit in (1, 0):
            failure = failure_of(config.error, bit)
            one_of(f"F of a stored {bit} in risk", failure_of(risk.config.error, bit), [failure])
    cells = Counter()
    for stratum in risk.strata:
        cells[stratum.tensor, stratum.bit] += stratum.cells
    known = set(risk.tensors)
    for tensor in tensors:
        if tensor.name not in known:
            raise ValueError(
                f"risk has no cells of {tensor.name}; is it another network's or config's?"
            )
        if config.error.kind != "cells":  # of which only the known ones count
            most = max(cells[tensor.name, bit] for bit in range(tensor.bits))
            one_of(f"cells of a bit of {tensor.name} in risk", most, [tensor.elements])
    names = {tensor.name for tensor in tensors}
    return replace(risk, strata=tuple(s for s in risk.strata if s.tensor in names))


def _check_high(network: FaultyNetwork, high: float) -> None:
    """Refuse a highest BER that known cells do not reach, before anything is asked.

    Other error models fall short of it only where hardly a network would be asked.

    Raises:
        ValueError: Naming the tensor that does not, and what it reaches.
    """
    if network.handle.config.error.kind != "cells":
        return
    try:
        network.set(high, 0)
    except ValueError as error:
        raise ValueError(refusal("high", high, f"what every tensor reaches ({error})")) from None


def _mean_ber(
    model: torch.nn.Module,
    evaluate: Evaluate,
    config: Config,
    target: float,
    loss: float | None,
    thresholds: Sequence[int],
    draws: Sequence[int],
    first: int,
    last: int,
    *,
    seed: int,
    folder: Path | str | None,
) -> float | None:
    """The highest BER at which the mean of the draws meets the target, None if none does.

    Every accuracy is asked in full. Where it is only shown beside the risk, so that a ``loss`` is
    given, a part of many images will do, paired with the clean network.
    """
    part = None
    if loss is not None and (whole := offering(evaluate, "subset", "__len__")) is not None:
        count = max(_FEWEST, round(_SHARE * len(whole)))
        if count < len(whole):
            part = whole.subset(count, seed)
            if (known := getattr(whole, "digest", None)) is not None:
                part.digest = digest([known, count, seed])  # whose answers are kept
    asked = evaluate if part is None else part
    with under_errors(model, asked, config, folder=folder, subject={"seed": seed}) as network:
        if part is not None and loss is not None:  # without errors no draw matters
            target = network.accuracies("clean", 0.0, [0])[0] - loss
        draws = list(draws)
        step = highest_step(
            lambda s: sum(network.accuracies("mean", ber_of(s), draws)) / len(draws) >= target,
            low=first,
            high=last,
            start=sorted(thresholds)[len(draws) // 2],
        )
    return None if step < first else ber_of(step)
