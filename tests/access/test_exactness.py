"""Error rates come out exactly: every model and format from 1e-9 to 1.

All keys are fixed, so a run is deterministic; what is bounded is the chance, alpha = 1e-3 over
every test in this file together, that a right injector would have been refused when the keys were
chosen. Bonferroni shares alpha out: each count is held to an exact binomial interval.
"""

import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy import stats

from eden import errors
from eden.access import ops, rng

pytestmark = pytest.mark.usefixtures("device")

ALPHA = 1e-3
ROWS = 64
ROW_BITS = 65536
CELLS = ROWS * ROW_BITS  # of one load
RATES = (1e-9, 1e-7, 1e-5, 1e-3, 1e-2, 0.1, 0.5, 1.0)
# Loads under different keys: at 1e-9, 10.7 flips are expected of every model and format.
LOADS = {1e-9: 2560, 1e-7: 64, 1e-5: 8, 1e-3: 2}
FORMATS = {"fp32": 32, "fp16": 16, "bf16": 16, "int16": 16, "int8": 8, "int4": 4}
NATIVE = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
# Integer tensors that hold the codes themselves: int4 two a byte.
CODES = {"int16": torch.int16, "int8": torch.int8, "int4": torch.uint8}


def halves(n):
    """A class, 0 or 1, for each bitline or row, in no order."""
    return np.random.default_rng(n).permutation(n) % 2


def uniform(rate):
    return errors.Uniform(rate), [(rate, rate)]


def uniform_access(rate):
    failure = 1.0 if rate == 1.0 else 0.5
    weak = rate / failure
    return errors.Uniform(weak, failure), [(rate, rate)]


def data_dependent(rate):
    if rate == 1.0:
        return errors.DataDependent(1.0, 1.0, 1.0), [(1.0, 1.0)]
    weak = 2 * rate
    # The classes' rates are those of a stored 0, then of a stored 1.
    return errors.DataDependent(weak, 0.75, 0.25), [(0.25 * weak, 0.75 * weak)]


def two_classes(rate):
    """Rates of the two classes: their mean is the rate."""
    low, high = (rate, rate) if rate == 1.0 else (0.5 * rate, 1.5 * rate)
    return np.array([low, high])


def bitline(rate):
    p = two_classes(rate)
    failure = 1.0 if rate == 1.0 else 0.8
    return errors.Bitline(p[halves(ROW_BITS)] / failure, failure), [(v, v) for v in p]


def wordline(rate):
    p = two_classes(rate)
    return errors.Wordline(p[halves(ROWS)]), [(v, v) for v in p]


MODELS = (uniform, uniform_access, data_dependent, bitline, wordline)


@dataclass(frozen=True)
class Observation:
    """Counts by class of cells, bit position and stored bit, [classes, bits, 2]."""

    model: str
    stored: str
    rate: float
    flips: np.ndarray
    trials: np.ndarray
    probability: np.ndarray  # [classes, 1, 2]


class Sample:
    """A tensor of random codes in a stored format, and what was flipped in it."""

    def __init__(self, stored, dtype):
        self.stored, self.dtype = stored, dtype
        self.quantised = dtype not in (NATIVE.get(stored), CODES.get(stored))
        self.bits = FORMATS[stored] if self.quantised else 8 * dtype.itemsize
        n = CELLS // self.bits
        # An encoder never writes -2^(bits-1): with a step of 1, values are their own codes.
        low = 1 - 2 ** (self.bits - 1) if self.quantised else 0
        high = 2 ** (self.bits - 1) if self.quantised else 2**self.bits
        self.codes = np.random.default_rng(self.bits).integers(low, high, n)
        if self.quantised:
            self.x = torch.from_numpy(self.codes).to(dtype)
        else:
            self.integer = {1: torch.int8, 2: torch.int16, 4: torch.int32}[dtype.itemsize]
            self.x = torch.from_numpy(self.codes).to(self.integer).view(dtype)
        self.x = self.x.to(torch.get_default_device())
        self.step = 1.0 if self.quantised else None
        self.out = torch.empty_like(self.x)
        self.words = [t.view(torch.int8).view(torch.int64) for t in (self.x, self.out)]
        elements = np.arange(n)
        self.row = elements * self.bits // ROW_BITS
        self.first_bitline = elements * self.bits % ROW_BITS

    def codes_read(self):
        out = self.out if self.quantised else self.out.view(self.integer)
        return out.cpu().numpy().astype(np.int64)

    def count(self, differences, class_of):
        """Sum `differences` by class, bit position and stored bit."""
        where = np.flatnonzero(differences)
        counts = np.zeros((2, self.bits, 2), dtype=np.int64)
        for b in range(self.bits):
            hit = where[differences[where] >> b & 1 == 1]
            one = self.codes[hit] >> b & 1
            kind = class_of(self.row[hit], self.first_bitline[hit] + b)
            counts[:, b] = np.bincount(2 * kind + one, minlength=4).reshape(2, 2)
        return counts

    def observe(self, model, rate):
        error, classes = model(rate)
        kinds = {bitline: halves(ROW_BITS), wordline: halves(ROWS)}

        def class_of(row, column):
            if model not in kinds:
                return np.zeros_like(row)
            return kinds[model][column if model is bitline else row]

        loads = LOADS.get(rate, 1)
        flips = np.zeros((2, self.bits, 2), dtype=np.int64)
        base = rng.fold_in(rng.key(2026), f"{model.__name__} {self.stored} {rate}")
        for i in range(loads):
            key = rng.fold_in(base, i)
            ops.inject(self.x, error, key=key, stored=self.stored, scale=self.step, out=self.out)
            if torch.equal(*self.words):
                continue
            flips += self.count((self.codes ^ self.codes_read()) & (2**self.bits - 1), class_of)
        trials = loads * self.count(np.full_like(self.codes, 2**self.bits - 1), class_of)
        # Bytes with two int4 in them.
        halved = (2, -1, FORMATS[self.stored], 2)
        flips, trials = (c.reshape(halved).sum(axis=1) for c in (flips, trials))
        n = len(classes)
        probability = np.array(classes).reshape(n, 1, 2)
        return Observation(model.__name__, self.stored, rate, flips[:n], trials[:n], probability)


