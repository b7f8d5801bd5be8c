"""Single cells: tried at random they say what all of them say, and cheaper ways say the same."""

import copy
import gc
import json
import weakref
from dataclasses import replace

import pytest
import torch

import eden
from eden import errors
from eden.data import Evaluator
from eden.network import Config, approximate
from eden.tolerance import Criticality, Stratum, criticality
from eden.tolerance import _criticality as search

CONFIG = Config(error=errors.Uniform(weak_fraction=1e-3))
TARGET = 0.92


@pytest.fixture(scope="module")
def whole(fragile):
    """What each cell of the network costs, by tensor and bit, asked the plain way."""
    model, images, labels = fragile
    evaluate, found = Evaluator(images, labels), {}
    with approximate(model, CONFIG) as handle:
        handle.set_ber(0.0)
        clean = evaluate(model)
        for tensor in handle.tensors:
            for bit in range(8):
                costs = []
                for element in range(tensor.elements):
                    with handle.one_weak_cell(tensor.name, element, bit):
                        costs.append(evaluate(model))
                found[tensor.name, bit] = costs
    return clean, found


@pytest.fixture(scope="module")
def found(fragile):
    model, images, labels = fragile
    return criticality(model, Evaluator(images, labels), config=CONFIG, target_accuracy=TARGET)


def expected(all_cells, name=None):
    costs = [c for (tensor, _), some in all_cells.items() for c in some if name in (None, tensor)]
    return sum(accuracy < TARGET for accuracy in costs)


def test_it_is_within_15_percent_of_trying_all_cells(fragile, whole, monkeypatch):
    model, images, labels = fragile
    clean, all_cells = whole
    monkeypatch.setattr(search, "PASSES", 1e9)
    monkeypatch.setattr(search, "KNOWN_TO", 0.05)
    found = criticality(model, Evaluator(images, labels), config=CONFIG, target_accuracy=TARGET)
    assert found.clean_accuracy == clean
    assert expected(all_cells) > 50
    assert found.lambda_of() == pytest.approx(expected(all_cells), rel=0.15)
    low, high = found.interval()
    assert low <= found.lambda_of() <= high and low <= expected(all_cells) <= high
    for name in ("0.input", "2.input"):  # so small that all cells are tried
        assert found.lambda_of(name) == expected(all_cells, name)


class _Tail(torch.nn.Module):
    """The last layers of LeNet, by their names."""

    def __init__(self, lenet):
        super().__init__()
        self.fc2, self.fc3 = lenet.fc2, lenet.fc3

    def forward(self, x):
        return self.fc3(self.fc2(x).relu())


def test_of_lenet_it_is_within_15_percent_of_trying_all_cells(trained_lenet, fashion_mnist):
    """Each of the 1,632 cells of its two last inputs, on the tail alone, which is the same."""
    images, labels = (part[:1000] for part in fashion_mnist.test)
    config = CONFIG.with_(weights=False, include=["fc2.input", "fc3.input"])
    features = []
    hook = trained_lenet.fc2.register_forward_pre_hook(lambda module, x: features.append(x[0]))
    with approximate(trained_lenet, config) as handle, torch.no_grad():
        config = config.with_(calibration=handle.learn_bounds([images]))
        features.clear()
        handle.set_ber(0.0)
        clean = Evaluator(images, labels)(trained_lenet)
    hook.remove()
    tail, target = _Tail(trained_lenet), clean - 0.003
    evaluate, missing = Evaluator(torch.cat(features), labels), dict.fromkeys(config.include, 0)
    with approximate(tail, config) as handle:
        handle.set_ber(0.0)
        for tensor in handle.tensors:
            for bit in range(8):
                for element in range(tensor.elements):
                    with handle.one_weak_cell(tensor.name, element, bit):
                        missing[tensor.name] += evaluate(tail) < target
    found = criticality(
        trained_lenet, Evaluator(images, labels), config=config, target_accuracy=target
    )
    assert found.clean_accuracy == clean
    for name, cells in missing.items():
        assert cells > 20 and found.lambda_of(name) == pytest.approx(cells, rel=0.15)
    low, high = found.interval()
    assert low <= sum(missing.values()) <= high


