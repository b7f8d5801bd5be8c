"""The recipes of other networks, on tiny sets, and weights given back to a run."""

import json

import pytest
import torch
from _pictures import write_cifar_binary
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from eden import nets
from eden.cli import main
from eden.folder import RunFolder, load_recipe, parse_recipe, recipe_names
from eden.run import run
from eden.run._work import Work, read_inputs

CIFAR = [name for name in recipe_names() if name.endswith("-cifar10")]


@pytest.fixture(scope="module")
def cifar(tmp_path_factory):
    return str(write_cifar_binary(tmp_path_factory.mktemp("cifar")))


def of_tiny(name, cifar, **train):
    """A recipe on sixty images, from random weights."""
    asked = load_recipe(name).model_dump(mode="json")
    asked["data"] |= {"folder": cifar, "test_images": None}
    asked["train"] |= {"weights": None, "epochs": 1, "batch_size": 23, **train}
    return parse_recipe(asked)


def test_there_are_eight_on_cifar10():
    assert len(CIFAR) == 8


@pytest.mark.parametrize("name", CIFAR)
def test_each_recipe_builds_its_network_and_trains_it(name, cifar, tmp_path):
    recipe = of_tiny(name, cifar)
    folder = RunFolder.create(tmp_path / "run", recipe, resume=False)
    work = Work(folder, read_inputs(recipe), progress=False)
    model = work.untrained()
    keys = {"optimizer": recipe.train.optimizer, "augment": work.augment}
    before = [p.clone() for p in model.parameters()]
    nets.train(model, work.splits.train, epochs=1, batch_size=23, progress=False, **keys)
    assert all(p.isfinite().all() for p in model.parameters())
    assert not all(map(torch.equal, before, model.parameters()))
    assert 0 <= work.evaluator("test")(model.eval()) <= 1


def test_a_run_on_bytes_takes_weights_of_other_classes_and_gives_back_its_own(cifar, tmp_path):
    start = tmp_path / "start.safetensors"
    save_file(nets.build("lenet", classes=7, channels=3, stem="published").state_dict(), start)
    recipe = of_tiny("lenet-cifar10", cifar, weights=str(start))
    first = run(recipe, tmp_path / "first", until="train", progress=False)
    said = json.loads((first / "train.json").read_text())
    assert said["weights_head"] is False and len(said["weights_sha256"]) == 64
    trained = first / "baseline.safetensors"
    second = run(recipe, tmp_path / "second", until="train", weights=trained, progress=False)
    ours, theirs = (load_file(f / "baseline.safetensors") for f in (first, second))
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    assert json.loads((second / "train.json").read_text())["weights_head"] is True
    # Once it is trained a run needs the file no more.
    start.unlink()
    run(recipe, tmp_path / "first", until="train", resume=True, progress=False)


