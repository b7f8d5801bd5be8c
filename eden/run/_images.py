"""The stage that notes images, device and seeds, and the check that they are still these."""

from eden import data
from eden._files import digest_bytes, read_json
from eden.access import seeds_for
from eden.folder import StageFiles
from eden.run._work import Work

_MOST = 20  # classes that a line names


def read_images(work: Work, files: StageFiles) -> None:
    """Note images and device, so that a resumed run cannot meet others, and the seeds.

    Classes of the network that a split has nothing of are noted, and said: a subset may be meant,
    but what is not trained on is not learned, and what is not judged may be lost unseen.
    """
    splits = dict(zip(work.splits._fields, work.splits, strict=True))
    counts = {name: len(x) for name, (x, _) in splits.items()}
    lacking = {name: found for name, (_, y) in splits.items() if (found := work.task.lacking(y))}
    noted = {
        "images": counts,
        "classes_lacking": lacking,
        "sha256": _digests(work),
        "device_sha256": _digest_of_device(work),
    }
    files.json("data.json", noted)
    if work.progress:
        for name, labels in lacking.items():
            print(_said(work, name, labels))
    recipe = work.recipe
    families = {
        "search": recipe.characterize.seeds,
        "curve": recipe.characterize.curve.seeds,
        "verify 0": recipe.verify.seeds,
    }
    drawn = {name: seeds_for(name, count, seed=recipe.seed) for name, count in families.items()}
    files.json("seeds.json", {"run": recipe.seed, "draws": drawn})


def check_inputs(work: Work) -> None:
    """Refuse other images, or another device of the same name, than those the run began with.

    Raises:
        ValueError: If there are others; the message names their splits.
    """
    kept = read_json(work.path("data.json"))
    if kept["device_sha256"] != _digest_of_device(work):
        raise ValueError(
            f"{work.folder.path}: was made with another device ({work.recipe.device} has changed); "
            f"use the former one or choose another --out"
        )
    noted, found = kept["sha256"], _digests(work)
    if others := [name for name in found if noted.get(name) != found[name]]:
        raise ValueError(
            f"{work.folder.path}: was made with other images (those of {', '.join(others)} "
            f"differ); set EDEN_DATA to the former ones or choose another --out"
        )


def _said(work: Work, name: str, labels: list[int]) -> str:
    what, none = work.task.shown
    more = f" and {len(labels) - _MOST} more" if len(labels) > _MOST else ""
    classes = ", ".join(map(str, labels[:_MOST])) + more
    whole = work.recipe.network.classes
    return f"{name} {what}: {none} is of {len(labels)} of the network's {whole} classes: {classes}"


def _digest_of_device(work: Work) -> str:
    return digest_bytes(work.device.to_json().encode())


def _digests(work: Work) -> dict[str, str]:
    return {
        name: data.digest_of(x, y)
        for name, (x, y) in zip(work.splits._fields, work.splits, strict=True)
    }
