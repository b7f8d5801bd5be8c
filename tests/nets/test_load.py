import math

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from eden import nets
from eden.nets import YOLO


def same(model, state) -> bool:
    own = model.state_dict()
    return all(torch.equal(own[key], value) for key, value in state.items())


def write_darknet(model: YOLO, path, header=(0, 2, 0), seen="<i8") -> None:
    """Biases, scales, means, variances and kernels of each convolution, as darknet saves them."""
    state = model.state_dict()
    with open(path, "wb") as file:
        file.write(np.array(header, "<i4").tobytes() + np.array([7], seen).tobytes())
        for number in range(len(model.layers)):
            for part in ("1.bias", "1.weight", "1.running_mean", "1.running_var", "0.bias"):
                if (key := f"layers.{number}.{part}") in state:
                    file.write(state[key].numpy().tobytes())
            if (key := f"layers.{number}.0.weight") in state:
                file.write(state[key].numpy().tobytes())


def shuffled(model):
    """Give running means and variances values of their own too."""
    with torch.no_grad():
        for value in model.state_dict().values():
            if value.is_floating_point():
                value.copy_(torch.rand(value.shape))
    return model


@pytest.mark.parametrize("ending", ["safetensors", "pt", "pth"])
def test_a_state_dict_is_read_back(tmp_path, ending):
    state = nets.build("squeezenet1_1").state_dict()
    path = tmp_path / f"a.{ending}"
    (save_file if ending == "safetensors" else torch.save)(state, path)
    model = nets.load("squeezenet1_1", path)
    assert same(model, state)
    assert not model.training


@pytest.mark.parametrize(
    ("name", "here", "there"),
    [
        ("mobilenet_v2", "features.1.layers.0.0.weight", "features.1.conv.0.0.weight"),
        ("mobilenet_v2", "fc.bias", "classifier.1.bias"),
        ("resnet18", "blocks.5.conv2.weight", "layer3.1.conv2.weight"),
        ("resnet18", "blocks.2.shortcut.0.weight", "layer2.0.downsample.0.weight"),
        ("squeezenet1_1", "features.3.expand3x3.bias", "features.3.expand3.bias"),
        ("squeezenet1_1", "classifier.1.weight", "classifier.weight"),
        (
            "densenet201",
            "features.denseblock2.denselayer7.norm1.weight",
            "features.denseblock2.denselayer7.norm.1.weight",
        ),
    ],
)
def test_a_key_of_torchvision_or_of_an_older_file_is_understood(tmp_path, name, here, there):
    state = shuffled(nets.build(name)).state_dict()
    path = tmp_path / "a.safetensors"
    save_file({there if key == here else key: value for key, value in state.items()}, path)
    assert same(nets.load(name, path), {here: state[here]})


def test_counters_of_batches_may_be_missing_and_halves_are_widened(tmp_path):
    state = shuffled(nets.build("resnet18")).state_dict()
    kept = {k: v.half() for k, v in state.items() if not k.endswith("num_batches_tracked")}
    save_file(kept, tmp_path / "a.safetensors")
    model = nets.load("resnet18", tmp_path / "a.safetensors")
    assert model.fc.weight.dtype == torch.float32
    assert same(model, {k: v.float() for k, v in kept.items()})


def test_without_its_head_a_file_serves_other_classes(tmp_path):
    state = nets.build("vgg16", classes=7).state_dict()
    convolutions = [k for k in state if k.startswith("features.") and k.endswith("weight")]
    trunk = {f"weight{n}": state[k] for n, k in enumerate(convolutions)}
    trunk |= {f"bias{n}": state[k.replace("weight", "bias")] for n, k in enumerate(convolutions)}
    save_file(trunk, tmp_path / "trunk.safetensors")
    features = {k: v for k, v in state.items() if k.startswith("features.")}
    assert same(nets.load("vgg16", tmp_path / "trunk.safetensors", head=False), features)
    with pytest.raises(ValueError, match=r"of another network than vgg16: it lacks 'classifier\.0"):
        nets.load("vgg16", tmp_path / "trunk.safetensors")


