"""Golden vectors: what reads of every format and error model return, known from the reference.

``golden.json`` holds a digest for each format and model, made by ``scripts/make_golden`` with the
NumPy reference. The kernels of each instruction set must return the same bits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from importlib import resources
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import torch

from eden import devices, errors, mapping, reference
from eden._files import digest
from eden.access import formats, ops, rng
from eden.doctor._line import Check
from eden.doctor._ops import ops_digest
from eden.errors import table_of
from eden.network import Config

ELEMENTS = 1500  # of a copy: three, of which no kernel finds its own multiple
COPIES = 2
ROW_BYTES = 64
# Few weak cells, found one by one, and so many that all are looked at.
RATES = (2e-3, 0.1)
SCALE = 0.0625
BOUNDS = (-2.0, 5.5)
_FLOATS = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
_RAW = {"raw8": torch.int8, "raw16": torch.int16, "raw32": torch.int32}
_UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32}

# Tensor, error model, options of `ops.inject` -> bits read.
Read = Callable[[torch.Tensor, errors.ErrorModel, dict[str, Any]], np.ndarray]


def digests(read: Read) -> dict[str, str]:
    """Return by name a digest of what reads of each format and model return."""
    found = {}
    for kind in (*formats.FORMATS, *_RAW):
        for model in ("uniform", "data_dependent", "bitline", "wordline", "cells"):
            total = hashlib.sha256()
            for case in _cases(kind, model):
                total.update(read(*case).tobytes())
            found[f"{kind} {model}"] = total.hexdigest()[:16]
    return found


def golden_checks() -> list[Check]:
    """Compare the kernels in use, the other ops and the host models with what is known."""
    known = json.loads((resources.files("eden.doctor") / "golden.json").read_text())
    found = digests(by_kernel) | others()
    wrong = [name for name, value in known.items() if found.get(name) != value]
    said = f"{len(known)} agree" if not wrong else f"other bits: {', '.join(wrong)}"
    return [Check("golden vectors", said, not wrong and known.keys() == found.keys())]


def others() -> dict[str, str]:
    """Return by name a digest of what is compared besides."""
    return {"other ops": ops_digest(), "host models": host_digest()}


def by_kernel(x: torch.Tensor, error: errors.ErrorModel, options: dict[str, Any]) -> np.ndarray:
    """Read with the kernels in use."""
    return _bits(ops.inject(x, error, key=rng.key(7), **options))


def by_reference(x: torch.Tensor, error: errors.ErrorModel, options: dict[str, Any]) -> np.ndarray:
    """Read with the NumPy reference."""
    table = table_of(error)
    names = {dtype: name for name, dtype in (_FLOATS | _RAW).items()}
    found, _ = reference.inject(
        _bits(x),
        names[x.dtype],
        key=reference.key(7),
        lookup=("cell", "bitline", "wordline", "known")[table.lookup],
        table=cast(Any, [tuple(int(v) % 2**64 for v in row) for row in table.entries]),
        order=None if table.order is None else table.order.numpy(),
        **options,
    )
    return found


def host_digest() -> str:
    """Return a digest of rates, joules and placements of the devices that come with eden."""
    said = []
    tensors = tuple(
        SimpleNamespace(
            name=f"t{i}",
            kind="weight",
            elements=(i + 1) * 1000,
            size_bytes=(i + 1) * 1000,
            reads=1 + i % 3,
            tolerance=10.0 ** (-3 - i % 4),
        )
        for i in range(12)
    )
    config = Config(error=errors.Uniform(1e-3))
    tolerances = SimpleNamespace(config=config, coarse_ber=1e-4, tensors=tensors)
    for name in devices.names():
        device = devices.load(name)
        for point in device.points:
            said += [point.ber_low, point.ber, point.ber_high]
            said += [partition.at(point).ber for partition in device.partitions]
        for method in ("coarse", "greedy"):
            placement = mapping.place(tolerances, device, method=method)
            said += [placement.energy_joules, placement.vdd_volts]
            said += [f"{e.partition} {e.address}" for e in placement.entries.values()]
    # Another C library may round a logarithm otherwise in the last bit.
    return digest([f"{v:.9e}" if isinstance(v, float) else v for v in said])[:16]


def _cases(kind: str, model: str) -> Iterator[tuple]:
    for rate in RATES:
        error = _model(model, rate)
        common: dict[str, Any] = {"copies": COPIES, "address": 64 * 3, "row_bytes": ROW_BYTES}
        if kind in _RAW:
            yield _tensor(_RAW[kind]), error, common
            continue
        common |= {"stored": kind, "bounds": BOUNDS}
        if formats.FORMATS[kind].integer:
            common["scale"] = SCALE
        for dtype, correction in zip(_FLOATS.values(), ("off", "zero", "saturate"), strict=True):
            more = {"correction": correction} if correction != "off" else {"bounds": None}
            options = common | more
            if options["bounds"] is None:
                del options["bounds"]
            yield _tensor(dtype), error, options


def _model(name: str, rate: float) -> errors.ErrorModel:
    rates = [rate * factor for factor in (0.0, 0.5, 1.0, 2.5)]
    if name == "uniform":
        return errors.Uniform(rate, 0.7)
    if name == "data_dependent":
        return errors.DataDependent(rate, 0.9, 0.2)
    if name == "cells":
        # Every number of which the hash says so: the same everywhere.
        drawn = hashlib.shake_256(b"cells").digest(8000)
        chosen = np.flatnonzero(np.frombuffer(drawn, dtype=np.uint8) < 256 * rate)
        return errors.Cells(chosen, 0.7, failure_probability_zero=0.2)
    if name == "bitline":
        return errors.Bitline(np.resize(rates, 8 * ROW_BYTES), 0.7)
    return errors.Wordline(np.resize(rates, 6000 // ROW_BYTES + 8), 0.7)


def _tensor(dtype: torch.dtype) -> torch.Tensor:
    """Half random bits, half small numbers that every float type has; the same everywhere."""
    total, size = COPIES * ELEMENTS, dtype.itemsize
    noise = hashlib.shake_256(b"eden").digest(total * size)
    integer = {1: torch.int8, 2: torch.int16, 4: torch.int32}[size]
    x = torch.frombuffer(bytearray(noise), dtype=integer).view(dtype)
    if dtype.is_floating_point:
        small = torch.frombuffer(bytearray(noise), dtype=torch.int8)[:total].to(dtype) / 16
        x = torch.where(torch.arange(total) % 2 == 0, x, small)
    return x


def _bits(x: torch.Tensor) -> np.ndarray:
    size = x.dtype.itemsize
    integer = {1: torch.int8, 2: torch.int16, 4: torch.int32}[size]
    return x.view(integer).numpy().view(_UNSIGNED[size])
