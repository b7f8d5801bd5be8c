"""Tolerances of a small network: on the grid, confirmed, repeatable, and nothing left behind."""

import copy
import json
from dataclasses import replace

import pytest
import torch

from eden import errors
from eden.access import seeds_for
from eden.data import Evaluator
from eden.network import Config, approximate
from eden.tolerance import (
    Tolerances,
    accuracy_curve,
    ber_of,
    characterize_coarse,
    characterize_fine,
    lowered,
    step_of,
    verify,
)
from eden.tolerance._characterize_fine import _runs
from eden.tolerance._evaluator import offering
from eden.tolerance._network import NO_ERROR, bers_of, under_errors
from eden.tolerance._oracle import Oracle
from eden.tolerance._sweep import plain_sweep
from eden.tolerance._verify import draws_needed, upper_bound

CONFIG = Config(error=errors.Uniform(weak_fraction=1e-3))
TARGET = 0.9


class Counting(Evaluator):
    """Counts how often it is asked, all images or some."""

    in_copies = False

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.count = [0]

    @property
    def asked(self):
        return self.count[0]

    def right(self, model):  # the call asks it too
        self.count[0] += 1
        return super().right(model)

    def take(self, index):
        some = Counting(self.x[index], self.y[index], self.batch_size)
        some.count = self.count
        return some


@pytest.fixture(scope="module")
def task(trained):
    return trained


@pytest.fixture(scope="module")
def coarse(task):
    model, images, labels = task
    evaluate = Evaluator(images, labels, 100)
    return characterize_coarse(model, evaluate, config=CONFIG, target_accuracy=TARGET, seeds=6)


def test_coarse_is_the_rate_of_the_stated_risk_beside_the_papers(task, coarse):
    model = task[0]
    assert {t.tolerance for t in coarse.tensors} == {coarse.coarse_ber} == {coarse.ber}
    assert coarse.miss_probability(coarse.ber) == pytest.approx(0.01, rel=0.02)
    assert coarse.interval[0] < coarse.ber < coarse.interval[1]
    # Six draws say little of one in a hundred.
    assert coarse.interval[1] > 4 * coarse.interval[0]
    assert coarse.sweep_ber == pytest.approx(min(coarse.thresholds) * ber_of(-1))
    assert len(coarse.thresholds) == 6
    assert coarse.clean_accuracy > TARGET and coarse.mean_ber >= min(coarse.thresholds)
    assert [t.name for t in coarse.tensors] == ["0.weight", "0.input", "2.weight", "2.input"]
    assert [t.size_bytes for t in coarse.tensors] == [512, 16, 128, 32]
    with approximate(model, CONFIG):  # it was detached
        pass


def test_more_than_the_threshold_misses(task, coarse):
    model, images, labels = task
    high = accuracy_curve(model, Evaluator(images, labels), config=CONFIG, bers=[0.0, 0.3], seeds=4)
    assert min(high[0].accuracies) == coarse.clean_accuracy == max(high[0].accuracies)
    assert max(high[1].accuracies) < TARGET


def test_a_search_with_shards_replays_them_and_ends_alike(task, coarse, tmp_path):
    model, images, labels = task
    arguments = {"config": CONFIG, "target_accuracy": TARGET, "seeds": 6, "folder": tmp_path}
    first, second = Counting(images, labels, 100), Counting(images, labels, 100)
    assert characterize_coarse(model, first, **arguments) == coarse
    shards = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    # A part of the shards is lost, as if the search had been cut short.
    for name in sorted(shards)[::2]:
        (tmp_path / name).unlink()
    assert characterize_coarse(model, second, **arguments) == coarse
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == shards
    assert 0 < second.asked < first.asked


@pytest.mark.parametrize("asked", [0, -1, 0.51, float("nan"), "1 %", True, None])
def test_a_risk_outside_its_range_is_refused(task, asked):
    model, images, labels = task
    options = {"config": CONFIG, "target_accuracy": TARGET, "miss_probability": asked}
    with pytest.raises((ValueError, TypeError), match=r"miss_probability is .*, accepted"):
        characterize_coarse(model, Evaluator(images, labels), **options)


