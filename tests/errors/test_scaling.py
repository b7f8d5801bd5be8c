"""Scaling to a BER: its specification bit for bit, exact arithmetic, and its order."""

import itertools
import struct
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eden import errors
from eden._native import core

HIGH, LOW = float.fromhex("0x1.62e42fefa38p-1"), float.fromhex("0x1.ef35793c7673p-45")
LOG2_E = float.fromhex("0x1.71547652b82fep0")


def stress_of(p: float) -> float:
    """-log(1 - p), docs/rng.md."""

    def twice_atanh(s):
        total = 0.0
        for k in range(21, 1, -2):
            total = s * s * (1.0 / k + total)
        return 2 * (s + s * total)

    if p == 1:
        return np.inf
    if p < 2.0**-60:
        return p
    if p < 0.29:
        return twice_atanh(p / (2 - p))
    m, exponent = np.frexp(1 - p)
    m, n = (2 * m, 1 - exponent) if 2 * m <= 1.42 else (m, -exponent)
    return n * HIGH + (n * LOW + twice_atanh((1 - m) / (1 + m)))


def weak_of(y: np.ndarray) -> np.ndarray:
    """1 - e^-y."""
    n = np.rint(y * LOG2_E)
    r = (y - n * HIGH) - n * LOW
    series = np.ones_like(r)
    for k in range(13, 1, -1):
        series = 1 - r * (1.0 / k) * series
    power = np.ldexp(1.0, -n.astype(int))
    return (1 - power) + power * (r * series)


def halves(values: list[float]) -> float:
    """Sum by adding the upper half onto the lower."""
    while len(values) > 1:
        half = (len(values) + 1) // 2
        upper = values[half:]
        values = [a + b for a, b in zip(values, upper, strict=False)] + values[len(upper) : half]
    return values[0]


def factor_of(k: int) -> float:
    return struct.unpack("<d", struct.pack("<Q", k << 5))[0]


def twin(weak, failure, share, ber):
    """The specification, by plain bisection over the factors of 48 bits."""
    padding = -len(weak) % 128
    stress = np.array([stress_of(float(p)) for p in weak] + [0.0] * padding)
    weight = np.concatenate([failure * share, np.zeros(padding)])

    def at(k):
        with np.errstate(over="ignore"):
            return weak_of(np.minimum(factor_of(k) * stress, 64.0))

    def rate(k):
        terms = (weight * at(k)).reshape(-1, 128).tolist()
        return halves([halves(block) for block in terms])

    below, reached = 0, (1023 + 1023) << 47
    while reached - below > 1:
        middle = (below + reached) // 2
        if rate(middle) < ber:
            below = middle
        else:
            reached = middle
    return at(reached)[: len(weak)]


def draw_model(seed: int, entries: int):
    rng = np.random.default_rng(seed)
    weak = np.minimum(1.0, np.exp(rng.normal(-7, 3, entries)))
    weak[rng.random(entries) < 0.05] = 0
    share = rng.random(entries)
    return weak, rng.random(entries), share / share.sum()


@pytest.mark.parametrize("entries", [1, 2, 100, 128, 300])
@pytest.mark.parametrize("part", [1e-15, 1e-7, 1e-3, 0.2, 0.7, 0.99, 1.0])
def test_scaling_is_its_specification_bit_for_bit(entries, part):
    weak, failure, share = draw_model(entries, entries)
    weak[0] = 0.3
    ber = part * float((failure * share)[weak > 0].sum()) * (1 - 1e-12)
    assert np.array_equal(
        core.scale_to_ber(weak, failure, share, ber), twin(weak, failure, share, ber)
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("ber", [1e-30, 1e-9, 1e-3, 0.1, 0.3])
def test_scaling_is_exact_to_the_factor(seed, ber):
    """48 bits of factor: 7.2e-15 above the real one at the most, and a few roundings."""
    weak, failure, share = draw_model(seed, 60)
    weak = np.minimum(weak, 0.9)  # a certain cell has no stress to scale
    with localcontext() as context:
        context.prec = 50
        exact = [
            (Decimal(f) * Decimal(s), -(1 - Decimal(p)).ln())
            for p, f, s in zip(weak.tolist(), failure.tolist(), share.tolist(), strict=True)
        ]

        def fractions(x):
            return [1 - (-x * t).exp() for _, t in exact]

        low, high = Decimal(0), Decimal("1e12")
        for _ in range(200):
            middle = (low + high) / 2 if low == 0 or high / low < 2 else (low * high).sqrt()
            total = sum(w * p for (w, _), p in zip(exact, fractions(middle), strict=True))
            low, high = (middle, high) if total < Decimal(ber) else (low, middle)
        expected = [float(p) for p in fractions(high)]
    scaled = core.scale_to_ber(weak, failure, share, ber)
    assert np.allclose(scaled, expected, rtol=1e-14, atol=0)
    assert np.array_equal(scaled == 0, weak == 0)


@given(
    seed=st.integers(0, 20),
    bers=st.lists(st.floats(1e-30, 0.2), min_size=2, max_size=6),
    closer=st.floats(0, 1e-13),
)
def test_weak_fractions_never_fall_as_the_rate_rises(seed, bers, closer):
    weak, failure, share = draw_model(seed, 200)
    bers = sorted([*bers, *(ber * (1 + closer) for ber in bers)])
    scaled = [core.scale_to_ber(weak, failure, share, ber) for ber in bers]
    for lower, higher in itertools.pairwise(scaled):
        assert (lower <= higher).all()


def test_certain_cells_stay_certain_and_sound_ones_sound():
    model = errors.Wordline([0.0, 1.0, 1e-3, 1e-300, 1 - 2.0**-53])
    for ber in (1e-9, 0.1, 0.3, 0.7):
        assert model.with_ber(ber).weak_fraction[:2].tolist() == [0, 1]
    assert model.with_ber(0).weak_fraction.tolist() == [0] * 5
    assert model.with_ber(0.8).ber == pytest.approx(0.8, rel=1e-15)


def test_no_factor_reaches_more_than_all_weak_cells():
    with pytest.raises(ValueError, match=r"ber is 0.3, accepted: at most 0.25, which"):
        errors.Wordline([0.0, 0.1], 0.5).with_ber(0.3)
    with pytest.raises(ValueError, match=r"accepted: at most 0\.0, "):
        errors.Wordline([0.0, 0.0]).with_ber(1e-9)
    model = errors.Wordline([0.3, 0.4], 0.7)
    assert model.with_ber(0.7).ber == pytest.approx(0.7, rel=1e-15)
    # A model's own rate is within its reach, however its sum was rounded.
    full = errors.Bitline(np.ones(512), np.random.default_rng(0).random(512))
    assert full.with_ber(full.ber).ber == full.ber