def test_a_file_of_another_network_or_form_is_refused_in_one_line(tmp_path):
    path = tmp_path / "a.pth"
    torch.save(nets.build("lenet").state_dict(), path)
    for name, message in {
        "squeezenet1_1": r"a\.pth: is of another network than squeezenet1_1: it lacks 'features\.0",
        "lenet": r"conv1\.weight has the shape \[6, 1, 5, 5\], accepted: \[6, 3, 5, 5\]",
    }.items():
        with pytest.raises(ValueError, match=message) as caught:
            nets.load(name, path, channels=3)
        assert "\n" not in str(caught.value)
    torch.save(nets.build("lenet").state_dict() | {"fc4.bias": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match=r"it has 'fc4\.bias', which lenet has not"):
        nets.load("lenet", path)
    with pytest.raises(ValueError, match="network is 'alexnot', accepted: alexnet, "):
        nets.load("alexnot", path)
    with pytest.raises(FileNotFoundError, match="no such file"):
        nets.load("lenet", tmp_path / "none.pt")
    with pytest.raises(ValueError, match=r"ending .* is '\.weights', accepted: \.safetensors"):
        nets.load("lenet", tmp_path / "none.weights")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: w * math.nan, "is 'NaN or infinite', accepted: finite numbers"),
        (lambda w: w / 0.0, "is 'NaN or infinite'"),
        (
            lambda w: (100 * w).to(torch.int8),
            "is 'torch.int8, torch.strided', accepted: torch.float",
        ),
        (lambda w: w > 0, "is 'torch.bool"),
        (lambda w: w.to(torch.complex64), "is 'torch.complex64"),
        (
            lambda w: w.to_sparse(),
            "is 'torch.float32, torch.sparse_coo', accepted: torch.float32",
        ),
    ],
)
def test_what_stands_for_no_weights_is_refused_in_one_line(tmp_path, change, words):
    path, model = tmp_path / "a.pt", nets.build("lenet")
    state = model.state_dict()
    torch.save(state | {"fc2.weight": change(state["fc2.weight"])}, path)
    with pytest.raises(ValueError, match=rf"a\.pt: fc2\.weight {words}") as caught:
        nets.load("lenet", path)
    assert "\n" not in str(caught.value)
    torch.save({3: torch.zeros(1)}, path)
    with pytest.raises(ValueError, match=r"content is 'dict', accepted: a state dict"):
        nets.load("lenet", path)


def test_a_variance_below_zero_says_that_the_file_is_not_of_this_network(tmp_path):
    path, state = tmp_path / "a.pt", nets.build("resnet18").state_dict()
    name = next(key for key in state if key.endswith("running_var"))
    torch.save(state | {name: state[name] - 2}, path)
    with pytest.raises(ValueError, match=r"running_var is -1.0, accepted: 0 or more; is the file"):
        nets.load("resnet18", path)


@pytest.mark.parametrize("ending", ["safetensors", "pt"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x02]q\x00.", b"x" * 5000])
def test_a_damaged_file_is_refused_in_one_line(tmp_path, ending, content):
    path = tmp_path / f"a.{ending}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.") as caught:
        nets.load("lenet", path)
    assert "\n" not in str(caught.value)


def test_a_pickle_that_runs_code_is_not_run(tmp_path):
    torch.save({"conv1.weight": Runs(tmp_path / "ran")}, tmp_path / "a.pt")
    with pytest.raises(ValueError, match="not a file of weights that torch reads safely"):
        nets.load("lenet", tmp_path / "a.pt")
    assert not (tmp_path / "ran").exists()


class Runs:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize(("header", "seen"), [((0, 2, 0), "<i8"), ((0, 1, 0), "<i4")])
def test_darknet_files_are_read_back(tmp_path, header, seen):
    made = shuffled(nets.build("yolov3_tiny", classes=2))
    write_darknet(made, tmp_path / "a.weights", header, seen)
    model = nets.load("yolov3_tiny", tmp_path / "a.weights", classes=2)
    floats = {k: v for k, v in made.state_dict().items() if v.is_floating_point()}
    assert same(model, floats)
    # The file's first convolution of 16 channels begins with its 16 biases.
    data = np.frombuffer((tmp_path / "a.weights").read_bytes(), "<f4", 16, 12 + int(seen[2]))
    assert np.array_equal(model.layers[0][1].bias.detach(), data)


def test_a_darknet_file_serves_other_classes_without_its_heads(tmp_path):
    made = shuffled(nets.build("yolov3_tiny", classes=5))
    path = tmp_path / "a.weights"
    write_darknet(made, path)
    with pytest.raises(ValueError, match="has 5 classes, accepted: 2, or head=False"):
        nets.load("yolov3_tiny", path, classes=2)
    for classes in (2, 5):
        model = nets.load("yolov3_tiny", path, classes=classes, head=False)
        heads = tuple(model.heads())
        rest = {
            k: v
            for k, v in made.state_dict().items()
            if not k.startswith(heads) and v.is_floating_point()
        }
        assert same(model, rest)
        assert not torch.equal(model.layers[15][0].weight[:21], made.layers[15][0].weight[:21])


@pytest.mark.parametrize("size", [0, 11, 19, 20, 4000, 4001, -4, -1])
def test_a_darknet_file_cut_off_is_refused_in_one_line(tmp_path, size):
    path = tmp_path / "a.weights"
    write_darknet(nets.build("yolov3_tiny", classes=2), path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ValueError, match="cut off") as caught:
        nets.load("yolov3_tiny", path, classes=2)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="cut off"):
        nets.load("yolov3", path, classes=2)
