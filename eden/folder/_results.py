"""What a run left in its folder, read when asked for."""

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from eden import devices
from eden._files import read_as, read_json
from eden.folder._names import (
    CONTROL,
    RETREAT,
    VARIANTS,
    criticality_name,
    fresh_name,
    placement_name,
    tolerances_name,
)
from eden.folder._run_folder import RunFolder
from eden.mapping import Placement
from eden.tolerance import Criticality, Tolerances


@dataclass(frozen=True)
class Results:
    """What a finished run left in its folder, read when asked for."""

    folder: RunFolder

    @cached_property
    def device(self) -> devices.Device:
        """The device of the recipe."""
        return devices.load(self.folder.recipe.device)

    @cached_property
    def verification(self) -> dict[str, Any]:
        """Every attempt at verifying the declared placement."""
        return read_json(self.path("verify.json"))

    @cached_property
    def boosting(self) -> dict[str, Any]:
        """What boosting came to."""
        return read_json(self.path("boost.json"))

    @cached_property
    def control(self) -> dict[str, Any]:
        """What training as long without errors came to."""
        return read_json(self.path("control.json"))

    @property
    def adapting(self) -> dict[str, Any]:
        """What training on in the stored format came to; runs of before have none."""
        path = self.path("adapted.json")
        return read_json(path) if path.is_file() else {"kept": False}

    def kept(self, network: str) -> bool:
        """Whether a network is one of its own; what training on lost is the baseline."""
        if network == "baseline":
            return True
        return (self.control if network == CONTROL else self.boosting)["kept"]

    @cached_property
    def energy(self) -> dict[str, Any]:
        """Energy by placement."""
        return read_json(self.path("energy.json"))

    @cached_property
    def curve(self) -> dict[str, Any]:
        """How many images the curves are drawn on, and the accuracy to keep on those."""
        return read_json(self.path("curve.json"))

    def placement(self, variant: str, method: str) -> Placement:
        """Read one placement."""
        return read_as(self.path(placement_name(variant, method)), Placement.from_dict)

    def criticality(self, network: str) -> Criticality:
        """Read what single cells cost a network."""
        return read_as(self.path(criticality_name(network)), Criticality.from_dict)

    def tolerances(self, variant: str, granularity: str) -> Tolerances:
        """Read one characterisation."""
        name = tolerances_name(self.searched_as(variant), granularity)
        return read_as(self.path(name), Tolerances.from_dict)

    def fresh(self, variant: str) -> dict[str, Any]:
        """Read what draws that no search has seen did at the coarse tolerance of a network."""
        return read_json(self.path(fresh_name(self.searched_as(variant))))

    def searched_as(self, variant: str) -> str:
        """Whose tolerances go for a network: without protections where it was only placed so."""
        if self.folder.recipe.protect:
            return variant
        return next(v.network for v in VARIANTS if v.name == variant)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Read a CSV file of the run, numbers as floats and empty cells as None."""
        with open(self.path(name), newline="") as file:
            return [{k: _number(v) for k, v in row.items()} for row in csv.DictReader(file)]

    @property
    def last_verdict(self) -> dict[str, Any]:
        """The verdict of the last attempt."""
        return self.verification["attempts"][-1]["verdict"]

    def path(self, name: str) -> Path:
        """Return the path of a file of the folder."""
        return self.folder.path / name

    @property
    def verified_key(self) -> str:
        """The entry of ``energy.json`` that belongs to the last attempt at verification."""
        seen = self.verification
        return RETREAT if len(seen["attempts"]) > 1 else f"{seen['network']}-{seen['method']}"

    def placement_of(self, key: str) -> Placement:
        """Read the placement that an entry of ``energy.json`` is of."""
        if key == RETREAT:
            return Placement.from_dict(self.verification["attempts"][-1]["placement"])
        variant, _, method = key.rpartition("-")
        return self.placement(variant, method)


def _number(text: str) -> Any:
    if text == "":
        return None
    try:
        return float(text)
    except ValueError:
        return text
