import copy
import json
import math
from dataclasses import fields

import pytest
import torch
from torch import nn

from eden import errors
from eden.data import Evaluator, batches
from eden.network import (
    Calibration,
    Config,
    approximate,
    attach,
    attached,
    calibration_of,
    identity_of,
)
from eden.tolerance import ber_by_cells, criticality
from eden.training import BoostConfig, _rounds, boost, history_of
from eden.training._trainer import WeightRanges

CONFIG = Config(errors.Uniform(0.0), stored="int8")


def quiet_boost(model, blobs, *, batch=100, config=CONFIG, **arguments):
    """Without a bar; what belongs to a `BoostConfig` is given beside the rest."""
    names = {field.name for field in fields(BoostConfig)} & set(arguments)
    arguments["how"] = BoostConfig(**{name: arguments.pop(name) for name in names})
    return boost(model, batches(*blobs, batch), config=config, progress=False, **arguments)


def test_boost_returns_a_copy_that_bears_more(model, blobs):
    evaluate = Evaluator(*blobs)
    state = copy.deepcopy(model.state_dict())
    boosted = boost(
        model,
        batches(*blobs, 25, seed=1),
        config=CONFIG,
        target_ber=0.03,
        epochs=8,
        how=BoostConfig(curriculum="steps"),
        progress=False,
    )
    assert attached(boosted) is None and not boosted.training and type(boosted) is type(model)
    assert all(torch.equal(v, state[k]) for k, v in model.state_dict().items())
    assert list(boosted.state_dict()) == list(state)
    for name in ("0.weight", "3.weight"):
        now, then = boosted.get_parameter(name), model.get_parameter(name)
        assert then.min() <= now.min() and now.max() <= then.max()
    # Frozen: the running statistics are the original's, the affine part learned.
    assert torch.equal(boosted[1].running_mean, model[1].running_mean)
    assert not torch.equal(boosted[1].weight, model[1].weight)
    history = history_of(boosted)
    assert [row["epoch"] for row in history] == list(range(1, 9))
    assert [row["ber"] for row in history] == pytest.approx(
        [0, 0, 0.01, 0.01, 0.02, 0.02, 0.03, 0.03]
    )

    def mean_accuracy(net):
        handle = attach(net, CONFIG)
        if handle.config.calibration is None:
            handle.learn_bounds([blobs[0]])
        handle.set_ber(0.03)
        accuracies = []
        for seed in range(30):
            handle.reseed(seed)
            accuracies.append(evaluate(net))
        handle.detach()
        return sum(accuracies) / 30

    # The calibration travels with the network: it is attached without learning again.
    assert mean_accuracy(boosted) > mean_accuracy(model)


def test_any_optimiser_and_loss(model, blobs):
    calls = []

    def loss(output, labels):
        calls.append(len(labels))
        return nn.functional.multi_margin_loss(output, labels)

    quiet_boost(
        model,
        blobs,
        batch=200,
        target_ber=0.01,
        epochs=1,
        optimizer=lambda parameters: torch.optim.SGD(parameters, lr=0.1),
        loss=loss,
    )
    assert calls == [200, 200]


def rates_learned(model, blobs, **arguments):
    """The learning rate of every batch."""
    rates, made = [], []

    class Noting(torch.optim.SGD):
        def step(self, closure=None):
            rates.append(self.param_groups[0]["lr"])
            return super().step(closure)

    def make(parameters):
        made.append(Noting(parameters, lr=0.1))
        return made[0]

    quiet_boost(model, blobs, target_ber=0.01, epochs=3, optimizer=make, **arguments)
    return rates


def test_the_learning_rate_falls_to_nothing_unless_it_shall_not(model, blobs):
    falling = rates_learned(model, blobs)
    assert len(falling) == 12
    assert falling == pytest.approx(
        [0.05 * (1 + math.cos(math.pi * k / 12)) for k in range(12)], abs=1e-9
    )
    assert rates_learned(model, blobs, anneal=False) == [0.1] * 12


def judged(monkeypatch, accuracies, bears):
    """Have checks answer so, one after the other."""
    answers = zip(accuracies, bears, strict=True)
    monkeypatch.setattr(_rounds.Judge, "run", lambda self, trainer: next(answers))


def boosted_in_rounds(model, blobs):
    return quiet_boost(
        model,
        blobs,
        target_ber=[0.01, 0.03, 0.06],
        epochs=4,
        more_epochs=2,
        evaluate=Evaluator(*blobs),
        target_accuracy=0.9,
    )


@pytest.mark.parametrize(
    ("bears", "trained", "kept"),
    [([1e-3, 2e-3, 1e-3], 8, 6), ([2e-3, 1e-3], 6, 4), ([1e-3, 2e-3, 3e-3], 8, 8)],
)
def test_rounds_go_on_while_the_network_bears_more(monkeypatch, model, blobs, bears, trained, kept):
    judged(monkeypatch, [0.95] * len(bears), bears)
    history = history_of(boosted_in_rounds(model, blobs))
    assert len(history) == trained and sum(row["kept"] for row in history) == kept
    found = [(row["bears"], row["met"]) for row in history if row["met"] is not None]
    assert found == [(b, b > max(bears[:k], default=0)) for k, b in enumerate(bears)]


