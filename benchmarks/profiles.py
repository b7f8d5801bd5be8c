"""How long does reading a large profile take, and how much memory?

Writes a CSV file of made-up observations (10 modules, 4 voltages, 2 fills, 8 banks, rows one by
one), and reads it in a process of its own, whose greatest memory is that of `import eden` and the
table.

Run: python benchmarks/profiles.py [--rows 10000000] [--json FILE]
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from _common import Table, head, parser

from eden.profiles import COLUMNS

READ = """
import resource, sys, time
from eden import profiles
start = time.perf_counter()
rows = len(profiles.read(sys.argv[1]))
seconds = time.perf_counter() - start
print(rows, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def made_up(rows: int) -> pa.Table:
    """Return a table of observations, no two of one place."""
    i, draw = np.arange(rows), np.random.default_rng(0)
    ones = i // 40 % 2 == 0
    values = {
        "module": pa.array([f"m{k}" for k in range(10)]).take(pa.array(i % 10)),
        "vdd_volts": 1.05 + 0.025 * (i // 10 % 4),
        "trcd_seconds": np.full(rows, 1e-8),
        "temperature_celsius": np.full(rows, 20.0),
        "pattern": pa.array(["0xff", "0x0"]).take(pa.array(i // 40 % 2)),
        "bank": i // 80 % 8,
        "row_first": i // 640,
        "row_last": i // 640,
        "cells": np.full(rows, 65536),
        "reads": np.full(rows, 16),
        "failures_1to0": np.where(ones, draw.poisson(3, rows), 0),
        "failures_0to1": np.where(ones, 0, draw.poisson(3, rows)),
    }
    empty = pa.array([""]).take(pa.array(0 * i))
    return pa.table({column.name: values.get(column.name, empty) for column in COLUMNS})


def main() -> None:
    made = parser(__doc__, elements=None)
    made.add_argument("--rows", type=int, default=10_000_000)
    args = made.parse_args()
    table = Table({"rows": "9d", "MiB": "7.0f", "seconds": "8.1f", "peak GB": "8.2f"})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "profile.csv"
        options = pyarrow.csv.WriteOptions(quoting_style="needed")
        pyarrow.csv.write_csv(made_up(args.rows), path, options)
        command = [sys.executable, "-c", READ, str(path)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        size = path.stat().st_size / 2**20
        row = {"rows": int(said[0]), "MiB": size, "seconds": float(said[1])}
        table.add(**row, **{"peak GB": float(said[2]) / 1e9})
    table.write(args.json, "profiles", head())


if __name__ == "__main__":
    main()
