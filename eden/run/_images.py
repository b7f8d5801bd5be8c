"""The stage that notes the images and the seeds, and the check that they are still these."""

from eden import data
from eden._files import read_json
from eden.access import seeds_for
from eden.folder import StageFiles
from eden.run._work import Work


def read_images(work: Work, files: StageFiles) -> None:
    """Note which images there are, so that a resumed run cannot meet others, and the seeds."""
    counts = {name: len(x) for name, (x, _) in zip(work.splits._fields, work.splits, strict=True)}
    files.json("data.json", {"images": counts, "sha256": _digests(work)})
    recipe = work.recipe
    families = {
        "search": recipe.characterize.seeds,
        "curve": recipe.characterize.curve.seeds,
        "verify 0": recipe.verify.seeds,
    }
    drawn = {name: seeds_for(name, count, seed=recipe.seed) for name, count in families.items()}
    files.json("seeds.json", {"run": recipe.seed, "draws": drawn})


def check_images(work: Work) -> None:
    """Refuse other images than those the run began with.

    Raises:
        ValueError: If there are others; the message names their splits.
    """
    noted, found = read_json(work.path("data.json"))["sha256"], _digests(work)
    if others := [name for name in found if noted.get(name) != found[name]]:
        raise ValueError(
            f"{work.folder.path}: was made with other images (those of {', '.join(others)} "
            f"differ); set EDEN_DATA to the former ones or choose another --out"
        )


def _digests(work: Work) -> dict[str, str]:
    return {
        name: data.digest_of(x, y)
        for name, (x, y) in zip(work.splits._fields, work.splits, strict=True)
    }
