"""No rounding mode of the processor that a caller may have set changes a bit."""

import ctypes
import platform

import numpy as np
import pytest
import torch

import eden
from eden.access import inject_array

# fenv.h's numbers.
MODES = {
    "x86_64": {"upward": 0x800, "downward": 0x400, "toward zero": 0xC00},
    "aarch64": {"upward": 0x400000, "downward": 0x800000, "toward zero": 0xC00000},
}
C = ctypes.CDLL(None)


@pytest.fixture(params=["upward", "downward", "toward zero"])
def in_mode(request):
    """Call a function in a rounding mode, on this thread alone."""
    modes = MODES.get(platform.machine())
    if modes is None or not hasattr(C, "fesetround"):
        pytest.skip("the numbers of this processor's rounding modes are not known here")
    torch.set_num_threads(1)
    nearest = C.fegetround()

    def call(function):
        assert C.fesetround(modes[request.param]) == 0
        try:
            return function()
        finally:
            assert C.fegetround() == modes[request.param]
            C.fesetround(nearest)

    return call


@pytest.mark.parametrize("stored", ["fp32", "fp16", "bf16", "int16", "int8", "int4"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_rounding_mode_changes_nothing(in_mode, stored, dtype):
    x = torch.randn(4096).to(dtype)
    table = eden.errors.Uniform(0.01, failure_probability=0.5).lower()
    key = eden.key(3)
    integer = eden.access.formats.get(stored).integer
    scale = {"scale": eden.access.ops.scale_of(x, stored)} if integer else {}

    def read():
        bounds, step = torch.ops.eden.weight_range(x, eden.access.formats.get(stored).code)
        y = eden.inject(
            x, table, key=key, stored=stored, bounds=(-2.5, 2.5), correction="zero", **scale
        )
        flips = eden.count_flips(x, y, stored=stored, **scale)
        return y.view(torch.uint8), bounds, step, flips

    expected = read()
    for found, wanted in zip(in_mode(read), expected, strict=True):
        assert torch.equal(found, wanted)


def test_a_rounding_mode_changes_no_array(in_mode):
    x = np.random.default_rng(1).normal(size=4096).astype(np.float32)
    options = dict(key=(1, 2), stored="int8", scale=np.float32(0.03))
    error = eden.errors.Uniform(0.01)
    expected = inject_array(x, error, **options)
    found = in_mode(lambda: inject_array(x, error, **options))
    assert np.array_equal(found.view(np.uint32), expected.view(np.uint32))


def test_a_rounding_mode_changes_no_table(in_mode):
    rates = np.geomspace(1e-12, 1.0, 50)

    def lower():
        return eden.errors.Bitline(np.resize(rates, 512)).lower().entries

    expected = lower()
    assert torch.equal(in_mode(lower), expected)


def test_a_rounding_mode_changes_no_number_on_its_way_to_a_kernel(in_mode):
    x = torch.randn(5000, generator=torch.Generator().manual_seed(1))
    error, key = eden.errors.Uniform(1e-3), eden.key(3)
    bounds = {"bounds": (-1.03, 1.07), "correction": "saturate"}
    rows = np.linspace(1e-4, 0.03, 512)

    def results():
        return [
            eden.inject(x, error, key=key, stored="int8", scale=0.0123).numpy(),
            eden.inject(x, error, key=key, **bounds).numpy(),
            inject_array(x.numpy(), error, key=(1, 2), stored="int8", scale=0.05),
            inject_array(x.numpy(), error, key=(1, 2), **bounds),
            eden.errors.Bitline(rows).with_ber(0.0037).lower().entries.numpy(),
            eden.errors.Wordline(rows).with_ber(0.0037).lower().entries.numpy(),
        ]

    for before, after in zip(results(), in_mode(results), strict=True):
        assert np.array_equal(before, after)


ERRORS = {
    "uniform": eden.errors.Uniform(0.01, 0.7),
    "bitline": eden.errors.Bitline(np.linspace(1e-4, 0.03, 512), 0.7),
    "wordline": eden.errors.Wordline(np.linspace(1e-4, 0.03, 300), np.linspace(0.1, 0.9, 300)),
    "data-dependent": eden.errors.DataDependent(0.01, 0.7, 0.1),
    "cells": eden.errors.Cells(np.arange(0, 700, 7), np.linspace(0.1, 0.9, 100)),
}


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("where", [{}, {"address": 1024, "size_bytes": 100}])
def test_a_rounding_mode_changes_no_model_that_is_scaled(in_mode, name, where):
    if name == "cells" and where:
        where = {"address": 10, "size_bytes": 50}
    bers = np.geomspace(1e-9, 1e-3, 20)

    def tables():
        scaled = (ERRORS[name].with_ber(ber, **where) for ber in bers)
        return torch.stack([model.lower().entries for model in scaled])

    expected = tables()
    assert torch.equal(in_mode(tables), expected)


def test_a_network_set_to_a_rate_is_the_same_in_every_mode(in_mode):
    model, x = torch.nn.Linear(64, 64, bias=False), torch.eye(64)
    config = eden.Config(eden.errors.DataDependent(0.01, 0.7, 0.1), inputs=False)

    def read():
        with eden.approximate(model, config) as handle, torch.no_grad():
            handle.set_ber(3.3e-3)
            return model(x)

    assert torch.equal(in_mode(read), read())
