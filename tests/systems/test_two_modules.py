"""Placements over several modules on systems with a memory of their own."""

import re
from dataclasses import replace
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


def placed(modules, include=None, protect=None, **bears):
    """Tensors that bear 1e-2, but for those named; the last layer's weights fill most of it."""
    model = network()
    config = eden.Config(eden.errors.Uniform(1e-4), include=include, protect=protect or {})
    with eden.approximate(model, config) as handle:
        handle.learn_bounds([SAMPLE])
        config, infos = handle.config, handle.tensors
    tensors = [replace(t, tolerance=bears.get(t.name.replace(".", "_"), 1e-2)) for t in infos]
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
    assert {p.vdd_volts for p in placement.points.values()} == {1.05, 1.1}
    system = like(name, channels=2)
    here = run_of(system, placement)
    total = 0.0
    for ran in here.runs:
        moved = sum(s.size_bytes * s.passes for s in ran.streams)
        for s in ran.streams:
            share = s.size_bytes * s.passes / moved
            total += share * parts_of(here.memory, ran, s.vdd_volts, "cv2").moving.total
        for module, standby in enumerate(here.standby_volts):
            own = [s for s in ran.streams if s.module == module]
            bytes_of = [s.size_bytes * s.passes for s in own]
            # Of the last layer's OFM a line lies at the rated point, in the first module.
            at = [(s.vdd_volts, n / sum(bytes_of)) for s, n in zip(own, bytes_of, strict=True)]
            for volts, share in at or [(standby, 1.0)]:
                channel = slice(module, module + 1)
                waits = parts_of(here.memory, ran, volts, "cv2", channels=channel)
                total += share * (waits.background + waits.power_down + waits.refresh)
    found = eden.evaluate_energy(network(), SAMPLE, placement, system=system)
    assert found.joules["cv2"].total == pytest.approx(total, rel=1e-12)
    assert set(here.standby_volts) == {1.05, 1.1}
    assert any("2 modules, each with its share of the channels" in x for x in found.assumptions)


def exchanged(placement):
    """The same with what is in one module in the other."""

    def other(name):
        if not name.startswith(("bank", "module1.")):
            return name
        return name.removeprefix("module1.") if name.startswith("module1.") else f"module1.{name}"

    def moved(entry):
        places = tuple(replace(place, partition=other(place.partition)) for place in entry.places)
        return replace(entry, partition=other(entry.partition), places=places)

    entries = {name: moved(entry) for name, entry in placement.entries.items()}
    points = {other(name): point for name, point in placement.points.items()}
    return replace(placement, entries=entries, points=points)


@pytest.mark.parametrize("name", ["cpu", "gpu", "tpu"])
@pytest.mark.parametrize("bears", [{}, {"3_weight": 1e-8}])
def test_it_does_not_matter_which_module_is_the_first(name, bears):
    placement = placed(2, **bears)
    modules = {placement.partitions[e.partition].module for e in placement.entries.values()}
    assert len(modules) == 1 + len(bears)
    two = [
        eden.evaluate_energy(network(), SAMPLE, p, system=like(name))
        for p in (placement, exchanged(placement))
    ]
    # The lines of an OFM that is not placed lie in the first: ten bytes.
    assert two[0].saving("cv2") == pytest.approx(two[1].saving("cv2"), abs=2e-3)


@pytest.mark.parametrize("name", ["cpu", "gpu"])
@pytest.mark.parametrize(
    "config",
    [
        {},
        {"include": ["0.weight"]},
        {"protect": {"3.weight": "reliable"}},
        {"protect": {"*": "strong_bits=2"}},
        {"protect": {"3.weight": "triple"}},
    ],
    ids=str,
)
def test_a_second_module_that_holds_nothing_changes_nothing(name, config):
    """Where lines go over all channels in time: an empty module waits as the layer is charged."""
    one, two = (placed(modules, **config) for modules in (1, 2))
    known = two.partitions
    homes = [e.partition for e in two.entries.values()]
    homes += [place.partition for e in two.entries.values() for place in e.places]
    assert len({known[home].module for home in homes if home in known}) == 1
    alone, beside = (
        eden.evaluate_energy(network(), SAMPLE, p, system=like(name)) for p in (one, two)
    )
    assert beside.saving("cv2") == pytest.approx(alone.saving("cv2"), abs=2e-3)


def test_a_rated_module_is_a_home_for_what_bears_nothing():
    """Beside a lowered one; in a single module its supply would hold for all."""
    one, two = (placed(modules, **{"3_weight": 0.0}) for modules in (1, 2))
    assert {p.vdd_volts for p in one.points.values()} == {1.35}
    assert {p.vdd_volts for p in two.points.values()} == {1.05, 1.35}
    for name in ("cpu", "gpu"):
        alone, beside = (
            eden.evaluate_energy(network(), SAMPLE, p, system=like(name)) for p in (one, two)
        )
        assert alone.saving() < 0.01 and beside.saving() > 0.05


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
    ("system", "modules", "channels", "accepted"),
    [
        (like("tpu"), 3, 1, "1, 2, 4"),
        (like("eyeriss", channels=4), 2, 4, "1, 4"),
        (like("cpu"), 3, 2, "1, 2"),
        (like("cpu", channels=1), 2, 1, "1"),
    ],
    ids=str,
)
def test_modules_that_do_not_fit_the_channels_are_one_line(system, modules, channels, accepted):
    said = f"modules of a placement on {system.name}, {channels} channel(s) is {modules}, accepted"
    said = f"{said}: {accepted}"
    with pytest.raises(ValueError, match=f"^{re.escape(said)}"):
        eden.evaluate_energy(network(), SAMPLE, placed(modules), system=system)


def test_twelve_channels_are_three_modules():
    found = eden.evaluate_energy(network(), SAMPLE, placed(3), system=like("gpu"))
    assert any("3 modules" in text for text in found.assumptions)
