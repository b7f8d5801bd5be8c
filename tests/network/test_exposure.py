"""Inputs that stay on chip: which, and that nothing is injected into them, searched or charged."""

import json
from dataclasses import replace

import pytest
import torch
from law import same_bits
from torch import nn

import eden
from eden import devices, errors
from eden.network import Calibration, Config, calibration_of, keep_calibration
from eden.tolerance import characterize_coarse, characterize_fine, verify

HIGH = errors.Uniform(0.2)


def small():
    """Three modules: of an inference 16 -> 40, 40 -> 8 and 8 -> 4 elements."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(16, 40), nn.ReLU(), nn.Linear(40, 8), nn.Linear(8, 4)).eval()


X = torch.randn(30, 16)
LOADER = [(X[:20], torch.zeros(20)), (X[20:], torch.zeros(10))]


def evaluate(model):
    with torch.no_grad():
        return float((model(X)[:, 0] > 0).float().mean())


def config(size_bytes, **changes):
    return Config(HIGH, weights=False, on_chip_bytes=size_bytes, **changes)


@pytest.mark.parametrize(
    ("stored", "size_bytes", "expected"),
    [
        ("int8", 0, []),
        ("int8", 11, []),
        ("int8", 12, ["3.input"]),  # 8 + 4
        ("int8", 47, ["3.input"]),
        ("int8", 48, ["2.input", "3.input"]),  # 40 + 8
        ("int8", 2**40, ["2.input", "3.input"]),  # what the network is given comes from DRAM
        ("int4", 23, ["3.input"]),
        ("int4", 24, ["2.input", "3.input"]),
        ("fp32", 191, ["3.input"]),
        ("fp32", 192, ["2.input", "3.input"]),
    ],
)
def test_an_input_stays_on_chip_where_it_fits_beside_the_output(stored, size_bytes, expected):
    model = small()
    with eden.approximate(model, config(size_bytes, stored=stored)) as handle:
        calibration = handle.learn_bounds(LOADER)
        assert handle.on_chip == expected
        names = [n for n in ("0.input", "2.input", "3.input") if n not in expected]
        assert [t.name for t in handle.tensors] == names
        assert all((rate == 0) == (name in expected) for name, rate in handle.ber.items())
        outputs = {n: e.output_elements for n, e in calibration.tensors.items()}
        assert outputs == {"0.input": 40, "2.input": 8, "3.input": 4}
        assert [n for n, e in calibration.tensors.items() if e.network_input] == ["0.input"]
    assert Calibration.from_dict(json.loads(json.dumps(calibration.to_dict()))) == calibration


def test_what_stays_on_chip_is_not_injected_and_the_rest_reads_as_before():
    model, seen = small(), []

    def run():
        inputs = {}
        hooks = [
            model[i].register_forward_pre_hook(lambda m, args, i=i: inputs.update({i: args[0]}))
            for i in (0, 2, 3)
        ]
        seen.append(inputs)
        y = model(X)
        for hook in hooks:
            hook.remove()
        return y

    with eden.approximate(model, config(0)) as handle:
        handle.learn_bounds(LOADER)
        run()
    with eden.approximate(model, config(12)):
        run()
    with eden.approximate(model, config(48)):
        y = run()
    assert same_bits(seen[1][0], seen[0][0]) and same_bits(seen[1][2], seen[0][2])
    assert same_bits(seen[1][3], model[2](seen[1][2])) and not torch.equal(seen[1][3], seen[0][3])
    assert same_bits(seen[2][2], model[1](model[0](seen[0][0])))
    assert same_bits(y, model(seen[0][0])) and not torch.equal(seen[0][0], X)


def test_before_the_sizes_are_known_a_read_is_an_error_that_says_learn_bounds():
    for changes in ({"stored": "int8"}, {"stored": "fp32", "correction": "off"}):
        model = small()
        with (
            eden.approximate(model, config(48, **changes)) as handle,
            pytest.raises(ValueError, match=r"0.input.*on_chip_bytes.*call learn_bounds"),
        ):
            assert handle.on_chip == []
            model(X)


def older(calibration):
    """As a file has it that was written before there was `on_chip_bytes`."""
    values = calibration.to_dict()
    for entry in values["tensors"].values():
        del entry["output_elements"], entry["network_input"]
    return Calibration.from_dict(json.loads(json.dumps(values)))


def test_an_older_calibration_serves_what_it_did_and_is_refused_where_it_cannot():
    model = small()
    with eden.approximate(model, config(0)) as handle:
        known = older(handle.learn_bounds(LOADER))
        expected = model(X)
    keep_calibration(model, known)
    with eden.approximate(model, config(0)):
        assert same_bits(model(X), expected)
    with eden.approximate(model, config(48)) as handle:
        with pytest.raises(ValueError, match="call learn_bounds") as caught:
            model(X)
        assert "\n" not in str(caught.value)
        handle.learn_bounds(LOADER)
        assert handle.on_chip == ["2.input", "3.input"]
    keep_calibration(model, known)
    with pytest.raises(ValueError, match=r"lacks output_elements of 0.input; call learn_bounds"):
        characterize_coarse(model, evaluate, config=config(48), target_accuracy=0.0, seeds=2)


def test_searches_placement_verification_and_energy_leave_out_what_stays_on_chip():
    model, device = small(), devices.load("ddr3l-1600-b10")
    chosen = config(12).with_(weights=True)
    with eden.approximate(model, chosen) as handle:
        handle.learn_bounds(LOADER)
        said = str(handle.coverage())
    assert "not stored, stay on chip (on_chip_bytes): 1 of inputs, 3.input" in said
    found = characterize_coarse(model, evaluate, config=chosen, target_accuracy=0.0, seeds=2)
    fine = characterize_fine(model, evaluate, start=found, seeds=2)
    names = [f"{i}.{kind}" for i in (0, 2, 3) for kind in ("weight", "input")][:-1]
    placement = eden.place(found, device, method="coarse")
    again = type(placement).from_json(placement.to_json())
    for tolerances in (found, fine):
        assert [t.name for t in tolerances.tensors] == names
    assert sorted(again.entries) == sorted(names) and again.on_chip == ["3.input"]
    assert "on chip: 3.input" in str(again)
    assert verify(model, evaluate, again, target_accuracy=0.0, seeds=2).seeds == 2
    moved = eden.systems._traffic.observe(model, X, again)
    given = {(m.kind, m.size_bytes) for m in moved if m.kind != "weight"}
    # Nothing of 3.input, nor what its module makes of it: 8 and 4 bytes.
    assert given == {("input", 16), ("input", 40), ("output", 40), ("output", 8)}
    whole = characterize_coarse(
        model, evaluate, config=chosen.with_(on_chip_bytes=0), target_accuracy=0.0, seeds=2
    )
    joules = [
        eden.evaluate_energy(model, X, eden.place(t, device, method="coarse")).nominal
        for t in (found, whole)
    ]
    assert joules[0].total < joules[1].total


def test_what_is_in_no_dram_is_not_protected():
    model = small()
    with eden.approximate(model, config(12)) as handle:
        known = handle.learn_bounds(LOADER)
    chosen = config(12, calibration=known)
    with pytest.raises(ValueError, match=r"'3.input' matches no .* there are 0.input, 2.input$"):
        eden.attach(model, chosen.with_(protect={"3.input": "triple"}))
    with eden.approximate(model, chosen.with_(protect={"*.input": "triple"})) as handle:
        assert [t.protection for t in handle.tensors] == ["triple", "triple"]
        assert handle.on_chip == ["3.input"]


class Given(nn.Module):
    """A network that makes something of what it is given before a module reads it."""

    def __init__(self, how, first=None):
        super().__init__()
        self.how, self.first = how, first or nn.Linear(6, 6)
        self.second = nn.Linear(6, 2)

    def forward(self, x, scale=None):
        return self.second(self.first(self.how(x)))


@pytest.mark.parametrize(
    "how",
    [
        lambda x: x,
        lambda x: x[:, :6],
        lambda x: x.view(len(x), 2, 3).flatten(1),
        lambda x: (x - 0.5) / 0.2,  # a tensor of its own
        lambda x: nn.functional.pad(x, (0, 0)).double().float(),
    ],
)
def test_what_the_network_is_given_is_known_by_its_memory_or_else_read_first(how):
    model = Given(how)
    with eden.approximate(model, config(2**20)) as handle:
        handle.learn_bounds([{"x": torch.randn(5, 6)}, (torch.randn(3, 6),)])
        assert handle.on_chip == ["second.input"]


def test_two_inputs_of_a_network_both_come_from_dram():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.c = nn.Linear(3, 4), nn.Linear(5, 4), nn.Linear(4, 2)

        def forward(self, images):
            return self.c(self.a(images["near"]) + self.b(images["far"][0]))

    model = Two()
    given = {"images": {"near": torch.randn(2, 3), "far": [torch.randn(2, 5)]}}
    with eden.approximate(model, config(2**20)) as handle:
        handle.learn_bounds([given])
        assert handle.on_chip == ["c.input"]


def test_of_tokens_the_first_feature_map_may_stay_on_chip():
    model = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 3))
    with eden.approximate(model, config(2**20).with_(weights=True)) as handle:
        handle.learn_bounds([torch.randint(9, (2, 5))])
        assert handle.on_chip == ["1.input"]


@pytest.mark.parametrize("batch_first", [True, False])
def test_outputs_are_counted_for_one_inference_whichever_dimension_is_the_batch(batch_first):
    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.GRU(3, 4, batch_first=batch_first)
            self.attention = nn.MultiheadAttention(4, 2, batch_first=batch_first)

        def forward(self, x):
            y = self.rnn(x)[0]
            return self.attention(y, y, y)[0]

    model = Recurrent()
    x = torch.randn(7, 5, 3) if batch_first else torch.randn(5, 7, 3)
    with eden.approximate(model, config(2**20)) as handle:
        found = handle.learn_bounds([x]).tensors
        assert found["rnn.input"].elements == 15 and found["rnn.input"].output_elements == 20
        assert found["attention.input"].output_elements == 20
    packed = nn.utils.rnn.pack_padded_sequence(torch.randn(3, 4, 3), [4, 2, 1], batch_first=True)
    net = nn.GRU(3, 4, batch_first=True)
    with eden.approximate(net, config(2**20)) as handle:
        found = handle.learn_bounds([{"input": packed}]).tensors["input"]
        assert found.output_elements == 4 * 4 and found.network_input


def test_what_is_never_read_is_not_on_chip():
    model = small()
    with eden.approximate(model, config(48)) as handle:
        known = handle.learn_bounds(LOADER)
    never = {**known.tensors}
    never["3.input"] = replace(never["3.input"], reads=0, elements=0, output_elements=None)
    keep_calibration(model, Calibration(never))
    with eden.approximate(model, config(48)) as handle:
        assert handle.on_chip == ["2.input"] and handle.never_read == ["3.input"]


def test_a_boosted_network_keeps_what_is_known_of_sizes():
    model = small()
    loader = [(X, (X[:, 0] > 0).long())]
    boosted = eden.boost(
        model, loader, config=config(12), target_ber=0.01, epochs=1, progress=False
    )
    with eden.approximate(boosted, config(48)) as handle:
        assert handle.on_chip == ["2.input", "3.input"]
    assert calibration_of(boosted).tensors["0.input"].network_input


def test_narrowing_spares_the_first_input_and_those_on_chip():
    model = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 3), nn.Linear(3, 50), nn.Linear(50, 2))
    with eden.approximate(model, config(7).with_(weights=True)) as handle:
        before = handle.learn_bounds([torch.randint(9, (2, 1))]).tensors
        assert handle.on_chip == ["1.input"]
        after = handle.narrow_inputs(0.5).tensors
    cut = [n for n in before if before[n].bounds != after[n].bounds]
    assert cut == ["2.input", "3.input"]


@pytest.mark.parametrize("value", [-1, 1.5, True, "8 KiB", 2**63])
def test_a_bad_number_of_bytes_is_named(value):
    with pytest.raises((ValueError, TypeError), match="on_chip_bytes is"):
        Config(HIGH, on_chip_bytes=value)


def test_what_is_hidden_stays_so_where_the_first_input_is_not_stored():
    for exclude in ([], ["0.input"]):
        handle = eden.attach(small(), config(48, exclude=exclude))
        handle.learn_bounds(LOADER)
        assert handle.on_chip == ["2.input", "3.input"]
        handle.detach()