def test_a_target_above_what_is_reached_without_errors_is_refused(task, coarse):
    model, images, labels = task
    evaluate, other = Evaluator(images, labels), replace(coarse, target_accuracy=0.999)
    with pytest.raises(ValueError, match=r"target_accuracy is 0.999, accepted: at most 0.9"):
        characterize_coarse(model, evaluate, config=CONFIG, target_accuracy=0.999)
    with pytest.raises(ValueError, match=r"target_accuracy is 0.999, accepted: at most 0.9"):
        characterize_fine(model, evaluate, start=other)
    none = replace(coarse, tensors=tuple(replace(t, tolerance=0.0) for t in coarse.tensors))
    with pytest.raises(ValueError, match=r"start: bears a BER of 0 .*, accepted: rates above 0"):
        characterize_fine(model, evaluate, start=none)


def test_fine_raises_tensors_from_the_coarse_tolerance(task, coarse):
    model, images, labels = task
    evaluate = Evaluator(images, labels, 100)
    state = copy.deepcopy(model.state_dict())
    fine = characterize_fine(model, evaluate, start=coarse)
    assert fine.granularity == "fine" and fine.coarse_ber == coarse.coarse_ber
    assert all(bers >= coarse.coarse_ber * 0.999 for bers in fine.bers().values())
    assert max(fine.bers().values()) > 2 * coarse.coarse_ber
    assert min(fine.accuracies) >= TARGET and len(fine.accuracies) == 6
    for name, value in model.state_dict().items():
        assert torch.equal(value, state[name])
    with pytest.raises(ValueError, match="stored format of config is 'int4', accepted: int8"):
        characterize_fine(model, evaluate, start=coarse, config=CONFIG.with_(stored="int4"))


def test_layers_rise_together_first_and_tensors_by_themselves_from_there(task, coarse):
    model, images, labels = task
    evaluate = Evaluator(images, labels, 100)
    layers = characterize_fine(model, evaluate, start=coarse, groups=2)
    bers = layers.bers()
    assert bers["0.weight"] == bers["0.input"] and bers["2.weight"] == bers["2.input"]
    assert max(bers.values()) > 2 * coarse.coarse_ber
    whole = characterize_fine(model, evaluate, start=coarse, groups=1)
    assert len(set(whole.bers().values())) == 1
    alone = characterize_fine(model, evaluate, start=coarse, groups=0)
    assert whole.trials < layers.trials < alone.trials
    more = characterize_fine(model, evaluate, start=layers)
    assert all(more.bers()[name] >= ber * 0.999 for name, ber in bers.items())
    assert min(more.accuracies) >= TARGET and len(more.accuracies) == 6
    # With those of the search that it began at.
    assert more.trials > layers.trials and more.coarse_ber == coarse.coarse_ber
    # There are two layers to group.
    assert characterize_fine(model, evaluate, start=coarse, groups=99) == layers


def test_draws_that_missed_at_a_start_are_asked_of_the_next_search_too(task, coarse):
    model, images, labels = task
    evaluate = Evaluator(images, labels, 100)
    # Where half of the draws miss, as at a stated risk some may.
    ber = sorted(coarse.thresholds)[3]
    tensors = tuple(replace(tensor, tolerance=ber) for tensor in coarse.tensors)
    layers = characterize_fine(model, evaluate, start=replace(coarse, tensors=tensors), groups=1)
    assert len(layers.accuracies) < 6 == layers.seeds
    again = Tolerances.from_dict(json.loads(json.dumps(layers.to_dict())))
    assert again == layers
    more = characterize_fine(model, evaluate, start=again)
    assert more.seeds == 6 and len(more.accuracies) == len(layers.accuracies)


def test_a_start_of_another_network_and_no_number_of_groups_are_refused(task, coarse):
    model, images, labels = task
    evaluate = Evaluator(images, labels, 100)
    for tensors in (coarse.tensors[1:], ()):
        other = replace(coarse, tensors=tensors)
        with pytest.raises(ValueError, match=r"start: 0\.weight is missing; it is of another net"):
            characterize_fine(model, evaluate, start=other)
    for groups in (-1, 1.5, True):
        with pytest.raises((TypeError, ValueError), match="groups is"):
            characterize_fine(model, evaluate, start=coarse, groups=groups)


def test_runs_are_of_neighbours_and_about_as_many_layers():
    names = [f"{layer}.{kind}" for layer in range(10) for kind in ("weight", "input")]
    sizes = [len({name[0] for name in run}) for run in _runs(names, 3)]
    assert sum(sizes) == 10 and set(sizes) == {3, 4}
    assert [name for run in _runs(names, 3) for name in run] == names
    assert _runs(names, 1) == [names] and len(_runs(names, 99)) == 10


