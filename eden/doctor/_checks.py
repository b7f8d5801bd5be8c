"""Whether the injector flips as many bits as it should.

The self-check uses fixed keys: its result is the same on every machine, so a FAIL means that this
build computes something else than the one that was tested, not bad luck.
"""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import torch
from scipy import stats

from eden import errors, reference
from eden.access import ops, rng
from eden.doctor._line import Check

# Chance that a sound injector fails any of the statistical checks, shared out evenly among them.
ALPHA = 1e-3
SEED = 20191012
# 2^22 elements are 2^27 bits in fp32: about 13 flips a key at 1e-7, and a second for all rates.
ELEMENTS = 1 << 22
RATES = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.5)
# More keys where flips are rare: at least 100 expected flips at every rate.
KEYS_AT_MOST = 8


def self_check(device: str = "cpu") -> list[Check]:
    """Inject at fixed keys and compare with what the laws demand.

    Args:
        device: Where, as torch names it.

    Returns:
        One check for each rate (two-sided z-test of the flips), for the access failures, for the
        positions (chi-square over the 32 bits of an element), and for five exact properties.
    """
    x = _random_bits(ELEMENTS).to(device)
    statistical = len(RATES) + 2
    z_limit = float(stats.norm.isf(ALPHA / statistical / 2))
    checks = [_rate_check(x, errors.Uniform(weak_fraction=rate), z_limit) for rate in RATES]
    partly = errors.Uniform(weak_fraction=1e-2, failure_probability=0.3)
    checks.append(_rate_check(x, partly, z_limit))
    checks.append(_position_check(x, ALPHA / statistical))
    return checks + _exact_checks(device)


# What the ops refuse themselves, in a process of its own: a build whose errors do not reach Python
# ends it, or loses the number in the text.
_REFUSED = """
import torch
from eden import errors
from eden.access import ops, rng
try:
    ops.inject(torch.zeros(10), errors.Uniform(1e-3), key=rng.key(1), copies=3)
except ValueError as error:
    print(error)
"""


def refusal_check() -> Check:
    """See that what an op refuses becomes an error in Python, with its numbers."""
    child = subprocess.run([sys.executable, "-c", _REFUSED], capture_output=True, text=True)
    passed = "copies is 3" in child.stdout and child.returncode == 0
    finding = "ValueError"
    if not passed:
        finding = f"exit status {child.returncode}: is libstdc++ linked statically?"
    return Check("what an op refuses is an error in Python", finding, passed)


def _random_bits(elements: int) -> torch.Tensor:
    """Return float32 ``[elements]`` of random bits, NaN and infinity among them."""
    generator = torch.Generator().manual_seed(SEED)
    bits = torch.randint(-(2**31), 2**31, (elements,), generator=generator, dtype=torch.int64)
    return bits.to(torch.int32).view(torch.float32)


def _flips(x: torch.Tensor, error: errors.ErrorModel, seed: int) -> torch.Tensor:
    return ops.count_flips(x, ops.inject(x, error, key=rng.key(seed, device=x.device)))


def _rate_check(x: torch.Tensor, error: errors.Uniform, z_limit: float) -> Check:
    bits = 32 * x.numel()
    keys = min(KEYS_AT_MOST, max(1, math.ceil(100 / (bits * error.ber))))
    flips = sum(int(_flips(x, error, SEED + k).sum()) for k in range(keys))
    expected = keys * bits * error.ber
    z = (flips - expected) / math.sqrt(expected * (1 - error.ber))
    name = f"flips at P={error.weak_fraction:g}, F={error.failure_probability:g}"
    return Check(name, f"{flips} of {expected:.1f} expected, z={z:+.2f}", abs(z) <= z_limit)


def _position_check(x: torch.Tensor, alpha: float) -> Check:
    """Chi-square of the flips by bit and direction against the zeros and ones there were."""
    error = errors.Uniform(weak_fraction=1e-2)
    flips = _flips(x, error, SEED).cpu().numpy()
    words = x.cpu().view(torch.int32).numpy()
    ones = np.array([np.count_nonzero(words & np.int32(1 << b)) for b in range(31)])
    ones = np.append(ones, np.count_nonzero(words < 0))
    cells = np.stack([x.numel() - ones, ones], axis=1)
    expected = cells * error.ber
    chi2 = float(((flips - expected) ** 2 / (expected * (1 - error.ber))).sum())
    p = float(stats.chi2.sf(chi2, df=expected.size))
    name = "positions and directions of flips at P=0.01"
    return Check(name, f"chi-square {chi2:.1f} on {expected.size} cells, p={p:.2g}", p >= alpha)


def _exact_checks(device: str) -> list[Check]:
    x = _random_bits(70_000).to(device)  # more than one segment, and no multiple of one
    key = rng.key(SEED, device=device)

    def delivered(weak_fraction, **options):
        error = errors.Uniform(weak_fraction=weak_fraction)
        return ops.inject(x, error, key=key, **options).view(torch.int32)

    bits = x.view(torch.int32)
    mild, harsh = bits ^ delivered(1e-3), bits ^ delivered(5e-2)
    elsewhere, other = _elsewhere(x)
    head = x[:2000]
    error = errors.Uniform(weak_fraction=2e-2, failure_probability=0.5)
    fast = ops.inject(head, error, key=key, stored="int8")
    slow, _ = reference.inject(
        head.cpu().view(torch.int32).numpy().view(np.uint32),
        "fp32",
        key=reference.key(SEED),
        lookup="cell",
        table=[reference.lower(error.weak_fraction, *[error.failure_probability] * 2)],
        stored="int8",
    )
    exact = {
        "nothing changes at P=0": torch.equal(delivered(0.0), bits),
        "every bit flips at P=1": torch.equal(delivered(1.0), ~bits),
        "weak cells of P=0.001 are weak at P=0.05": not bool((mild & ~harsh).any()),
        elsewhere: torch.equal(other, delivered(5e-2).cpu()),
        "the kernel agrees with the NumPy reference": np.array_equal(
            fast.cpu().view(torch.int32).numpy().view(np.uint32), slow
        ),
    }
    return [
        Check(name, "exactly" if passed else "not so", bool(passed))
        for name, passed in exact.items()
    ]


def _elsewhere(x: torch.Tensor) -> tuple[str, torch.Tensor]:
    """Return what one thread of the CPU makes of `x`: what many threads, or a GPU, make too."""
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        y = ops.inject(x.cpu(), errors.Uniform(weak_fraction=5e-2), key=rng.key(SEED))
    finally:
        torch.set_num_threads(threads)
    many = "many do" if x.device.type == "cpu" else "the GPU does"
    return f"one thread of the CPU computes what {many}", y.view(torch.int32)
