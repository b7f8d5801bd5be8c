"""The stage that trains the baseline."""

import torch

from eden import nets
from eden.data import batches
from eden.folder import StageFiles
from eden.network import approximate
from eden.run._work import Work


def train(work: Work, files: StageFiles) -> None:
    """Train the baseline without errors, and learn the bounds of its tensors."""
    recipe = work.recipe
    with torch.random.fork_rng(devices=[]):
        # A pattern that matches nothing is found now, not after the training.
        for protect in (recipe.protect, recipe.map.protect):
            patterns = protect if isinstance(protect, dict) else {}
            with approximate(work.untrained(), work.config.with_(protect=patterns)):
                pass
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
        size = recipe.data.batch_size or recipe.train.batch_size
        calibration = handle.learn_bounds(batches(x, y, size))
    files.network("baseline.safetensors", model, calibration)
    files.json(
        "train.json",
        {
            "network": recipe.network.name,
            "parameters": sum(p.numel() for p in model.parameters()),
            "validation_accuracy": work.evaluator("validation")(model),
        },
    )
