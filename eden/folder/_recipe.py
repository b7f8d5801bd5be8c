"""The recipe of a run: checked key by key before anything is done.

Every number has both bounds and unknown keys are refused, so a slip of the finger is found in
the first second and not after the training.
"""

import itertools
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eden import nets, systems
from eden._say import refusal
from eden.access import Protection
from eden.folder._accepted import one_line
from eden.folder._names import CONTROL, VARIANTS, Variant
from eden.folder._values import (
    Accuracy,
    AsPlaced,
    Ber,
    Correction,
    Count,
    Criterion,
    Curriculum,
    Estimate,
    Gradients,
    Levels,
    Memory,
    Method,
    Name,
    Protect,
    Scale,
    Share,
    Shares,
    Stored,
    System,
    word_of,
)
from eden.tolerance import step_of


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NormaliseKeys(_Part):
    """How the network was trained to see pixels: (pixel - mean) / std, from 0 to 255."""

    mean: Levels
    std: Annotated[
        list[Annotated[float, Field(ge=1e-3, le=1e3, allow_inf_nan=False)]],
        Field(min_length=1, max_length=4),
    ]
    order: Literal["rgb", "bgr"] = "rgb"


class DataKeys(_Part):
    """Which images."""

    name: Name = "fashion-mnist"
    folder: Annotated[str, Field(min_length=1, max_length=4000)] | None = Field(
        default=None, description="of the files; EDEN_DATA if absent"
    )
    normalise: NormaliseKeys | None = Field(
        default=None, description="by the training images if absent"
    )
    size: int | None = Field(
        default=None,
        ge=32,
        le=4096,
        multiple_of=32,
        description="side of the squares that photos are put in, for networks that find boxes",
    )
    train_images: Count | None = Field(default=None, description="the first so many; all if absent")
    validation_images: Count | None = None
    test_images: Count | None = None
    batch_size: int | None = Field(
        default=None, ge=1, le=100_000, description="of evaluations; by the device if absent"
    )


class NetworkKeys(_Part):
    """Which network, by its name in `eden.nets`."""

    name: Name = "lenet"
    classes: int = Field(default=10, ge=1, le=1_000_000)
    stem: Name | None = Field(default=None, description="its form (docs/vision.md)")
    padding: Name | None = Field(default=None, description="of MobileNetV2")

    @property
    def form(self) -> dict[str, Any]:
        """What its builder is given, channels apart."""
        form = {"classes": self.classes, "stem": self.stem, "padding": self.padding}
        return {key: value for key, value in form.items() if value is not None}


class AugmentKeys(_Part):
    """What training, and boosting, make of each batch."""

    shift: int = Field(default=4, ge=0, le=64, description="pixels at most, either way")
    flip: float = Field(
        default=0.5, ge=0.0, le=1.0, allow_inf_nan=False, description="share that is mirrored"
    )


class TrainKeys(_Part):
    """Training of the baseline network, without errors."""

    epochs: int = Field(default=8, ge=0, le=1000, description="0 takes the weights as they are")
    batch_size: int = Field(default=128, ge=1, le=100_000)
    optimizer: Annotated[str, word_of(nets.OPTIMIZERS)] = "adamw"
    learning_rate: float | None = Field(
        default=None, ge=1e-8, le=10.0, allow_inf_nan=False, description="peak of its cycle"
    )
    augment: AugmentKeys | None = None
    weights: Annotated[str, Field(min_length=1, max_length=4000)] | None = Field(
        default=None,
        description="file to start from, here or in the folder EDEN_WEIGHTS; random if absent",
    )


class BoostKeys(_Part):
    """Boosting: rounds of curricular retraining, each to a higher BER than the one before."""

    target_bers: list[Ber] = Field(default=[3e-3], min_length=1, max_length=20)
    epochs: int = Field(default=10, ge=1, le=1000, description="of the first round")
    more_epochs: int = Field(default=4, ge=1, le=1000, description="of each further round")
    curriculum: Curriculum = Field(default="ramp", description="how the BER rises in a round")
    step_epochs: int = Field(default=2, ge=1, le=100, description='of curriculum "steps"')
    batch_size: int = Field(default=256, ge=1, le=100_000)
    learning_rate: float = Field(
        default=3e-3,
        ge=1e-8,
        le=10.0,
        allow_inf_nan=False,
        description="at first; falls to 0 in each round",
    )
    input_range: Share | Shares | None = Field(
        default=None,
        description="share of their range that inputs keep, or from front to back; by format if "
        "absent",
    )
    gradients: Gradients = Field(default="as_read", description="what the backward pass goes by")
    correction: Correction | None = Field(
        default=None, description="while boosting; that of the run if absent"
    )
    processes: int = Field(
        default=1, ge=1, le=64, description="that share each batch and the threads there are"
    )
    control: bool = Field(
        default=True,
        description="whether to train and search one more network, as long without errors: what "
        "errors in training add shows beside it alone",
    )


