"""The stage that searches the tolerances, before and after boosting."""

from eden.folder import NETWORKS, StageFiles
from eden.run._work import Work
from eden.tolerance import accuracy_curve, ber_of, characterize_coarse, characterize_fine, step_of

CURVE_COLUMNS = ["network", "ber", "draw", "accuracy"]


def characterize(work: Work, files: StageFiles) -> None:
    """Search both tolerances and draw the accuracy curve, before and after boosting."""
    recipe, part = work.recipe, work.recipe.characterize
    evaluate, target = work.searched, work.searched_target
    curve_images = work.evaluator("validation", most=part.curve.images)
    rows = []
    for name in NETWORKS:
        model, shards = work.network(name), work.path(f"trials/{name}")
        shared = {"folder": shards, "seed": recipe.seed, "progress": work.progress, "label": name}
        coarse = characterize_coarse(
            model,
            evaluate,
            config=work.config,
            target_accuracy=target,
            seeds=part.seeds,
            low=part.low,
            high=part.high,
            miss_probability=part.miss_probability,
            risk=work.results.criticality(name),
            criterion=part.criterion,
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
