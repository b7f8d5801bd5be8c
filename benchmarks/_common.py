"""What the benchmarks share: the head of a table, interleaved timing, the JSON file."""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

import eden
from eden._versions import versions


def parser(doc: str, *, elements: int | None = 2**26, repeats: int = 7) -> argparse.ArgumentParser:
    """Return a parser with the options that the benchmarks have in common."""
    made = argparse.ArgumentParser(description=doc.splitlines()[0])
    if elements is not None:
        made.add_argument("--elements", type=int, default=elements)
    made.add_argument("--repeats", type=int, default=repeats, help="rounds of the calls in turn")
    made.add_argument("--json", type=Path, help="write the figures here as well")
    return made


def head(**settings: object) -> dict:
    """Return the machine, the versions and the settings of a run, and print them."""
    known = versions()
    facts = {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        # What a user asked for; without it the best instruction set that the processor has.
        "isa": os.environ.get("EDEN_ISA", "best"),
        **{name: known[name] for name in ("python", "torch", "eden")},
        **settings,
    }
    print("  ".join(f"{name}={value}" for name, value in facts.items()))
    return facts


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    named = (x.split(":")[1].strip() for x in lines if x.startswith("model name"))
    return next(named, platform.processor() or "unknown")


class Timing(NamedTuple):
    """Median seconds of one call, and how many runs it is taken over."""

    seconds: float
    runs: int


def interleaved(
    calls: dict[str, Callable[[], object]],
    *,
    repeats: int,
    most_seconds: float = 60.0,
    warmed: Callable[[str], object] = lambda name: None,
) -> dict[str, Timing]:
    """Time calls in turn, A, B, C, A, B, C, ..., so that a machine's drift meets all of them.

    Args:
        calls: What to time, by name. Each runs once before, untimed.
        repeats: Rounds, >= 1.
        most_seconds: A call so slow that its runs would take longer sits out the last rounds.
        warmed: Called after the untimed run of each call, to look at what it did.

    Returns:
        The median of each call.
    """
    rounds = {}
    for name, call in calls.items():
        start = time.perf_counter()
        call()
        warm = time.perf_counter() - start
        warmed(name)
        rounds[name] = max(1, min(repeats, int(most_seconds / max(warm, 1e-9))))
    times: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(repeats):
        for name, call in calls.items():
            if turn < rounds[name]:
                start = time.perf_counter()
                call()
                times[name].append(time.perf_counter() - start)
    return {name: Timing(statistics.median(t), len(t)) for name, t in times.items()}


class Table:
    """Prints rows as they are measured, and keeps them for the JSON file.

    Args:
        columns: Format of each column that is printed, such as ``{"ber": "8.0e", "ms": "9.1f"}``;
            what a row holds besides goes to the file alone.
    """

    def __init__(self, columns: dict[str, str]):
        self.columns = columns
        self.rows: list[dict] = []
        print(" ".join(f"{n:{'<' if '<' in s else '>'}{_width(s)}}" for n, s in columns.items()))

    def add(self, **row: object) -> None:
        """Print and keep a row. None prints as a dash."""
        self.rows.append(row)
        cells = (
            f"{'-':>{_width(spec)}}" if row.get(name) is None else f"{row[name]:{spec}}"
            for name, spec in self.columns.items()
        )
        print(" ".join(cells), flush=True)

    def write(self, path: Path | None, benchmark: str, facts: dict) -> None:
        """Write head and rows as JSON, if a path is given."""
        if path is not None:
            figures = {"benchmark": benchmark, "head": facts, "rows": self.rows}
            path.write_text(json.dumps(figures, indent=2) + "\n")


def _width(spec: str) -> int:
    return int(spec.lstrip("<>").split(".")[0].rstrip("defgs"))


def spread_bitlines(sigma: float = 2.58) -> eden.errors.Bitline:
    """Return a bitline model with log-normal rates, to be scaled: no measured ones are public.

    Args:
        sigma: Standard deviation of log P; default that of the measured subarrays of DDR3L module
            B10 at 1.05 V (`models.py`).
    """
    draw = np.random.default_rng(1).lognormal(0.0, sigma, 65536)
    return eden.errors.Bitline(draw / draw.max() / 2)


def delivered_ber(x: Tensor, y: Tensor, **stored: object) -> float:
    """Return the share of the stored bits of `x` that differ in `y`."""
    flips = eden.count_flips(x, y, **stored)
    return flips.sum().item() / (x.numel() * flips.shape[0])
