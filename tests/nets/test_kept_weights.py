"""The trained networks that are kept: of the recipes that they say, and read by them."""

import importlib.util
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from eden import nets
from eden._form import facts_of, form_of
from eden.folder import load_recipe

ROOT = Path(__file__).parents[2]
KEPT = sorted((ROOT / "weights").glob("*.safetensors"))
_SPEC = importlib.util.spec_from_file_location(
    "export_weights", ROOT / "scripts" / "export_weights.py"
)
EXPORT = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(EXPORT)


def test_there_are_some():
    assert KEPT


@pytest.mark.parametrize("name", ["mobilenet-v2-cifar10", "squeezenet-cifar10"])
def test_a_kept_network_is_not_read_into_another_form(name):
    network = load_recipe(name).network
    with pytest.raises(ValueError, match=rf"{name}\.safetensors: stem is '\w+', accepted: 'publis"):
        nets.load(
            network.name,
            ROOT / "weights" / f"{name}.safetensors",
            **{**network.form, "stem": "published"},
        )


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_a_kept_network_is_its_recipes(path):
    recipe = load_recipe(path.stem)
    with safe_open(path, "pt") as file:
        said = file.metadata()
        shapes = [file.get_slice(key).get_shape() for key in file.keys()]  # noqa: SIM118
    channels = 1 if path.stem.endswith("fashion-mnist") else 3
    assert any(len(shape) == 4 and shape[1] == channels for shape in shapes)
    assert said["recipe"] == path.stem
    assert said["recipe_digest"] == EXPORT.trained_by(recipe)
    # Halves cost nothing that a recipe may lose.
    lost = float(said["validation_accuracy_of_run"]) - float(said["validation_accuracy"])
    assert abs(lost) < 0.1 * recipe.accuracy_loss
    assert path.stat().st_size < 8 << 20
    assert EXPORT.MOST_BYTES == 8 << 20
    network = recipe.network
    model = nets.build(network.name, channels=channels, **network.form)
    assert nets.read_weights(model, network.name, path)
    assert facts_of(path, said) == {"network": form_of(model)}
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())
