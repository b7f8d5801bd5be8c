"""Files of weights say which form of a network they are of, and are held to it."""

import copy
import json
import pickle

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from eden import nets, network
from eden._form import facts_of, form_of

PADDED = {"stem": "half", "padding": "tensorflow"}


def saved(path, name="mobilenet_v2", **form):
    network.save(nets.build(name, **form), path)
    return path


def said(path):
    with safe_open(path, "pt") as file:
        return facts_of(path, file.metadata())["network"]


def refused(words, read):
    with pytest.raises(ValueError) as caught:
        read()
    assert words in str(caught.value) and "\n" not in str(caught.value), caught.value


def test_what_was_asked_for_is_written_with_what_was_not(tmp_path):
    path = tmp_path / "a.safetensors"
    whole = {"name": "mobilenet_v2", "classes": 7, "channels": 3, **PADDED}
    assert said(saved(path, classes=7, **PADDED)) == whole
    assert said(saved(path, "lenet", channels=np.int64(1))) == {
        "name": "lenet", "classes": 10, "channels": 1, "stem": "small"
    }  # fmt: skip
    assert said(saved(path, "yolov3_tiny")) == {
        "name": "yolov3_tiny", "classes": 80, "channels": 3
    }  # fmt: skip
    model = nets.build("lenet")
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        network.save(other, path)
        assert said(path)["name"] == "lenet"
    network.save(model, tmp_path / "b.safetensors")
    assert path.read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    network.save(nets.LeNet(), path)  # not by its name
    with safe_open(path, "pt") as file:
        assert "network" not in json.loads(file.metadata()["eden"])


@pytest.mark.parametrize(
    ("name", "form", "other", "words"),
    [
        ("mobilenet_v2", {}, {"stem": "half"}, "stem is 'small', accepted: 'half', as this form"),
        ("mobilenet_v2", PADDED, {"stem": "half"},
         "padding is 'tensorflow', accepted: 'symmetric', as this form of mobilenet_v2 has"),
        ("mobilenet_v2", {}, {"padding": "tensorflow"}, "padding is 'symmetric', accepted: 'ten"),
        ("squeezenet1_1", {"stem": "published"}, {}, "stem is 'published', accepted: 'small'"),
    ],
)  # fmt: skip
def test_a_form_of_the_same_shapes_is_refused(tmp_path, name, form, other, words):
    path = saved(tmp_path / "a.safetensors", name, **form)
    assert form_of(nets.load(name, path, **form))["name"] == name
    model = nets.build(name, **other)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    refused(words, lambda: nets.load(name, path, **other))
    refused(words, lambda: nets.read_weights(model, name, path))
    refused(words, lambda: network.load_into(model, path))
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_another_network_is_refused_by_its_name(tmp_path):
    path = saved(tmp_path / "a.safetensors", "resnet18")
    words = "a.safetensors: network is 'resnet18', accepted: mobilenet_v2"
    model = nets.build("mobilenet_v2")
    for read in (
        lambda: nets.load("mobilenet_v2", path),
        lambda: nets.load("mobilenet_v2", path, head=False),
        lambda: nets.read_weights(model, "mobilenet_v2", path),
        lambda: network.load_into(model, path),
    ):
        refused(words, read)


def test_where_last_layers_begin_at_random_the_rest_may_be_of_another_form(tmp_path):
    path = saved(tmp_path / "a.safetensors", classes=7, stem="published")
    state = nets.load("mobilenet_v2", path, classes=7, stem="published").state_dict()
    apart = nets.load("mobilenet_v2", path, head=False)
    model = nets.build("mobilenet_v2")
    assert not nets.read_weights(model, "mobilenet_v2", path)
    for other in (apart, model):
        own = other.state_dict()
        assert all(torch.equal(own[k], state[k]) for k in own if not k.startswith("fc."))


def test_shapes_go_before_what_is_said_of_classes(tmp_path):
    """Of a network whose last layer was exchanged after it was built."""
    model = nets.build("resnet18")
    model.fc = torch.nn.Linear(512, 4)
    network.save(model, tmp_path / "a.safetensors")
    assert nets.load("resnet18", tmp_path / "a.safetensors", classes=4).fc.out_features == 4
    refused("shape [4], accepted: [10]", lambda: nets.load("resnet18", tmp_path / "a.safetensors"))


@pytest.mark.parametrize("facts", [None, {}, {"eden": "{}"}, {"recipe": "mine"}])
def test_files_that_say_no_form_load_as_before(tmp_path, facts):
    state = nets.build("squeezenet1_1", stem="published").state_dict()
    save_file(state, tmp_path / "a.safetensors", facts)
    model = nets.load("squeezenet1_1", tmp_path / "a.safetensors")
    assert torch.equal(model.state_dict()["classifier.1.bias"], state["classifier.1.bias"])
    assert nets.read_weights(model, "squeezenet1_1", tmp_path / "a.safetensors")
    assert network.load_into(model, tmp_path / "a.safetensors") is None


@pytest.mark.parametrize(
    "facts",
    [
        "{",
        "[" * 100_000,
        "3",
        "[]",
        '{"network": 3}',
        '{"network": []}',
        '{"network": {"stem": "small"}}',
        '{"network": {"name": 3}}',
    ],
)
def test_what_eden_does_not_write_is_refused(tmp_path, facts):
    path, model = tmp_path / "a.safetensors", nets.build("lenet")
    save_file(model.state_dict(), path, {"eden": facts})
    for read in (lambda: nets.load("lenet", path), lambda: network.load_into(model, path)):
        refused("a.safetensors: its metadata 'eden' is not ", read)


def test_parts_that_this_version_does_not_know_are_refused(tmp_path):
    path, model = tmp_path / "a.safetensors", nets.build("lenet")
    facts = json.dumps({"network": {**form_of(model), "width": 2}})
    save_file(model.state_dict(), path, {"eden": facts})
    words = "part of the form of lenet is 'width', accepted: name, classes, channels, stem"
    refused(words, lambda: nets.load("lenet", path))
