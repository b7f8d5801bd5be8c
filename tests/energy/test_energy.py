import copy
import math
import pickle
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch import nn

import eden
from eden import devices, energy, mapping, nets, systems
from eden.systems._evaluate import _stripes, _transfers
from eden.systems._traffic import observe

# DRAMPower 4.0's own run, worked by hand in tests/cpp/core/energy/test_energy.cpp.
CLOCK = 0.83e-9
COUNTS = energy.CommandCounts(8249, 8233, 6650, 1588, 21, 191614, 717)
CURRENTS = energy.Currents(1.2, 0.048, 0.034, 0.043, 0.135, 0.123, 0.250)
TIMING = energy.Timing(CLOCK, 4, 39 * CLOCK, 56 * CLOCK, 420 * CLOCK, 7.8e-6)
PRINTED = {  # microjoules
    "activate": 1.60212,
    "precharge": 1.95162,
    "read": 2.43741,
    "write": 0.50613,
    "refresh": 1.81844,
    "background_active": 8.20644,
    "background_precharged": 0.02428,
}


def pickled(value):
    """The value by way of each protocol of pickle."""
    return [pickle.loads(pickle.dumps(value, p)) for p in range(pickle.HIGHEST_PROTOCOL + 1)]


@pytest.fixture(scope="module")
def b10():
    return devices.load("ddr3l-1600-b10")


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 6 * 6, 10))


def placed(
    device, method="coarse", *, model=None, tolerance=1e-3, image=8, bears=None, modules=1, **config
):
    model = network() if model is None else model
    attachment = eden.attach(model, eden.Config(error=eden.errors.Uniform(1e-4), **config))
    attachment.learn_bounds([torch.rand(4, 1, image, image)])
    tensors = [
        replace(t, tolerance=(bears or {}).get(t.name, tolerance)) for t in attachment.tensors
    ]
    attachment.detach()
    found = SimpleNamespace(config=attachment.config, coarse_ber=tolerance, tensors=tensors)
    return mapping.place(found, device, method=method, modules=modules)


@pytest.mark.parametrize("law", energy.LAWS)
def test_golden_case_to_the_printed_digits(law):
    joules = energy.dram_energy(COUNTS, CURRENTS, TIMING, law=law)
    got = {name: round(value * 1e6, 5) for name, value in vars(joules).items()}
    assert got == {**PRINTED, "interface": 0}
    assert joules.total * 1e6 == pytest.approx(sum(PRINTED.values()), abs=5e-5)
    assert joules.background == joules.background_active + joules.background_precharged


def test_laws_scale_with_the_voltage():
    rated = energy.dram_energy(COUNTS, CURRENTS, TIMING)
    linear = energy.dram_energy(COUNTS, CURRENTS, TIMING, vdd_volts=0.9, law="linear")
    cv2 = energy.dram_energy(COUNTS, CURRENTS, TIMING, vdd_volts=0.9, law="cv2")
    array = energy.dram_energy(COUNTS, CURRENTS, TIMING, vdd_volts=0.9, law="array")
    assert linear.total == pytest.approx(0.75 * rated.total)
    assert cv2.total == pytest.approx(0.75**2 * rated.total)
    for name, value in vars(rated).items():
        scale = 0.75**2 if name in ("activate", "precharge", "refresh") else 1
        assert getattr(array, name) == pytest.approx(scale * value)


