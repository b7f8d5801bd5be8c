"""What the recipe of a run asks of each stage, as keys with their bounds."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from eden import nets
from eden.folder._names import VARIANTS
from eden.folder._values import (
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
    Share,
    Shares,
    System,
    word_of,
)


class Keys(BaseModel):
    """Keys that are all known, with values of their very types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NormaliseKeys(Keys):
    """How the network was trained to see pixels: (pixel - mean) / std, from 0 to 255."""

    mean: Levels
    std: Annotated[
        list[Annotated[float, Field(ge=1e-3, le=1e3, allow_inf_nan=False)]],
        Field(min_length=1, max_length=4),
    ]
    order: Literal["rgb", "bgr"] = "rgb"


class DataKeys(Keys):
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


class NetworkKeys(Keys):
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


class AugmentKeys(Keys):
    """What training, and boosting, make of each batch."""

    shift: int = Field(default=4, ge=0, le=64, description="pixels at most, either way")
    flip: float = Field(
        default=0.5, ge=0.0, le=1.0, allow_inf_nan=False, description="share that is mirrored"
    )


class TrainKeys(Keys):
    """Training of the baseline network, without errors."""

    epochs: int = Field(default=8, ge=0, le=1000, description="0 takes the weights as they are")
    batch_size: int = Field(default=128, ge=1, le=100_000)
    optimizer: Annotated[str, word_of(nets.OPTIMIZERS)] = "adamw"
    learning_rate: float | None = Field(
        default=None, ge=1e-8, le=10.0, allow_inf_nan=False, description="peak of its cycle"
    )
    stored_epochs: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="after those so many in the stored format, without errors, otherwise as "
        "boosting trains; the accuracy to keep is that of before; none if absent",
    )
    augment: AugmentKeys | None = None
    weights: Annotated[str, Field(min_length=1, max_length=4000)] | None = Field(
        default=None,
        description="file to start from, here or in the folder EDEN_WEIGHTS; random if absent",
    )


class BoostKeys(Keys):
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


class CurveKeys(Keys):
    """Accuracy against BER, for the figure."""

    low: Ber = 1e-5
    high: Ber = 1e-1
    steps_a_decade: int = Field(default=3, ge=1, le=10)
    seeds: int = Field(default=10, ge=1, le=1000)
    images: Count = 2000


class CharacterizeKeys(Keys):
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


class PointKeys(Keys):
    """An operating point beside the measured ones, as `Device.at` takes it."""

    vdd_volts: _Setting = None
    trcd_seconds: _Setting = None
    trp_seconds: _Setting = None
    temperature_celsius: _Setting = None
    refresh_seconds: _Setting = None


class MapKeys(Keys):
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


class VerifyKeys(Keys):
    """What is verified, declared beforehand, and how many attempts there may be in all."""

    network: Annotated[str, word_of(variant.name for variant in VARIANTS)] = "boosted"
    method: Method = "greedy"
    seeds: int = Field(default=59, ge=1, le=100_000)
    attempts: int = Field(default=3, ge=1, le=20)
    quantile: float = Field(default=0.95, ge=0.5, le=0.9999, allow_inf_nan=False)
    confidence: float = Field(default=0.95, ge=0.5, le=0.9999, allow_inf_nan=False)


class EnergyKeys(Keys):
    """DRAM energy of one inference."""

    system: System = "streaming"
    memory: Memory | None = Field(
        default=None, description="beside the system, instead of its own; one like the device"
    )
    parameters: dict[Name, bool | int | float | str] = Field(
        default={}, max_length=100, description="of the system, those that differ"
    )