@pytest.fixture(scope="module")
def observations(device):
    threads = torch.get_num_threads()
    # Many short loads: waking threads would cost more than they save.
    torch.set_num_threads(1)
    found = []
    for stored in FORMATS:
        sample = Sample(stored, NATIVE.get(stored, torch.float32))
        # Quantising the 1e10 bits that show a rate of 1e-9 would take a minute.
        plain = Sample(stored, NATIVE.get(stored) or CODES[stored])
        for rate in RATES:
            chosen = plain if rate < 1e-8 else sample
            found += [chosen.observe(model, rate) for model in MODELS]
    torch.set_num_threads(threads)
    return found


def p_value(count, trials, probability):
    """Two-sided exact binomial test."""
    law = stats.binom(trials, probability)
    return min(1.0, 2 * min(law.cdf(count), law.sf(count - 1)))


# One test for each model, format, rate, class of cells and direction; one for each rate and
# direction over all models and formats; one chi-square.
TESTS = len(FORMATS) * len(RATES) * (2 + 2 + 2 + 4 + 4) + 2 * len(RATES) + 1


def test_every_rate_is_exact_in_both_directions(observations):
    wrong, tests = [], 0
    for seen in observations:
        flips, trials = seen.flips.sum(axis=1), seen.trials.sum(axis=1)
        for place in np.ndindex(flips.shape):
            p = seen.probability[:, 0][place]
            value = p_value(flips[place], trials[place], p)
            tests += 1
            if value < ALPHA / TESTS:
                expected = trials[place] * p
                wrong.append((seen.model, seen.stored, seen.rate, place, flips[place], expected))
    assert tests == TESTS - 2 * len(RATES) - 1
    assert wrong == []


@pytest.mark.parametrize("direction", [0, 1], ids=["0->1", "1->0"])
@pytest.mark.parametrize("rate", RATES)
def test_rates_pooled_over_models_and_formats(observations, rate, direction):
    flips, expected, variance = 0, 0.0, 0.0
    for seen in observations:
        if seen.rate == rate:
            p, trials = seen.probability[..., direction], seen.trials[..., direction]
            flips += int(seen.flips[..., direction].sum())
            expected += float((trials * p).sum())
            variance += float((trials * p * (1 - p)).sum())
    if rate == 1.0:
        assert flips == expected
    elif rate < 1e-4:  # a sum of rare events
        law = stats.poisson(expected)
        assert 2 * min(law.cdf(flips), law.sf(flips - 1)) >= ALPHA / TESTS
    else:
        assert stats.norm.sf(abs(flips - expected) / math.sqrt(variance)) * 2 >= ALPHA / TESTS


def test_bit_positions_fail_alike(observations):
    # Each rate, format, bit position and direction where the normal law is near: one chi-square.
    total, freedom = 0.0, 0
    for rate in RATES[:-1]:
        for stored in FORMATS:
            chosen = [s for s in observations if s.rate == rate and s.stored == stored]
            p = [s.trials * s.probability for s in chosen]
            flips = sum(s.flips.sum(axis=0) for s in chosen)
            expected = sum(e.sum(axis=0) for e in p)
            variance = sum(
                (e * (1 - s.probability)).sum(axis=0) for e, s in zip(p, chosen, strict=True)
            )
            enough = variance >= 25
            total += float((((flips - expected) ** 2)[enough] / variance[enough]).sum())
            freedom += int(enough.sum())
    assert freedom > 700
    law = stats.chi2(freedom)
    assert 2 * min(law.cdf(total), law.sf(total)) >= ALPHA / TESTS


def test_at_1e_9_enough_flips_are_expected(observations):
    for seen in observations:
        assert seen.rate > 1e-9 or (seen.trials * seen.probability).sum() >= 10


@pytest.mark.parametrize("stored", ["int4", "int16"])
@pytest.mark.parametrize("rate", [1e-5, 1e-2, 1.0])
def test_count_flips_counts_what_was_counted_here(stored, rate):
    sample = Sample(stored, torch.float32)
    seen = sample.observe(uniform, rate)
    total = torch.zeros(FORMATS[stored], 2, dtype=torch.int64)
    base = rng.fold_in(rng.key(2026), f"uniform {stored} {rate}")
    for i in range(LOADS.get(rate, 1)):
        key = rng.fold_in(base, i)
        y = ops.inject(sample.x, uniform(rate)[0], key=key, stored=stored, scale=1.0)
        total += ops.count_flips(sample.x, y, stored=stored, scale=1.0)
    np.testing.assert_array_equal(total.cpu().numpy(), seen.flips[0])
