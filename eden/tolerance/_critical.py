"""What a search for critical cells found: lambda of tensors and network, a table, a figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from eden._say import a_kind, an_int, keys_of, one_of, refusal, within
from eden.access import formats
from eden.network import Config
from eden.tolerance._strata import Stratum, lambda_interval

# Of a format of so many bits the lowest moves a value by less than a hundredth of its range.
_FINE = 8


@dataclass(frozen=True)
class Criticality:
    """Which cells of a network miss the target alone.

    Attributes:
        config: With its calibration; lambda is for the failure probability of its error model.
        target_accuracy: The accuracy to keep, on the images of the search.
        clean_accuracy: Of this network without errors, on the same images.
        strata: The cells of each bit of each tensor; those skipped have no losses.
        passes: Work of the search, in passes of all images through the network.
    """

    config: Config
    target_accuracy: float
    clean_accuracy: float
    strata: tuple[Stratum, ...] = field(repr=False)
    passes: float = 0.0

    @property
    def tensors(self) -> list[str]:
        """Names of the tensors, in model order."""
        return list(dict.fromkeys(stratum.tensor for stratum in self.strata))

    @property
    def allowed_loss(self) -> float:
        """Accuracy that may be lost."""
        return self.clean_accuracy - self.target_accuracy

    def lambda_of(self, tensor: str | None = None) -> float:
        """Expected number of cells that miss the target alone, of a tensor or of the network.

        Raises:
            ValueError: For an unknown tensor.
        """
        return sum(stratum.expected for stratum in self._of(tensor))

    def interval(
        self, tensor: str | None = None, *, confidence: float = 0.95
    ) -> tuple[float, float]:
        """Bounds on lambda of a tensor or of the network.

        A bit of which no cell tried misses counts as 0; what that leaves open, `table` says.

        Raises:
            ValueError: For an unknown tensor, or a confidence outside (0, 1).
        """
        within("confidence", confidence, 0, 1, above=True, below=True)
        return lambda_interval(self._of(tensor), confidence=confidence)

    @property
    def table(self) -> list[dict[str, Any]]:
        """A row a stratum: cells, tried, critical, the exact interval of their share.

        ``stored`` is the bit that the cells of a row store: what 1 -> 0 costs, or 0 -> 1. None is
        both, where the error model does not tell them apart, and of inputs.
        """
        rows = []
        for stratum in self.strata:
            low, high = stratum.interval()
            row = {name: getattr(stratum, name) for name in ("tensor", "kind", "bit", "cells")}
            row["stored"] = stratum.stored
            row |= {"tried": stratum.tried, "critical": stratum.critical, "share": stratum.share}
            rows.append({**row, "low": low, "high": high, "expected": stratum.expected})
        return rows

    @property
    def caution(self) -> str:
        """What speaks against the target, in a sentence; empty where nothing does.

        Where cells of the lowest bit of eight or more miss alone, what may be lost lies within what
        rounding anew moves, and lambda counts that (docs/risk.md).
        """
        if formats.get(self.config.stored).bits < _FINE:
            return ""
        names = [s.tensor for s in self.strata if s.bit == 0 and s.critical]
        if not names:
            return ""
        rest = f" and of {len(names) - 1} more" if len(names) > 1 else ""
        return (
            f"cells of the lowest bit of {names[0]}{rest} miss the target alone: what may be lost "
            "lies within what rounding anew moves, whatever the error; more images or a lower "
            "target tell more"
        )

    def __str__(self) -> str:
        low, high = self.interval()
        tried = sum(stratum.tried for stratum in self.strata)
        head = (
            f"about {self.lambda_of():.3g} cells [{low:.3g}, {high:.3g}] miss an accuracy of "
            f"{self.target_accuracy:.4f} alone ({tried} tried, {self.passes:.1f} passes)"
        )
        rows = sorted(self.tensors, key=self.lambda_of, reverse=True)
        lines = [head, *(f"  {self.lambda_of(name):8.3g}  {name}" for name in rows)]
        return "\n".join([*lines, self.caution] if self.caution else lines)

    def plot(self):
        """Draw the share of critical cells by tensor and bit, and lambda of each tensor.

        Returns:
            A matplotlib figure.
        """
        import numpy as np
        from matplotlib.figure import Figure

        names = self.tensors
        bits = sorted({stratum.bit for stratum in self.strata if stratum.tried}, reverse=True)
        # Of weights the cells of either stored bit may be apart.
        expected, cells = np.zeros((2, len(names), len(bits)))
        for stratum in self.strata:
            if stratum.tried:
                at = names.index(stratum.tensor), bits.index(stratum.bit)
                expected[at] += stratum.expected
                cells[at] += stratum.cells
        share = np.where(cells > 0, expected / np.maximum(cells, 1), np.nan)
        figure = Figure(figsize=(4.4 + 0.6 * len(bits), 1.2 + 0.32 * len(names)))
        grid, bars = figure.subplots(1, 2, width_ratios=[max(len(bits), 3), 3], sharey=True)
        grid.imshow(share, cmap="OrRd", vmin=0, vmax=1, aspect="auto")
        for row, column in zip(*np.nonzero(~np.isnan(share)), strict=True):
            value = share[row, column]
            text = f"{100 * value:.0f}" if value >= 0.095 or value == 0 else f"{100 * value:.1g}"
            colour = "white" if value > 0.6 else "#374151"
            grid.text(column, row, text, ha="center", va="center", fontsize=8, color=colour)
        grid.set_xticks(range(len(bits)), [str(bit) for bit in bits])
        grid.set_yticks(range(len(names)), names)
        grid.set_xlabel("bit of the element (blank: skipped)")
        grid.set_title("% of cells that miss alone", fontsize=10)
        lambdas = [self.lambda_of(name) for name in names]
        spans = [self.interval(name) for name in names]
        reach = [
            [max(0.0, value - low) for value, (low, _) in zip(lambdas, spans, strict=True)],
            [max(0.0, high - value) for value, (_, high) in zip(lambdas, spans, strict=True)],
        ]
        bars.barh(range(len(names)), lambdas, xerr=reach, color="#D55E00", ecolor="#374151")
        bars.set_title("how many", fontsize=10)
        bars.set_xlabel("λ, such cells expected")
        figure.tight_layout()
        return figure

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able dict; `from_dict` is its inverse."""
        return {
            **vars(self),
            "config": self.config.to_dict(),
            "strata": [stratum.to_dict() for stratum in self.strata],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Criticality:
        """Rebuild from `to_dict`.

        Raises:
            ValueError: If a field is missing or unknown, or its value out of its range.
        """
        try:
            values = dict(keys_of("criticality", data, [one.name for one in fields(cls)]))
            values["config"] = Config.from_dict(values["config"])
            for name in ("target_accuracy", "clean_accuracy"):
                within(name, values[name], 0, 1)
            within("passes", values["passes"], 0, 1e12)
            a_kind("strata", values["strata"], (list, tuple), "a list")
            values["strata"] = tuple(map(Stratum.from_dict, values["strata"]))
            _check_strata(values["strata"], values["config"])
        except (ValueError, TypeError) as error:
            raise ValueError(f"not a criticality: {error}") from error
        return cls(**values)

    def _of(self, tensor: str | None) -> list[Stratum]:
        if tensor is None:
            return list(self.strata)
        one_of("tensor", tensor, self.tensors)
        return [stratum for stratum in self.strata if stratum.tensor == tensor]


def _check_strata(strata: tuple[Stratum, ...], config: Config) -> None:
    """Refuse bits that the format has not, and cells that would count twice."""
    if not strata:
        raise ValueError(refusal("strata", [], "at least one"))
    count = Counter((stratum.tensor, stratum.bit, stratum.stored) for stratum in strata)
    for (name, bit, stored), number in count.items():
        an_int(f"bit of {name}", bit, 0, formats.get(config.stored).bits - 1)
        which = "" if stored is None else f" where it stores {stored}"
        one_of(f"number of strata of bit {bit} of {name}{which}", number, [1])
