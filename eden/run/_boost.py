"""The stages that train on: in the stored format, under errors, and as long without errors."""

import math
import shutil
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from eden._files import read_json
from eden._say import refusal
from eden.folder import ADAPTED, CONTROL, StageFiles, Variant, trials_name
from eden.network import InputRange, calibration_of
from eden.run._processes import in_processes
from eden.run._work import Work
from eden.tolerance import one_thread
from eden.training import BoostConfig, history_of
from eden.training import boost as boost_network

# Fewer images than this that may go wrong say little of what an error does: of 87 photos with boxes
# a cell of the lowest bit turned up to three.
_FEW = 4
CURRICULUM_COLUMNS = ["epoch", "ber", "loss", "accuracy", "bears", "met", "kept"]
# The BER of a training without errors: of 10^9 bits one in a thousand reads.
_NO_ERRORS = 1e-12
# Stage -> folder of the run folder that it goes on from where it is cut short.
SCRATCH = {"adapt": "adapting", "boost": "boosting", "control": "control"}


@dataclass(frozen=True)
class _Course:
    """How a network is trained on.

    Attributes:
        name: Of the network that comes of it.
        stage: That trains it.
        target_bers: For which it is trained, round by round.
        epochs: Of the first round.
        input_range: Share of their range that inputs keep.
        adapts: Whether it begins at the original and is not judged; else it begins at the
            unboosted network, and a round that costs too much is trained again.
    """

    name: str
    stage: str
    target_bers: list[float]
    epochs: int
    input_range: InputRange | None
    adapts: bool = False

    @property
    def folder(self) -> str:
        """Of the run folder, while the stage is at work."""
        return SCRATCH[self.stage]


def adapt(work: Work, files: StageFiles) -> None:
    """Train the network on in its stored format, without errors, where the recipe asks for it.

    It learns to do with what the format leaves it. Its inputs have the ranges that they are boosted
    with: the fewer bits, the more a step of a range that few outliers set costs. Where it does no
    better so than the network as trained, stored alike, that is the baseline.

    Raises:
        ValueError: If all of the original's accuracy may be lost, or the training diverges.
    """
    stored, part = work.recipe.stored, work.recipe.boost
    if not (epochs := work.recipe.train.stored_epochs):
        files.json("adapted.json", {"kept": False})
        return
    work.searched_target  # noqa: B018 - what is refused is refused before training
    share = _input_range(part.input_range)
    course = _Course(ADAPTED, "adapt", [_NO_ERRORS], epochs, share, adapts=True)
    try:
        model, _ = _trained(work, course)
    except ValueError as error:
        said = f"training on as {stored} at boost.learning_rate {part.learning_rate:g}"
        raise ValueError(f"{said}: {error}") from error
    evaluate, reached = work.evaluator("validation"), []
    for network in (work.original(), model):
        with work.without_errors(network):
            reached.append(evaluate(network))
    before, after = reached
    kept = after > before
    if work.progress:
        word = "kept" if kept else "not kept"
        print(f"Trained on as {stored}, without errors: {before:.4f} to {after:.4f}, {word}")
    if kept:
        files.network(f"{ADAPTED}.safetensors", model, calibration_of(model))
    came_to = {"kept": kept, "epochs": epochs, "validation_accuracy": after}
    files.json("adapted.json", came_to | {"validation_accuracy_before": before})


def boost(work: Work, files: StageFiles) -> None:
    """Boost to rising BERs while the network bears more.

    What it bears is judged at the risk of the recipe, against the original's accuracy on the
    images that are searched less the loss allowed. If no network meets that without any error, on
    all validation images too, the baseline is kept.

    Raises:
        ValueError: If storing the unboosted network costs more than may be lost, so that it bears
            no error.
    """
    _check_stored(work)
    part = work.recipe.boost
    share = _input_range(part.input_range)
    course = _Course("boosted", "boost", part.target_bers, part.epochs, share)
    history, came_to = _train_on(work, files, course)
    files.csv("curriculum.csv", history, CURRICULUM_COLUMNS)
    files.json("boost.json", came_to)


def train_control(work: Work, files: StageFiles) -> None:
    """Train the baseline as long as boosting did, without errors, its ranges cut alike.

    What it bears beside the boosted network is what errors in training add. It is judged and, where
    it misses the target, trained again more mildly as boosting is. The recipe may do without.
    """
    part, boosting = work.recipe.boost, work.results.boosting
    if not part.control:
        files.json("control.json", {"kept": False, "epochs": 0})
        return
    if work.progress:
        print("The control: trained on as long as boosting kept, without errors")
    kept = boosting["kept"]
    epochs = boosting["epochs"] if kept else part.epochs
    share = _input_range(boosting["input_range"] if kept else part.input_range)
    course = _Course(CONTROL, "control", [_NO_ERRORS], epochs, share)
    _, came_to = _train_on(work, files, course)
    files.json("control.json", came_to)


