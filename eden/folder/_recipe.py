"""The recipe of a run: checked key by key before anything is done.

Every number has both bounds and unknown keys are refused, so a slip of the finger is found in
the first second and not after the training.
"""

import itertools
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eden import devices, mapping, systems
from eden.access import formats
from eden.folder._accepted import one_line

Ber = Annotated[float, Field(ge=1e-12, le=0.5, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Stored = Literal[*formats.FORMATS]
Correction = Literal[*formats.CORRECTIONS]
Method = Literal[*mapping.METHODS]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Data(_Part):
    """Which images."""

    name: Name = "fashion-mnist"
    train_images: Count | None = Field(None, description="the first so many; all if absent")
    validation_images: Count | None = None
    test_images: Count | None = None
    batch_size: int = Field(1000, ge=1, le=100_000, description="of evaluations")


class Network(_Part):
    """Which network, by its name in `eden.nets`."""

    name: Name = "lenet"


class Train(_Part):
    """Training of the baseline network, without errors."""

    epochs: int = Field(8, ge=1, le=1000)
    batch_size: int = Field(128, ge=1, le=100_000)


class Boost(_Part):
    """Boosting: rounds of curricular retraining, each to a higher BER than the one before."""

    target_bers: list[Ber] = Field([2e-3], min_length=1, max_length=20)
    epochs: int = Field(10, ge=1, le=1000, description="of the first round")
    more_epochs: int = Field(4, ge=1, le=1000, description="of each further round")
    step_epochs: int = Field(2, ge=1, le=100)
    batch_size: int = Field(128, ge=1, le=100_000)
    learning_rate: float = Field(
        2e-3,
        ge=1e-8,
        le=10.0,
        allow_inf_nan=False,
        description="at first; falls to 0 in each round",
    )
    input_range: float | None = Field(
        None,
        ge=0.01,
        le=1.0,
        allow_inf_nan=False,
        description="share of their range that inputs keep; by format if absent",
    )
    check_seeds: int = Field(20, ge=1, le=10_000)
    correction: Correction | None = Field(
        None, description="while boosting; that of the run if absent"
    )


class Curve(_Part):
    """Accuracy against BER, for the figure."""

    low: Ber = 1e-5
    high: Ber = 1e-1
    steps_a_decade: int = Field(3, ge=1, le=10)
    seeds: int = Field(10, ge=1, le=1000)
    images: Count = 2000


class Characterize(_Part):
    """The search for tolerances (design: 10 steps a decade, 20 seeds)."""

    low: Ber = 1e-9
    high: Ber = 0.4
    seeds: int = Field(20, ge=1, le=10_000)
    margin_steps: int = Field(1, ge=0, le=100)
    coarse_images: Count = Field(10_000, description="of the validation images, at most")
    curve: Curve = Curve()


class Map(_Part):
    """Placement on the device."""

    methods: list[Method] = Field(["coarse", "greedy"], min_length=1, max_length=3)
    estimate: Literal[*devices.ESTIMATES] = "mean"


class Verify(_Part):
    """What is verified, declared beforehand, and how many attempts there may be in all."""

    network: Literal["baseline", "boosted"] = "boosted"
    method: Method = "greedy"
    seeds: int = Field(59, ge=1, le=100_000)
    attempts: int = Field(3, ge=1, le=20)
    quantile: float = Field(0.95, ge=0.5, le=0.9999, allow_inf_nan=False)
    confidence: float = Field(0.95, ge=0.5, le=0.9999, allow_inf_nan=False)


class Energy(_Part):
    """DRAM energy of one inference."""

    system: Literal[*systems.SYSTEMS] = "streaming"


class Recipe(_Part):
    """A whole run."""

    seed: int = Field(0, ge=0, le=2**31 - 1)
    accuracy_loss: float = Field(0.01, ge=0.0, le=1.0, allow_inf_nan=False)
    stored: Stored = "int8"
    correction: Correction = "zero"
    weights: bool = True
    inputs: bool = True
    device: Name = "ddr3l-1600-b10"
    data: Data = Data()
    network: Network = Network()
    train: Train = Train()
    boost: Boost = Boost()
    characterize: Characterize = Characterize()
    map: Map = Map()
    verify: Verify = Verify()
    energy: Energy = Energy()


def parse_recipe(content: Any) -> Recipe:
    """Check a recipe that is already a dict.

    Raises:
        ValueError: As `load`.
    """
    if not isinstance(content, dict):
        raise ValueError(f"recipe: expected keys with values, got {type(content).__name__}")
    try:
        recipe = Recipe.model_validate(content)
    except ValidationError as error:
        raise ValueError(one_line(error, Recipe)) from None
    _check(recipe)
    return recipe


def _check(recipe: Recipe) -> None:
    """What concerns more than one key."""
    if not (recipe.weights or recipe.inputs):
        raise ValueError("recipe keys weights, inputs: both are false; at least one must be true")
    for name, part in (
        ("characterize", recipe.characterize),
        ("characterize.curve", recipe.characterize.curve),
    ):
        if part.low >= part.high:
            raise ValueError(
                f"recipe key {name}.low: {part.low:g} is not below {name}.high = {part.high:g}"
            )
    bers = recipe.boost.target_bers
    if any(b <= a for a, b in itertools.pairwise(bers)):
        raise ValueError(f"recipe key boost.target_bers: {bers} must rise from one to the next")
    if recipe.verify.method not in recipe.map.methods:
        raise ValueError(
            f"recipe key verify.method: {recipe.verify.method!r} is not among map.methods = "
            f"{list(recipe.map.methods)}"
        )