def test_what_is_wrong_with_weights_is_one_line_before_a_folder_is_made(
    cifar, tmp_path, monkeypatch
):
    monkeypatch.delenv("EDEN_WEIGHTS", raising=False)
    recipe = of_tiny("lenet-cifar10", cifar, weights="nowhere.safetensors")
    with pytest.raises(ValueError, match=r"not found: no nowhere\.safetensors; EDEN_WEIGHTS"):
        run(recipe, tmp_path / "run", progress=False)
    monkeypatch.setenv("EDEN_WEIGHTS", str(tmp_path))
    with pytest.raises(ValueError, match=f"or {tmp_path}/nowhere.safetensors; docs/vision.md"):
        run(recipe, tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()
    start = tmp_path / "start.safetensors"
    save_file(nets.build("lenet", classes=7, channels=3, stem="published").state_dict(), start)
    with pytest.raises(ValueError, match="its last layers are for other classes or of another"):
        run(recipe, tmp_path / "run", weights=start, until="train", progress=False)
    assert not (tmp_path / "run").exists()


def state_of(**form):
    return nets.build("lenet", **{"channels": 3, "stem": "published", **form}).state_dict()


def saved(state):
    return lambda path: save_file(state, path)


def nan(state):
    state["fc3.bias"][0] = torch.nan
    return state


def cut_off(path):
    save_file(state_of(), path)
    path.write_bytes(path.read_bytes()[:-100])


NETWORK = "is of another network than lenet"
WRONG = {
    "nothing": (lambda path: path.write_bytes(b""), "is not a safetensors file, or is damaged"),
    "text": (lambda path: path.write_text("weights"), "is not a safetensors file, or is damaged"),
    "cut off": (cut_off, "is not a safetensors file, or is damaged"),
    "of another": (saved(nets.build("resnet18", stem="published").state_dict()), NETWORK),
    "more": (saved(state_of() | {"more": torch.zeros(1)}), "has 'more', which lenet has not"),
    "other channels": (saved(state_of(channels=1)), "accepted: [6, 3, 5, 5], as this form"),
    "NaN": (saved(nan(state_of())), "fc3.bias is 'NaN or infinite', accepted: finite numbers"),
    "a folder": (lambda path: path.mkdir(), "weights not found: no "),
}


@pytest.mark.parametrize("made", [False, True], ids=["no folder", "an empty one"])
@pytest.mark.parametrize("epochs", [0, 1])
@pytest.mark.parametrize("wrong", WRONG)
def test_weights_that_do_not_fit_leave_no_folder(cifar, tmp_path, wrong, epochs, made):
    write, words = WRONG[wrong]
    start, out = tmp_path / "start.safetensors", tmp_path / "run"
    write(start)
    if made:
        out.mkdir()
    recipe = of_tiny("lenet-cifar10", cifar, **({"weights": str(start)} if epochs else {}))
    with pytest.raises(ValueError) as caught:
        run(recipe, out, weights=None if epochs else start, until="train", progress=False)
    assert words in str(caught.value) and "\n" not in str(caught.value)
    assert not (any(out.iterdir()) if made else out.exists())


def test_networks_of_a_run_say_their_form_and_are_held_to_it(cifar, tmp_path):
    form = {"name": "squeezenet1_1", "classes": 10, "channels": 3, "stem": "small"}
    recipe = of_tiny("squeezenet-cifar10", cifar)
    trained = run(recipe, tmp_path / "run", until="train", progress=False) / "baseline.safetensors"
    with safe_open(trained, "pt") as file:
        assert json.loads(file.metadata()["eden"])["network"] == form
    other = recipe.model_dump(mode="json")
    other["network"]["stem"] = "published"
    other["train"] |= {"weights": None, "epochs": 1}
    with pytest.raises(ValueError, match=r"stem is 'small', accepted: 'published', as this form"):
        run(parse_recipe(other), tmp_path / "other", weights=trained, progress=False)
    assert not (tmp_path / "other").exists()


def test_weights_are_looked_at_without_a_draw(cifar, tmp_path):
    start = tmp_path / "start.safetensors"
    save_file(state_of(), start)
    before = torch.get_rng_state()
    run(of_tiny("lenet-cifar10", cifar), tmp_path / "run", weights=start, until="data",
        progress=False)  # fmt: skip
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"network": {"name": "alexnet"}}, "28 x 28, accepted by alexnet: at least 29 x 29"),
        ({"network": {"name": "vgg16"}}, "28 x 28, accepted by vgg16: at least 32 x 32"),
        ({"network": {"classes": 9}}, "network.classes is 9, accepted: at least 10"),
        ({"network": {"stem": "half"}}, "stem is 'half', accepted: published, small"),
        ({"network": {"padding": "tensorflow"}}, "argument of lenet is 'padding', accepted"),
        ({"network": {"name": "yolov3_tiny"}}, "data.size is None, accepted: the side of the sq"),
        ({"data": {"name": "cifar10"}}, "cifar-10-binary.tar.gz"),
        ({"data": {"folder": "nowhere"}}, "'nowhere', which is not a folder"),
        (
            {"data": {"normalise": {"mean": [1.0, 2.0], "std": [1.0, 2.0]}}},
            "channels of images is 1, accepted: 2, as there are means",
        ),
        ({"train": {"epochs": 0}}, "train.epochs is 0, accepted: at least 1 where"),
        ({"train": {"optimizer": "adam"}}, "optimizer is 'adam', accepted: one of adamw, sgd"),
        ({"train": {"augment": {"flip": 2}}}, "augment.flip is 2, accepted: a number from 0 to 1"),
        (
            {"data": {"normalise": {"mean": [1.0], "std": [1.0, 2.0]}}},
            r"normalise.std is \[1.0, 2.0\], accepted: as many entries as mean has, 1",
        ),
    ],
)
def test_what_does_not_go_together_is_one_line(keys, words):
    with pytest.raises(ValueError, match=words) as caught:
        read_inputs(parse_recipe(keys))
    assert "\n" not in str(caught.value)


def test_the_command_line_takes_weights(tmp_path, cifar, capsys):
    path = tmp_path / "r.yaml"
    path.write_text(json.dumps(of_tiny("lenet-cifar10", cifar).model_dump(mode="json")))
    command = ["run", str(path), "--out", str(tmp_path / "run"), "--until", "train"]
    assert main([*command, "--weights", "nowhere.pt"]) == 2
    assert "weights not found: no " in capsys.readouterr().err
    start = tmp_path / "start.safetensors"
    state = nets.build("lenet", channels=3, stem="published").state_dict()
    save_file(state, start)
    assert main([*command, "--weights", str(start)]) == 0
    assert torch.equal(
        load_file(tmp_path / "run" / "baseline.safetensors")["fc3.bias"], state["fc3.bias"]
    )