def test_fine_finds_what_the_plain_sweep_finds(task, coarse):
    model, images, labels = task
    evaluate = Evaluator(images, labels, 100)
    draws = seeds_for("search", 6)
    with under_errors(model, evaluate, coarse.config) as network:

        def holds(steps):
            return all(network.accuracy(bers_of(steps), draw) >= TARGET for draw in draws)

        start = {tensor.name: step_of(coarse.coarse_ber) for tensor in coarse.tensors}
        found = plain_sweep(holds, start, high=step_of(0.4))
    for asking in (evaluate, lambda m: evaluate(m)):  # with and without a part
        fine = characterize_fine(model, asking, start=coarse, margin_steps=0)
        assert {name: step_of(ber) for name, ber in fine.bers().items()} == found


def test_a_fine_search_with_shards_replays_them(task, coarse, tmp_path):
    model, images, labels = task
    arguments = {"start": coarse, "folder": tmp_path}
    first, second = (Counting(images, labels, 100) for _ in range(2))
    fine = characterize_fine(model, first, **arguments)
    shards = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for name in sorted(shards)[::3]:
        (tmp_path / name).unlink()
    assert characterize_fine(model, second, **arguments) == fine
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == shards
    assert 0 < second.asked < first.asked
    evaluate = Counting(images, labels, 100)
    assert characterize_fine(model, evaluate, **arguments) == fine
    assert evaluate.asked == 0  # but for which images are close


def test_steps_with_the_same_weak_cells_read_the_same(task):
    model, images, labels = task
    with under_errors(model, Evaluator(images, labels), CONFIG) as network:
        name, seen = "0.weight", {}
        for step in range(-45, -5):
            count = network.handle.count_weak(name, ber_of(step), 3)
            network.set({t.name: 0.0 for t in network.handle.tensors} | {name: ber_of(step)}, 3)
            outputs = model(images)
            assert torch.equal(seen.setdefault(count, outputs), outputs)
        assert 2 < len(seen) < 40 and max(seen) > 100
        assert sorted(seen) == list(seen)  # more and more


def test_a_plain_function_will_do_for_an_evaluator(task, coarse):
    model, images, labels = task
    evaluate = Evaluator(images, labels, 100)
    plain = characterize_coarse(
        model, lambda m: evaluate(m), config=CONFIG, target_accuracy=TARGET, seeds=6
    )
    assert replace(plain, trials=coarse.trials) == coarse


