"""What a run came to, in words and in one table."""

from collections.abc import Mapping
from itertools import product
from typing import Any, cast

from eden._say import percent, rate
from eden.folder import CONTROL, LATENCY, RETREAT, Recipe, Results
from eden.mapping import Placement
from eden.tolerance import Risk

# In figures a network goes by when it is.
WHICH = {"baseline": "before", CONTROL: CONTROL, "boosted": "after"}
TITLES = {
    "baseline": "unboosted",
    CONTROL: "control",
    "boosted": "boosted",
    "protected": "protected",
    "boosted-protected": "boosted, protected",
}


def borne_by(recipe: Recipe) -> str:
    """Say which BER a network is said to bear."""
    part = recipe.characterize
    return {
        "risk": f"at which a draw of errors misses the target with probability "
        f"{part.miss_probability:g}",
        "mean": "the highest at which the mean over the draws meets the target",
        "sweep": "the highest at which no draw of the search misses, less a margin",
    }[part.criterion]


def title_of(results: Results, key: str) -> tuple[str, str]:
    """Return network and mapping of an entry of ``energy.json``, in words."""
    if key == RETREAT:
        seen = results.verification
        return TITLES[seen["network"]], "retreat"
    if key == LATENCY:
        return "either", "latency alone"
    variant, _, method = key.rpartition("-")
    return TITLES[variant], method


def volts_at_ends(placement: Placement) -> str:
    """Say the supply if the low or the high end of the device's range held."""
    # The exact method solves for the estimate asked for; another's is known where it is proven.
    missing = "not solved" if placement.method == "exact" else "none"
    ends = (placement.verdict_volts[end] for end in ("low", "high"))
    return "/".join(missing if v is None else f"{v:.3f}" for v in ends)


def keys_of_table(results: Results) -> list[str]:
    """Return the entries of ``energy.json`` in the order of the final table."""
    recipe = results.folder.recipe
    keys = [LATENCY] if LATENCY in results.energy else []
    keys += [f"{v.name}-{method}" for v, method in product(recipe.variants, recipe.map.methods)]
    return keys + [RETREAT] * (results.verified_key == RETREAT)


def table(results: Results) -> tuple[list[str], list[list[str]], int]:
    """Return the final table: titles, rows, and the index of the row that was verified."""
    head = ["network", "mapping", "BER borne", "V", "V low/high", "linear", "cv2", "array"]
    keys, rows = keys_of_table(results), []
    for key in keys:
        saving = results.energy[key]["saving"]
        if key == LATENCY:
            borne, volts, ends = "", results.device.nominal.vdd_volts, ""
        else:
            placement = results.placement_of(key)
            borne = _range([entry.tolerance for entry in placement.entries.values()])
            volts, ends = placement.vdd_volts, volts_at_ends(placement)
        laws = (percent(-saving[law]) for law in ("linear", "cv2", "array"))
        rows.append([*title_of(results, key), borne, f"{volts:.3f}", ends, *laws])
    return head, rows, keys.index(results.verified_key)


def measure(accuracy: str | None) -> str:
    """Return what the recipe's key ``accuracy`` stands for, in words; None: an earlier version."""
    return "average precision" if accuracy == "precision" else "accuracy"


def mean_measure(accuracy: str | None) -> str:
    """Return the same of a mean over draws; detection calls a mean over classes mean precision."""
    said = measure(accuracy)
    return f"{said}, mean of draws," if accuracy == "precision" else f"mean {said}"


def verdict_line(results: Results) -> str:
    """Say in one sentence what the verification showed."""
    seen, verdict = results.verification, results.last_verdict
    attempt = results.verification["attempts"][-1]["placement"]
    done = (
        f"{TITLES[seen['network']]} network, {seen['method']} mapping, "
        f"at {attempt['vdd_volts']:.3f} V"
    )
    misses = f"{verdict['misses']} of {verdict['seeds']} fresh draws missed the target"
    shown = (
        f"P(miss) < {100 * verdict['upper_bound']:.2f} % at "
        f"{100 * verdict['confidence']:.4g} % confidence"
    )
    word = "Verified" if verdict["passed"] else "NOT verified"
    tries = len(seen["attempts"])
    after = "" if tries == 1 else f" (attempt {tries}; earlier ones failed)"
    return (
        f"{word}{after}: {done}: {misses} {verdict['target_accuracy']:.4f} on the test images, "
        f"so {shown}; {_accuracies(seen, verdict)}."
    )


