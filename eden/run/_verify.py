"""The stage that verifies the declared placement, and retreats where it fails."""

from typing import Any

from eden._files import read_as
from eden.folder import StageFiles, Variant, trials_name
from eden.mapping import Placement
from eden.network import places_of
from eden.run._original import Original
from eden.run._work import Work
from eden.tolerance import Tolerances, ber_of, lowered, step_of, verify


def verify_declared(work: Work, files: StageFiles) -> None:
    """Verify the declared placement on test images; on failure retreat, and report every attempt.

    A retreat lowers every tolerance step by step until the placement is another one.
    """
    recipe, part = work.recipe, work.recipe.verify
    variant, method = work.declared
    evaluate = work.evaluator("test")
    original = Original(work, evaluate)
    model = work.network(variant.network)
    tolerances = work.tolerances_for(variant, method)
    placement = read_as(work.path("placement.json"), Placement.from_dict)
    attempts: list[dict[str, Any]] = []
    for attempt in range(part.attempts):
        verdict = verify(
            model,
            evaluate,
            placement,
            target_accuracy=work.target_for(original.accuracy),
            seeds=part.seeds,
            quantile=part.quantile,
            confidence=part.confidence,
            attempt=attempt,
            original=original.right,
            seed=recipe.seed,
            folder=work.path(trials_name("verify")),
            progress=work.progress,
        )
        attempts.append({"placement": placement.to_dict(), "verdict": verdict.to_dict()})
        if verdict.passed:
            break
        retreat = _retreat(work, tolerances, placement, variant, method)
        if retreat is None:
            break
        tolerances, placement = retreat
    files.json(
        "verify.json",
        {
            "network": variant.name,
            "method": method,
            "accuracy": recipe.accuracy,
            **original.compare(),
            "passed": attempts[-1]["verdict"]["passed"],
            "attempts": attempts,
        },
    )


def _retreat(
    work: Work, tolerances: Tolerances, placement: Placement, variant: Variant, method: str
) -> tuple[Tolerances, Placement] | None:
    """Find the first milder placement, or None if there is none."""
    while min(tensor.tolerance for tensor in tolerances.tensors) > ber_of(step_of(1e-12)):
        tolerances = lowered(tolerances, 1)
        try:
            other = work.place(variant, method, tolerances)
        except ValueError:
            return None
        if places_of(other) != places_of(placement):
            return tolerances, other
    return None
