"""How a network is boosted, beside what it is boosted for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from eden._say import a_kind, an_int, one_of, refusal, within
from eden.access import formats
from eden.network import Config, InputRange, check_input_range

GRADIENTS = ("as_read", "clean")
CURRICULA = ("ramp", "steps")
_INTEGERS = {"seed": (0, 2**63 - 1), "more_epochs": (1, 10**9), "step_epochs": (1, 10**9)}


@dataclass(frozen=True, kw_only=True)
class BoostConfig:
    """How `boost` trains and judges.

    Attributes:
        more_epochs: To each further target after the first; at least 1.
        curriculum: "ramp", the rate rises over the first 30 % of the batches and each has
            between `least_share` and all of it (`RampSchedule`); "steps", as in the paper, all
            batches have the same, which rises every few epochs (`CurriculumSchedule`).
        step_epochs: Epochs at each rate of "steps"; at least 1.
        least_share: Smallest share of the rate that a batch of "ramp" has, in (0, 1]. Default 0.25,
            and 1 with ``cells="fixed"``: on the one module at the one rate that the network is for
            it then bears most, and with fewer of its weak cells less (docs/boosting.md).
        start_ber: Rate to begin with, from 0 to the first target; where the model was boosted
            before, the rate it bears.
        optimizer: Makes a `torch.optim.Optimizer` of the copy's parameters; default AdamW at 3e-3.
        anneal: Let its learning rates fall to 0 along a half cosine in each round, batch by batch;
            each batch meets other errors, and small steps at the end average over them.
        input_range: Share of the original range that the inputs are given, in (0, 1]; the first
            one, which is data, keeps all of it. Of two, the first is for the input after that, the
            second for the last, and those between fall evenly by their logarithm. Values beyond are
            clamped, as a stored integer clamps them; what a flipped bit adds shrinks with the
            range, and retraining makes up for the clamping. Default 0.5; 1 with ``cells="fixed"``,
            since the network learns which bits flip, and where implausible values of a
            floating-point format become zero: there nothing clamps. LeNet bears more
            with (0.5, 0.15), which a residual network did not survive (docs/boosting.md).
        gradients: What the backward pass goes by: "as_read", the weights and inputs as they were
            read, faults and all, with no gradient where a value was corrected; "clean", as they
            lay in DRAM. The forward pass is the same. "clean" needs a network that is not
            compiled. Measured in ``docs/storage.md``.
        loss: ``(output, labels) -> scalar``.
        miss_probability: The risk by which networks are judged, in (0, 0.5].
        seed: Of the cells tried in doing so, in [0, 2^63).

    Raises:
        TypeError: For an argument of another type.
        ValueError: For a value outside what is named here.
    """

    more_epochs: int = 4
    curriculum: str = "ramp"
    step_epochs: int = 2
    least_share: float | None = None
    start_ber: float = 0.0
    optimizer: Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer] | None = None
    anneal: bool = True
    input_range: InputRange | None = None
    gradients: str = "as_read"
    loss: Callable[[Any, Tensor], Tensor] = functional.cross_entropy
    miss_probability: float = 0.01
    seed: int = 0

    def __post_init__(self):
        one_of("gradients", self.gradients, GRADIENTS)
        one_of("curriculum", self.curriculum, CURRICULA)
        within("miss_probability", self.miss_probability, 0, 0.5, above=True)
        within("start_ber", self.start_ber, 0, 1)
        if self.least_share is not None:
            within("least_share", self.least_share, 0, 1, above=True)
        for name, (least, most) in _INTEGERS.items():
            an_int(name, getattr(self, name), least, most)
        a_kind("anneal", self.anneal, bool, "True or False")
        if not (self.optimizer is None or callable(self.optimizer)):
            raise TypeError(refusal("optimizer", self.optimizer, "what makes one of parameters"))
        if not callable(self.loss):
            raise TypeError(refusal("loss", self.loss, "a function of output and labels"))
        # Plain numbers, which JSON takes and which compare alike.
        plain: dict[str, Any] = {n: int(getattr(self, n)) for n in _INTEGERS}
        plain |= {n: float(getattr(self, n)) for n in ("start_ber", "miss_probability")}
        if self.least_share is not None:
            plain["least_share"] = float(self.least_share)
        if (share := self.input_range) is not None:
            check_input_range(share)
            both = isinstance(share, tuple)
            plain["input_range"] = tuple(map(float, share)) if both else float(share)
        for name, value in plain.items():
            object.__setattr__(self, name, value)

    def least_share_for(self, config: Config) -> float:
        """Return the smallest share of the rate that a batch has where cells are such."""
        if self.least_share is not None:
            return self.least_share
        return 1.0 if config.cells == "fixed" else 0.25

    def input_range_for(self, config: Config) -> InputRange:
        """Return the share of their range that inputs stored so are given."""
        if self.input_range is not None:
            return self.input_range
        clamps = formats.get(config.stored).integer or config.correction == "saturate"
        return 0.5 if clamps and config.cells == "fresh" else 1.0