def test_unknown_names_are_refused(b10):
    with pytest.raises(ValueError, match="voltage law is 'cubic', accepted: linear, cv2, array"):
        energy.dram_energy(COUNTS, CURRENTS, TIMING, law="cubic")
    for volts in (0, -1.2, math.nan, math.inf):
        with pytest.raises(
            ValueError, match=r"^vdd_volts is .*, accepted: a number from 0.1 to 5$"
        ):
            energy.dram_energy(COUNTS, CURRENTS, TIMING, vdd_volts=volts)
    placement, sample = placed(b10), torch.rand(1, 1, 8, 8)
    with pytest.raises(ValueError, match=r"system is 'dsp', accepted: .*streaming, tpu"):
        eden.evaluate_energy(network(), sample, placement, system="dsp")
    with pytest.raises(ValueError, match="law is 'cubic', accepted: linear, cv2, array"):
        eden.evaluate_energy(network(), sample, placement, law="cubic")
    with pytest.raises(ValueError, match="law is 'cv2', accepted: linear"):
        eden.evaluate_energy(network(), sample, placement, law="linear").saving("cv2")
    for empty in (torch.rand(0, 1, 8, 8), (), torch.tensor(1.0)):
        with pytest.raises(ValueError, match="sample holds no batch"):
            eden.evaluate_energy(network(), empty, placement)


CURRENT_NAMES = ("idd0", "idd2n", "idd3n", "idd4r", "idd4w", "idd5")
FIELDS = {
    energy.Timing: {
        "clock_seconds": CLOCK,
        "burst_clocks": 4,
        "tras_seconds": 39 * CLOCK,
        "trc_seconds": 56 * CLOCK,
        "trfc_seconds": 420 * CLOCK,
        "trefi_seconds": 7.8e-6,
    },
    energy.Currents: {
        "vdd_volts": 1.2,
        **{f"{n}_amperes": getattr(CURRENTS, f"{n}_amperes") for n in CURRENT_NAMES},
    },
    energy.CommandCounts: {
        name: getattr(COUNTS, name)
        for name in (
            *("activates", "precharges", "reads", "writes", "refreshes"),
            *("active_cycles", "precharged_cycles"),
        )
    },
}
EACH_FIELD = [(kind, name) for kind, fields in FIELDS.items() for name in fields]


@pytest.mark.parametrize(("kind", "name"), EACH_FIELD)
@pytest.mark.parametrize("value", [-1, math.nan, math.inf, -math.inf, 1e31])
def test_values_that_no_chip_has_are_refused_by_name(kind, name, value):
    if name == "burst_clocks":
        value = -1 if value != value or value < 0 else 65
    with pytest.raises(ValueError, match=rf"^{kind.__name__}: {name} is .*, accepted: a") as no:
        kind(**{**FIELDS[kind], name: value})
    assert "\n" not in str(no.value)


def test_refusals_name_the_value_at_fault():
    with pytest.raises(ValueError, match=r"^Currents: vdd_volts is 0, accepted: a number from 0.1"):
        energy.Currents(0, 0.048, 0.034, 0.043, 0.135, 0.123, 0.250)
    with pytest.raises(ValueError, match=r"^Currents: idd4r_amperes is 0.04, accepted: .* 0.043"):
        energy.Currents(**{**FIELDS[energy.Currents], "idd4r_amperes": 0.04})
    with pytest.raises(ValueError, match=r"^Timing: clock_seconds is 0, accepted"):
        energy.Timing(0, 4, 39 * CLOCK, 56 * CLOCK, 420 * CLOCK, 7.8e-6)
    for trefi in (420 * CLOCK, 2 * 420 * CLOCK * 0.999):  # more than half of the time refreshing
        with pytest.raises(ValueError, match=r"^Timing: trefi_seconds is .* from 6.972e-07 to 1"):
            energy.Timing(**{**FIELDS[energy.Timing], "trefi_seconds": trefi})
    assert energy.Timing(**{**FIELDS[energy.Timing], "trefi_seconds": 2 * 420 * CLOCK})


@pytest.mark.parametrize("kind", FIELDS, ids=lambda kind: kind.__name__)
def test_values_survive_copies_and_pickles(kind):
    value = kind(**FIELDS[kind])
    for other in (copy.copy(value), copy.deepcopy(value), *pickled(value)):
        assert other == value and hash(other) == hash(value)
        assert {name: getattr(other, name) for name in FIELDS[kind]} == FIELDS[kind]
    last = list(FIELDS[kind])[-1]
    assert kind(**{**FIELDS[kind], last: FIELDS[kind][last] * 1.001}) != value
    assert value != "something else"
    assert repr(value).startswith(f"{kind.__name__}({next(iter(FIELDS[kind]))}=")


