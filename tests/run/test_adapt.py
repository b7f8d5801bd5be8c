"""A baseline that is trained on in the format it is stored in; what may be lost is the original's.

Rounded to four bits, with one step for all weights of a tensor, LeNet of few epochs loses two
points and more: an epoch in that format has them back.
"""

import shutil

import pytest
from _small import boosted_by, full_disk, small
from safetensors.torch import save_file

from eden._files import read_json
from eden.folder import Results, RunFolder, StageFiles, parse_recipe
from eden.network import calibration_of
from eden.report._words import adapting_lines
from eden.run import Work, advance, read_inputs, run
from eden.run import _boost as stages
from eden.training._trainer import Trainer

KEYS = {
    "stored": "int4",
    "scale": "tensor",
    "accuracy_loss": 0.02,
    "data": {"train_images": 6000, "validation_images": 1000, "test_images": 300},
    "boost": {"batch_size": 64, "target_bers": [1e-4], "epochs": 1, "control": False},
    "characterize": {
        "low": 1e-8,
        "seeds": 2,
        "fresh_draws": 2,
        "coarse_images": 300,
        "fine": False,
        "curve": {"low": 1e-4, "high": 1e-2, "steps_a_decade": 1, "seeds": 2, "images": 200},
    },
    "map": {"methods": ["coarse"]},
    "verify": {"method": "coarse", "seeds": 2, "quantile": 0.5, "confidence": 0.6},
}


@pytest.fixture(autouse=True)
def use_images():
    """The real ones, unlike elsewhere here: the made-up ones are told apart in any format."""


@pytest.fixture(scope="module")
def weights(_trained_lenet, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "lenet.safetensors"
    save_file(_trained_lenet.state_dict(), path)
    return path


def recipe(weights, stored_epochs):
    train = {"epochs": 0, "weights": str(weights), "stored_epochs": stored_epochs}
    return parse_recipe({**KEYS, "train": train})


@pytest.fixture(scope="module")
def finished(weights, tmp_path_factory):
    return run(recipe(weights, 1), tmp_path_factory.mktemp("runs") / "whole", progress=False)


@pytest.fixture(scope="module")
def work(finished):
    opened = RunFolder(finished)
    return Work(opened, read_inputs(opened.recipe), progress=False)


def stored_accuracy(work, model, evaluate):
    with work.without_errors(model):
        return evaluate(model)


def test_what_the_format_cost_is_learned_away(work):
    whole, original = work.evaluator("validation"), work.original()
    came_to = work.results.adapting
    assert came_to["kept"] and came_to["epochs"] == 1
    before, after = came_to["validation_accuracy_before"], came_to["validation_accuracy"]
    assert before == stored_accuracy(work, original, whole)
    assert after == stored_accuracy(work, work.network("baseline"), whole)
    cost = whole(original) - before
    assert cost > 0.015 and whole(original) - after < cost / 2


def test_what_may_be_lost_is_counted_from_the_original(work):
    original, loss = work.original(), work.recipe.accuracy_loss
    searched, whole = work.searched(original), work.evaluator("validation")(original)
    assert read_json(work.path("train.json"))["validation_accuracy"] == whole
    assert work.results.boosting["target_accuracy"] == searched - loss
    assert work.results.boosting["validation_target"] == whole - loss
    for name in ("baseline", "boosted"):
        assert work.results.tolerances(name, "coarse").target_accuracy == searched - loss
    drawn = work.evaluator("validation", most=200)
    assert work.results.curve["target_accuracy"] == drawn(original) - loss
    tested = work.evaluator("test")(original)
    assert work.results.verification["original_test_accuracy"] == pytest.approx(tested)


def test_what_is_searched_is_what_was_trained_on(work):
    baseline = work.network("baseline")
    clean = stored_accuracy(work, baseline, work.searched)
    assert work.results.tolerances("baseline", "coarse").clean_accuracy == clean
    assert clean != stored_accuracy(work, work.original(), work.searched)


def test_inputs_have_the_ranges_that_they_are_boosted_with(work):
    before, after, boosted = (
        calibration_of(model)
        for model in (work.original(), work.network("baseline"), work.network("boosted"))
    )
    assert (before.input_range, after.input_range, boosted.input_range) == (1.0, 0.5, 0.5)
    first, *others = [name for name, entry in before.tensors.items() if entry.kind == "input"]
    assert others and after.tensors[first].hi == before.tensors[first].hi  # data
    for name in others:
        was, now = before.tensors[name], after.tensors[name]
        assert (now.lo, now.hi) == (was.lo / 2, was.hi / 2)
        assert boosted.tensors[name] == now  # not cut twice


def test_the_report_says_it(finished):
    came_to = Results(RunFolder(finished)).adapting
    before, after = came_to["validation_accuracy_before"], came_to["validation_accuracy"]
    assert (
        "Trained on as int4 without errors (epochs: 1) the network, stored so, reads an accuracy "
        f"of {after:.4f} on the validation images, and {before:.4f} without that. It is the "
        "unboosted one here; what may be lost is counted from the original, in floats and not "
        "trained on."
    ) in (finished / "report.html").read_text()


def test_it_goes_on_where_it_was_cut_short(finished, tmp_path, monkeypatch):
    shutil.copytree(finished, folder := tmp_path / "run")
    for name in ("stages/adapt.json", "adapted.json", "adapted.safetensors"):
        (folder / name).unlink()
    with full_disk(monkeypatch, "adapted.json"):
        advance(folder, until="adapt", progress=False)
    monkeypatch.setattr(Trainer, "_epoch", None)  # all epochs are kept
    advance(folder, until="adapt", progress=False)
    assert not (folder / "adapting").exists()
    for name in ("adapted.safetensors", "adapted.json"):
        assert (folder / name).read_bytes() == (finished / name).read_bytes()


def test_without_it_the_format_is_refused_and_the_key_named(weights, tmp_path):
    kept = recipe(weights, None).model_copy(update={"accuracy_loss": 0.005})
    message = r"storing the trained network as int4 costs alone; train\.stored_epochs trains it on"
    with pytest.raises(ValueError, match=message):
        run(kept, tmp_path / "run", until="boost", progress=False)
    assert not (tmp_path / "run" / "adapted.safetensors").exists()


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        (True, "what the network trained on, stored as int4, lacks of the original$"),
        (False, "as int4 costs alone, and training it on so gained nothing$"),
    ],
)
def test_a_network_that_lacks_too_much_so_is_refused(
    finished, tmp_path, monkeypatch, kept, message
):
    work = Work(RunFolder(finished), read_inputs(RunFolder(finished).recipe), progress=False)
    monkeypatch.setattr(Work, "searched_target", 0.99)
    monkeypatch.setattr(Results, "adapting", {"kept": kept})
    with pytest.raises(ValueError, match=message):
        stages.boost(work, StageFiles(tmp_path))