def test_a_round_that_costs_too_much_is_trained_again_at_half_the_rate(monkeypatch, model, blobs):
    # The first round collapses twice, the second does once; the third bears less.
    judged(monkeypatch, [0.5, 0.8, 0.95, 0.7, 0.95, 0.95], [0.0, 0.0, 1e-3, 0.0, 2e-3, 1.5e-3])
    boosted = boosted_in_rounds(model, blobs)
    history = history_of(boosted)
    rounds = [row for row in history if row["accuracy"] is not None]
    assert [row["epoch"] for row in rounds] == [4, 8, 12, 14, 16, 18]
    assert [row["epoch"] for row in history if row["kept"]] == [9, 10, 11, 12, 15, 16]
    # From a quarter of 0.01, and of half of 0.03 from there.
    assert history[11]["ber"] <= 0.0025 and history[15]["ber"] <= 0.015


@pytest.mark.parametrize("progress", [True, False])
def test_progress_shows_the_training_and_what_judges_it(capsys, model, blobs, progress):
    judges = {"evaluate": Evaluator(*blobs), "target_accuracy": 0.9}
    asked = {"config": CONFIG, "target_ber": 0.01, "epochs": 1, "progress": progress}
    boost(model, batches(*blobs, 50), **asked, **judges)
    said = capsys.readouterr().err
    assert all((name in said) == progress for name in ("boost: ", "boost criticality: "))


def test_a_check_asks_the_network_as_stored_and_its_single_cells(model, blobs):
    evaluate = Evaluator(*blobs)
    boosted = quiet_boost(
        model,
        blobs,
        target_ber=0.01,
        epochs=2,
        evaluate=evaluate,
        target_accuracy=0.9,
        miss_probability=0.05,
    )
    last = history_of(boosted)[-1]
    with approximate(boosted, CONFIG) as handle:
        handle.set_ber(0.0)
        assert last["accuracy"] == evaluate(boosted) >= 0.9
    risk = criticality(boosted, evaluate, config=CONFIG, target_accuracy=0.9)
    assert last["bears"] == pytest.approx(ber_by_cells(risk, 0.05), rel=1e-9)


def test_a_check_of_another_network_is_refused(model, blobs):
    other = copy.deepcopy(model)
    with pytest.raises(ValueError, match="evaluate: Sequential read nothing"):
        quiet_boost(
            model,
            blobs,
            batch=200,
            target_ber=0.01,
            epochs=1,
            evaluate=lambda _: float(other(blobs[0]).argmax(1).eq(blobs[1]).float().mean()),
            target_accuracy=0.5,
        )


def test_a_network_for_one_module_says_so(model, blobs):
    config = CONFIG.with_(cells="fixed", seed=9)
    boosted = quiet_boost(model, blobs, config=config, target_ber=0.05, epochs=2)
    assert calibration_of(boosted).identity == identity_of(config)
    attach(boosted, config).detach()
    with pytest.raises(ValueError, match="boosted for the module"):
        attach(boosted, config.with_(seed=10))
    with (
        approximate(boosted, config) as handle,
        pytest.raises(ValueError, match="set_errors: this network was boosted for the module"),
    ):
        handle.set_errors(errors.Cells([3]))
    # Boosting it for another module is how it gets there.
    moved = quiet_boost(boosted, blobs, config=config.with_(seed=10), target_ber=0.05, epochs=1)
    assert calibration_of(moved).identity == identity_of(config.with_(seed=10))
    # Its range was narrowed once, not twice.
    assert calibration_of(moved).tensors["3.input"] == calibration_of(boosted).tensors["3.input"]


@pytest.mark.parametrize(
    ("cells", "given", "least"), [("fresh", None, 0.25), ("fixed", None, 1.0), ("fixed", 0.5, 0.5)]
)
def test_batches_have_a_share_of_the_rate_and_those_for_one_module_all_of_it(
    model, blobs, cells, given, least
):
    config = CONFIG.with_(cells=cells)
    options = {"config": config, "target_ber": 0.05, "epochs": 4, "least_share": given}
    boosted = quiet_boost(model, blobs, batch=10, **options)
    # Risen after 30 % of the batches: from the third epoch on the mean share is (least + 1) / 2.
    shares = [row["ber"] / 0.05 for row in history_of(boosted)[2:]]
    spread = (1 - least) / math.sqrt(12 * len(blobs[0]) / 10)
    assert shares == pytest.approx([(least + 1) / 2] * 2, abs=4 * spread + 1e-12)


