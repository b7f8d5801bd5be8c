"""Time and energy of an inference on an accelerator: what is conserved, and what must fall."""

import copy
import pickle
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import eden
from eden import devices
from eden.systems import Parts, System, inference, layers_of, prepare
from eden.systems._homes import check_counted

SYSTEMS = ("eyeriss", "tpu")


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 16, 3, groups=16), nn.Flatten(),
        nn.Linear(16 * 14 * 14, 10),
    )  # fmt: skip


SAMPLE = torch.zeros(1, 3, 16, 16)


def run(system="tpu", **arguments):
    return inference(network(), SAMPLE, system=system, stored="int8", **arguments)


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_byte_of_a_small_network_is_moved_once(system):
    found = run(system)
    assert [
        (x.weight_read_bytes, x.input_read_bytes, x.output_write_bytes) for x in found.layers
    ] == [
        (432, 768, 4096),
        (144, 4096, 3136),
        (31360, 3136, 10),
    ]
    assert found.read_bytes == 432 + 768 + 144 + 4096 + 31360 + 3136
    assert found.write_bytes == 4096 + 3136 + 10
    assert found.sampling_error == 0
    assert {layer.fraction for layer in found.layers} == {1}


def test_what_does_not_fit_a_buffer_is_read_again():
    # 8 rows of 32 features against 8 filters: the case of tests/cpp/core/systems.
    small = System.load("tpu").with_(
        parameters={"rows": 4, "columns": 4, "input_buffer_bytes": 64, "weight_buffer_bytes": 64}
    )
    (layer,) = inference(nn.Linear(32, 8), torch.zeros(8, 32), system=small, stored="int8").layers
    assert (layer.weight_read_bytes, layer.input_read_bytes) == (512, 512)
    assert layer.output_write_bytes == 64
    assert layer.notes["tiles"] == 4


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_layer_takes_the_longer_of_array_and_memory(system):
    found = run(system)
    for layer in found.layers:
        assert layer.seconds == max(layer.compute_seconds, layer.dram_seconds)
        assert layer.idle_seconds == layer.seconds - layer.dram_seconds
    assert found.seconds == pytest.approx(sum(layer.seconds for layer in found.layers))
    one_by_one = System.load(system).with_(parameters={"double_buffered": False})
    for layer in run(one_by_one).layers:
        assert layer.seconds == pytest.approx(layer.compute_seconds + layer.dram_seconds)


def test_a_memory_that_waits_costs_standby_and_refresh():
    # A thousandth of the clock: the memory waits nearly always, all banks closed by refreshes.
    slow = System.load("tpu").with_(
        parameters={"clock_hz": 7e5}, controller={"power_down_clocks": 0}
    )
    found = run(slow)
    assert found.idle_seconds > 0.99 * found.seconds
    seconds, volts, chips = found.seconds, 1.2, 8
    standby = found.rated_joules.background / (seconds * volts * chips)
    assert 0.034 <= standby <= 0.043  # between IDD2N and IDD3N
    # One refresh each 9,364 clocks of 0.833 ns: IDD5 - IDD3N for tRFC of 433 clocks (DRAMPower).
    intervals = seconds / (9364 * 0.833e-9)
    one = (0.250 - 0.043) * volts * 433 * 0.833e-9 * chips
    assert found.rated_joules.refresh == pytest.approx(intervals * one, rel=1e-6)
    assert found.rated_joules.power_down == 0
    # Lying down, most of that time costs IDD2P or IDD3P.
    down = run(slow.with_(controller={"power_down_clocks": 32})).rated_joules
    assert down.refresh == pytest.approx(found.rated_joules.refresh)
    rest = (down.power_down + down.background) / (seconds * volts * chips)
    assert 0.025 <= rest <= 0.037
    assert down.background < 0.1 * down.power_down


def test_layers_sum_up_to_the_inference():
    found = run(vdd_volts=1.0)
    for law, total in found.joules.items():
        summed = Parts()
        for layer in found.layers:
            summed = summed.plus(layer.joules[law])
        assert summed.to_dict() == pytest.approx(total.to_dict())
        assert total.total == pytest.approx(sum(vars(total).values()))


@settings(max_examples=15)
@given(low=st.floats(0.6, 1.19), step=st.floats(1e-3, 0.3), system=st.sampled_from(SYSTEMS))
def test_energy_falls_with_the_voltage(low, step, system):
    below, above = run(system, vdd_volts=low), run(system, vdd_volts=low + step)
    assert below.seconds == above.seconds == below.rated_seconds
    for law in below.joules:
        assert below.joules[law].total < above.joules[law].total
    # All of it is on one rail, so that a law for all components is one for the sum.
    ratio = low / 1.2
    assert 1 - below.saving("linear") == pytest.approx(ratio)
    assert 1 - below.saving("cv2") == pytest.approx(ratio**2)
    assert ratio**2 < 1 - below.saving("array") <= 1 + 1e-12


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_rated_voltage_saves_nothing(system):
    found = run(system, vdd_volts=1.2)
    assert [found.saving(law) for law in found.joules] == [0] * len(found.joules)