def test_all_laws_at_once_are_each_law_by_itself(b10):
    points = [b10.at(vdd_volts=1.05), b10.nominal, b10.at(vdd_volts=1.1)]
    moves = [
        energy.Transfer(i % 2 == 1, i % 3 == 0, 4096 * i, 1000 + 977 * i, points[i % 3], 1 + i / 4)
        for i in range(12)
    ]
    together, seconds = energy.stream(b10, moves, energy.LAWS)
    for law in energy.LAWS:
        alone, again = energy.stream(b10, moves, [law])
        assert alone == {law: together[law]} and again == seconds
    places = [(m.address, m.size_bytes) for m in moves]
    table = energy.reading_joules(b10, places, [m.times for m in moves], banks=8, law="cv2")
    assert list(table) == list(b10.points)
    for point, joules in table.items():
        for move, got in zip(moves, joules, strict=True):
            read = replace(move, write=False, interleaved=True, point=point)
            assert got == energy.stream(b10, [read], ["cv2"])[0]["cv2"].total


def test_traffic_is_weights_inputs_and_outputs_once(b10):
    model = network()
    result = eden.evaluate_energy(model, torch.rand(5, 1, 8, 8), placed(b10, model=model))
    # int8: a byte an element. Conv2d: 4 x 9 weights, 64 in, 4 x 36 out; Linear: 1440, 144, 10.
    assert result.traffic_bytes == {
        "weights": 36 + 1440,
        "inputs": 64 + 144,
        "outputs": 144 + 10,
        "reliable": 0,
    }
    # 64-byte bursts: 1 + 23 lines of weights, 1 + 3 of inputs; the outputs lie where the inputs of
    # their modules do, the first over the 128 bytes behind its own.
    read = 28 * 8 * 1.35 * 5e-9 * (0.155 - 0.055)
    write = 4 * 8 * 1.35 * 5e-9 * (0.145 - 0.055)
    assert result.nominal.read == pytest.approx(read)
    assert result.nominal.write == pytest.approx(write)
    assert 0 < result.nominal.background_precharged < 0.02 * result.nominal.background_active


def test_savings_follow_the_laws_at_the_point(b10):
    result = eden.evaluate_energy(network(), torch.rand(2, 1, 8, 8), placed(b10))
    ratio = 1.05 / 1.35
    assert result.approximate["linear"].read == pytest.approx(ratio * result.nominal.read)
    assert result.approximate["cv2"].write == pytest.approx(ratio**2 * result.nominal.write)
    assert result.approximate["array"].read == pytest.approx(result.nominal.read)
    # The same layout at lower latencies takes less time, so more than the law is saved.
    assert result.approximate_seconds < result.nominal_seconds
    assert result.saving("cv2") > result.saving("linear") > 1 - ratio
    assert 0 < result.saving("array") < result.saving("linear")
    assert result.system == "streaming"
    assert any("reads weights and IFMs once" in note for note in result.assumptions)
    assert any("assumed at 1.35 V" in note for note in result.assumptions)


