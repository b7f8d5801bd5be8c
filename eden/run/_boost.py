"""The stage that boosts the network."""

from functools import partial

import torch

from eden._files import read_json
from eden.folder import StageFiles
from eden.network import InputRange, calibration_of
from eden.run._work import Work
from eden.training import boost as boost_network
from eden.training import history_of

CURRICULUM_COLUMNS = ["epoch", "ber", "loss", "accuracy", "bears", "met", "kept"]


def boost(work: Work, files: StageFiles) -> None:
    """Boost to rising BERs while the network bears more.

    What it bears is judged at the risk of the recipe, against the baseline's accuracy on the
    validation images less the loss allowed. If no network meets that without any error, the
    baseline is kept.
    """
    recipe, part = work.recipe, work.recipe.boost
    evaluate = work.evaluator("validation")
    target = read_json(work.path("train.json"))["validation_accuracy"] - recipe.accuracy_loss
    loader = work.shuffled(part.batch_size)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        boosted = boost_network(
            work.network("baseline"),
            loader,
            # Its network serves protected or not: every tensor learns to bear errors.
            config=work.config.with_(correction=part.correction or recipe.correction),
            target_ber=list(part.target_bers),
            epochs=part.epochs,
            more_epochs=part.more_epochs,
            curriculum=part.curriculum,
            step_epochs=part.step_epochs,
            optimizer=partial(torch.optim.AdamW, lr=part.learning_rate),
            gradients=part.gradients,
            input_range=_input_range(part.input_range),
            evaluate=evaluate,
            target_accuracy=target,
            miss_probability=recipe.characterize.miss_probability,
            seed=recipe.seed,
            progress=work.progress,
        ).eval()
    files.csv("curriculum.csv", history_of(boosted), CURRICULUM_COLUMNS)
    clean = work.accuracy_without_errors(boosted, evaluate)
    if clean < target:
        # Retraining cost more than may be lost before any error: the network as trained is better.
        boosted = work.network("baseline")
    files.network("boosted.safetensors", boosted, calibration_of(boosted))
    files.json(
        "boost.json",
        {"target_accuracy": target, "validation_accuracy": clean, "kept": clean >= target},
    )


def _input_range(share: float | list[float] | None) -> InputRange | None:
    if not isinstance(share, list):
        return share
    first, last = share
    return first, last
