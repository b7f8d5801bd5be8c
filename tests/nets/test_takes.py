"""Images too small for a network, and weights to start from, found out early and in one line."""

from functools import partial

import pytest
import torch
from safetensors.torch import save_file

from eden import nets


@pytest.mark.parametrize(
    ("name", "stem", "side", "accepted"),
    [
        ("alexnet", "small", 28, "at least 29 x 29"),
        ("alexnet", "published", 62, "at least 63 x 63"),
        ("vgg16", "small", 31, "at least 32 x 32"),
        ("lenet", "small", 32, "at least 28 x 28, at most 31 x 31"),
        ("lenet", "published", 28, "at least 32 x 32, at most 35 x 35"),
    ],
)
def test_a_network_says_which_images_it_takes(name, stem, side, accepted):
    build = partial(nets.build, name, channels=3, stem=stem)
    words = f"size of images is {side} x {side}, accepted by {name}: {accepted}"
    with pytest.raises(ValueError, match=f"^{words}$"):
        nets.check_takes(name, build, (3, side, side))
    least = int(accepted.split()[2])
    nets.check_takes(name, build, (3, least, least))


def test_what_a_builder_does_not_take_is_named():
    with pytest.raises(ValueError, match="argument of lenet is 'padding', accepted: classes, ch"):
        nets.build("lenet", padding="tensorflow")


@pytest.mark.parametrize("classes", [10, 3])
def test_a_start_takes_the_last_layer_where_it_fits(tmp_path, classes):
    state = nets.build("squeezenet1_1", classes=10).state_dict()
    save_file(state, tmp_path / "a.safetensors")
    model = nets.build("squeezenet1_1", classes=classes)
    drawn = model.classifier[1].weight.clone()
    assert nets.read_weights(model, "squeezenet1_1", tmp_path / "a.safetensors") is (classes == 10)
    same = [torch.equal(model.state_dict()[key], value) for key, value in state.items()]
    assert sum(same) == len(same) - (0 if classes == 10 else 2)
    assert torch.equal(model.classifier[1].weight, drawn) is (classes == 3)


def test_a_start_from_another_network_is_refused(tmp_path):
    save_file(nets.build("lenet").state_dict(), tmp_path / "a.safetensors")
    with pytest.raises(ValueError, match="is of another network than squeezenet1_1: it lacks"):
        nets.read_weights(nets.build("squeezenet1_1"), "squeezenet1_1", tmp_path / "a.safetensors")


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_both_optimisers_train(optimizer):
    torch.manual_seed(0)
    x = torch.randn(64, 1, 28, 28)
    y = (x.mean((1, 2, 3)) > 0).to(torch.int64)
    model = nets.build("lenet", classes=2)
    before = model.fc3.weight.clone()
    nets.train(model, (x, y), epochs=2, batch_size=16, optimizer=optimizer, progress=False)
    assert not torch.equal(model.fc3.weight, before)
    with pytest.raises(ValueError, match="optimizer is 'adam', accepted: adamw, sgd"):
        nets.train(model, (x, y), optimizer="adam")
