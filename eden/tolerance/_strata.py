"""Single weak cells: what each of them alone costs, counted by tensor and bit of the element."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from eden._say import a_kind, an_int, keys_of, one_of, refusal, within
from eden.tolerance._intervals import share_interval


@dataclass(frozen=True)
class Stratum:
    """The cells that hold one bit of the elements of one tensor, and what was seen of them.

    Attributes:
        tensor: Name of the tensor.
        kind: "weight" or "input".
        bit: Of the element as stored, the least significant one being 0.
        cells: How many there are: the tensor's elements, or those that store `stored`.
        losses: Of each cell tried, the accuracy that it alone costs at the failure probability of
            the config; drawn without replacement. Of a cell that was judged on a part of the
            images this is a guess, on the right side of the target.
        critical: How many of those miss the target.
        stored: The bit that these cells store, where those that store the other are apart: of
            weights, where an error model has either fail in its own way. None: both.
        elements: Of the cells tried, where P depends on where they lie; else none.
    """

    tensor: str
    kind: str
    bit: int
    cells: int
    losses: tuple[float, ...] = field(repr=False)
    critical: int
    stored: int | None = None
    elements: tuple[int, ...] = field(default=(), repr=False)

    @property
    def tried(self) -> int:
        """How many cells were tried."""
        return len(self.losses)

    @property
    def share(self) -> float:
        """Estimate of P(one weak cell alone misses the target); 0 where none was tried."""
        return self.critical / self.tried if self.losses else 0.0

    @property
    def expected(self) -> float:
        """Expected number of cells that miss the target alone."""
        return self.cells * self.share

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return bounds on the share of the cells that miss the target alone.

        Exact where all cells were tried; else of Clopper and Pearson, for draws with replacement,
        and so on the safe side.
        """
        within("confidence", confidence, 0, 1, above=True, below=True)
        if self.tried == self.cells:
            return self.share, self.share
        if not self.losses:
            return 0.0, 1.0
        return share_interval(self.critical, self.tried, confidence=confidence)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able dict; `from_dict` is its inverse."""
        return {**vars(self), "losses": list(self.losses), "elements": list(self.elements)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Stratum:
        """Rebuild from `to_dict`.

        Raises:
            ValueError: If a field is missing or unknown, or its value out of its range.
        """
        later = ("stored", "elements")  # than the first files
        names = [one.name for one in fields(cls) if one.name not in later]
        values = dict(keys_of("a stratum", data, names, later))
        a_kind("tensor", values["tensor"], str, "text")
        name = values["tensor"]
        one_of(f"kind of {name}", values["kind"], ("weight", "input"))
        an_int(f"bit of {name}", values["bit"], 0, 63)
        an_int(f"cells of {name}", values["cells"], 1, 2**62)
        a_kind(f"losses of {name}", values["losses"], (list, tuple), "a list")
        values["losses"] = tuple(values["losses"])
        if len(values["losses"]) > values["cells"]:
            said = f"at most {values['cells']}, its cells"
            raise ValueError(refusal(f"losses of {name}", len(values["losses"]), said))
        for loss in values["losses"]:
            within(f"losses of {name}", loss, -1, 1)
        an_int(f"critical of {name}", values["critical"], 0, len(values["losses"]))
        a_kind(f"elements of {name}", values.get("elements", ()), (list, tuple), "a list")
        values["elements"] = tuple(values.get("elements", ()))
        one_of(f"number of elements of {name}", len(values["elements"]), {0, len(values["losses"])})
        for element in values["elements"]:
            an_int(f"elements of {name}", element, 0, 2**62)
        if values.get("stored") is not None:
            an_int(f"stored bit of {name}", values["stored"], 0, 1)
        return cls(**values)


def lambda_interval(
    strata: Iterable[Stratum], *, confidence: float = 0.95, draws: int = 4000, seed: int = 0
) -> tuple[float, float]:
    """Return bounds on the expected number of cells that miss the target alone.

    A stratum's share has the distribution that its cells leave it (Beta, with the prior of
    Jeffreys; only the cells not tried are uncertain), and the sum is taken by simulation.
    A stratum of whose cells tried none is critical counts as 0: tens of thousands of cells of which
    thirty were seen would leave no bound at all. What that leaves open is in `Stratum.interval`.

    Args:
        strata: Those summed.
        confidence: Of the interval, in (0, 1).
        draws: Of the simulation.
        seed: Of the simulation.

    Returns:
        Lower and upper bound.
    """
    random, total = np.random.default_rng(seed), np.zeros(draws)
    for stratum in strata:
        rest = stratum.cells - stratum.tried
        total += stratum.critical
        if rest and stratum.critical:
            shares = random.beta(
                stratum.critical + 0.5, stratum.tried - stratum.critical + 0.5, draws
            )
            total += rest * shares
    tail = (1 - confidence) / 2
    low, high = np.quantile(total, [tail, 1 - tail])
    return float(low), float(high)
