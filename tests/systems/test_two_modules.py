"""Placements over several modules on systems with a memory of their own."""

import re
from types import SimpleNamespace

import pytest
import torch
from torch import nn

import eden
from eden import devices
from eden.dram import energy_of
from eden.systems import System, inference, prepare
from eden.systems._homes import Placed
from eden.systems._parts import parts_of

SAMPLE = torch.zeros(1, 3, 16, 16)
B10 = devices.load("ddr3l-1600-b10")


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(16 * 256, 10)
    )


def placed(modules, **bears):
    """Tensors that bear 1e-2, but for those named; the last layer's weights fill most of it."""
    model = network()
    with eden.approximate(model, eden.Config(eden.errors.Uniform(1e-4))) as handle:
        handle.learn_bounds([SAMPLE])
        config, infos = handle.config, handle.tensors
    tensors = [
        SimpleNamespace(**vars(t), tolerance=bears.get(t.name.replace(".", "_"), 1e-2))
        for t in infos
    ]
    found = SimpleNamespace(config=config, coarse_ber=1e-2, tensors=tensors)
    return eden.place(found, B10, method="greedy", modules=modules)


def like(name, **changes):
    return System.load(name).with_(memory="ddr3l-1600", **changes)


def run_of(system, placement):
    prepared = prepare(network(), SAMPLE, system=system, config=placement.config)
    return prepared._of(lambda: Placed(prepared.memory, placement))


def read_joules(memory, ranks):
    return energy_of(memory, ranks, 1.35, "linear", None).joules["main"]["read"]


def test_a_tensor_lies_in_the_channel_of_its_module():
    placement = placed(2, **{"3_weight": 1e-8})
    known = placement.partitions
    module = {n: known[e.partition].module for n, e in placement.entries.items()}
    apart = module["3.weight"]
    assert [n for n, at in module.items() if at == apart] == ["3.weight"]
    here = run_of(like("tpu", channels=2), placement)
    channel = here.memory.size_bytes // 2
    conv, linear = here.runs
    (weights,) = [s for s in linear.streams if s.kind == "weight"]
    assert weights.address // channel == apart
    (others,) = {s.address // channel for s in linear.streams if s.kind == "input"}
    assert others == 1 - apart
    # Lines of 64 bytes, each read once: 16 x 256 x 10 of int8 in one channel, the IFM's 4096 in
    # the other.
    reads = [read_joules(here.memory, ranks) for ranks in linear.counts]
    assert reads[apart] == pytest.approx(640 / 64 * reads[1 - apart], rel=1e-9)
    assert read_joules(here.memory, conv.counts[apart]) == 0


@pytest.mark.parametrize("name", ["tpu", "cpu"])
def test_each_module_stands_by_at_its_own_supply(name):
    """Commands by the bytes at each supply; standby and refresh by the channels of each module."""
    placement = placed(2, **{"3_weight": 1e-8})
    supplies = {p.vdd_volts for p in placement.points.values()}
    assert supplies == {1.05, 1.1}
    system = like(name, channels=2)
    here = run_of(system, placement)
    total = 0.0
    for ran in here.runs:
        moved = sum(s.size_bytes * s.passes for s in ran.streams)
        for s in ran.streams:
            share = s.size_bytes * s.passes / moved
            total += share * parts_of(here.memory, ran, s.vdd_volts, "cv2").moving.total
        for channel, volts in enumerate(here.standby_volts):
            own = parts_of(here.memory, ran, volts, "cv2", channels=slice(channel, channel + 1))
            total += own.background + own.power_down + own.refresh
    found = eden.evaluate_energy(network(), SAMPLE, placement, system=system)
    assert found.joules["cv2"].total == pytest.approx(total, rel=1e-12)
    assert set(here.standby_volts) == supplies
    assert any("2 modules, each with its share of the channels" in x for x in found.assumptions)


def test_a_module_without_tensors_waits_at_the_lowest_supply():
    """All tensors in one: both wait at 1.05 V of 1.35 V, (7/9)^2 of the joules by cv2."""
    placement = placed(2)
    here = run_of(like("tpu", channels=2), placement)
    assert here.standby_volts == (1.05, 1.05)
    total = 0.0
    for ran in here.runs:
        # The OFM of the last layer is not placed: one line at the rated supply.
        first, second = (
            parts_of(here.memory, ran, 1.35, "cv2", channels=slice(c, c + 1)) for c in (0, 1)
        )
        moved = sum(s.size_bytes * s.passes for s in ran.streams)
        rated = sum(s.size_bytes * s.passes for s in ran.streams if s.vdd_volts == 1.35) / moved
        total += first.moving.total * (rated + (1 - rated) * (7 / 9) ** 2)
        total += (first.waiting.total + second.waiting.total) * (7 / 9) ** 2
        assert second.moving.total == 0
    found = eden.evaluate_energy(network(), SAMPLE, placement, system=like("tpu"))
    assert found.joules["cv2"].total == pytest.approx(total, rel=1e-12)


def test_a_channel_a_module_is_put_beside_an_accelerator():
    """Also at the rated point, so that like is compared with like."""
    placement = placed(2, **{"3_weight": 1e-8})
    one = eden.evaluate_energy(network(), SAMPLE, placement, system=like("tpu"))
    two = eden.evaluate_energy(network(), SAMPLE, placement, system=like("tpu", channels=2))
    assert one.joules == two.joules and one.rated_joules == two.rated_joules
    rated = inference(network(), SAMPLE, system=like("tpu", channels=2), config=placement.config)
    assert one.rated_seconds == rated.seconds
    assert any("2 channel(s)" in text for text in one.assumptions)


@pytest.mark.parametrize(
    ("system", "modules", "accepted"),
    [
        (like("tpu"), 3, "1, 2 or 4, with a channel each"),
        (like("eyeriss", channels=4), 2, "1 or 4"),
        (like("cpu"), 3, "what divides its 2 channels"),
        (like("cpu"), 4, "what divides its 2 channels"),
    ],
    ids=str,
)
def test_modules_that_do_not_fit_the_channels_are_one_line(system, modules, accepted):
    said = f"modules of a placement on {system.name} is {modules}, accepted: {accepted}"
    with pytest.raises(ValueError, match=f"^{re.escape(said)}"):
        eden.evaluate_energy(network(), SAMPLE, placed(modules), system=system)


def test_twelve_channels_are_three_modules():
    found = eden.evaluate_energy(network(), SAMPLE, placed(3), system=like("gpu"))
    assert any("3 modules" in text for text in found.assumptions)
