"""The last stages of a run: placement, verification and energy."""

from dataclasses import replace
from itertools import product
from typing import Any

from eden import mapping
from eden.energy import evaluate_energy
from eden.folder import StageFiles
from eden.placement import WHOLE_MODULE, Placement
from eden.search import ber_of, step_of
from eden.store import read_json
from eden.tolerances import Tolerances, lowered
from eden.verify import places, verify
from eden.work import NETWORKS, Work

__all__ = [
    "LATENCY",
    "RETREAT",
    "account_energy",
    "declared",
    "map_networks",
    "placement_name",
    "verify_declared",
]


# The entry of the energy account for a placement that was verified after a retreat.
RETREAT = "retreat"
# The entry for rated voltage at the latency of the measured points: what the voltage adds to it.
LATENCY = "latency"


def placement_name(network: str, method: str) -> str:
    """The file of a placement within the run folder."""
    return f"placements/{network}-{method}.json"


def declared(work: Work) -> tuple[str, str]:
    """Network and method that the recipe declared to be verified."""
    return work.recipe.verify.network, work.recipe.verify.method


def _tolerances(work: Work, network: str, method: str) -> Tolerances:
    return work.tolerances(network, "coarse" if method == "coarse" else "fine")


def map_networks(work: Work, files: StageFiles) -> None:
    """Place both networks by every method; ``placement.json`` is the declared one."""
    for network, method in product(NETWORKS, work.recipe.map.methods):
        placement = mapping.place(
            _tolerances(work, network, method),
            work.device,
            method=method,
            estimate=work.recipe.map.estimate,
        )
        files.json(placement_name(network, method), placement.to_dict())
        if (network, method) == declared(work):
            files.json("placement.json", placement.to_dict())


def verify_declared(work: Work, files: StageFiles) -> None:
    """Verify the declared placement on test images; on failure retreat, and report every attempt.

    A retreat lowers every tolerance step by step until the placement is another one.
    """
    recipe, part = work.recipe, work.recipe.verify
    network, method = declared(work)
    evaluate = work.evaluator("test")
    original = evaluate(work.network("baseline"))
    model = work.network(network)
    tolerances = _tolerances(work, network, method)
    placement = Placement.from_dict(read_json(work.path("placement.json")))
    attempts: list[dict[str, Any]] = []
    for attempt in range(part.attempts):
        verdict = verify(
            model,
            evaluate,
            placement,
            target_accuracy=original - recipe.accuracy_loss,
            seeds=part.seeds,
            quantile=part.quantile,
            confidence=part.confidence,
            attempt=attempt,
            seed=recipe.seed,
            folder=work.path("trials/verify"),
            progress=work.progress,
        )
        attempts.append({"placement": placement.to_dict(), "verdict": verdict.to_dict()})
        if verdict.passed:
            break
        retreat = _retreat(work, tolerances, placement, method)
        if retreat is None:
            break
        tolerances, placement = retreat
    files.json(
        "verify.json",
        {
            "network": network,
            "method": method,
            "original_test_accuracy": original,
            "test_accuracy": {
                name: work.accuracy_without_errors(work.network(name), evaluate)
                for name in NETWORKS
            },
            "passed": attempts[-1]["verdict"]["passed"],
            "attempts": attempts,
        },
    )


def _retreat(
    work: Work, tolerances: Tolerances, placement: Placement, method: str
) -> tuple[Tolerances, Placement] | None:
    """The first milder placement, or None if there is none."""
    while min(tensor.tolerance for tensor in tolerances.tensors) > ber_of(step_of(1e-12)):
        tolerances = lowered(tolerances, 1)
        try:
            other = mapping.place(
                tolerances, work.device, method=method, estimate=work.recipe.map.estimate
            )
        except ValueError:
            return None
        if places(other) != places(placement):
            return tolerances, other
    return None


def _latency_alone(work: Work) -> Placement | None:
    """Coarse placement at rated voltage and the lowest latency known there, if below the rated."""
    rated = work.device.nominal
    points = [p for p in work.device.points if p.vdd_volts == rated.vdd_volts]
    point = min(points, key=lambda p: (p.trcd_seconds, p.trp_seconds))
    if point == rated:
        return None
    # Whether the network bears it is not the question here, only what it would save.
    anything = replace(_tolerances(work, work.recipe.verify.network, "coarse"), coarse_ber=1.0)
    coarse = mapping.place(anything, work.device, method="coarse")
    return replace(coarse, points={WHOLE_MODULE: point}, partition_bers={WHOLE_MODULE: point.ber})


def account_energy(work: Work, files: StageFiles) -> None:
    """DRAM energy of one inference for every placement, by voltage law and component."""
    sample = work.splits.test[0][:1]
    jobs = {
        f"{network}-{method}": (network, read_json(work.path(placement_name(network, method))))
        for network, method in product(NETWORKS, work.recipe.map.methods)
    }
    attempts = read_json(work.path("verify.json"))["attempts"]
    if len(attempts) > 1:
        jobs[RETREAT] = (work.recipe.verify.network, attempts[-1]["placement"])
    if (reduced := _latency_alone(work)) is not None:
        jobs[LATENCY] = (work.recipe.verify.network, reduced.to_dict())
    accounts = {}
    for key, (network, placement) in jobs.items():
        energy = evaluate_energy(
            work.network(network),
            sample,
            Placement.from_dict(placement),
            system=work.recipe.energy.system,
        )
        accounts[key] = energy.to_dict()
    files.json("energy.json", accounts)
