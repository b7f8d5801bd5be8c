"""The stage that accounts for the energy of every placement."""

from dataclasses import replace
from itertools import product

from eden import mapping
from eden.folder import LATENCY, RETREAT, StageFiles
from eden.mapping import WHOLE_MODULE, Placement
from eden.run._work import Work
from eden.systems import evaluate_energy


def _latency_alone(work: Work) -> Placement | None:
    """Place coarsely at rated voltage and the lowest latency known there, if below the rated."""
    rated = work.device.nominal
    points = [p for p in work.device.points if p.vdd_volts == rated.vdd_volts]
    point = min(points, key=lambda p: (p.trcd_seconds, p.trp_seconds))
    if point == rated:
        return None
    # Whether the network bears it is not the question here, only what it would save.
    anything = replace(work.results.tolerances("baseline", "coarse"), coarse_ber=1.0)
    coarse = mapping.place(anything, work.device, method="coarse")
    return replace(coarse, points={WHOLE_MODULE: point}, partition_bers={WHOLE_MODULE: point.ber})


def account_energy(work: Work, files: StageFiles) -> None:
    """Account for an inference's DRAM energy by placement, voltage law and component."""
    sample = work.splits.test[0][:1]
    jobs = {
        f"{variant.name}-{method}": (
            variant.network,
            work.results.placement(variant.name, method),
        )
        for variant, method in product(work.recipe.variants, work.recipe.map.methods)
    }
    if work.results.verified_key == RETREAT:
        jobs[RETREAT] = (work.declared[0].network, work.results.placement_of(RETREAT))
    if (reduced := _latency_alone(work)) is not None:
        jobs[LATENCY] = ("baseline", reduced)
    accounts = {}
    for key, (network, placement) in jobs.items():
        energy = evaluate_energy(
            work.network(network),
            sample,
            placement,
            system=work.recipe.system,
        )
        accounts[key] = energy.to_dict()
    files.json("energy.json", accounts)
