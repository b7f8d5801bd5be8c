"""What a characterisation finds: the BER each tensor bears at the accuracy target."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from eden._say import a_kind, an_int, keys_of, one_of, rate, refusal, within
from eden.access import Protection, formats
from eden.network import Config, Coverage, TensorInfo, check_agrees
from eden.tolerance._grid import LOWEST_STEP, ber_of
from eden.tolerance._risk import Risk

# What a coarse tolerance is: see `characterize_coarse`.
CRITERIA = ("risk", "mean", "sweep")


@dataclass(frozen=True)
class Tolerances:
    """The tolerance of a network, coarse (one BER) or fine (one a tensor).

    Attributes:
        config: With its calibration; placements carry it on.
        granularity: "coarse" or "fine".
        target_accuracy: The accuracy to keep, on the images of the search.
        clean_accuracy: Of this network without errors, on the same images.
        coarse_ber: The BER the whole network bears, by the criterion.
        tensors: Every tensor with its tolerance.
        thresholds: For each search seed the highest BER that meets the target, margin not taken
            off; empty for a fine search.
        accuracies: At the tolerances of a fine search, one for each draw; empty for a coarse one.
        mean_ber: The highest BER at which the *mean* over the seeds meets the target, the
            criterion usual in papers; None for a fine search.
        trials: Questions asked in the search, and in the fine one that it began at.
        coverage: What of the network was stored, and so searched; None in files of before.
        sweep_ber: Up to which no draw misses, less the margin; None in files of before, and for a
            fine search that of the coarse one it began at.
        criterion: Which of them `coarse_ber` is: "risk", "mean" or "sweep".
        risk: P(miss) against BER, and the BER of the stated risk; None in files of before.
        seeds: Draws of a fine search, those too that missed where it began; None in files of
            before, and for a coarse one, which has a threshold for each.
    """

    config: Config
    granularity: str
    target_accuracy: float
    clean_accuracy: float
    coarse_ber: float
    tensors: tuple[TensorInfo, ...] = field(repr=False)
    thresholds: tuple[float, ...] = field(default=(), repr=False)
    accuracies: tuple[float, ...] = field(default=(), repr=False)
    mean_ber: float | None = None
    trials: int = 0
    coverage: Coverage | None = field(default=None, repr=False)
    sweep_ber: float | None = None
    criterion: str = "sweep"
    risk: Risk | None = None
    seeds: int | None = None

    def __str__(self) -> str:
        head = f"{self.granularity} tolerances at an accuracy of {self.target_accuracy:.4f}"
        if self.risk is not None:
            low, high = map(rate, self.risk.interval)
            head += (
                f"; P(miss) is {self.risk.miss_probability:g} at a BER of {rate(self.risk.ber)} "
                f"[{low}, {high}], mean {rate(self.mean_ber or 0)}, "
                f"sweep {rate(self.sweep_ber or 0)}"
            )
        rows = [f"  {rate(t.tolerance):>8}  {t.name}" for t in self.tensors]
        return "\n".join([head, *rows, *([str(self.coverage)] if self.coverage else [])])

    @property
    def ber(self) -> float:
        """The BER that the whole network bears, as `Attachment.set_ber` takes it."""
        return self.coarse_ber

    @property
    def interval(self) -> tuple[float, float] | None:
        """Bounds, at 95 %, on the BER of the stated risk; None in files of before."""
        return None if self.risk is None else self.risk.interval

    def miss_probability(self, ber: float) -> float:
        """P(a draw misses the target) where all tensors have a BER.

        Args:
            ber: In [0, 1].

        Raises:
            ValueError: If it is outside, or these tolerances know no risk.
        """
        if self.risk is None:
            raise ValueError("these tolerances were searched without a risk; characterize again")
        return self.risk.at(ber)

    @property
    def mean_accuracy(self) -> float:
        """Mean accuracy over the search seeds at the tolerances."""
        return sum(self.accuracies) / len(self.accuracies)

    def bers(self) -> dict[str, float]:
        """Tensor name -> tolerance, as `Attachment.set_ber` takes it."""
        return {tensor.name: tensor.tolerance for tensor in self.tensors}

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able dict; `from_dict` is its inverse."""
        return {
            **vars(self),
            "config": self.config.to_dict(),
            "tensors": [vars(tensor) for tensor in self.tensors],
            "thresholds": list(self.thresholds),
            "accuracies": list(self.accuracies),
            "coverage": None if self.coverage is None else self.coverage.to_dict(),
            "risk": None if self.risk is None else self.risk.to_dict(),
            "mean_accuracy": self.mean_accuracy if self.accuracies else None,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Tolerances":
        """Rebuild from `to_dict`.

        Raises:
            ValueError: If a field is missing or unknown, or its value out of its range.
        """
        later = ("coverage", "sweep_ber", "criterion", "risk", "seeds")  # than the first files
        names = [one.name for one in fields(cls) if one.name not in later]
        try:
            values = {**keys_of("tolerances", data, names, ("mean_accuracy", *later))}
            stated = values.pop("mean_accuracy", ...)
            for name in ("thresholds", "accuracies", "tensors"):
                a_kind(name, values[name], (list, tuple), "a list")
                values[name] = tuple(values[name])
            values["config"] = Config.from_dict(values["config"])
            for tensor in values["tensors"]:
                required = {one.name for one in fields(TensorInfo)} - {"protection"}
                keys_of("a tensor", tensor, required, ["protection"])  # later than the first files
            values["tensors"] = tuple(TensorInfo(**tensor) for tensor in values["tensors"])
            seen = values.pop("coverage", None)
            coverage = None if seen is None else Coverage.from_dict(seen)
            risk = None if values.get("risk") is None else Risk.from_dict(values["risk"])
            tolerances = cls(**{**values, "coverage": coverage, "risk": risk})
            _check(tolerances)
            if stated is not ...:
                one_of("mean_accuracy", stated, [tolerances.to_dict()["mean_accuracy"]])
        except (ValueError, TypeError) as error:
            raise ValueError(f"not tolerances: {error}") from error
        return tolerances


def _check(tolerances: Tolerances) -> None:
    one_of("granularity", tolerances.granularity, ("coarse", "fine"))
    for name in ("target_accuracy", "clean_accuracy", "coarse_ber"):
        within(name, getattr(tolerances, name), 0, 1)
    if tolerances.seeds is not None:
        an_int("seeds", tolerances.seeds, max(1, len(tolerances.accuracies)))
    if tolerances.mean_ber is not None:
        within("mean_ber", tolerances.mean_ber, 0, 1)
    if tolerances.sweep_ber is not None:
        within("sweep_ber", tolerances.sweep_ber, 0, 1)
    one_of("criterion", tolerances.criterion, CRITERIA)
    an_int("trials", tolerances.trials, 0)
    for name in ("thresholds", "accuracies"):
        for value in getattr(tolerances, name):
            within(name, value, 0, 1)
    names = Counter(tensor.name for tensor in tolerances.tensors)
    if not names:
        raise ValueError(refusal("tensors", [], "at least one"))
    for tensor in tolerances.tensors:
        name = tensor.name
        a_kind("name of a tensor", name, str, "text")
        check_agrees(tolerances.config.calibration, tensor)
        one_of(f"number of tensors named {name}", names[name], [1])
        one_of(f"kind of {name}", tensor.kind, ("weight", "input"))
        an_int(f"elements of {name}", tensor.elements, 1, 2**62)
        one_of(f"bits of {name}", tensor.bits, [formats.get(tolerances.config.stored).bits])
        one_of(f"size_bytes of {name}", tensor.size_bytes, [-(-tensor.elements * tensor.bits // 8)])
        within(f"reads of {name}", tensor.reads, 0, 1e18)
        within(f"tolerance of {name}", tensor.tolerance, 0, 1)
        Protection.parse(tensor.protection).check(name, tolerances.config.stored)


def tensors_bearing(
    ber: float | Mapping[str, float], tensors: Iterable[TensorInfo]
) -> tuple[TensorInfo, ...]:
    """Tensors with the BER that each bears, or all of them."""
    return tuple(
        replace(t, tolerance=ber[t.name] if isinstance(ber, Mapping) else ber) for t in tensors
    )


def lowered(tolerances: Tolerances, steps: int) -> Tolerances:
    """The tolerances with ``steps`` grid steps taken off every tensor: a retreat."""
    a_kind("tolerances", tolerances, Tolerances, "what a characterisation returns")
    an_int("steps", steps, 0, -LOWEST_STEP)
    factor = ber_of(-steps)
    return replace(
        tolerances,
        coarse_ber=tolerances.coarse_ber * factor,
        tensors=tuple(replace(t, tolerance=t.tolerance * factor) for t in tolerances.tensors),
        accuracies=(),
    )
