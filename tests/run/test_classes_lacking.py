"""Splits that lack classes of the network: said and kept, not refused; empty ones are."""

import json

import pytest
import torch
from _pictures import write_cifar_binary
from _small import small

from eden.folder import parse_recipe
from eden.run import advance, run
from eden.run._task import Finding, Naming

DATA = {"train_images": 900, "validation_images": 80}


def noted(folder):
    return json.loads((folder / "data.json").read_text())["classes_lacking"]


def test_whole_splits_say_nothing(tmp_path, capsys):
    folder = run(small(), tmp_path / "run", until="data")
    assert noted(folder) == {}
    assert "of the network's" not in capsys.readouterr().out


def test_classes_without_an_image_are_said_once_and_kept(tmp_path, capsys):
    recipe = small(network={"classes": 12}, data=DATA)
    folder = run(recipe, tmp_path / "run", until="data")
    assert noted(folder) == {key: [10, 11] for key in ("train", "validation", "test")}
    said = capsys.readouterr().out
    for name in ("train", "validation", "test"):
        assert f"{name} images: no image is of 2 of the network's 12 classes: 10, 11\n" in said
    advance(folder, until="data")
    assert "of the network's" not in capsys.readouterr().out
    quiet = run(recipe, tmp_path / "quiet", until="data", progress=False)
    assert noted(quiet) == noted(folder) and not capsys.readouterr().out


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_the_images_that_a_recipe_takes_count(tmp_path, capsys, split):
    """Of ten images in the order of their labels the first three."""
    cifar = write_cifar_binary(tmp_path)
    asked = {
        "network": {"name": "lenet", "stem": "published"},
        "data": {"name": "cifar10", "folder": str(cifar), f"{split}_images": 3},
    }
    folder = run(parse_recipe(asked), tmp_path / "run", until="data")
    assert len(noted(folder)[split]) >= 7
    assert f"{split} images: no image is of " in capsys.readouterr().out


def test_many_classes_are_named_in_part(tmp_path, capsys):
    run(small(network={"classes": 50}, data=DATA), tmp_path / "run", until="data")
    said = capsys.readouterr().out
    assert "no image is of 40 of the network's 50 classes: 10, 11, " in said
    assert ", 29 and 20 more\n" in said


BOX = [0.0, 0.0, 9.0, 9.0]


def test_boxes_that_do_not_count_are_of_no_class():
    recipe = parse_recipe({"network": {"name": "yolov3_tiny", "classes": 4}, "data": {"size": 64}})
    truths = torch.tensor([[[*BOX, 1], [*BOX, -1]], [[*BOX, -4], [*BOX, -7]]])
    assert Finding(recipe).lacking(truths) == [0, 2, 3]
    assert Naming(recipe).lacking(torch.tensor([3, 3, 0])) == [1, 2]


@pytest.mark.parametrize(
    ("task", "y", "words"),
    [
        (Naming, torch.zeros(0, dtype=torch.int64), "number of test images is 0, accepted: at le"),
        (Finding, torch.zeros(0, 2, 5), "number of test photos is 0, accepted: at least 1"),
        (Finding, torch.zeros(0, 0, 5), "number of test photos is 0, accepted: at least 1"),
    ],
)
def test_a_split_of_nothing_is_refused(task, y, words):
    with pytest.raises(ValueError, match=words) as caught:
        task(parse_recipe({})).check("test", y)
    assert "\n" not in str(caught.value)
