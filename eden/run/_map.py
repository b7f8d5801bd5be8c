"""The stage that places the networks on the device."""

from itertools import product

from eden import mapping
from eden.folder import NETWORKS, StageFiles, placement_name
from eden.run._work import Work


def map_networks(work: Work, files: StageFiles) -> None:
    """Place both networks by every method; ``placement.json`` is the declared one."""
    for network, method in product(NETWORKS, work.recipe.map.methods):
        placement = mapping.place(
            work.tolerances_for(network, method),
            work.device,
            method=method,
            estimate=work.recipe.map.estimate,
            risk=work.results.criticality(network),
        )
        files.json(placement_name(network, method), placement.to_dict())
        if (network, method) == work.declared:
            files.json("placement.json", placement.to_dict())
            if work.progress and placement.coverage is not None:
                print(placement.coverage)