def adapted(images, folder, monkeypatch, processes=1, **boosting):
    """The small run up to there: the made-up images are all right in any format."""
    monkeypatch.setenv("EDEN_DATA", str(images))
    asked = boosted_by(small(stored="int4"), processes=processes, **boosting)
    train = asked.train.model_copy(update={"stored_epochs": 1})
    asked = asked.model_copy(update={"train": train})
    return run(asked, folder, until="adapt", progress=True)


@pytest.mark.parametrize("processes", [1, 2])
def test_what_gains_nothing_is_not_kept(images, tmp_path, monkeypatch, capsys, processes):
    folder = adapted(images, tmp_path / "run", monkeypatch, processes)
    said = "Trained on as int4, without errors: 1.0000 to 1.0000, not kept\n"
    assert said in capsys.readouterr().out
    assert not (folder / "adapted.safetensors").exists() and not (folder / "adapting").exists()
    results = Results(RunFolder(folder))
    assert results.adapting["kept"] is False
    (line,) = adapting_lines(results)
    assert line.endswith("of 1.0000 on the validation images, and 1.0000 without that, so it was "
                         "not kept.")  # fmt: skip


def test_a_training_that_diverges_names_the_rate(images, tmp_path, monkeypatch):
    message = r"^training on as int4 at boost\.learning_rate 10: boost: the loss is (nan|inf) in ep"
    monkeypatch.setattr(Trainer, "run", lambda *_, **__: [{"loss": float("nan")}])
    with pytest.raises(ValueError, match=message):
        adapted(images, tmp_path / "run", monkeypatch, learning_rate=10.0)
