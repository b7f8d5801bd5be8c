"""How often the right error model is chosen, and how often the intervals hold the truth.

Profiles are drawn by eden's own injection, the same cells read again and again, and fitted by
`eden.profiles.fit`. One line a fit goes to OUT.jsonl; lines that are there are not made again.

Run: python scripts/fit_study.py OUT.jsonl [--fits 100] [--only choice|coverage|edge] [--cells 1e7]
     [--models 0 3] [--reads 4]
     python scripts/fit_study.py OUT.jsonl --table
"""

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch

import eden
from eden import errors, profiles
from eden.profiles._counts import counts_of
from eden.profiles._fit import _against, _separable
from eden.profiles._models import fit_model

# Cells -> bitlines of a row, groups of rows, and the mean weak fraction.
SIZES = {10**5: (512, 13, 1e-2), 10**7: (8192, 16, 1e-3), 10**9: (8192, 32, 1e-5)}
FAILURE, ONE, ZERO = 0.4, 0.6, 0.2
# Cells and reads whose intervals are held against the truth.
COVERED = ((10**5, 1), (10**5, 16), (10**5, 64), (10**7, 4), (10**9, 1))
# Numbers at their bounds or of few weak cells, whose ends are held one by one: the model fitted,
# the law of 1e5 cells, reads, and the truths.
EDGES = {
    "cells that always fail": (0, errors.Uniform(1e-2, 1.0), 16,
                               {"weak_fraction": 1e-2, "failure_probability": 1.0}),
    "ten weak cells, one read": (0, errors.Uniform(1e-4), 1, {"ber": 1e-4}),
    "ten weak cells, 16 reads": (0, errors.Uniform(1e-4, FAILURE), 16,
                                 {"weak_fraction": 1e-4, "failure_probability": FAILURE}),
    "rows alike": (2, errors.Uniform(1e-2, FAILURE), 16, {"spread": 0.0}),
    "zeros never fail": (3, errors.DataDependent(1e-2, ONE, 0.0), 16,
                         {"failure_probability_one": ONE, "failure_probability_zero": 0.0}),
}  # fmt: skip