def _train_on(
    work: Work, files: StageFiles, course: _Course
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Train on, keep the network, and return the history and what it came to."""
    trained = read_json(work.path("train.json"))["validation_accuracy"]
    evaluate, target = work.evaluator("validation"), work.target_for(trained)
    model, history = _trained(work, course)
    with work.without_errors(model):
        clean = evaluate(model)
    epochs = sum(epoch["kept"] for epoch in history)
    kept = clean >= target and epochs > 0
    if not kept:
        # Retraining cost more than may be lost before any error: the unboosted network is better.
        model = work.network("baseline")
        history = [epoch | {"kept": False} for epoch in history]
    else:
        # The stage that tries its single cells finds there what was tried to judge it.
        for cells in work.path(course.folder).glob("cells-*"):
            shutil.copytree(cells, work.path(trials_name(course.name)), dirs_exist_ok=True)
    calibration = calibration_of(model)
    files.network(f"{course.name}.safetensors", model, calibration)
    return history, {
        "target_accuracy": work.searched_target,
        "validation_target": target,
        "validation_accuracy": clean,
        "kept": kept,
        "epochs": epochs if kept else 0,
        "input_range": None if calibration is None else calibration.input_range,
    }


def _trained(work: Work, course: _Course) -> tuple[nn.Module, list[dict[str, Any]]]:
    """Train on, by as many processes as the recipe says, and return the history too."""
    processes, train = work.recipe.boost.processes, partial(_trained_on, course)
    with torch.random.fork_rng(devices=[]):
        if processes > 1:
            model, history = in_processes(train, work, processes)
        else:
            model = train(work)
            history = history_of(model)
    return model.eval(), history


def _check_stored(work: Work) -> None:
    """Refuse, before boosting, a network that no search could begin with."""
    recipe = work.recipe
    model = work.network("baseline")
    for variant in recipe.searched_variants:
        if variant.network != "baseline":
            continue
        # By one thread, as the searches ask.
        with one_thread(), work.without_errors(model, work.config_of(variant)):
            reached = work.searched(model)
        if reached < work.searched_target:
            lost = math.ceil(1e4 * (work.searched_target + recipe.accuracy_loss - reached)) / 1e4
            accepted = f"at least {lost:.4f}, {_what_costs(work, variant)}"
            raise ValueError(refusal("recipe key accuracy_loss", recipe.accuracy_loss, accepted))
        may_go = int((reached - work.searched_target) * len(work.searched) + 1e-9)
        if work.progress and recipe.accuracy == "right" and may_go < _FEW:
            print(_on_the_edge(work, variant.name, may_go))


def _what_costs(work: Work, variant: Variant) -> str:
    """Say what a network loses by being stored, and what may help."""
    recipe, protected = work.recipe, variant.protected
    how = f"{recipe.stored} and the recipe's protect" if protected else recipe.stored
    if work.results.adapting["kept"]:
        return f"what the network trained on, stored as {how}, lacks of the original"
    alone = f"what storing the trained network as {how} costs alone"
    if recipe.train.stored_epochs:
        return f"{alone}, and training it on so gained nothing"
    if protected or recipe.stored == "fp32":
        return alone
    return f"{alone}; train.stored_epochs trains it on so"


def _on_the_edge(work: Work, name: str, may_go: int) -> str:
    """Say that hardly any image may go wrong: a few that nearly are decide every search."""
    finds = ", and so does accuracy: precision" if work.recipe.data.size is not None else ""
    return (
        f"{name} as it is stored: {may_go} of the {len(work.searched):,} {work.task.shown[0]} that "
        "are searched may go wrong, so few that those on the edge decide, whatever the error; more "
        f"of them or a larger accuracy_loss tell more{finds}"
    )


def _trained_on(course: _Course, work: Work, rank: int = 0, ranks: int = 1) -> nn.Module:
    """Train on, as one of several processes if there are more."""
    recipe, part = work.recipe, work.recipe.boost
    loader = work.shuffled(part.batch_size)
    torch.manual_seed(recipe.seed)
    model = work.original() if course.adapts else work.network("baseline")
    config = work.config
    judged: dict[str, Any] = {}
    if not course.adapts:
        # Its network serves protected or not: every tensor learns to bear errors.
        config = config.with_(correction=part.correction or recipe.correction)
        # As many images as the searches after it ask.
        judged = {"evaluate": work.searched, "target_accuracy": work.searched_target}
    return boost_network(
        model if ranks == 1 else DistributedDataParallel(model),
        loader.share(rank, ranks),
        config=config,
        target_ber=list(course.target_bers),
        epochs=course.epochs,
        how=BoostConfig(
            more_epochs=part.more_epochs,
            curriculum=part.curriculum,
            step_epochs=part.step_epochs,
            optimizer=partial(torch.optim.AdamW, lr=part.learning_rate),
            input_range=course.input_range,
            gradients=part.gradients,
            loss=work.task.loss(model),
            miss_probability=recipe.characterize.miss_probability,
            seed=recipe.seed,
        ),
        **judged,
        folder=work.path(course.folder),
        progress=work.progress,
    )


def _input_range(share: float | list[float] | None) -> InputRange | None:
    if not isinstance(share, list):
        return share
    first, last = share
    return first, last
