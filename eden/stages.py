"""The first stages of a run: images, baseline, boosting, tolerances.

Each stage is a function of the shared work (`eden.work`) that writes its files and nothing else.
It reads what earlier stages wrote from the folder, never from memory, so a run that was cut short
sees what a run in one go sees.
"""

from collections.abc import Callable
from functools import partial

import torch

from eden import nets
from eden.attach import approximate
from eden.boost import boost as boost_network
from eden.boost import history_of
from eden.characterize import accuracy_curve, characterize_coarse, characterize_fine
from eden.config import calibration_of
from eden.data import batches
from eden.folder import StageFiles
from eden.search import ber_of, step_of
from eden.seeds import seeds_for
from eden.store import read_json
from eden.work import NETWORKS, Work

__all__ = ["boost", "characterize", "read_images", "train"]

Stage = Callable[[Work, StageFiles], None]

CURVE_COLUMNS = ["network", "ber", "draw", "accuracy"]
CURRICULUM_COLUMNS = ["epoch", "ber", "loss", "accuracy", "met", "kept"]


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


def train(work: Work, files: StageFiles) -> None:
    """Train the baseline without errors, and learn the bounds of its tensors."""
    recipe = work.recipe
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        model = work.untrained()
        nets.train(
            model,
            work.splits.train,
            epochs=recipe.train.epochs,
            batch_size=recipe.train.batch_size,
            seed=recipe.seed,
            progress=work.progress,
        )
    model.eval()
    with approximate(model, work.config) as handle:
        x, y = work.splits.train
        calibration = handle.learn_bounds(batches(x, y, recipe.data.batch_size))
    files.network("baseline.safetensors", model, calibration)
    files.json(
        "train.json",
        {
            "network": recipe.network.name,
            "parameters": sum(p.numel() for p in model.parameters()),
            "validation_accuracy": work.evaluator("validation")(model),
        },
    )


def boost(work: Work, files: StageFiles) -> None:
    """Boost to rising BERs while the network meets the accuracy target at the last.

    The accuracy to meet is the baseline's on the validation images less the loss allowed, under
    every one of the check's draws. The last network that met it is kept; if none did, the first;
    and if that one misses the target without any error, the baseline.
    """
    recipe, part = work.recipe, work.recipe.boost
    evaluate = work.evaluator("validation")
    target = read_json(work.path("train.json"))["validation_accuracy"] - recipe.accuracy_loss
    loader = batches(*work.splits.train, part.batch_size, seed=recipe.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        boosted = boost_network(
            work.network("baseline"),
            loader,
            config=work.config.with_(correction=part.correction or recipe.correction),
            target_ber=list(part.target_bers),
            epochs=part.epochs,
            more_epochs=part.more_epochs,
            step_epochs=part.step_epochs,
            optimizer=partial(torch.optim.AdamW, lr=part.learning_rate),
            anneal=False,  # the optimiser made here does it
            input_range=part.input_range,
            evaluate=evaluate,
            target_accuracy=target,
            seeds=seeds_for("boost check", part.check_seeds, seed=recipe.seed),
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


def characterize(work: Work, files: StageFiles) -> None:
    """Coarse and fine tolerances and the accuracy curve, before and after boosting."""
    recipe, part = work.recipe, work.recipe.characterize
    evaluate = work.evaluator("validation", most=part.coarse_images)
    target = evaluate(work.network("baseline")) - recipe.accuracy_loss
    curve_images = work.evaluator("validation", most=part.curve.images)
    rows = []
    for name in NETWORKS:
        model, shards = work.network(name), work.path(f"trials/{name}")
        shared = {
            "folder": shards,
            "seed": recipe.seed,
            "progress": work.progress,
            "label": name,
        }
        coarse = characterize_coarse(
            model,
            evaluate,
            config=work.config,
            target_accuracy=target,
            seeds=part.seeds,
            low=part.low,
            high=part.high,
            margin_steps=part.margin_steps,
            **shared,
        )
        files.json(f"tolerances/{name}-coarse.json", coarse.to_dict())
        fine = characterize_fine(
            model,
            evaluate,
            start=coarse,
            seeds=part.seeds,
            high=part.high,
            margin_steps=part.margin_steps,
            **shared,
        )
        files.json(f"tolerances/{name}-fine.json", fine.to_dict())
        curve = accuracy_curve(
            model,
            curve_images,
            config=work.config,
            bers=_curve_bers(part.curve),
            seeds=part.curve.seeds,
            **shared,
        )
        rows += [
            {"network": name, "ber": point.ber, "draw": draw, "accuracy": accuracy}
            for point in curve
            for draw, accuracy in enumerate(point.accuracies)
        ]
    files.csv("curve.csv", rows, CURVE_COLUMNS)


def _curve_bers(curve) -> list[float]:
    per = curve.steps_a_decade
    first, last = (step_of(ber, steps_a_decade=per) for ber in (curve.low, curve.high))
    return [ber_of(step, steps_a_decade=per) for step in range(first, last + 1)]
