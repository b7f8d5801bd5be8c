"""The stage that places the networks on the device."""

from itertools import product

from eden.folder import StageFiles, placement_name
from eden.run._work import Work


def map_networks(work: Work, files: StageFiles) -> None:
    """Place all networks by every method; ``placement.json`` is the declared one."""
    for variant, method in product(work.recipe.variants, work.recipe.map.methods):
        placement = work.place(variant, method)
        files.json(placement_name(variant.name, method), placement.to_dict())
        if (variant, method) == work.declared:
            files.json("placement.json", placement.to_dict())
            if work.progress and placement.coverage is not None:
                print(placement.coverage)
