"""A data set by its name, in three parts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import torch

from eden._say import a_kind, refusal
from eden.data import _fashion
from eden.data._boxes import Annotated, check_size
from eden.data._pixels import Images, Inputs, Normalisation, Pair, normalisation_of, take

# One image in twelve is for validation where a set has none of its own: 5,000 of Fashion-MNIST's
# 60,000, always the same ones.
_VALIDATION_SHARE, _SPLIT_SEED = 12, 20191012
_NAMED = ("fashion-mnist", "cifar10")
_SPLITS = {"train": "train", "val": "validation", "validation": "validation", "test": "test"}


class Splits(NamedTuple):
    """Images and labels by use; test images are for final tables only."""

    train: Pair
    validation: Pair
    test: Pair


def load(
    name: str = "fashion-mnist",
    root: str | Path | None = None,
    *,
    normalise: Normalisation | None = None,
    size: int | None = None,
    progress: bool = False,
) -> Splits:
    """Read a data set into memory.

    What has no validation images gives one in twelve of the training images for them, a fixed
    draw. Of a file of one split, images in the order of their ids are by turns for training, test,
    validation and test, so that none is for two uses.

    Args:
        name: "fashion-mnist", "cifar10" (the original binary files or parquet of JPEG), or the name
            of a parquet file of images with labels or boxes (docs/vision.md), which ends in
            ".parquet". With a size also that of a file of annotations as COCO has them, which ends
            in ".json", or of a folder as VOC has it.
        root: Folder of the files, or one that holds a folder of the set's name with them. Default:
            ``EDEN_DATA`` and then nothing else; without it, for Fashion-MNIST, the system package's
            folder, then the download's.
        normalise: How images are shifted and scaled; default by the mean and standard deviation of
            the training images.
        size: Of photos with boxes, the side of the squares that they are put in, a multiple of 32;
            boxes then come in the place of labels (`Annotated.squares`).
        progress: Show a bar where decoding takes long.

    Returns:
        The images by use: float32 for Fashion-MNIST, and `Images`, which keep bytes, for the rest
        and where ``normalise`` is given.

    Raises:
        TypeError: For a name that is no text.
        ValueError: Unknown name, or files that are missing, empty or damaged; the message says what
            is wanted and where to get it.
    """
    a_kind("data set", name, str, "the name of one")
    if size is not None:
        check_size(size)
        if name in _NAMED:
            said = "of photos with boxes: NAME.parquet, NAME.json of COCO, or a folder of VOC"
            raise ValueError(refusal("data set", name, said))
        if normalise is not None:
            said = "none with a size: photos with boxes are shown from 0 to 1"
            raise ValueError(refusal("normalise", normalise, said))
    pairs: dict[str, Any]
    if name == "fashion-mnist":
        folder = _find(name, root, _fashion.WANTED, _fashion.ADVICE, _fashion.folders())
        pairs = {part: _fashion.read_part(folder, part) for part in ("train", "test")}
    elif name == "cifar10":
        from eden.data import _cifar

        folder = _find(name, root, _cifar.WANTED, f"get {_cifar.SOURCE}")
        parts = {
            part: _cifar.read_cifar10(folder, part, progress=progress) for part in ("train", "test")
        }
        pairs = {part: (read.pixels, read.labels) for part, read in parts.items()}
    elif name.endswith(".parquet"):
        advice = "it is a file of yours, or a recipe's: docs/vision.md says where those are from"
        folder = _find(name, root, (name,), advice)
        pairs = _by_split(folder / name, size, progress)
    elif size is not None:
        # A file is named by itself, a folder by what is in it.
        coco = name.endswith(".json")
        advice = f"it is a {'file' if coco else 'folder'} of yours"
        folder = _find(name, root, (name,) if coco else ("Annotations",), advice)
        pairs = _by_split(folder / name if coco else folder, size, progress)
    else:
        said = ", ".join((*_NAMED, "NAME.parquet", "and with a size NAME.json, a folder of VOC"))
        raise ValueError(refusal("data set", name, said))
    if "validation" not in pairs:
        pairs["train"], pairs["validation"] = _held_out(folder, *pairs["train"])
    if size is not None:
        return Splits(**pairs)
    if name == "fashion-mnist" and normalise is None:
        return Splits(**{part: (_fashion.normalised(x), y) for part, (x, y) in pairs.items()})
    normalise = normalise or normalisation_of(pairs["train"][0])
    return Splits(**{part: (Images(x, normalise), y) for part, (x, y) in pairs.items()})


def _by_split(path: Path, size: int | None, progress: bool) -> dict[str, Any]:
    read = _read(path, size, progress)
    named: list[str | None] = [_SPLITS.get(split) for split in read.splits]
    if len(set(read.splits)) == 1:
        if (n := len(read.ids)) < 3:
            said = "at least 3, for 3 uses, of one split"
            raise ValueError(refusal(f"{path}: number of images", n, said))
        # Every second one is for test: as many as there are for both other uses.
        named = [("train", "test", "validation", "test")[turn % 4] for turn in range(n)]
    if None in named:
        said = ", ".join(_SPLITS)
        raise ValueError(f"{path}: split is {read.splits[named.index(None)]!r}, accepted: {said}")
    pairs = {}
    for part in sorted(set(map(str, named))):
        index = [n for n, split in enumerate(named) if split == part]
        if isinstance(read, Annotated):
            pairs[part] = read.take(index).squares(size or 0)
        else:
            pairs[part] = (read.pixels[index], read.labels[index])
    if missing := {"train", "test"} - pairs.keys():
        raise ValueError(f"{path}: has no split {min(missing)!r}")
    return pairs


def _read(path: Path, size: int | None, progress: bool) -> Any:
    from eden.data._parquet import read_annotated, read_labelled

    if path.suffix == ".parquet" or size is None:
        return (read_labelled if size is None else read_annotated)(path, progress=progress)
    from eden.data._annotations import read_coco, read_voc

    if path.suffix == ".json":
        return read_coco(path, _photos_of(path), progress=progress)
    read = read_voc(path, progress=progress)
    # VOC's lists leave out photos that are for other tasks.
    listed = [n for n, split in enumerate(read.splits) if split]
    return read.take(listed) if listed else read


def _photos_of(path: Path) -> Path:
    """Return the folder of the photos of a file of COCO's, by its place and name.

    Of ``instances_X.json`` it is the first there is of ``X``, ``images/X`` and ``images``, beside
    the file or beside its folder where that is ``annotations``; else the photos are beside it.
    """
    beside = [path.parent, *([path.parent.parent] if path.parent.name == "annotations" else [])]
    name = path.stem.removeprefix("instances_")
    places = (folder / part for folder in beside for part in (name, f"images/{name}", "images"))
    return next((place for place in places if place.is_dir()), path.parent)


def _held_out(folder: Path, images: Inputs, labels: torch.Tensor) -> tuple[Any, Any]:
    if len(images) < _VALIDATION_SHARE:
        said = f"at least {_VALIDATION_SHARE}, as one in {_VALIDATION_SHARE} is for validation"
        raise ValueError(refusal(f"{folder}: number of training images", len(images), said))
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(_SPLIT_SEED))
    held_out, kept = order.tensor_split([len(images) // _VALIDATION_SHARE])
    return (take(images, kept), labels[kept]), (take(images, held_out), labels[held_out])


def _find(
    name: str,
    root: str | Path | None,
    wanted: tuple[str, ...],
    advice: str,
    elsewhere: tuple[Path, ...] = (),
) -> Path:
    """Return the folder that holds one of the files wanted."""
    explicit = root if root is not None else os.environ.get("EDEN_DATA")
    folders = list(elsewhere)
    if explicit is not None:
        source = "EDEN_DATA" if root is None else "root (data.folder of a recipe)"
        if not str(explicit):
            raise ValueError(f"{source} is set but empty; set it to a folder, or unset it")
        if not Path(explicit).is_dir():
            raise ValueError(f"{source} is {str(explicit)!r}, which is not a folder")
        folders = [Path(explicit), Path(explicit) / name]
        advice = f"{source} names this folder, so no other is tried; {advice}"
    else:
        advice = f"{advice}, and set EDEN_DATA, or data.folder of the recipe, to its folder"
    for folder in folders:
        if any((folder / file).exists() for file in wanted):
            return folder
    looked = f" in {', '.join(map(str, folders))}" if folders else ""
    raise ValueError(f"data set {name} not found: no {' or '.join(wanted)}{looked}; {advice}")
