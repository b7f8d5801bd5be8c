"""The numbers of a run in a few rows, for the table at its end and for the report."""

import csv
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

from eden.placement import Placement
from eden.placing import LATENCY, RETREAT, placement_name
from eden.store import read_json
from eden.tolerances import Tolerances
from eden.work import NETWORKS, Work

__all__ = ["TITLES", "Results", "percent", "print_end", "rate", "verdict_line"]

TITLES = {"baseline": "unboosted", "boosted": "boosted"}
METHOD_TITLES = {"coarse": "coarse", "greedy": "greedy", "exact": "exact"}


def rate(ber: float) -> str:
    """A bit error rate as text, such as 7.9e-4."""
    if ber == 0.0:
        return "0"
    mantissa, exponent = f"{ber:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def percent(fraction: float, digits: int = 1) -> str:
    """A signed percentage as text, with a true minus sign."""
    return f"{100 * fraction:+.{digits}f}%".replace("-", "\u2212")


@dataclass(frozen=True)
class Results:
    """What a finished run left in its folder, read when asked for."""

    work: Work

    @cached_property
    def verification(self) -> dict[str, Any]:
        """Every attempt at verifying the declared placement."""
        return read_json(self.work.path("verify.json"))

    @cached_property
    def boosting(self) -> dict[str, Any]:
        """The rounds of boosting."""
        return read_json(self.work.path("boost.json"))

    @cached_property
    def energy(self) -> dict[str, Any]:
        """Energy by placement."""
        return read_json(self.work.path("energy.json"))

    def placement(self, network: str, method: str) -> Placement:
        """One placement."""
        return Placement.from_dict(read_json(self.work.path(placement_name(network, method))))

    def tolerances(self, network: str, granularity: str) -> Tolerances:
        """One characterisation."""
        return self.work.tolerances(network, granularity)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """A CSV file of the run, numbers as floats and empty cells as None."""
        with open(self.work.path(name), newline="") as file:
            return [{k: _number(v) for k, v in row.items()} for row in csv.DictReader(file)]

    @property
    def last_verdict(self) -> dict[str, Any]:
        """The verdict of the last attempt."""
        return self.verification["attempts"][-1]["verdict"]

    @property
    def verified_key(self) -> str:
        """The entry of ``energy.json`` that belongs to the last attempt at verification."""
        seen = self.verification
        return RETREAT if len(seen["attempts"]) > 1 else f"{seen['network']}-{seen['method']}"

    def title_of(self, key: str) -> tuple[str, str]:
        """Network and mapping of an entry of ``energy.json``, in words."""
        if key == RETREAT:
            seen = self.verification
            return TITLES[seen["network"]], "retreat"
        if key == LATENCY:
            return "either", "latency alone"
        network, method = key.split("-")
        return TITLES[network], METHOD_TITLES[method]

    def table(self) -> tuple[list[str], list[list[str]], int]:
        """The final table: titles, rows, and the index of the row that was verified."""
        head = ["network", "mapping", "BER borne", "V", "V low/high", "linear", "cv2", "array"]
        keys = [f"{n}-{m}" for n, m in product(NETWORKS, self.work.recipe.map.methods)]
        if self.verified_key == RETREAT:
            keys.append(RETREAT)
        rows = []
        for key in keys:
            placement, saving = self._placement_of(key), self.energy[key]["saving"]
            ends = (placement.verdict_volts[e] for e in ("low", "high"))
            rows.append(
                [
                    *self.title_of(key),
                    _range([entry.tolerance for entry in placement.entries.values()]),
                    f"{placement.vdd_volts:.3f}",
                    "/".join("none" if v is None else f"{v:.3f}" for v in ends),
                    *(percent(-saving[law]) for law in ("linear", "cv2", "array")),
                ]
            )
        if LATENCY in self.energy:
            rated, saving = self.work.device.nominal.vdd_volts, self.energy[LATENCY]["saving"]
            laws = (percent(-saving[law]) for law in ("linear", "cv2", "array"))
            rows.insert(0, [*self.title_of(LATENCY), "", f"{rated:.3f}", "", *laws])
            keys.insert(0, LATENCY)
        return head, rows, keys.index(self.verified_key)

    def _placement_of(self, key: str) -> Placement:
        if key == RETREAT:
            return Placement.from_dict(self.verification["attempts"][-1]["placement"])
        return self.placement(*key.split("-"))


def _range(bers: list[float]) -> str:
    low, high = rate(min(bers)), rate(max(bers))
    return low if low == high else f"{low}\u2013{high}"


def _number(text: str) -> Any:
    if text == "":
        return None
    try:
        return float(text)
    except ValueError:
        return text


def verdict_line(results: Results) -> str:
    """What the verification showed, in one sentence."""
    seen, verdict = results.verification, results.last_verdict
    attempt = results.verification["attempts"][-1]["placement"]
    method = METHOD_TITLES[seen["method"]]
    done = f"{TITLES[seen['network']]} network, {method} mapping, at {attempt['vdd_volts']:.3f} V"
    misses = f"{verdict['misses']} of {verdict['seeds']} fresh draws missed the target"
    shown = (
        f"P(miss) < {100 * verdict['upper_bound']:.2f} % at "
        f"{100 * verdict['confidence']:.4g} % confidence"
    )
    word = "Verified" if verdict["passed"] else "NOT verified"
    tries = len(seen["attempts"])
    after = "" if tries == 1 else f" (attempt {tries}; earlier ones failed)"
    return (
        f"{word}{after}: {done}: {misses} {verdict['target_accuracy']:.4f} on the test images, "
        f"so {shown}; mean accuracy {verdict['mean_accuracy']:.4f}, lowest "
        f"{verdict['lowest_accuracy']:.4f}, original {seen['original_test_accuracy']:.4f}."
    )


def print_end(work: Work, last: str) -> None:
    """Print the final table and the path of the report, or how far the run got."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        console = Console(width=100)
    if last != "report":
        console.print(f"{work.folder.path}: done up to {last}", highlight=False)
        return
    results = Results(work)
    head, rows, marked = results.table()
    table = Table(
        title=f"{work.recipe.network.name} on {work.recipe.data.name}, {work.recipe.stored}, "
        f"{work.recipe.device}",
        caption="V low/high: if a bad line had one bad bit, or all; then DRAM energy by law. "
        "Latency alone: rated voltage at the tRCD and tRP of the measured points",
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
        collapse_padding=True,
    )
    for index, name in enumerate(head):
        table.add_column(name, justify="left" if index < 3 else "right", no_wrap=True)
    for index, row in enumerate(rows):
        table.add_row(*row, style="bold" if index == marked else None)
    console.print(table)
    console.print(verdict_line(results), highlight=False)
    seconds = sum(entry["seconds"] for entry in work.folder.times().values())
    report = Path(work.folder.path, "report.html")
    console.print(f"{seconds:.0f} s in all. Report: {report}", highlight=False, soft_wrap=True)
