"""A run: stages in order, each done once, over a folder that survives being cut short."""

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from eden._say import one_of
from eden.folder import Recipe, RunFolder, StageFiles, load_recipe
from eden.report import print_end
from eden.run._boost import SCRATCH, adapt, boost, train_control
from eden.run._characterize import characterize
from eden.run._criticality import try_cells
from eden.run._energy import account_energy
from eden.run._images import check_inputs, read_images
from eden.run._map import map_networks
from eden.run._report import write_report
from eden.run._train import check_network, train
from eden.run._verify import verify_declared
from eden.run._work import Inputs, Work, read_inputs
from eden.tolerance import at_most


@dataclass(frozen=True)
class Stage:
    """A stage of a run.

    Attributes:
        name: Of its record in ``stages/``.
        do: What it does.
        recipe: Keys of the recipe it depends on.
        needs: Stages whose files it reads.
    """

    name: str
    do: Callable[[Work, StageFiles], None]
    recipe: tuple[str, ...]
    needs: tuple[str, ...]


_COMMON = ("seed", "stored", "correction", "weights", "inputs", "scale", "on_chip_bytes")
# What stays on the chip of a system meets no errors.
_COMMON += ("protect", "accuracy", "accuracy_loss", "energy")
_TRAINED = ("train", "adapt", "boost", "control")
_REPORTED = ("adapt", "boost", "control", "criticality", "characterize", "verify", "energy")
STAGES = (
    Stage("data", read_images, ("data", "seed", "boost", "characterize", "verify"), ()),
    Stage("train", train, (*_COMMON, "network", "train"), ("data",)),
    Stage("adapt", adapt, (*_COMMON, "train", "boost"), ("data", "train")),
    Stage("boost", boost, (*_COMMON, "boost"), ("data", "train", "adapt")),
    Stage("control", train_control, (*_COMMON, "boost"), ("data", "train", "adapt", "boost")),
    Stage("criticality", try_cells, (*_COMMON, "characterize"), _TRAINED),
    Stage("characterize", characterize, (*_COMMON, "characterize"), (*_TRAINED, "criticality")),
    Stage("map", map_networks, ("device", "map", "verify"), ("criticality", "characterize")),
    Stage("verify", verify_declared, (*_COMMON, "verify"), (*_TRAINED, "map")),
    Stage("energy", account_energy, ("device", *_COMMON), ("map", "verify")),
    Stage("report", write_report, (), _REPORTED),
)
# What a user calls it -> the last stage that belongs to it.
_UNTIL = {stage.name: stage.name for stage in STAGES} | {"evaluate": "energy"}


def run(
    recipe: str | os.PathLike[str] | Recipe,
    out: str | os.PathLike[str] | None = None,
    *,
    resume: bool = False,
    until: str = "report",
    weights: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> Path:
    """Run a recipe in a folder of its own, or go on with it.

    Args:
        recipe: A recipe, the name of one that comes with eden, or a path.
        out: The run folder; default ``runs/<name of the recipe>``.
        resume: Go on in an existing folder; where there is none, start afresh.
        until: The last stage to run.
        weights: File of a trained network, in place of training one: the recipe with this file as
            ``train.weights`` and no ``epochs``.
        progress: Show progress bars, and the table at the end.

    Returns:
        The run folder.

    Raises:
        ValueError: If the recipe is not accepted, the weights are not there, damaged or of another
            network, the folder holds a run and ``resume`` is not given, or it was made with another
            recipe or other versions.
    """
    last = _last_stage(until)
    if isinstance(recipe, Recipe):
        read, name = recipe, "recipe"
    else:
        read, name = load_recipe(recipe), Path(recipe).stem
    if weights is not None:
        given = {"weights": str(Path(weights).absolute()), "epochs": 0}
        read = read.model_copy(update={"train": read.train.model_copy(update=given)})
    path = Path("runs") / name if out is None else Path(out)
    inputs = read_inputs(read, progress=progress)
    if not RunFolder.is_at(path):  # later the folder holds what was trained
        check_network(read, inputs.splits.train[0].shape[1])
    folder = RunFolder.create(path, read, resume=resume)
    return _go(folder, inputs, last, progress=progress)


def advance(
    folder: str | os.PathLike[str], *, until: str = "report", progress: bool = True
) -> Path:
    """Bring an existing run folder up to a stage; earlier ones that are missing are made as well.

    Args:
        folder: The run folder.
        until: The last stage to run.
        progress: Show progress bars, and the table at the end.

    Returns:
        The run folder.

    Raises:
        ValueError: If it is not a run folder.
    """
    last = _last_stage(until)
    opened = RunFolder(folder)
    return _go(opened, read_inputs(opened.recipe, progress=progress), last, progress=progress)


def _last_stage(until: str) -> str:
    one_of("until", until, _UNTIL)
    return _UNTIL[until]


def _go(folder: RunFolder, inputs: Inputs, last: str, *, progress: bool) -> Path:
    # Whoever goes on with fewer threads than the run began with, for want of memory, may.
    threads = torch.get_num_threads()
    with at_most(threads), folder.locked():
        if progress and (kept := torch.get_num_threads()) != threads:
            print(f"torch's threads: {kept}, as when the run began, where {threads} are set now")
        work = Work(folder, inputs, progress=progress)
        for stage in STAGES:
            _do(stage, work)
            if stage.name == last:
                break
        if progress:
            print_end(work.folder, last)
    return folder.path


def _do(stage: Stage, work: Work) -> None:
    folder = work.folder
    fingerprint = folder.fingerprint(stage.name, stage.recipe, stage.needs)
    if folder.is_done(stage.name, fingerprint):
        if stage.name == "data":
            check_inputs(work)
        return
    begun = time.monotonic()
    folder.begin()
    files = StageFiles(folder.path)
    try:
        stage.do(work, files)
    finally:
        folder.spend(stage.name, time.monotonic() - begun)
    folder.finish(stage.name, fingerprint, files)
    if begun_in := SCRATCH.get(stage.name):
        shutil.rmtree(folder.path / begun_in, ignore_errors=True)
