"""The recipe of a run: checked key by key before anything is done.

Every number has both bounds and unknown keys are refused, so a slip of the finger is found in
the first second and not after the training.
"""

import itertools
from typing import Any

from pydantic import Field, ValidationError

from eden import systems
from eden._say import refusal
from eden.access import Protection
from eden.folder._accepted import one_line
from eden.folder._names import CONTROL, VARIANTS, Variant
from eden.folder._recipe_keys import (
    BoostKeys,
    CharacterizeKeys,
    DataKeys,
    EnergyKeys,
    Keys,
    MapKeys,
    NetworkKeys,
    TrainKeys,
    VerifyKeys,
)
from eden.folder._values import Accuracy, Correction, Name, Protect, Scale, Stored
from eden.tolerance import step_of


class Recipe(Keys):
    """A whole run."""

    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    accuracy: Accuracy = Field(
        default="right",
        description="share of images that are right; of a network that finds boxes also its "
        "average precision",
    )
    accuracy_loss: float = Field(default=0.01, ge=0.0, le=1.0, allow_inf_nan=False)
    stored: Stored = "int8"
    correction: Correction = "zero"
    weights: bool = True
    inputs: bool = True
    scale: Scale = Field(default="channel", description="steps of weights stored as integers")
    on_chip_bytes: int = Field(
        default=0, ge=0, le=2**40, description="an input that fits there never goes through DRAM"
    )
    protect: Protect = Field(
        default={},
        description="how tensors of the protected networks are stored, by pattern; the first that "
        "matches decides",
    )
    device: Name = "ddr3l-1600-b10"
    data: DataKeys = DataKeys()
    network: NetworkKeys = NetworkKeys()
    train: TrainKeys = TrainKeys()
    boost: BoostKeys = BoostKeys()
    characterize: CharacterizeKeys = CharacterizeKeys()
    map: MapKeys = MapKeys()
    verify: VerifyKeys = VerifyKeys()
    energy: EnergyKeys = EnergyKeys()

    def fine_searches_of(self, network: str) -> list[int]:
        """`CharacterizeKeys.fine_searches` of a network; none of the control."""
        return [] if network == CONTROL else self.characterize.fine_searches

    @property
    def system(self) -> systems.System:
        """What runs the network."""
        part = self.energy
        memory = {} if part.memory is None else {"memory": part.memory}
        return systems.System.load(part.system).with_(parameters=part.parameters, **memory)

    @property
    def variants(self) -> list[Variant]:
        """The networks as they are stored: protected ones only where something protects them."""
        protects = bool(self.protect) or self.map.protect not in (None, "none", {})
        kept = [variant for variant in VARIANTS if protects or not variant.protected]
        return [variant for variant in kept if self.boost.control or variant.network != CONTROL]

    @property
    def networks(self) -> list[str]:
        """Whose weights they have, each once."""
        return list(dict.fromkeys(variant.network for variant in self.variants))

    @property
    def searched_variants(self) -> list[Variant]:
        """Those with tolerances of their own; what the mapping alone protects is only placed."""
        return [v for v in self.variants if self.protect or not v.protected]


def parse_recipe(content: Any) -> Recipe:
    """Check a recipe that is already a dict.

    Raises:
        ValueError: As `load_recipe`.
    """
    if not isinstance(content, dict):
        raise ValueError(f"recipe is a {type(content).__name__}, accepted: keys with values")
    try:
        recipe = Recipe.model_validate(content)
    except ValidationError as error:
        raise ValueError(one_line(error, Recipe)) from None
    _check(recipe)
    return recipe


def _check(recipe: Recipe) -> None:
    """Refuse what concerns more than one key."""
    if not (recipe.weights or recipe.inputs):
        said = "true for at least one"
        raise ValueError(refusal("recipe keys weights, inputs", (False, False), said))
    if not recipe.train.epochs and recipe.train.weights is None:
        said = "at least 1 where train.weights names no file"
        raise ValueError(refusal("recipe key train.epochs", 0, said))
    if recipe.train.stored_epochs is not None and recipe.stored == "fp32":
        said = "none where stored is fp32, which rounds nothing"
        raise ValueError(
            refusal("recipe key train.stored_epochs", recipe.train.stored_epochs, said)
        )
    if (count := recipe.boost.processes) > recipe.boost.batch_size:
        said = f"at most boost.batch_size, {recipe.boost.batch_size}"
        raise ValueError(refusal("recipe key boost.processes", count, said))
    if recipe.data.size is not None and recipe.data.normalise is not None:
        said = "no key beside data.size: networks that find boxes see photos from 0 to 1"
        raise ValueError(refusal("recipe key data.normalise", "given", said))
    if (part := recipe.data.normalise) is not None and len(part.mean) != len(part.std):
        said = f"as many entries as mean has, {len(part.mean)}"
        raise ValueError(refusal("recipe key data.normalise.std", part.std, said))
    for key, protect in (("protect", recipe.protect), ("map.protect", recipe.map.protect)):
        for pattern, how in protect.items() if isinstance(protect, dict) else ():
            try:
                Protection.parse(how).check(pattern, recipe.stored)
            except ValueError as error:
                raise ValueError(f"recipe key {key}: {error}") from None
    try:
        recipe.system  # noqa: B018
    except (TypeError, ValueError) as error:
        raise ValueError(f"recipe key energy: {error}") from None
    variants = [variant.name for variant in recipe.variants]
    if recipe.verify.network not in variants:
        # Only one of them can lack: a control is never protected.
        lacking = "boost.control" if recipe.verify.network == CONTROL else "protect"
        said = f"one of {', '.join(variants)}, as recipe key {lacking} asks for no other"
        raise ValueError(refusal("recipe key verify.network", recipe.verify.network, said))
    for name, part in (
        ("characterize", recipe.characterize),
        ("characterize.curve", recipe.characterize.curve),
    ):
        if part.low >= part.high:
            raise ValueError(
                refusal(f"recipe key {name}.low", part.low, f"less than {name}.high, {part.high}")
            )
    part = recipe.characterize
    grid = max(1, step_of(part.high) - step_of(part.low))
    if part.margin_steps > grid:
        said = f"at most {grid}, the steps from characterize.low to high"
        raise ValueError(refusal("recipe key characterize.margin_steps", part.margin_steps, said))
    bers = recipe.boost.target_bers
    if any(b <= a for a, b in itertools.pairwise(bers)):
        raise ValueError(refusal("recipe key boost.target_bers", bers, "numbers that rise"))
    if recipe.verify.method not in recipe.map.methods:
        methods = f"one of map.methods, {', '.join(recipe.map.methods)}"
        raise ValueError(refusal("recipe key verify.method", recipe.verify.method, methods))