def test_what_few_cells_say_is_right_on_average(fragile, whole):
    model, images, labels = fragile
    evaluate, truth = Evaluator(images, labels), expected(whole[1])
    some = [
        criticality(model, evaluate, config=CONFIG, target_accuracy=TARGET, seed=seed).lambda_of()
        for seed in range(6)
    ]
    assert sum(some) / len(some) == pytest.approx(truth, rel=0.1)


def test_each_cell_tried_cost_what_it_costs(fragile, whole, found):
    """Losses of bits tried in full are those of all cells, in some order, where they miss."""
    _, all_cells = whole
    for stratum in found.strata:
        costs = all_cells[stratum.tensor, stratum.bit]
        if stratum.tried == stratum.cells:
            assert stratum.critical == sum(accuracy < TARGET for accuracy in costs)
            assert stratum.share == stratum.interval()[0] == stratum.interval()[1]
        elif stratum.tried:
            low, high = stratum.interval()
            assert 0 <= low <= stratum.share <= high <= 1


def test_a_plain_function_will_do(fragile, found):
    """It has no images to ask alone, and so says of every cell what all of them say."""
    model, images, labels = fragile
    evaluate = Evaluator(images, labels)
    plain = criticality(model, lambda model: evaluate(model), config=CONFIG, target_accuracy=TARGET)
    assert plain.lambda_of() > 0
    both = {(s.tensor, s.bit): s for s in found.strata}
    for stratum in plain.strata:
        if stratum.tried == stratum.cells == both[stratum.tensor, stratum.bit].tried:
            assert stratum.critical == both[stratum.tensor, stratum.bit].critical


class InOrder:
    """Accuracy of images that cannot be asked alone, by batches that are always the same."""

    def __init__(self, images, labels, in_order):
        self.inner, self.in_order, self.digest = Evaluator(images, labels, 64), in_order, None

    def __call__(self, model):
        return self.inner(model)


def test_where_batches_are_always_the_same_cells_are_asked_from_where_they_are_read_on(fragile):
    """The same bits in fewer passes: of the last layer's weights and input the first is spared."""
    model, images, labels = fragile
    asked = {"config": CONFIG, "target_accuracy": TARGET}
    plainly = criticality(model, InOrder(images, labels, False), **asked)
    in_part = criticality(model, InOrder(images, labels, True), **asked)
    first, last = "0.weight", "2.weight"
    tried = lambda found, name: sum(s.tried for s in found.strata if s.tensor == name)  # noqa: E731
    assert tried(in_part, first) >= tried(plainly, first) > 0
    for one, other in zip(plainly.strata, in_part.strata, strict=True):
        both = min(one.tried, other.tried)
        assert one.losses[:both] == other.losses[:both]
        assert both or not one.tried
    cells = sum(s.tried for s in in_part.strata)
    assert plainly.passes == sum(s.tried for s in plainly.strata)
    assert in_part.passes < 0.8 * cells and tried(in_part, last) > 0


def test_bits_below_a_harmless_one_are_not_tried(found):
    for name in found.tensors:
        tried = [s.bit for s in found.strata if s.tensor == name and s.tried]
        assert tried == list(range(7, 7 - len(tried), -1)) and len(tried) >= 2
        lowest = next(s for s in found.strata if s.tensor == name and s.bit == tried[-1])
        assert tried[-1] == 0 or lowest.critical == 0


def test_of_floats_every_exponent_bit_is_tried(fragile):
    highest = {}
    for correction in ("off", "zero"):
        model, images, labels = copy.deepcopy(fragile)  # which keeps what it learns
        config = Config(errors.Uniform(1e-3), "bf16", correction=correction, include="2.*")
        with approximate(model, config) as handle:
            config = config.with_(calibration=handle.learn_bounds([images]))
        risk = criticality(model, Evaluator(images, labels), config=config, target_accuracy=TARGET)
        for name in risk.tensors:
            tried = {s.bit for s in risk.strata if s.tensor == name and s.tried}
            assert tried >= set(range(7, 15)) | {15, 6}
        highest[correction] = next(s for s in risk.strata if (s.tensor, s.bit) == ("2.input", 14))
    # A flip of the highest exponent bit of a value below 2 multiplies it by 2^128; corrected, it is
    # as if the value were 0.
    off, zero = (sum(highest[correction].losses) for correction in ("off", "zero"))
    assert off > 3 * zero > 0


