"""The stage that tries single cells, before and after boosting."""

from eden.folder import StageFiles, criticality_name
from eden.run._work import Work
from eden.tolerance import criticality


def try_cells(work: Work, files: StageFiles) -> None:
    """Find which cells of each network miss the target alone."""
    for name in work.recipe.networks:
        found = criticality(
            work.network(name),
            work.searched,
            config=work.config,
            target_accuracy=work.searched_target,
            seed=work.recipe.seed,
            folder=work.trials(name),
            progress=work.progress,
            label=name,
        )
        files.json(criticality_name(name), found.to_dict())