@settings(max_examples=15)
@given(
    clocks=st.integers(1, 16),
    batch=st.integers(1, 3),
    bits=st.sampled_from(["int4", "int8", "fp32"]),
    system=st.sampled_from(SYSTEMS),
)
def test_latency_moves_no_bytes_and_adds_no_time(clocks, batch, bits, system):
    sample = SAMPLE.expand(batch, -1, -1, -1)
    low = inference(network(), sample, system=system, stored=bits, trcd_seconds=clocks * 0.833e-9)
    rated = inference(network(), sample, system=system, stored=bits)
    assert (low.read_bytes, low.write_bytes) == (rated.read_bytes, rated.write_bytes)
    assert low.batch == batch
    assert 0 <= low.speedup < 0.2  # the rows of these few bytes are opened once each
    width = {"int4": 4, "int8": 8, "fp32": 32}[bits]
    outputs = sum(x.output_elements for x in layers_of(network(), sample))
    assert low.write_bytes == outputs * width / 8


def test_a_long_layer_is_simulated_in_part_and_says_so():
    model, x = nn.Linear(2048, 2048), torch.zeros(1, 2048)
    whole = inference(model, x, system="tpu")
    part = inference(model, x, system="tpu", most_requests=20_000)
    assert whole.sampling_error < 0.02
    assert part.layers[0].fraction < 0.1 < whole.layers[0].fraction
    assert 0 < part.sampling_error < 0.05
    assert part.seconds == pytest.approx(whole.seconds, rel=0.02)
    assert part.rated_joules.total == pytest.approx(whole.rated_joules.total, rel=0.02)
    assert any("simulated in part" in note for note in part.assumptions)


def test_feature_maps_that_stay_on_chip_are_not_moved():
    found = run(System.load("tpu").with_(parameters={"on_chip_bytes": 8000}))
    moved = [(x.input_read_bytes, x.output_write_bytes) for x in found.layers]
    # What the network is given comes from DRAM.
    assert moved == [(768, 0), (0, 0), (0, 0)]
    # The same rule as that by which a config exposes tensors to errors.
    model = network()
    with eden.approximate(model, eden.Config(eden.errors.Uniform(0.0))) as handle:
        handle.learn_bounds([SAMPLE])
        config = System.load("tpu").with_(parameters={"on_chip_bytes": 8000}).exposed(handle.config)
    with eden.approximate(model, config) as handle:
        exposed = {t.name for t in handle.tensors if t.kind == "input"}
    assert exposed == {"0.input"}


def test_an_unknown_layer_stays_at_the_rated_point():
    model, x = nn.Sequential(nn.ConvTranspose2d(1, 4, 4), nn.Flatten()), torch.zeros(1, 1, 8, 8)
    found = inference(model, x, system="tpu", vdd_volts=0.9)
    assert found.saving("cv2") == pytest.approx(0)
    assert found.layers[0].weight_read_bytes == 4 * 64
    said = [note for note in found.assumptions if note.startswith("unknown layer")]
    assert said == [
        "unknown layer 0 (ConvTranspose2d): its bytes are counted at the rated point, its "
        "arithmetic is not"
    ]


def placed(method="coarse", **config):
    model = network()
    with eden.approximate(model, eden.Config(eden.errors.Uniform(1e-4), **config)) as handle:
        handle.learn_bounds([SAMPLE])
        config, infos = handle.config, handle.tensors
    tensors = [replace(t, tolerance=1e-2) for t in infos]
    found = SimpleNamespace(config=config, coarse_ber=1e-2, tensors=tensors)
    return eden.place(found, devices.load("ddr3l-1600-b10"), method=method)


