"""The stage that notes the images and the seeds."""

from eden.access import seeds_for
from eden.folder import StageFiles
from eden.run._work import Work


def read_images(work: Work, files: StageFiles) -> None:
    """Note which images there are, so that a resumed run cannot meet others, and the seeds."""
    counts = {name: len(x) for name, (x, _) in zip(work.splits._fields, work.splits, strict=True)}
    files.json("data.json", {"images": counts, "sha256": work.images_digest()})
    recipe = work.recipe
    families = {
        "boost check": recipe.boost.check_seeds,
        "search": recipe.characterize.seeds,
        "curve": recipe.characterize.curve.seeds,
        "verify 0": recipe.verify.seeds,
    }
    drawn = {name: seeds_for(name, count, seed=recipe.seed) for name, count in families.items()}
    files.json("seeds.json", {"run": recipe.seed, "draws": drawn})