@pytest.mark.parametrize(
    ("changes", "given", "share"),
    [
        ({}, None, 0.5),
        ({}, 0.25, 0.25),
        ({}, (0.25, 0.1), (0.25, 0.1)),
        ({"stored": "fp32"}, None, 1.0),
        ({"stored": "fp32", "correction": "saturate"}, None, 0.5),
    ],
)
def test_inputs_are_given_a_share_of_their_range(model, blobs, changes, given, share):
    config = CONFIG.with_(**changes)
    with approximate(model, config) as handle:
        whole = handle.learn_bounds(batches(*blobs, 100)).tensors
    boosted = quiet_boost(model, blobs, config=config, target_ber=1e-3, epochs=1, input_range=given)
    calibration = calibration_of(boosted)
    assert calibration.input_range == share
    assert calibration.tensors["0.input"] == whole["0.input"]  # data
    first = share[0] if isinstance(share, tuple) else share
    assert calibration.tensors["3.input"].hi == first * whole["3.input"].hi
    assert Calibration.from_dict(json.loads(json.dumps(calibration.to_dict()))) == calibration


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"target_ber": [0.1, 0.01]}, "rates that rise"),
        (
            {"target_ber": [0.01, 0.1]},
            "accepted: one rate where evaluate and target_acc",
        ),
        ({"target_ber": 0.1, "evaluate": len}, "go together"),
        ({"target_ber": 2.0}, "target_ber is 2.0, accepted"),
        ({"target_ber": 0.1, "start_ber": 0.2}, r"start_ber is 0.2, accepted: .* 0.1"),
        ({"target_ber": 0.1, "more_epochs": 0}, "more_epochs is 0, accepted"),
        ({"target_ber": 0.1, "seed": -1}, "seed is -1, accepted"),
        ({"target_ber": 0.1, "miss_probability": 0.6}, "miss_probability is 0.6, accepted"),
        ({"target_ber": 0.1, "least_share": 0.0}, "least_share is 0.0, accepted"),
        ({"target_ber": 0.1, "curriculum": "stairs"}, "curriculum is 'stairs', accepted"),
        ({"target_ber": 0.1, "input_range": (0.5, 0.0)}, "input_range is 0.0, accepted"),
        ({"target_ber": 0.1, "input_range": (0.5,)}, "number of shares in input_range is 1"),
        ({"target_ber": 0.1, "input_range": 0.0}, "input_range is 0.0, accepted"),
    ],
)
def test_bad_arguments_are_named(model, blobs, arguments, words):
    with pytest.raises(ValueError, match=words):
        quiet_boost(model, blobs, **arguments)
    with pytest.raises(TypeError, match=r"seed is 1\.5, accepted: an integer"):
        BoostConfig(seed=1.5)
    for name, value in (("anneal", 1), ("optimizer", "sgd"), ("loss", 0.5)):
        with pytest.raises(TypeError, match=f"{name} is .*, accepted: "):
            BoostConfig(**{name: value})
    with pytest.raises(TypeError, match=r"type of how is .dict., accepted: an eden\.Boost"):
        boost(model, [], config=CONFIG, target_ber=0.1, how={"seed": 1})
    with pytest.raises(ValueError, match="no batch"):
        boost(model, [], config=CONFIG, target_ber=0.1, progress=False)
    attach(model, CONFIG)
    with pytest.raises(ValueError, match="attached; detach it"):
        boost(model, batches(*blobs, 100), config=CONFIG, target_ber=0.1)


@pytest.mark.parametrize("answer", [float("nan"), 90.0, "0.9"])
def test_a_check_takes_no_answer_that_is_no_accuracy(model, blobs, answer):
    with pytest.raises((ValueError, TypeError), match=r"accuracy under draw \d+ is "):
        quiet_boost(
            model, blobs, target_ber=1e-3, epochs=1, evaluate=lambda _: answer, target_accuracy=0.5
        )


@pytest.mark.parametrize("by_channel", [False, True])
def test_weights_stay_in_their_range_or_in_that_of_their_channel(by_channel):
    weights = [torch.tensor([[1.0, -2.0], [0.25, 0.5]]), torch.tensor([3.0, -3.0])]
    ranges = WeightRanges(weights, by_channel=by_channel)
    for weight in weights:
        weight.mul_(10)
    ranges.clamp()
    first = [[1.0, -2.0], [0.5, 0.5]] if by_channel else [[1.0, -2.0], [1.0, 1.0]]
    assert weights[0].tolist() == first
    assert weights[1].tolist() == [3.0, -3.0]
    WeightRanges([]).clamp()


def test_boosting_shows_what_it_is_at_from_the_start(model, blobs, capsys):
    """The pass over all images before the first step, by which ranges are learned, as well."""
    boost(model, batches(*blobs, 100), config=CONFIG, target_ber=0.01, epochs=1)
    said = capsys.readouterr().err
    assert "bounds: 100%" in said and "boost: 100%" in said
    quiet_boost(model, blobs, target_ber=0.01, epochs=1)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("loader", [5, None])
def test_what_is_no_loader_is_refused(loader, model):
    with pytest.raises(TypeError, match=r"^type of train_loader is .* an iterable of batches"):
        boost(model, loader, config=CONFIG, target_ber=0.01)
