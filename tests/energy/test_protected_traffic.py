"""The traffic of protected tensors: every byte that a protection adds is moved and charged."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch import nn

import eden
from eden import devices

SIZES = {"0.weight": 640, "0.input": 64, "1.weight": 100, "1.input": 10}
OFMS = 20


@pytest.fixture(scope="module")
def placed():
    """The network, a sample and `place(protect)`."""
    torch.manual_seed(0)
    model, sample = nn.Sequential(nn.Linear(64, 10), nn.Linear(10, 10)), torch.randn(4, 64)
    with eden.approximate(model, eden.Config(eden.errors.Uniform(1e-4))) as handle:
        handle.learn_bounds([sample])
        config, infos = handle.config, handle.tensors
    tensors = [replace(info, tolerance=1e-2) for info in infos]
    found = SimpleNamespace(config=config, coarse_ber=1e-2, tensors=tensors)
    device = devices.load("ddr3l-1600-b10")

    def evaluate(protect, method="greedy"):
        placement = eden.place(found, device, method=method, protect=protect)
        return eden.evaluate_energy(model, sample, placement)

    return evaluate


def test_unprotected_traffic_is_what_it_was(placed):
    none = placed("none")
    assert none.traffic_bytes == {"weights": 740, "inputs": 74, "outputs": OFMS, "reliable": 0}
    assert not any("protection" in note for note in none.assumptions)


@pytest.mark.parametrize("method", ["greedy", "coarse"])
@pytest.mark.parametrize(
    "protect, weights, inputs, outputs, reliable",
    [
        # Copies of a weight are read; those of an IFM are also written.
        ({"0.weight": "triple"}, 1280, 0, 0, 0),
        ({"0.input": "triple"}, 0, 128, 128, 0),
        ({"1.weight": "secded"}, 13, 0, 0, 0),
        ({"1.input": "secded"}, 0, 2, 2, 0),
        ({"*": "embedded"}, 0, 0, 0, 0),
        # Planes of strong bits end in whole bytes: 100 elements take 13 bytes a plane, not 12.5.
        ({"1.weight": "strong_bits=2"}, 4, 0, 0, 26),
        ({"0.weight": "reliable"}, 0, 0, 0, 640),
        # With its IFM, the OFM of a module lies at the rated point.
        ({"1.input": "reliable"}, 0, 0, 0, 20),
    ],
)
def test_every_byte_added_is_moved(placed, protect, weights, inputs, outputs, reliable, method):
    none, some = placed("none", method), placed(protect, method)
    moved = {"weights": 740 + weights, "inputs": 74 + inputs, "outputs": OFMS + outputs}
    added = weights + inputs + outputs
    assert some.traffic_bytes == {**moved, "reliable": reliable, "protection": added}
    if not reliable:  # which are laid out last, also for the nominal inference
        assert some.nominal == none.nominal
        assert some.nominal_seconds == none.nominal_seconds
    for law, components in some.approximate.items():
        before = none.approximate[law].total
        if reliable:
            assert components.total > before
        else:
            # Rows are opened for a few lines each here, so a byte does not cost what another does.
            # A line is the least that is read and that is written.
            low, high = (n / (740 + 74 + OFMS) for n in (added, max(added, 2 * 64)))
            assert before * (1 + low / 3) <= components.total <= before * (1.1 + 3 * high)
    assert any("protection" in note for note in some.assumptions)