def test_a_sample_is_given_as_to_learn_bounds(b10):
    """A tensor, a tuple of arguments or a mapping of keywords, to the same network."""

    class Keywords(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = network()

        def forward(self, image, flag=None):
            return self.inner(image)

    image, placement = torch.rand(2, 1, 8, 8), placed(b10)
    expected = eden.evaluate_energy(Keywords(), image, placement)
    for sample in ((image,), [image, None], {"image": image}, {"flag": None, "image": image}):
        assert eden.evaluate_energy(Keywords(), sample, placement) == expected
    assert any("termination" in note for note in expected.assumptions)


def test_a_layout_by_itself_saves_nothing(b10):
    """At the rated point each placement costs what its nominal does, wherever its tensors lie."""
    sample, model = torch.rand(2, 1, 8, 8), network()
    for method in ("coarse", "greedy"):
        for some in ({}, {"inputs": False}, {"include": "0"}):
            placement = placed(b10, method, model=model, **some)
            rated = replace(placement, points=dict.fromkeys(placement.points, b10.nominal))
            result = eden.evaluate_energy(model, sample, rated)
            assert result.approximate["linear"] == result.nominal
            assert result.approximate_seconds == result.nominal_seconds


def test_fine_placement_is_interleaved_over_equal_partitions():
    """Where all banks are alike a fine placement takes as long as a coarse one."""
    device, model, sample = devices.load("ddr4-2400"), nets.lenet(), torch.rand(2, 1, 28, 28)
    coarse, fine = (placed(device, m, model=model, image=28) for m in ("coarse", "greedy"))
    assert {banks for name, (_, banks) in _stripes(fine).items()} == {16}
    found = [eden.evaluate_energy(model, sample, p) for p in (coarse, fine)]
    assert found[1].nominal_seconds == pytest.approx(found[0].nominal_seconds, rel=0.02)
    assert found[1].nominal.total == pytest.approx(found[0].nominal.total, rel=0.02)


def test_a_stripe_is_of_equal_partitions_alone(b10):
    placement = placed(b10, "greedy")
    known = placement.partitions
    for name, (base, banks) in _stripes(placement).items():
        if name not in placement.points or name == "module":
            continue
        own, point = known[name], placement.points[name]
        rates = [devices.pick(p.at(point), placement.estimate) for p in b10.partitions]
        assert banks == rates.count(devices.pick(own.at(point), placement.estimate)) < 8
        assert base == rates[: own.bank].count(rates[own.bank]) * own.size_bytes


def test_a_module_stands_by_while_another_moves_something(b10):
    """Joules are those of each module's own transfers, and of its rest at its own supply."""
    model, sample = network(), torch.rand(2, 1, 8, 8)
    placement = placed(b10, "greedy", model=model, bears={"0.weight": 1e-8}, modules=2)
    at = {n: placement.partitions[e.partition].module for n, e in placement.entries.items()}
    first = at["0.weight"]
    assert [n for n, module in at.items() if module == first] == ["0.weight"]
    found = eden.evaluate_energy(model, sample, placement)
    transfers, rated = _transfers(b10, placement, observe(model, sample, placement))
    low, high = (b10.at(volts) for volts in (1.05, 1.1))
    moved = {m: energy.stream(b10, own, ("cv2",)) for m, own in transfers.items()}
    (own, busy), (others, rest) = moved[first], moved[1 - first]
    waits = [energy.idle(b10, *which, ("cv2",))[0] for which in ((rest, high), (busy, low))]
    parts = [joules["cv2"].total for joules in (own, others, *waits)]
    assert found.approximate["cv2"].total == pytest.approx(sum(parts), rel=1e-12)
    assert found.approximate_seconds == pytest.approx(busy + rest, rel=1e-12)
    assert found.speedup == found.nominal_seconds / found.approximate_seconds - 1
    # Nominal: the same modules, so that what is saved is of like and like.
    alone = [energy.stream(b10, own, ("linear",)) for own in rated.values()]
    seconds = sum(own for _, own in alone)
    total = sum(joules["linear"].total for joules, _ in alone)
    for _, own in alone:
        total += energy.idle(b10, seconds - own, b10.nominal, ("linear",))[0]["linear"].total
    assert found.nominal.total == pytest.approx(total, rel=1e-12)
    assert any("2 modules" in text for text in found.assumptions)


def test_idle_time_is_charged_by_the_frame(b10):
    model, sample = network(), torch.rand(2, 1, 8, 8)
    placement = placed(b10, model=model)
    plain = eden.evaluate_energy(model, sample, placement)
    streaming = systems.System.load("streaming").with_(parameters={"frame_seconds": 1e-3})
    framed = eden.evaluate_energy(model, sample, placement, system=streaming)
    assert plain.idle_seconds == 0
    assert framed.approximate_seconds == framed.nominal_seconds == 1e-3
    assert framed.idle_seconds == pytest.approx(1e-3 - plain.approximate_seconds)
    rest = energy.idle(b10, 1e-3 - plain.nominal_seconds, b10.nominal, ("linear",))[0]["linear"]
    assert framed.nominal.total == pytest.approx(plain.nominal.total + rest.total)
    assert framed.saving("array") < plain.saving("linear")
    with pytest.raises(ValueError, match=r"frame_seconds is -1.*accepted: "):
        streaming.with_(parameters={"frame_seconds": -1})


def test_what_is_not_placed_stays_at_the_rated_point(b10):
    sample = torch.rand(2, 1, 8, 8)
    model = network()
    weights = eden.evaluate_energy(model, sample, placed(b10, model=model, inputs=False))
    # fp32 inputs and outputs as they are
    assert weights.traffic_bytes == {
        "weights": 1476,
        "inputs": 4 * 208,
        "outputs": 4 * 154,
        "reliable": 4 * (208 + 154),
    }
    first = eden.evaluate_energy(model, sample, placed(b10, model=model, include="0"))
    assert first.traffic_bytes["weights"] == 36 + 4 * 1440
    assert first.traffic_bytes["outputs"] == 144 + 4 * 10
    everything = eden.evaluate_energy(model, sample, placed(b10, model=model))
    assert weights.saving() < everything.saving()
    nominal = placed(b10, model=model, tolerance=0.0)
    assert eden.evaluate_energy(model, sample, nominal).saving() == pytest.approx(0)


def test_shared_weights_attention_and_recurrence(b10):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(8, 16, batch_first=True)
            self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
            self.first = nn.Linear(16, 16, bias=False)
            self.second = nn.Linear(16, 16, bias=False)
            self.second.weight = self.first.weight

        def forward(self, x):
            y, _ = self.lstm(x.squeeze(1))
            y, _ = self.attention(y, y, y)
            return self.second(self.first(y))

    torch.manual_seed(0)
    model = Net()
    result = eden.evaluate_energy(model, torch.rand(3, 1, 8, 8), placed(b10, model=model))
    lstm, attention, linear = 4 * 16 * (8 + 16), 4 * 16 * 16, 2 * 16 * 16  # read twice
    assert result.traffic_bytes["weights"] == lstm + attention + linear
    assert result.traffic_bytes["outputs"] == 4 * 8 * 16
    assert result.traffic_bytes["reliable"] == 0


def test_the_model_is_left_as_it_was(b10):
    model = network().train()
    model[1].eval()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    eden.evaluate_energy(model, torch.rand(2, 1, 8, 8), placed(b10))
    assert model.training and not model[1].training
    assert all(not m._forward_hooks for m in model.modules())
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())


def test_result_is_plain_data(b10):
    result = eden.evaluate_energy(network(), torch.rand(2, 1, 8, 8), placed(b10), law="cv2")
    data = result.to_dict()
    assert list(data["approximate_joules"]) == ["cv2"]
    assert data["nominal_joules"]["total"] == result.nominal.total
    assert data["saving"]["cv2"] == result.saving("cv2")
    assert data["nominal_seconds"] > 0


def test_the_order_of_entries_does_not_matter(b10):
    # A file holds its names sorted, a placement made here the network's order.
    model, placement = nets.lenet(), placed(b10, "greedy", model=nets.lenet(), image=28)
    again = replace(placement, entries=dict(sorted(placement.entries.items(), reverse=True)))
    sample = torch.zeros(1, 1, 28, 28)
    first, second = (eden.evaluate_energy(model, sample, p) for p in (placement, again))
    assert list(again.entries) != list(placement.entries)
    assert first.to_dict() == second.to_dict()
