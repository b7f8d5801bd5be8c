"""A digest of what the ops beside `inject` return: reads of protected, kept and trained weights.

An embedding returns the rows that it read and no sums, so the bits are the same on every machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import product

import numpy as np
import torch
from torch import Tensor, nn

from eden import errors
from eden.access import formats, ops, rng
from eden.network import Config, attach

_PROTECTIONS = ("none", "triple", "secded", "embedded", "strong_bits=2")
_ROWS, _COLUMNS = 40, 50
_RATE = 5e-3


def ops_digest() -> str:
    """Return a digest of protected reads and their gradients, flips counted, ranges and keys."""
    total = hashlib.sha256()
    for tensor in _returned():
        total.update(tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()[:16]


def _returned() -> Iterator[Tensor]:
    drawn = np.frombuffer(hashlib.shake_256(b"weights").digest(_ROWS * _COLUMNS), dtype=np.int8)
    weight = torch.from_numpy(drawn.astype(np.float32)).reshape(_ROWS, _COLUMNS) / 64
    for stored in formats.FORMATS:
        for protection, dtype in product(_PROTECTIONS, (torch.float32, torch.half, torch.bfloat16)):
            for correction in ("off",) if protection == "secded" else ("off", "zero", "saturate"):
                yield from _read(weight.to(dtype), stored, correction, protection)
        for channels in (0, _ROWS):
            bounds, scale = ops.weight_range(weight, stored, channels)
            yield from (bounds,) if scale is None else (bounds, scale)
        step = ops.scale_of(weight, stored) if formats.FORMATS[stored].integer else None
        out = torch.empty_like(weight)
        ops.inject(
            weight, errors.Uniform(_RATE), key=rng.key(3), stored=stored, scale=step, out=out
        )
        yield out
        yield ops.count_flips(weight, out, stored=stored, scale=step)
    key = rng.key(9)
    yield from (key, rng.fold_in(key, "a"), rng.fold_access(key, 7))


def _read(weight: Tensor, stored: str, correction: str, protection: str) -> Iterator[Tensor]:
    rows = nn.Embedding(_ROWS, _COLUMNS, dtype=weight.dtype)
    rows.weight.data.copy_(weight)
    model = nn.Sequential(rows)
    config = Config(errors.Uniform(_RATE), stored=stored, correction=correction)
    handle = attach(model, config.with_(protect={"0.weight": protection}))
    yield model(torch.arange(_ROWS))
    read = model(torch.arange(_ROWS))  # by the cells kept at the first
    yield read
    read.nan_to_num(0, 0, 0).sum().backward()
    assert rows.weight.grad is not None
    yield rows.weight.grad
    yield torch.tensor([list(counts) for counts in handle.corrected().values()])
