"""The stage that trains the baseline."""

import os
from pathlib import Path
from typing import Any

import torch
from tqdm.auto import tqdm

from eden import nets
from eden._files import digest_bytes
from eden.data import batches
from eden.folder import Recipe, StageFiles
from eden.network import approximate, stored_targets
from eden.run._work import Work, stored_by


def train(work: Work, files: StageFiles) -> None:
    """Train the baseline without errors, and learn the bounds of its tensors."""
    recipe, part = work.recipe, work.recipe.train
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        model = work.untrained()
        started = _start(work, model)
        if part.epochs:
            nets.train(
                model,
                work.splits.train,
                epochs=part.epochs,
                batch_size=part.batch_size,
                optimizer=part.optimizer,
                learning_rate=part.learning_rate,
                augment=work.augment,
                loss=work.task.loss(model),
                seed=recipe.seed,
                progress=work.progress,
            )
    model.eval()
    with approximate(model, work.config) as handle:
        at_once = recipe.data.batch_size or work.task.batch
        read = batches(*work.splits.train, at_once)
        calibration = handle.learn_bounds(
            tqdm(read, desc="bounds", unit="batch", disable=not work.progress)
        )
    more = work.task.more(model, *work.splits.validation)
    files.network("baseline.safetensors", model, calibration)
    files.json(
        "train.json",
        {
            "network": recipe.network.name,
            "parameters": sum(p.numel() for p in model.parameters()),
            "validation_accuracy": work.evaluator("validation")(model),
            **{what: told.value for what, told in more.items()},
            **started,
        },
    )


def _start(work: Work, model: torch.nn.Module) -> dict[str, Any]:
    """Read the weights that the recipe names, and return what is noted of them."""
    if (path := weights_of(work.recipe)) is None:
        return {}
    whole = _read(work.recipe, model, path)
    if not whole and work.progress:
        print(f"{path.name}: its last layers do not fit; they begin at random")
    if work.recipe.train.epochs:
        nets.unfold(model, work.splits.train[0][: min(1000, 16 * work.task.batch)])
    return {"weights_sha256": digest_bytes(path.read_bytes()), "weights_head": whole}


def check_network(recipe: Recipe, channels: int) -> None:
    """Refuse, before a folder is made, what the network of a recipe cannot have.

    Args:
        recipe: Names the network, how its tensors are stored, and the file of weights if any.
        channels: Of the images.

    Raises:
        ValueError: If nothing of it is stored, a pattern of ``protect`` matches nothing, there is
            no such file, it is damaged or of another network, or its last layers do not fit and
            nothing is to be trained.
        OSError: If the file cannot be read.
    """
    asked = recipe.network
    with torch.device("meta"):  # nothing is drawn, so that no state of a generator changes
        model = nets.build(asked.name, channels=channels, **asked.form)
    config = stored_by(recipe)
    stored_targets(model, config)
    for key, protect in (("protect", recipe.protect), ("map.protect", recipe.map.protect)):
        if not (protect and isinstance(protect, dict)):
            continue
        try:
            stored_targets(model, config.with_(protect=protect))
        except ValueError as error:
            said = str(error).removeprefix("protect: ")
            raise ValueError(f"recipe key {key}: {said}") from None
    if (path := weights_of(recipe)) is not None:
        _read(recipe, model.to_empty(device="cpu"), path)


def _read(recipe: Recipe, model: torch.nn.Module, path: Path) -> bool:
    """Read weights into a network, and return whether its last layers came too."""
    whole = nets.read_weights(model, recipe.network.name, path)
    if not whole and not recipe.train.epochs:
        raise ValueError(
            f"{path}: its last layers are for other classes or of another form; "
            "it can start a training, so train.epochs has to be at least 1"
        )
    return whole


def weights_of(recipe: Recipe) -> Path | None:
    """Return the file of the weights to start from; None where a recipe names none.

    Raises:
        ValueError: If there is no such file; the message says where it was looked for.
    """
    if (name := recipe.train.weights) is None:
        return None
    folder = os.environ.get("EDEN_WEIGHTS")
    paths = [Path(name), *([Path(folder) / name] if folder else [])]
    for path in paths:
        if path.is_file():
            return path
    looked = " or ".join(map(str, paths))
    said = "" if folder else "; EDEN_WEIGHTS may name their folder"
    raise ValueError(
        f"weights not found: no {looked}{said}; docs/vision.md says where those of eden's "
        "recipes are from, and without the key train.weights the training begins at random"
    )