class Drawing(Evaluator):
    """Notes how many images are drawn of it."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.drawn = []

    def subset(self, n, seed=0):
        self.drawn.append(n)
        return super().subset(n, seed)


# A fifth of 87 photos is 17, whose mean says nothing.
@pytest.mark.parametrize(
    ("images", "criterion", "drawn"),
    [(87, "risk", []), (400, "risk", []), (401, "risk", [400]), (1000, "risk", [400]),
     (1000, "sweep", [400]), (1000, "mean", [])],
)  # fmt: skip
def test_the_mean_asks_all_images_where_they_are_few_or_it_is_the_tolerance(
    fragile, images, criterion, drawn
):
    model, x, y = fragile
    evaluate = Drawing(x[:images], y[:images], 1000)
    target = evaluate(model) - 0.02
    asked = {"config": CONFIG, "target_accuracy": target, "seeds": 3, "criterion": criterion}
    found = characterize_coarse(model, evaluate, **asked)
    assert evaluate.drawn == drawn
    if not drawn:
        assert characterize_coarse(model, lambda m: evaluate(m), **asked).mean_ber == found.mean_ber


def test_an_evaluator_says_what_it_offers(task):
    evaluate = Evaluator(*task[1:])
    may = ("__len__", "right", "closest", "take", "subset", "digest")
    assert offering(evaluate, *may) is evaluate
    assert offering(lambda m: evaluate(m), "right") is None


def test_coarse_finds_what_the_plain_sweep_finds(task, coarse):
    model, images, labels = task
    evaluate = Evaluator(images, labels, 100)
    steps = range(step_of(1e-4), step_of(0.4) + 1)
    with under_errors(model, evaluate, coarse.config) as network:
        for draw, threshold in zip(seeds_for("search", 6), coarse.thresholds, strict=True):
            misses = (s for s in steps if network.accuracy(ber_of(s), draw) < TARGET)
            assert next(misses, steps.stop) - 1 == step_of(threshold)


def test_what_is_asked_in_two_parts_is_what_is_asked_at_once(task, coarse):
    model, images, labels = task
    evaluate = Evaluator(images, labels, 100)
    with under_errors(model, evaluate, coarse.config) as network:
        oracle = Oracle(network, TARGET)
        no_error = network.every(NO_ERROR)
        network.choose_part(no_error, 0)
        for step in (NO_ERROR, -80, -25, -18):
            steps = network.every(step)
            named = oracle.right(steps, 7)
            assert oracle.ask(steps, 7) == network.accuracy(ber_of(step), 7)
            assert named == oracle.right(steps, 7)
        # Without a weak cell nothing depends on the draw.
        before = network.memo.count
        assert oracle.ask(no_error, 8) == oracle.ask(no_error, 9) == coarse.clean_accuracy
        assert network.memo.count == before


def test_tolerances_survive_a_file(coarse):
    assert Tolerances.from_dict(coarse.to_dict()) == coarse
    with pytest.raises(ValueError, match="field 'tensors' is missing"):
        Tolerances.from_dict({k: v for k, v in coarse.to_dict().items() if k != "tensors"})
    down = lowered(coarse, 10)
    assert down.coarse_ber == pytest.approx(coarse.coarse_ber / 10)
    assert down.tensors[0].tolerance == pytest.approx(coarse.tensors[0].tolerance / 10)


def test_targets_that_cannot_be_met(task):
    model, images, labels = task
    evaluate = Evaluator(images, labels, 100)
    with pytest.raises(ValueError, match=r"at most .*, what the network reaches without errors"):
        characterize_coarse(model, evaluate, config=CONFIG, target_accuracy=1.0)
    with pytest.raises(ValueError, match=r"target_accuracy is nan, accepted: a number from 0 to 1"):
        characterize_coarse(model, evaluate, config=CONFIG, target_accuracy=float("nan"))
    with pytest.raises(ValueError, match=r"no BER from 0\.3 up meets the target"):
        characterize_coarse(model, evaluate, config=CONFIG, target_accuracy=TARGET, low=0.3)


def test_the_bound_is_that_of_clopper_and_pearson():
    # Without a miss: 1 - (1 - confidence)^(1 / n).
    assert upper_bound(0, 59) == pytest.approx(1 - 0.05 ** (1 / 59))
    assert upper_bound(0, 59) < 0.05 < upper_bound(0, 58)
    assert upper_bound(1, 59) > 0.05
    assert upper_bound(59, 59) == 1.0
    assert draws_needed() == 59 and draws_needed(quantile=0.99) == 299
    assert draws_needed(confidence=0.975) == 72


def test_verify_passes_below_the_tolerance_and_fails_above(task, coarse):
    model, images, labels = task
    evaluate = Evaluator(images, labels)
    config = coarse.config.with_(error=errors.Uniform(weak_fraction=coarse.coarse_ber / 30))
    good = verify(model, evaluate, config, target_accuracy=TARGET)
    assert good.passed and good.misses == 0 and good.seeds == len(good.accuracies) == 59
    assert good.upper_bound == upper_bound(0, 59)

    config = coarse.config.with_(error=errors.Uniform(weak_fraction=0.2))
    bad = verify(model, evaluate, config, target_accuracy=TARGET, seeds=5)
    assert not bad.passed and bad.misses == 5 and bad.upper_bound == 1.0
    with pytest.raises(ValueError, match=r"target_accuracy is 89, accepted: a number from 0 to 1"):
        verify(model, evaluate, config, target_accuracy=89)


def test_a_retreat_takes_new_draws_and_half_of_the_error(task, coarse, tmp_path):
    model, images, labels = task
    evaluate = Counting(images[:50], labels[:50])
    config = coarse.config.with_(error=errors.Uniform(weak_fraction=0.02))
    arguments = {"target_accuracy": TARGET, "folder": tmp_path}
    first = verify(model, evaluate, config, **arguments)
    retreat = verify(model, evaluate, config, attempt=1, **arguments)
    assert (first.seeds, first.confidence) == (59, 0.95)
    assert (retreat.seeds, retreat.confidence) == (72, 0.975)
    assert retreat.accuracies[:59] != first.accuracies
    asked = evaluate.asked
    assert verify(model, evaluate, config, attempt=1, **arguments) == retreat
    assert evaluate.asked == asked == 59 + 72 + 6  # the first draw of each four times
