"""A baseline that is trained on in the format it is stored in; what may be lost is the original's.

Rounded to four bits, with one step for all weights of a tensor, LeNet of few epochs loses two
points and more: an epoch in that format has them back.
"""

import pytest
from safetensors.torch import load_file, save_file

from eden._files import read_json
from eden.folder import RunFolder, parse_recipe
from eden.network import calibration_of
from eden.run import Work, read_inputs, run

KEYS = {
    "stored": "int4",
    "scale": "tensor",
    "data": {"train_images": 6000, "validation_images": 1000},
    "boost": {"batch_size": 64},
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
def work(weights, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "stored"
    run(recipe(weights, 1), folder, until="train", progress=False)
    opened = RunFolder(folder)
    return Work(opened, read_inputs(opened.recipe), progress=False)


def stored_accuracy(work, model):
    with work.without_errors(model):
        return work.searched(model)


def test_what_the_format_cost_is_learned_away(work):
    original, baseline = work.original(), work.network("baseline")
    cost = work.searched(original) - stored_accuracy(work, original)
    assert cost > 0.015
    assert work.searched(original) - stored_accuracy(work, baseline) < cost / 2
    noted = read_json(work.path("train.json"))["stored_validation_accuracy"]
    with work.without_errors(baseline):
        assert noted == work.evaluator("validation")(baseline)


def test_the_accuracy_to_keep_is_that_of_before(work, weights):
    given, kept = load_file(weights), work.original().state_dict()
    assert all(kept[name].equal(value) for name, value in given.items())
    noted = read_json(work.path("train.json"))["validation_accuracy"]
    assert noted == work.evaluator("validation")(work.original())
    loss = work.recipe.accuracy_loss
    assert work.searched_target == work.searched(work.original()) - loss


def test_inputs_keep_the_bounds_that_were_learned_before(work):
    before, after = (
        calibration_of(model).tensors for model in (work.original(), work.network("baseline"))
    )
    inputs = [name for name, entry in before.items() if entry.kind == "input"]
    assert inputs and all(before[name] == after[name] for name in inputs)


def test_without_it_the_format_is_refused_and_the_key_named(weights, tmp_path):
    message = r"storing the trained network as int4 costs alone; train\.stored_epochs trains it on"
    with pytest.raises(ValueError, match=message):
        run(recipe(weights, None), tmp_path / "run", until="boost", progress=False)
    assert not (tmp_path / "run" / "original.safetensors").exists()


def test_other_versions_are_told_to_begin_at_the_original(work):
    refused = r"--weights .*original\.safetensors takes what was trained here"
    with pytest.raises(ValueError, match=refused):
        RunFolder.create(work.folder.path, recipe(work.path("x"), None), resume=True)
