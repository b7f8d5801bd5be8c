"""Tensors to place, and what they bear."""

from types import SimpleNamespace

import eden

CONFIG = eden.Config(error=eden.errors.Uniform(1e-4), stored="int8")
MIB = 2**20


def tensor(name, size_bytes, tolerance, *, kind="weight", reads=1):
    return SimpleNamespace(
        name=name,
        kind=kind,
        elements=size_bytes,
        size_bytes=size_bytes,
        reads=reads,
        tolerance=tolerance,
    )


def tolerances(*tensors, coarse_ber=1e-4):
    return SimpleNamespace(config=CONFIG, coarse_ber=coarse_ber, tensors=tensors)
