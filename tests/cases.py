"""Random injections, each known by its number: what one device makes of them, another must too.

Run: PYTHONPATH=. python tests/cases.py [--device cuda] [--cases 20000] [--first 0]
     [--seconds 300] [--json FILE]
Compares the CPU with another device bit for bit (`--device cpu`: one thread with many), and prints
how many cases were compared.
"""

import argparse
import json
import math
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from law import ELEMENTS, any_bits, same_bits

from eden import errors
from eden.access import ops, rng

FLOATS = (torch.float32, torch.float16, torch.bfloat16)
STORED = ("fp32", "fp16", "bf16", "int16", "int8", "int4")
BITS = dict(zip(STORED, (32, 16, 16, 16, 8, 4), strict=True))
DENSE_START = -math.expm1(-(2.0**-6))
SPECIAL_RATES = (0.0, DENSE_START, math.nextafter(DENSE_START, 1), 0.5, 1.0)
LOWERED = {}  # tables of the largest bitline models take a while to make


@dataclass
class Case:
    """One injection.

    Attributes:
        number: what all of it follows from.
        x: the tensor, on the CPU.
        error: the error model.
        seed: of the key.
        options: of `ops.inject`.
        gradient: whether a gradient goes back through it.
    """

    number: int
    x: torch.Tensor
    error: errors.ErrorModel
    seed: int
    options: dict = field(default_factory=dict)
    gradient: bool = False

    def __str__(self) -> str:
        options = ", ".join(f"{k}={v}" for k, v in self.options.items())
        kind = f"{self.error.kind} ber={self.error.ber:.3g}"
        return f"case {self.number}: {self.x.dtype} [{self.x.numel()}], {kind}, {options}"


