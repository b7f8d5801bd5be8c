"""The stage that searches the tolerances, before and after boosting, protected and not."""

from eden import errors
from eden.folder import StageFiles, fresh_name, tolerances_name
from eden.run._work import Work
from eden.tolerance import (
    Tolerances,
    accuracy_curve,
    ber_of,
    characterize_coarse,
    characterize_fine,
    one_thread,
    step_of,
    verify,
)

CURVE_COLUMNS = ["network", "ber", "draw", "accuracy"]


def characterize(work: Work, files: StageFiles) -> None:
    """Search the tolerances of each network as it is stored, and draw the accuracy curves.

    A protected network costs its search of draws alone: single cells are those of the network
    without protections, and fine placement goes by the coarse tolerance, as that of the control
    does, of which only the whole is compared.
    """
    recipe, part = work.recipe, work.recipe.characterize
    curve_images = work.evaluator("validation", most=part.curve.images)
    rows = []
    with one_thread():  # as the draws ask
        aim = curve_images(work.original()) - recipe.accuracy_loss
    for variant in recipe.searched_variants:
        name, model, config = variant.name, work.network(variant.network), work.config_of(variant)
        shared = {
            "folder": work.trials(name),
            "seed": recipe.seed,
            "progress": work.progress,
            "label": name,
        }
        coarse = characterize_coarse(
            model,
            work.searched,
            config=config,
            target_accuracy=work.searched_target,
            seeds=part.seeds,
            low=part.low,
            high=part.high,
            miss_probability=part.miss_probability,
            risk=work.results.criticality(variant.network),
            criterion=part.criterion,
            margin_steps=part.margin_steps,
            **shared,
        )
        files.json(tolerances_name(name, "coarse"), coarse.to_dict())
        _try_fresh_draws(work, files, name, model, coarse)
        if variant.protected:
            continue
        fine_searches = recipe.fine_searches_of(name)
        fine = coarse
        if not coarse.ber and fine_searches and work.progress:
            print(f"{name} bears no error at {part.low:g}, so it is not searched finely")
        for groups in fine_searches if coarse.ber else ():
            fine = characterize_fine(
                model,
                work.searched,
                start=fine,
                seeds=part.seeds,
                high=part.high,
                margin_steps=part.margin_steps,
                groups=groups,
                **shared,
            )
        if fine_searches:
            files.json(tolerances_name(name, "fine"), fine.to_dict())
        curve = accuracy_curve(
            model,
            curve_images,
            config=config,
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
    files.json("curve.json", {"images": len(curve_images), "target_accuracy": aim})


def _try_fresh_draws(work: Work, files: StageFiles, name: str, model, coarse: Tolerances) -> None:
    """See how many draws miss at the tolerance, of draws that the search has not seen."""
    verdict = verify(
        model,
        work.searched,
        coarse.config.with_(error=errors.Uniform(weak_fraction=coarse.ber)),
        target_accuracy=coarse.target_accuracy,
        seeds=work.recipe.characterize.fresh_draws,
        seed=work.recipe.seed,
        folder=work.trials(name),
        progress=work.progress,
    )
    files.json(fresh_name(name), verdict.to_dict())


def _curve_bers(curve) -> list[float]:
    per = curve.steps_a_decade
    first, last = (step_of(ber, steps_a_decade=per) for ber in (curve.low, curve.high))
    return [ber_of(step, steps_a_decade=per) for step in range(first, last + 1)]