class CurveKeys(_Part):
    """Accuracy against BER, for the figure."""

    low: Ber = 1e-5
    high: Ber = 1e-1
    steps_a_decade: int = Field(default=3, ge=1, le=10)
    seeds: int = Field(default=10, ge=1, le=1000)
    images: Count = 2000


class CharacterizeKeys(_Part):
    """The search for tolerances, by default with 20 draws on a grid of 10 steps a decade."""

    low: Ber = 1e-9
    high: Ber = 0.4
    seeds: int = Field(default=20, ge=1, le=10_000)
    miss_probability: float = Field(
        default=0.01,
        ge=1e-4,
        le=0.5,
        allow_inf_nan=False,
        description="risk that the tolerances are stated at",
    )
    criterion: Criterion = Field(
        default="risk", description="what the coarse tolerance is; mean and sweep as in the paper"
    )
    margin_steps: int = Field(
        default=1, ge=0, le=100, description="below the lowest draw of a sweep, and of fine ones"
    )
    fresh_draws: int = Field(
        default=59, ge=1, le=100_000, description="tried at each coarse tolerance found"
    )
    fine: bool = Field(
        default=True,
        description="whether to search a BER for each tensor, which asks most; else fine placement "
        "goes by the coarse one and by single cells",
    )
    groups: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="runs of neighbouring layers whose tensors are raised together first, or "
        "alone where fine is false; 0 for none",
    )
    coarse_images: Count = Field(default=10_000, description="of the validation images, at most")
    curve: CurveKeys = CurveKeys()

    @property
    def fine_searches(self) -> list[int]:
        """What `groups` is of the fine searches, each beginning at what the one before found."""
        return [self.groups] * (self.groups > 0) + [0] * self.fine


_Setting = Annotated[float | None, Field(ge=-100, le=1e6, allow_inf_nan=False)]


class PointKeys(_Part):
    """An operating point beside the measured ones, as `Device.at` takes it."""

    vdd_volts: _Setting = None
    trcd_seconds: _Setting = None
    trp_seconds: _Setting = None
    temperature_celsius: _Setting = None
    refresh_seconds: _Setting = None


class MapKeys(_Part):
    """Placement on the device."""

    methods: list[Method] = Field(default=["coarse", "greedy"], min_length=1, max_length=3)
    estimate: Estimate = "mean"
    protect: AsPlaced = Field(
        default=None,
        description="of the protected networks, where other than they are characterised with; "
        "auto picks the cheapest for each tensor, in fine mapping",
    )
    points: list[PointKeys] = Field(
        default=[],
        max_length=100,
        description="settings that placement may use beside the measured ones: interpolated, or "
        "of voltage and refresh at once; estimate picks from their range",
    )
    modules: int = Field(
        default=1,
        ge=1,
        le=4,
        description="alike, side by side, each at a supply of its own; coarse placement takes one",
    )


class VerifyKeys(_Part):
    """What is verified, declared beforehand, and how many attempts there may be in all."""

    network: Annotated[str, word_of(variant.name for variant in VARIANTS)] = "boosted"
    method: Method = "greedy"
    seeds: int = Field(default=59, ge=1, le=100_000)
    attempts: int = Field(default=3, ge=1, le=20)
    quantile: float = Field(default=0.95, ge=0.5, le=0.9999, allow_inf_nan=False)
    confidence: float = Field(default=0.95, ge=0.5, le=0.9999, allow_inf_nan=False)


class EnergyKeys(_Part):
    """DRAM energy of one inference."""

    system: System = "streaming"
    memory: Memory | None = Field(
        default=None, description="beside the system, instead of its own; one like the device"
    )
    parameters: dict[Name, bool | int | float | str] = Field(
        default={}, max_length=100, description="of the system, those that differ"
    )


class Recipe(_Part):
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
