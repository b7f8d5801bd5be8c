"""The CPU and the GPU as systems: small layers, their bytes, and what is refused."""

import pytest
import torch

from eden.systems import System, inference, layer_times, layers_of, pattern_time


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 16, 3, padding=1),
        torch.nn.Conv2d(16, 16, 3, padding=1, groups=16),
        torch.nn.Conv2d(16, 32, 1),
        torch.nn.Flatten(),
        torch.nn.Linear(32 * 256, 10),
    ), torch.zeros(1, 3, 16, 16)


@pytest.mark.parametrize("name", ["cpu", "gpu"])
def test_an_inference_says_what_it_moves_and_costs(network, name):
    found = inference(*network, system=name, vdd_volts=None)
    weights = [4 * 27 * 16, 4 * 9 * 16, 4 * 16 * 32, 4 * 32 * 256 * 10]
    for layer, size in zip(found.layers, weights, strict=True):
        # Whole lines; a prefetcher reads a little beyond the end.
        assert size * 0.9 <= layer.weight_read_bytes <= size * 1.2 + 4096
        assert 0 < layer.compute_seconds <= layer.seconds
        assert 0 <= layer.dram_seconds <= layer.seconds
        assert layer.fraction == 1
    # All feature maps stay in the shared cache, which the first layer alone fills from DRAM.
    assert all(layer.input_read_bytes == 0 for layer in found.layers[2:])
    assert found.joules["linear"].total == pytest.approx(found.rated_joules.total)
    assert found.speedup == 0
    parts = found.rated_joules.to_dict()
    assert all(parts[key] > 0 for key in ("activate_precharge", "read_write", "background"))


def test_the_same_inference_takes_the_same_time(network):
    assert inference(*network, system="cpu") == inference(*network, system="cpu")


def test_less_trcd_is_faster_and_less_voltage_cheaper(network):
    found = inference(*network, system="cpu", trcd_seconds=7.5e-9, vdd_volts=1.0)
    assert found.speedup > 0
    assert found.saving("linear") > 0.1


def test_what_hides_latency_can_be_turned():
    cpu = System.load("cpu")

    def seconds(parameters=None, controller=None, **pattern):
        system = cpu.with_(parameters=parameters or {}, controller=controller or {})
        memory = system.load_memory()
        return pattern_time(system, memory, accesses=4000, **pattern).seconds

    dependent = seconds(random=True, dependent=True)
    # A page at random is closed, or has another row open: tRCD 15, CL 15, BL 4 at the least.
    assert dependent > 2000 * (34 * 0.9375e-9 + 20e-9)
    assert seconds({"misses_in_flight": 1}, random=True) == pytest.approx(dependent, rel=0.02)
    assert seconds(random=True) < dependent / 5
    assert seconds({"prefetch": False, "misses_in_flight": 2}, random=False) > 2 * seconds(
        {"misses_in_flight": 2}, random=False
    )
    assert seconds(None, {"page": "closed"}, random=False) > 2 * seconds(random=False)


def test_a_burst_lies_in_one_channel():
    groups = {"channel_groups": 2, "channel_bytes": 32}
    system = System.load("cpu").with_(parameters=groups)
    with pytest.raises(ValueError, match=r"channel_bytes is 32, accepted: at least 64"):
        pattern_time(system, system.load_memory(), accesses=4000, random=False)


def test_layers_by_every_kernel(network):
    layers = layers_of(*network)
    cpu = System.load("cpu")
    for kernel in ("im2col", "direct", "tiled"):
        system = cpu.with_(parameters={"kernel": kernel})
        times = layer_times(system, system.load_memory(), layers)
        assert all(0 < one.compute_seconds <= one.seconds for one in times)
        assert all(one.standard_error_seconds == 0 for one in times)


@pytest.mark.parametrize("name", ["cpu", "gpu"])
@pytest.mark.parametrize("steps", [1, 2, 40])
def test_a_recurrent_layer_reads_each_thing_once_where_caches_hold_it(name, steps):
    model = torch.nn.LSTM(256, 256, batch_first=True)
    (layer,) = inference(model, torch.zeros(1, steps, 256), system=name).layers
    weights, features = 4 * 4 * 256 * 512, 4 * 256 * steps
    # Two MB of weights stay in the shared cache; a prefetcher reads lines beyond the end.
    assert 0.95 * weights <= layer.weight_read_bytes <= 1.1 * weights + 8192
    assert 0.9 * features <= layer.input_read_bytes <= 1.2 * features + 4096
    # Caches write back, if at all, what was written: the outputs, and gates as scratch.
    assert layer.output_write_bytes <= features


def test_a_step_costs_weights_that_no_cache_holds():
    """Eight MB of weights and no shared cache to speak of: the state's half comes by each step."""
    system = System.load("cpu").with_(parameters={"shared_bytes": 1 << 20})
    model = torch.nn.LSTM(512, 512, batch_first=True)
    half = 4 * 4 * 512 * 512
    for steps in (2, 6):
        (layer,) = inference(model, torch.zeros(1, steps, 512), system=system).layers
        assert layer.weight_read_bytes == pytest.approx((1 + steps) * half, rel=0.1)


def test_bytes_of_an_inference_are_all_that_went_through_dram(network):
    system = System.load("cpu").with_(parameters={"shared_bytes": 1 << 16, "l2_bytes": 1 << 15})
    found = inference(*network, system=system)
    notes = [layer.notes for layer in found.layers]
    scratch = sum(n["scratch_read_bytes"] + n["output_read_bytes"] for n in notes)
    tensors = sum(one.weight_read_bytes + one.input_read_bytes for one in found.layers)
    assert scratch > 0
    assert found.read_bytes == pytest.approx(tensors + scratch)
    written = sum(one.output_write_bytes for one in found.layers)
    assert found.write_bytes == pytest.approx(
        written + sum(n["scratch_write_bytes"] for n in notes)
    )


def test_samples_stand_for_the_whole():
    model = torch.nn.Linear(1024, 2048, bias=False)
    layers = layers_of(model, torch.zeros(1, 1024))
    cpu = System.load("cpu")
    memory = cpu.load_memory()
    (whole,), (part,) = (layer_times(cpu, memory, layers, accesses=n) for n in (10_000_000, 50_000))
    assert whole.standard_error_seconds == 0 < part.standard_error_seconds
    assert part.seconds == pytest.approx(whole.seconds, rel=0.1)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"cores": 0}, "processor: cores is 0, accepted: an integer from 1 to 256"),
        ({"l2_bytes": 500_000}, "processor: l2_bytes is 500000, accepted: 0, or 512 bytes"),
        ({"line_bytes": 48}, "processor: line_bytes is 48, accepted: a power of two"),
        ({"kernel": "winograd"}, "kernel is 'winograd', accepted: im2col, direct, tiled"),
        ({"page_bytes": 5000}, "processor: page_bytes is 5000, accepted: a power of two"),
        ({"clock_hz": 0.0}, "processor: clock_hz is 0, accepted: a number"),
        ({"sockets": 2}, "sockets"),
        ({"cores": 128, "misses_in_flight": 256}, "lines in flight of all cores is 34816"),
    ],
)
def test_a_processor_that_cannot_be_is_refused(parameters, said):
    with pytest.raises(ValueError) as refused:
        System.load("cpu").with_(parameters=parameters)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
