"""What the network of a run is for: to name what images show, or to find things in photos."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from eden import data, nets
from eden._say import refusal
from eden.folder import Recipe

Evaluator = data.Evaluator | data.BoxEvaluator | data.PrecisionEvaluator


class Naming:
    """One class an image; accuracy is the share named rightly.

    Attributes:
        batch: Images that run at once where the recipe does not say.
        fill: What comes in where augmentation shifts images.
        shown: What a network is shown, and what a class may lack there.
    """

    batch, fill = 1000, 0.0
    shown = "images", "no image"

    def __init__(self, recipe: Recipe):
        self.recipe = recipe

    def splits(self, *, progress: bool) -> data.Splits:
        """Read the images."""
        part, normalise = self.recipe.data, None
        if part.normalise is not None:
            mean, std = tuple(part.normalise.mean), tuple(part.normalise.std)
            normalise = data.Normalisation(mean, std, part.normalise.order)
        return data.load(part.name, part.folder, normalise=normalise, progress=progress)

    def check(self, name: str, y: Tensor) -> None:
        """Refuse a split of nothing, and labels that the network has no class for.

        Raises:
            ValueError: If there is no image, or a label is not below the number of classes.
        """
        if not len(y):
            raise ValueError(refusal(f"number of {name} {self.shown[0]}", 0, "at least 1"))
        if (most := int(y.max())) >= (classes := self.recipe.network.classes):
            said = f"at least {most + 1}, the classes of the {name} images"
            raise ValueError(refusal("recipe key network.classes", classes, said))

    def lacking(self, y: Tensor) -> list[int]:
        """Return the classes of the network that nothing in a split is of, rising."""
        there = set(y.flatten().tolist())
        return [label for label in range(self.recipe.network.classes) if label not in there]

    def evaluator(self, x: data.Inputs, y: Tensor) -> Evaluator:
        """Return what tells the accuracy."""
        return data.Evaluator(x, y, self.recipe.data.batch_size)

    def loss(self, model: nn.Module) -> Callable[[Any, Tensor], Tensor]:
        """Return what training lowers."""
        return functional.cross_entropy

    def more(self, model: nn.Module, x: data.Inputs, y: Tensor) -> dict[str, data.Resampled]:
        """Return what else is told of a network's outputs; the same draws of images for all."""
        return {}


class Finding(Naming):
    """Boxes in photos; accuracy is the share of photos whose boxes are right, or the precision."""

    batch, fill = 16, 0.5
    shown = "photos", "no box"

    def splits(self, *, progress: bool) -> data.Splits:
        """Read the photos, as squares."""
        part = self.recipe.data
        return data.load(part.name, part.folder, size=part.size, progress=progress)

    def check(self, name: str, y: Tensor) -> None:
        """Refuse a split without boxes, too."""
        labels = y[..., 4]
        if len(y) and not bool((labels >= 0).any()):
            raise ValueError(f"{name} photos: none has a box that counts, accepted: one at least")
        super().check(name, labels)

    def lacking(self, y: Tensor) -> list[int]:
        """Return the classes of the network that no box that counts is of, rising."""
        return super().lacking(y[..., 4])

    def evaluator(self, x: data.Inputs, y: Tensor) -> Evaluator:
        """Return what tells the accuracy."""
        if self.recipe.accuracy == "precision":
            return self._evaluator(x, y, score=0.005).by_precision()
        return self._evaluator(x, y, score=0.25)

    def loss(self, model: nn.Module) -> Callable[[Any, Tensor], Tensor]:
        """Return what training lowers."""
        assert isinstance(model, nets.YOLO)
        side = self.recipe.data.size or 0
        return lambda heads, boxes: nets.detection_loss(model, heads, boxes, (side, side))

    def more(self, model: nn.Module, x: data.Inputs, y: Tensor) -> dict[str, data.Resampled]:
        """Return the average precision: of boxes of all scores, so that more of them are kept."""
        return {"average_precision": self._evaluator(x, y, score=0.005).resampled_precision(model)}

    def _evaluator(self, x: data.Inputs, y: Tensor, *, score: float) -> data.BoxEvaluator:
        size = self.recipe.data.batch_size or self.batch
        return data.BoxEvaluator(x, y, partial(nets.detect, score=score), batch_size=size)


def task_of(recipe: Recipe) -> Naming:
    """Return the task of a recipe's network.

    Raises:
        ValueError: For an unknown network, and where the recipe has a key of the other task.
    """
    asked, part = recipe.network, recipe.data
    with torch.device("meta"):
        finds = isinstance(nets.build(asked.name, **asked.form), nets.YOLO)
    if finds and part.size is None:
        said = f"the side of the squares that {asked.name} looks for boxes in"
        raise ValueError(refusal("recipe key data.size", None, said))
    if not finds and part.size is not None:
        said = f"no key, as {asked.name} finds no boxes"
        raise ValueError(refusal("recipe key data.size", part.size, said))
    if not finds and recipe.accuracy != "right":
        said = f"right, as {asked.name} finds no boxes"
        raise ValueError(refusal("recipe key accuracy", recipe.accuracy, said))
    return Finding(recipe) if finds else Naming(recipe)