def failed_cells(error, cells: int, reads: int, *, stored: int, key, row_bytes: int):
    """Bit addresses of all failed reads of the first `cells` cells, a cell once for each.

    Only the bytes that hold a weak cell are read more than once: no other cell ever fails.
    """
    always = errors.always_failing(error)
    x = torch.full((cells // 8,), -stored, dtype=torch.int8)
    weak = eden.inject(x, always, key=key, row_bytes=row_bytes) ^ x
    law, found = error.lower(), [np.empty(0, np.int64)]
    x = torch.full((reads,), -stored, dtype=torch.int8)
    for byte in torch.nonzero(weak).flatten().tolist():
        y = eden.inject(x, law, key=key, copies=reads, address=byte, row_bytes=row_bytes)
        bits = np.unpackbits((y ^ x).numpy().view(np.uint8)[:, None], axis=1, bitorder="little")
        found.append(8 * byte + np.nonzero(bits)[1])
    return np.concatenate(found)


def profile_of(failed, cells: int, reads: int, bitlines: int, groups: int) -> profiles.Profile:
    """Blocks of a bitline and a group of rows, under a fill of ones and one of zeros.

    Args:
        failed: Bit addresses of the failed reads by the stored bit.
        cells: Tested.
        reads: Of each.
        bitlines: Of a row.
        groups: Of rows.
    """
    import pyarrow as pa

    rows = cells // bitlines
    edges = np.linspace(0, rows, groups + 1).astype(np.int64)
    columns = defaultdict(list)
    for stored in (1, 0):
        row, line = np.divmod(failed[stored], bitlines)
        group = np.searchsorted(edges, row, side="right") - 1
        counts = np.bincount(group * bitlines + line, minlength=groups * bitlines)
        columns["row_first"].append(np.repeat(edges[:-1], bitlines))
        columns["row_last"].append(np.repeat(edges[1:] - 1, bitlines))
        columns["bitline"].append(np.tile(np.arange(bitlines), groups))
        columns["cells"].append(np.repeat(np.diff(edges), bitlines))
        columns["pattern"].append(np.full(counts.size, "0xff" if stored else "0x0"))
        columns["failures_1to0"].append(counts if stored else np.zeros_like(counts))
        columns["failures_0to1"].append(np.zeros_like(counts) if stored else counts)
    flat = {name: np.concatenate(parts) for name, parts in columns.items()}
    n = len(flat["cells"])
    flat |= {"bank": np.zeros(n, np.int64), "reads": np.full(n, reads)}
    flat |= {"module": np.full(n, "drawn")}
    schema = pa.schema([(column.name, column.type) for column in profiles.COLUMNS])
    arrays = []
    for field in schema:
        if field.name in flat:
            arrays.append(pa.array(flat[field.name]).cast(field.type))
        elif pa.types.is_dictionary(field.type):
            arrays.append(pa.array([""] * n).cast(field.type))
        else:
            arrays.append(pa.nulls(n, field.type))
    return profiles.Profile(pa.table(arrays, schema))


def law(number: int, cells: int, seed: int, spread: str = "lognormal"):
    """An error model of the kind, for a size."""
    bitlines, groups, weak = SIZES[cells]
    random = np.random.default_rng(seed)
    rows = cells // bitlines
    if number == 0:
        return errors.Uniform(weak, FAILURE)
    if number == 3:
        return errors.DataDependent(weak, ONE, ZERO)
    n = bitlines if number == 1 else groups
    if spread == "beta":
        p = random.beta(2.0, 2.0 * (1 - weak) / weak, n)
    else:
        p = np.minimum(weak * random.lognormal(-0.5, 1.0, n), 0.5)
    if number == 1:
        return errors.Bitline(p, FAILURE)
    edges = np.linspace(0, rows, groups + 1).astype(np.int64)
    return errors.Wordline(np.repeat(p, np.diff(edges)), FAILURE)


def draw(number: int, cells: int, reads: int, seed: int, spread: str = "lognormal"):
    """A profile of a law."""
    bitlines, groups, _ = SIZES[cells]
    error = law(number, cells, seed, spread)
    return drawn(error, cells // bitlines * bitlines, reads, seed, bitlines, groups)


def drawn(error, cells: int, reads: int, seed: int, bitlines: int, groups: int):
    """A profile of an error model, both fills."""
    failed = {}
    for stored in (1, 0):
        key = eden.key(2 * seed + stored)
        failed[stored] = failed_cells(
            error, cells, reads, stored=stored, key=key, row_bytes=bitlines // 8
        )
    return profile_of(failed, cells, reads, bitlines, groups)


def truths(number: int, cells: int, reads: int) -> dict[str, float]:
    """What the intervals should hold."""
    weak = SIZES[cells][2]
    both = {"weak_fraction": weak, "failure_probability": FAILURE, "ber": weak * FAILURE}
    if number == 3:
        both = {"weak_fraction": weak, "failure_probability_one": ONE,
                "failure_probability_zero": ZERO, "ber_one": weak * ONE,
                "ber_zero": weak * ZERO}  # fmt: skip
    if number in (1, 2):
        both["spread"] = 0.5**0.5
    return both


def choice(case: dict) -> dict:
    profile = draw(case["model"], case["cells"], case["reads"], case["seed"])
    begin = time.process_time()
    fit = profiles.fit(profile)
    return {
        "chosen": fit.best.number,
        "seconds": time.process_time() - begin,
        "lead": fit.models[0].bic - min(m.bic for m in fit.models[1:]),
    }


def fitted(profile: profiles.Profile, number: int):
    """What `eden.profiles.fit` makes of one model, without the time that the others take."""
    counts = counts_of(profile)
    separable = _separable(counts)
    zero = fit_model(0, counts, None, separable=separable, confidence=0.99)
    return zero if number == 0 else _against(zero, number, separable=separable)[0]


def coverage(case: dict) -> dict:
    number, cells, reads = case["model"], case["cells"], case["reads"]
    intervals = fitted(draw(number, cells, reads, case["seed"], "beta"), number).intervals
    covered = {}
    for name, truth in truths(number, cells, reads).items():
        if name in intervals:
            low, high = intervals[name]
            covered[name] = [low, truth, high]
    return {"intervals": covered}


def edge(case: dict) -> dict:
    number, error, reads, true = EDGES[case["edge"]]
    bitlines, groups, _ = SIZES[10**5]
    profile = drawn(error, 10**5 // bitlines * bitlines, reads, case["seed"], bitlines, groups)
    intervals = fitted(profile, number).intervals
    return {"intervals": {name: [intervals[name][0], truth, intervals[name][1]]
                          for name, truth in true.items() if name in intervals}}  # fmt: skip


def cases(fits: int):
    for seed in range(fits):
        for cells in SIZES:
            for reads in (1, 4, 64):
                for model in range(4):
                    yield {"kind": "choice", "model": model, "cells": cells, "reads": reads,
                           "seed": seed}  # fmt: skip
    for seed in range(10 * fits):
        for cells, reads in COVERED:
            for model in range(4):
                yield {"kind": "coverage", "model": model, "cells": cells, "reads": reads,
                       "seed": 10**6 + seed}  # fmt: skip
        for name, (model, _, reads, _) in EDGES.items():
            yield {"kind": "edge", "edge": name, "model": model, "cells": 10**5, "reads": reads,
                   "seed": 2 * 10**6 + seed}  # fmt: skip


def table(lines: list[dict]) -> None:
    """Print what the lines say."""
    print("| cells | reads | model | fits | chosen right | others chosen | slowest fit, CPU s |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    by = defaultdict(list)
    for line in lines:
        if line["kind"] != "edge":
            by[line["kind"], line["cells"], line["reads"], line["model"]].append(line)
    for (kind, cells, reads, model), found in sorted(by.items()):
        if kind != "choice":
            continue
        chosen = [line["chosen"] for line in found]
        wrong = sorted({c for c in chosen if c != model})
        slowest = max(line["seconds"] for line in found)
        print(f"| {cells:.0e} | {reads} | {model} | {len(found)} | {chosen.count(model)} | "
              f"{wrong or ''} | {slowest:.2f} |")  # fmt: skip
    print("\n| cells | reads | model | number | fits | covered, % | median width |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for (kind, cells, reads, model), found in sorted(by.items()):
        if kind != "coverage":
            continue
        for name in found[0]["intervals"]:
            ends = np.array([line["intervals"][name] for line in found])
            held = (ends[:, 0] <= ends[:, 1]) & (ends[:, 1] <= ends[:, 2])
            width = np.median((ends[:, 2] - ends[:, 0]) / ends[:, 1])
            print(f"| {cells:.0e} | {reads} | {model} | {name} | {len(ends)} | "
                  f"{100 * held.mean():.1f} | {width:.3f} |")  # fmt: skip
    print("\n| edge | number | fits | not below the interval, % | not above, % |")
    print("| --- | --- | --- | --- | --- |")
    edges = defaultdict(list)
    for line in lines:
        for name, ends in line["intervals"].items() if line["kind"] == "edge" else ():
            edges[line["edge"], name].append(ends)
    for (edge_, name), found in edges.items():
        low, true, high = np.array(found).T
        print(f"| {edge_} | {name} | {len(found)} | {100 * (low <= true).mean():.1f} | "
              f"{100 * (true <= high).mean():.1f} |")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--fits", type=int, default=100)
    parser.add_argument("--only", choices=["choice", "coverage", "edge"])
    parser.add_argument("--cells", type=float)
    parser.add_argument("--reads", type=int)
    parser.add_argument("--models", type=int, nargs="+", default=[0, 1, 2, 3])
    parser.add_argument("--table", action="store_true")
    given = parser.parse_args()
    lines = []
    if given.out.exists():
        lines = [json.loads(line) for line in given.out.read_text().splitlines()]
    if given.table:
        table(lines)
        return
    names = ("kind", "edge", "model", "cells", "reads", "seed")
    done = {tuple(line.get(name) for name in names) for line in lines}
    for case in cases(given.fits):
        skip = given.only not in (None, case["kind"]) or case["model"] not in given.models
        skip |= given.cells not in (None, case["cells"]) or given.reads not in (None, case["reads"])
        if skip or tuple(case.get(name) for name in names) in done:
            continue
        result = {"choice": choice, "coverage": coverage, "edge": edge}[case["kind"]](case)
        with given.out.open("a") as file:
            file.write(json.dumps(case | result) + "\n")


if __name__ == "__main__":
    from one_line import in_one_line

    in_one_line(main)