def test_a_cell_that_fails_at_some_accesses_costs_less(fragile):
    model, images, labels = fragile
    config = Config(errors.Uniform(1e-3, failure_probability=0.05), include="2.input")
    config = config.with_(calibration=eden.network.calibration_of(model))
    half = criticality(model, Evaluator(images, labels), config=config, target_accuracy=TARGET)
    full = criticality(
        model,
        Evaluator(images, labels),
        config=config.with_(error=errors.Uniform(1e-3)),
        target_accuracy=TARGET,
    )
    assert half.lambda_of() < full.lambda_of() / 2


def test_it_repeats_and_replays_its_shards(fragile, found, tmp_path):
    model, images, labels = fragile
    arguments = {"config": CONFIG, "target_accuracy": TARGET, "folder": tmp_path}
    first = criticality(model, Evaluator(images, labels), **arguments)
    assert first == found
    shards = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for name in sorted(shards)[::3]:
        (tmp_path / name).unlink()
    assert criticality(model, Evaluator(images, labels), **arguments) == found
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == shards
    other = criticality(model, Evaluator(images, labels), seed=1, **arguments)
    assert other != found


def test_nothing_that_was_remembered_outlives_the_search(fragile, monkeypatch):
    # By counts of references: the collector of cycles looks at numbers of objects, not at their
    # size, and one search after the other would have piled up gigabytes.
    model, images, labels = fragile
    made = []
    monkeypatch.setattr(
        eden.network.Attachment,
        "rerun",
        lambda handle, rerun=eden.network.Attachment.rerun: noted(rerun(handle), made),
    )
    gc.collect()
    gc.disable()
    try:
        criticality(model, Evaluator(images, labels), config=CONFIG, target_accuracy=TARGET)
        assert made and not [one for one in made if one() is not None]
    finally:
        gc.enable()


def noted(thing, made):
    made.append(weakref.ref(thing))
    return thing


def test_it_survives_a_file_and_shows_itself(found):
    again = Criticality.from_dict(json.loads(json.dumps(found.to_dict())))
    assert again == found
    assert "miss an accuracy of 0.9200 alone" in str(found) and "2.input" in str(found)
    row = found.table[0]
    assert row["tensor"] == "0.weight" and row["low"] <= row["share"] <= row["high"]
    grid, bars = found.plot().axes
    assert [label.get_text() for label in grid.get_yticklabels()] == found.tensors
    assert [bar.get_width() for bar in bars.patches] == [
        found.lambda_of(name) for name in found.tensors
    ]
    # Ones and zeros apart: 9 of 10 of 30 cells and none of 5 of 10 are 27 of 40.
    apart = [
        Stratum("0.weight", "weight", 7, 30, (0.1,) * 10, 9, stored=1),
        Stratum("0.weight", "weight", 7, 10, (0.0,) * 5, 0, stored=0),
    ]
    shares = replace(found, strata=tuple(apart)).plot().axes[0].images[0].get_array()
    assert shares.tolist() == [[27 / 40]]
    with pytest.raises(ValueError, match=r"tensor is 'nope', accepted: 0.weight"):
        found.lambda_of("nope")
    written = found.to_dict()
    one = written["strata"][0]
    for wrong in (
        {"strata": []},
        {"strata": [one, one]},
        {"strata": [one | {"bit": 8}]},  # of int8
        {"strata": [one | {"elements": {}}]},
        {"strata": [one | {"stored": True}]},
        {"passes": -1},
        {"target_accuracy": 2},
        {"more": 1},
    ):
        with pytest.raises(ValueError, match="not a criticality"):
            Criticality.from_dict(written | wrong)