def make(number: int) -> Case:
    """Make the case of a number."""
    random = np.random.default_rng([2026, number])
    dtype = random.choice(list(ELEMENTS) + list(FLOATS) * 2)
    floating = dtype in FLOATS
    copies = int(random.choice([1, 1, 1, 2, 3, 7]))
    largest = 3000 if random.random() < 0.7 else 70_000
    elements = int(random.integers(0, largest // copies + 1))
    # Kernels load 16 bytes at a time: a tensor may begin anywhere.
    skip = int(random.integers(0, 5))
    x = any_bits(skip + copies * elements, dtype, number)
    options = {"copies": copies, "first_copy": int(random.choice([0, 1, 2**40]))}
    stored = str(random.choice(STORED)) if floating else None
    bits = BITS[stored] if floating else 8 * dtype.itemsize
    unit = max(bits // 8, 1)
    options["address"] = unit * int(random.choice([0, 1, 13, random.integers(0, 9000)]))
    kind = str(random.choice(["uniform", "data_dependent", "bitline", "wordline", "cells"]))
    if kind in ("uniform", "data_dependent", "cells") and random.random() < 0.2:
        options["address"] += int(random.choice([2**32, 2**45]))
    if floating:
        options["stored"] = stored
        if stored.startswith("int"):
            options["scale"] = _scale(random, elements)
        options["correction"] = str(random.choice(["off", "zero", "saturate"]))
        if options["correction"] != "off":
            low, high = sorted(random.choice([-1e30, -2.0, -1e-3, -0.0, 0.5, 1.0, 65519.9], 2))
            options["bounds"] = torch.tensor([low, high], dtype=torch.float32)
        # Converted or quantised, random bits are mostly out of range: small numbers now and then.
        if random.random() < 0.5:
            x = torch.from_numpy(random.standard_normal(x.numel())).to(dtype)
    options["row_bytes"] = int(random.choice([64, 128, 512, 1024, 8192]))
    size = options["address"] + (elements * bits + 7) // 8
    error = _model(random, kind, options["row_bytes"], size)
    gradient = floating and random.random() < 0.3
    return Case(number, x[skip:], error, int(random.integers(0, 2**62)), options, gradient)


def _scale(random: np.random.Generator, elements: int) -> torch.Tensor | None:
    if random.random() < 0.3:
        return None
    channels = [c for c in (1, 2, 3, 5, 8) if elements > 0 and elements % c == 0] or [1]
    steps = 10.0 ** random.uniform(-5, 2, int(random.choice(channels)))
    return torch.tensor(steps, dtype=torch.float32)


def _rate(random: np.random.Generator) -> float:
    if random.random() < 0.15:
        return float(random.choice(SPECIAL_RATES))
    return float(10.0 ** random.uniform(-7, 0))


def _model(random: np.random.Generator, kind: str, row_bytes: int, size: int):
    rate = _rate(random)
    failure = float(random.choice([1.0, 0.5, random.random()]))
    if kind == "uniform":
        return errors.Uniform(rate, failure)
    if kind == "data_dependent":
        return errors.DataDependent(rate, failure, float(random.choice([failure, 1.0, 0.1])))
    if kind == "cells":
        first = max(8 * (size - 30_000), 0)
        cells = first + np.flatnonzero(random.random(8 * size + 100 - first) < rate)
        one = np.where(random.random(cells.size) < 0.5, failure, 1.0)
        return errors.Cells(cells, one, failure_probability_zero=random.choice([failure, 1.0, 0.1]))
    n = 8 * row_bytes if kind == "bitline" else size // row_bytes + 1
    weak = np.clip(rate * random.choice([0, 0.1, 1, 1, 2], n), 0, 1)
    if kind == "wordline":
        return errors.Wordline(weak, np.where(random.random(n) < 0.5, failure, 1.0))
    if n > 2**15:  # one of a few
        which = int(random.integers(0, 8))
        if which not in LOWERED:
            own = np.random.default_rng(which)
            weak = np.clip(10.0 ** own.uniform(-6, 0) * own.choice([0, 1, 2], n), 0, 1)
            LOWERED[which] = errors.Bitline(weak, 0.5 if which % 2 else 1.0)
        return LOWERED[which]
    order = random.permutation(n) if random.random() < 0.5 else None
    return errors.Bitline(weak, failure, order)


def run(case: Case, device: str) -> dict[str, torch.Tensor]:
    """Return all that a device makes of a case, on the CPU."""
    x = case.x.to(device)  # the same offset to 16 bytes: torch aligns what it allocates
    x = torch.cat([x.new_zeros(case.number % 4), x])[case.number % 4 :]
    x.requires_grad_(case.gradient)
    options = {k: v.to(device) if torch.is_tensor(v) else v for k, v in case.options.items()}
    y = ops.inject(x, case.error, key=rng.key(case.seed, device=device), **options)
    made = {"inject": y.detach()}
    if case.gradient:
        y.backward(torch.ones_like(y))
        made["gradient"] = x.grad
    x = x.detach()
    if x.dtype in FLOATS:
        scale = options.get("scale")
        stored = options["stored"]
        flips = ops.count_flips(x, y.detach(), stored=stored, scale=scale)
        if x.numel() > 0:
            bounds, step = ops.weight_range(x, stored)
            made["bounds"] = bounds
            if step is not None:
                made["step"] = step
                channels = 1 if scale is None else scale.numel()
                bounds_of_all, steps = ops.weight_range(x, stored, channels)
                made |= {"bounds of channels": bounds_of_all, "steps": steps}
    else:
        flips = ops.count_flips(x, y)
    made["flips"] = flips.to(torch.int32)
    out = torch.empty_like(x)
    ops.inject(x, case.error, key=rng.key(case.seed, device=device), out=out, **options)
    made["out"] = out
    return {name: value.cpu() for name, value in made.items()}


def differences(case: Case, device: str) -> list[str]:
    """Names of what a device makes otherwise than the CPU, on one thread if that is the device."""
    expected = run(case, "cpu")
    threads = torch.get_num_threads()
    try:
        if device == "cpu":
            torch.set_num_threads(1)
        got = run(case, device)
    finally:
        torch.set_num_threads(threads)
    return [name for name, value in expected.items() if not same_bits(got[name], value)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop after this long")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    args = parser.parse_args()
    start, compared, wrong = time.monotonic(), 0, []
    for number in range(args.first, args.first + args.cases):
        if time.monotonic() - start > args.seconds:
            break
        case = make(number)
        names = differences(case, args.device)
        compared += 1
        if names:
            wrong.append(f"{case}: {', '.join(names)}")
            print("DIFFERS", wrong[-1], flush=True)
    print(f"{compared} cases compared between the CPU and {args.device}, {len(wrong)} differ")
    if args.json:
        figures = {"cases": compared, "first": args.first, "device": args.device, "differ": wrong}
        args.json.write_text(json.dumps(figures, indent=2) + "\n")
    return int(bool(wrong) or compared == 0)


if __name__ == "__main__":
    raise SystemExit(main())