def adapting_lines(results: Results) -> list[str]:
    """Say, in a sentence if it was asked for, what training on in the stored format came to."""
    recipe, came_to = results.folder.recipe, results.adapting
    if not recipe.train.stored_epochs:
        return []
    before, after = came_to["validation_accuracy_before"], came_to["validation_accuracy"]
    said = (
        f"Trained on as {recipe.stored} without errors (epochs: {came_to['epochs']}) the network, "
        f"stored so, reads an {measure(recipe.accuracy)} of {after:.4f} on the validation images, "
        f"and {before:.4f} without that"
    )
    if not came_to["kept"]:
        return [f"{said}, so it was not kept."]
    return [
        f"{said}. It is the unboosted one here; what may be lost is counted from the original, in "
        "floats and not trained on."
    ]


def control_line(results: Results) -> str:
    """Say in one sentence what errors in training add to training as long without any."""
    recipe = results.folder.recipe
    if not recipe.boost.control:
        return (
            "How much of what boosting buys comes of errors in training, and how much of training "
            "on, was not asked (recipe key boost.control)."
        )
    control, boosting = results.control, results.boosting
    if not control["kept"]:
        return (
            "The control, trained on without errors, missed the target; the unboosted network "
            "stands for it."
        )
    found = [results.tolerances(name, "coarse") for name in recipe.networks]
    # A run states the risk of each of them, whatever the criterion of its placements.
    first, without, boosted = (cast(Risk, tolerances.risk) for tolerances in found)
    _, mean, mean_boosted = ("none" if t.mean_ber is None else rate(t.mean_ber) for t in found)
    less = boosting["kept"] and control["input_range"] != boosting["input_range"]
    said = (
        f"The control, trained without errors for as long ({control['epochs']} epochs"
        f"{', its ranges cut less' if less else ''}), bears {rate(without.ber)} in this run "
        f"({mean} by the mean), {without.ber / first.ber:.1f} times what the unboosted network does"
    )
    if not boosting["kept"]:
        return f"{said}; boosting was not kept."
    said += f", the boosted one {rate(boosted.ber)} ({mean_boosted}): "
    (low, high), (below, above) = boosted.interval, without.interval
    if low <= above and below <= high:
        return f"{said}their intervals overlap, so errors in training add nothing that shows."
    by = boosted.ber / without.ber
    word, by = ("add", by) if by > 1 else ("cost", 1 / by)
    return f"{said}errors in training {word} a factor of {by:.1f}."


def _accuracies(seen: Mapping[str, Any], verdict: Mapping[str, Any]) -> str:
    mean = f"{mean_measure(seen.get('accuracy'))} {verdict['mean_accuracy']:.4f}"
    lowest = verdict["lowest_accuracy"]
    if verdict.get("difference") is None:  # folders of earlier versions say nothing of images
        return f"{mean}, lowest {lowest:.4f}, original {seen['original_test_accuracy']:.4f}"
    mean += f"{beside(verdict['standard_error'])} ({verdict['images']:,} images)"
    original = with_error(verdict["original_accuracy"], verdict["original_standard_error"])
    difference, error = verdict["difference"], verdict["difference_standard_error"]
    if difference == 0:
        same = f"the same as the original's {original} ({with_error(0.0, error)}, paired)"
        return f"{mean}, {same}; lowest {lowest:.4f}"
    word = "more" if difference > 0 else "less"
    by = with_error(abs(difference), error)
    return f"{mean}, {word} than the original's {original} by {by}, paired; lowest {lowest:.4f}"


def with_error(value: float, standard_error: float | None) -> str:
    """Write a figure with its standard error, where there is one."""
    return f"{value:.4f}{beside(standard_error)}"


def signed(difference: float, standard_error: float | None) -> str:
    """Write a difference with its sign, a true minus, and its standard error."""
    return f"{difference:+.4f}{beside(standard_error)}".replace("-", "\u2212")


def beside(standard_error: float | None, form: str = ".4f") -> str:
    """Write what stands after a figure for its standard error; nothing without one."""
    return "" if standard_error is None else f" \u00b1 {standard_error:{form}}"


def _range(bers: list[float]) -> str:
    low, high = rate(min(bers)), rate(max(bers))
    return low if low == high else f"{low}\u2013{high}"