def test_cells_of_the_lowest_bit_that_miss_are_a_target_within_the_noise(found):
    assert found.caution == "" and found.caution not in str(found).splitlines()
    *_, lowest = strata = [s for s in found.strata if s.tensor == "2.weight"]
    assert lowest.bit == 0
    misses = replace(lowest, losses=(0.5,) * 30, critical=1)
    noisy = replace(found, strata=(*strata[:-1], misses))
    assert noisy.caution.startswith("cells of the lowest bit of 2.weight miss the target alone")
    assert str(noisy).endswith(noisy.caution)
    others = [replace(misses, tensor="3.weight"), replace(misses, tensor="4.weight")]
    assert "of 2.weight and of 2 more" in replace(noisy, strata=(misses, *others)).caution
    # A higher bit may matter, and of four bits the lowest is an eighth of the range.
    assert replace(found, strata=(replace(misses, bit=1),)).caution == ""
    assert replace(noisy, config=CONFIG.with_(stored="int4")).caution == ""


def test_a_target_within_the_noise_is_said_as_soon_as_it_shows(fragile, found, monkeypatch, capsys):
    model, images, labels = fragile

    def said(target):
        evaluate, asked = Evaluator(images, labels), {"progress": True, "label": "baseline"}
        criticality(model, evaluate, config=CONFIG, target_accuracy=target, **asked)
        return capsys.readouterr().out

    assert "the lowest bit" not in said(TARGET)
    # Nothing may be lost: one image that a last bit turns is too many.
    noise = said(found.clean_accuracy)
    assert noise.startswith("baseline criticality: cells of the lowest bit of ")
    assert noise.count("miss the target alone") == 1
    monkeypatch.setattr(search, "PASSES", 1e9)
    monkeypatch.setattr(search, "KNOWN_TO", 0.02)
    every = criticality(model, Evaluator(images, labels), config=CONFIG, target_accuracy=TARGET)
    tried = sum(s.tried for s in every.strata)
    assert tried > sum(s.tried for s in found.strata)
    for least in (1, tried):  # after the first tensor, and after the last step

        def caution(so_far, least=least):
            return "noise" if sum(s.tried for s in so_far.strata) >= least else ""

        monkeypatch.setattr(Criticality, "caution", property(caution))
        assert said(TARGET) == "baseline criticality: noise\n"


def test_what_cannot_be_is_refused_in_one_line(fragile):
    model, images, labels = fragile
    evaluate = Evaluator(images, labels)
    with pytest.raises(ValueError, match=r"target_accuracy is 0.999, accepted: at most"):
        criticality(model, evaluate, config=CONFIG, target_accuracy=0.999)
    with pytest.raises(ValueError, match="seed"):
        criticality(model, evaluate, config=CONFIG, target_accuracy=TARGET, seed=-1)
    with pytest.raises(ValueError, match="nan"):
        criticality(model, lambda m: float("nan"), config=CONFIG, target_accuracy=TARGET)
    answers = iter([0.98, 0.97, 0.96])

    def moody(model):
        model(images)
        return next(answers)

    with pytest.raises(ValueError, match=r"evaluate answered 0.98 without errors and 0.97"):
        criticality(model, moody, config=CONFIG, target_accuracy=TARGET)


def test_more_cells_are_tried_where_lambda_is_least_known(fragile, monkeypatch):
    model, images, labels = fragile
    evaluate = Evaluator(images, labels)
    monkeypatch.setattr(search, "PASSES", 0.0)
    few = criticality(model, evaluate, config=CONFIG, target_accuracy=TARGET)
    monkeypatch.setattr(search, "PASSES", 1e9)
    monkeypatch.setattr(search, "KNOWN_TO", 0.02)
    many = criticality(model, evaluate, config=CONFIG, target_accuracy=TARGET)
    width = [risk.interval()[1] - risk.interval()[0] for risk in (few, many)]
    assert width[1] < width[0] or width[0] == 0
    assert sum(s.tried for s in many.strata) > sum(s.tried for s in few.strata)