@pytest.mark.parametrize("method", ["coarse", "greedy"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_placement_is_charged_at_its_points(method, system):
    ddr3l = System.load(system).with_(memory="ddr3l-1600")
    placement = placed(method)
    found = eden.evaluate_energy(network(), SAMPLE, placement, system=ddr3l)
    ratio = placement.vdd_volts / 1.35
    assert ratio < 1
    assert found.read_bytes == run(system).read_bytes
    # Rows are opened in other banks than in the rated inference, which moves some joules.
    assert 1 - found.saving("linear") == pytest.approx(ratio, rel=0.02)
    assert 1 - found.saving("cv2") == pytest.approx(ratio**2, rel=0.02)
    alone = eden.evaluate_energy(network(), SAMPLE, placement, system=ddr3l, law="cv2")
    assert list(alone.joules) == ["cv2"]
    assert alone.joules["cv2"] == found.joules["cv2"]


def test_what_is_not_placed_stays_at_the_rated_point():
    ddr3l = System.load("tpu").with_(memory="ddr3l-1600")
    found = eden.evaluate_energy(network(), SAMPLE, placed(exclude="4.weight"), system=ddr3l)
    first, _, last = found.layers
    assert last.weight_read_bytes == 4 * 31360  # and as it is in the network

    def share(layer):
        return layer.joules["linear"].total / layer.joules["array"].total

    assert share(last) > share(first)


def test_protection_moves_more():
    ddr3l = System.load("tpu").with_(memory="ddr3l-1600")
    plain = eden.evaluate_energy(network(), SAMPLE, placed(), system=ddr3l)
    triple = eden.evaluate_energy(
        network(), SAMPLE, placed(protect={"4.weight": "triple", "2.input": "triple"}), system=ddr3l
    )
    assert triple.read_bytes == plain.read_bytes + 2 * 31360 + 2 * 4096
    assert triple.write_bytes == plain.write_bytes + 2 * 4096
    assert triple.rated_joules.total == pytest.approx(plain.rated_joules.total)


def test_results_are_plain_data():
    import json

    found = run(vdd_volts=1.1).to_dict()
    assert json.loads(json.dumps(found)) == found
    assert found["layers"][0]["notes"]["folds"] == 1


@pytest.mark.parametrize(
    "arguments, said",
    [
        ({"system": "dsp"}, "system is 'dsp', accepted: .*"),
        ({"system": "streaming"}, "system is 'streaming', accepted: a system with a memory of .*"),
        ({"vdd_volts": 0.3}, "vdd_volts is 0.3, accepted: a number from 0.6 to 1.79.*"),
        ({"trcd_seconds": -1}, "trcd_seconds is -1, accepted: a number from 0 to 1e-06"),
        ({"most_requests": 10}, "most_requests is 10, accepted: an integer from 1000 to .*"),
        ({"config": eden.Config(eden.errors.Uniform(0))}, "config and stored are both given, .*"),
    ],
)
def test_bad_arguments_are_one_line(arguments, said):
    with pytest.raises(ValueError, match=f"^{said}$"):
        run(**arguments)


def test_a_placement_for_another_device_is_one_line():
    with pytest.raises(ValueError, match=r"^placement is for device ddr3l-1600-b10 \(8 banks, .*$"):
        eden.evaluate_energy(network(), SAMPLE, placed(), system="tpu")
    with pytest.raises(ValueError, match=r"^sample holds no batch, .*$"):
        ddr3l = System.load("tpu").with_(memory="ddr3l-1600")
        eden.evaluate_energy(network(), SAMPLE[:0], placed(), system=ddr3l)


def test_what_a_system_cannot_count_of_a_placement_is_one_line():
    ddr3l = System.load("tpu").with_(memory="ddr3l-1600")
    found = eden.evaluate_energy(network(), SAMPLE, placed("greedy"), system=ddr3l)
    # A partition is a run of rows of a bank: the map that was run is the one that is said.
    assert any("map ChRaBaRoCo" in note for note in found.assumptions)
    with pytest.raises(ValueError, match=r"in partitions of 1 module.s., accepted for the 2 chan"):
        eden.evaluate_energy(network(), SAMPLE, placed("greedy"), system=ddr3l.with_(channels=2))
    eden.evaluate_energy(network(), SAMPLE, placed(), system=ddr3l.with_(channels=2))
    slow = devices.load("ddr3l-1600-a1").at(1.35, refresh_seconds=2.048)
    assert slow.refresh_stretch == 32
    with pytest.raises(ValueError, match=r"is refreshed every 2.048 s, accepted for tpu: the rate"):
        check_counted(SimpleNamespace(points={"module": slow}), "tpu", channels=1)


@pytest.mark.parametrize("system", ["tpu", "cpu"])
def test_a_voltage_costs_no_further_run(system, monkeypatch):
    prepared = prepare(network(), SAMPLE, system=system, stored="int8")
    points = [{}, {"trcd_seconds": 8e-9}, {"vdd_volts": 1.0, "trcd_seconds": 8e-9}]
    found = [prepared.at(**point).to_dict() for point in points]
    assert found == [run(system, **point).to_dict() for point in points]
    monkeypatch.setattr(prepared, "_run", None)
    assert prepared.at(vdd_volts=0.9).saving("cv2") > 0.3
    assert prepared.at(trcd_seconds=8.1e-9).seconds == found[1]["seconds"]
    # Nor in another process.
    pickles = [pickle.dumps(prepared, p) for p in range(pickle.HIGHEST_PROTOCOL + 1)]
    for twin in (copy.deepcopy(prepared), *map(pickle.loads, pickles)):
        assert [twin.at(**point).to_dict() for point in points] == found
