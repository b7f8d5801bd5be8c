"""Recipes: what is refused, and how it is said."""

import json

import pytest

from eden.folder import Recipe, load_recipe, parse_recipe, recipe_names
from eden.folder._provenance import differing_keys

LAUGHS = tuple(zip("abcdefgh", "bcdefghi", strict=True))
CASES = {
    "[" * 100_000: "bytes of recipe",
    "a: " + "[" * 5_000 + "]" * 5_000: "recipe is nested more than 20 deep",
    "a: {" * 3000: "recipe is nested more than 20 deep",
    "- " * 5_000: "recipe is nested more than 20 deep",
    "? " * 5_000: "recipe is nested more than 20 deep",
    "\n".join(" " * i + "a:" for i in range(200)): "recipe is nested more than 20 deep",
    "data: " + "[" * 15 + "]" * 15: r"recipe key data is .*, accepted: keys",
    "colour: red": r"recipe key colour is unknown, accepted: accuracy, accuracy_loss, .*weights",
    "boost: {epoch: 3}": r"recipe key boost.epoch is unknown, accepted: .*epochs",
    "data: {normalise: {mean: [1], std: [1], x: 1}}": r"data.normalise.x is unknown, accepted: mea"
    "n, order, std$",
    "boost: {input_range: half}": r"boost.input_range is 'half', accepted: a number from 0.01 to 1 "
    "or a list of 2 entries or nothing$",
    "boost: {input_range: [0.5, 2]}": r"recipe key boost.input_range is \[0.5, 2\], accepted: a nu",
    "boost: {processes: 4, batch_size: 3}": r"boost.processes is 4, accepted: at most boost.batch",
    "train: {stored_epochs: 0}": r"train.stored_epochs is 0, accepted: an integer from 1 to 1000",
    "stored: fp32\ntrain: {stored_epochs: 3}": r"stored_epochs is 3, accepted: none where stor",
    "boost: {epochs: 0}": r"recipe key boost.epochs is 0, accepted: an integer from 1 to 1000",
    "boost: {epochs: 2.5}": r"boost.epochs is 2.5, accepted: an integer",
    "boost: {epochs: true}": r"boost.epochs is True",
    "boost: {target_bers: [1e-3, 2]}": r"boost.target_bers.1 is 2, accepted: a number from 1e-12",
    "boost: {target_bers: [2e-3, 1e-3]}": r"target_bers is .*, accepted: numbers that rise",
    "boost: {target_bers: []}": r"target_bers is \[\], accepted: a list of 1 to 20 entries",
    "accuracy_loss: .nan": r"accuracy_loss is nan, accepted: a number from 0 to 1",
    "accuracy_loss: .inf": r"accuracy_loss is inf",
    "accuracy_loss: '0.01'": r"accuracy_loss is '0.01'",
    "stored: int7": r"stored is 'int7', accepted: one of fp32, .*int4",
    "scale: row": r"recipe key scale is 'row', accepted: one of channel, tensor",
    "on_chip_bytes: -1": r"on_chip_bytes is -1, accepted: an integer from 0 to",
    "on_chip_bytes: 8 KiB": r"on_chip_bytes is '8 KiB', accepted: an integer",
    "boost: {gradients: exact}": r"gradients is 'exact', accepted: one of as_read, clean",
    "characterize: {curve: {low: 0.2}}": r"characterize.curve.low is 0.2, accepted: less than",
    "characterize: {low: 1e-3, margin_steps: 30}": r"margin_steps is 30, accepted: at most 26",
    "verify: {method: exact}": r"verify.method is 'exact', accepted: one of map.methods, coarse",
    "{weights: false, inputs: false}": r"inputs is \(False, False\), accepted: true for at",
    "seed: 1\nseed: 2": r"recipe key seed: stands twice",
    "map: {protect: all}": r"map.protect is 'all', accepted: auto, none, or protections by",
    "map: {protect: {fc1: 3}}": r"map.protect is \{'fc1': 3\}, accepted: auto, none, or prot",
    "map: {protect: {fc1: tripled}}": r"recipe key map.protect: protection is 'tripled', accepted",
    "verify: {network: protected}": r"verify.network is 'protected', accepted: one of baseline, ",
    "protect: triple": r"recipe key protect is 'triple', accepted: keys",
    "protect: {fc1: 3}": r"recipe key protect.fc1 is 3, accepted: a word",
    "protect: {fc1: tripled}": r"recipe key protect: protection is 'tripled', accepted: none, trip",
    "protect: {fc1: strong_bits=4}": r"recipe key protect: strong_bits is 4, accepted: 1 to 3",
    "stored: int4\nprotect: {fc1: embedded=2}": r"protection of fc1 is 'embedded=2', accepted: .*1",
    "data: 3": r"recipe key data is 3, accepted: keys",
    "data: {train_images: 0}": r"train_images is 0, accepted: an integer from 1 to 1e\+06 or",
    "- a": r"recipe is a list, accepted: keys with values",
    "3: 4": r"recipe key is 3, accepted: a word",
    "a: [": r"not YAML",
    "weights: !!bool maybe": r"not YAML: 'maybe'",
    "seed: !!int x": r"not YAML: invalid literal",
    "seed: !!float x": r"not YAML: could not",
    "seed: !!timestamp x": r"not YAML: ",
    "seed: !!binary x": r"not YAML: ",
    "seed: 1:30": r"seed is '1:30', accepted: an integer",
    "accuracy_loss: 1:30.5": r"accuracy_loss is '1:30.5', accepted: a number",
    "seed: 1_000": r"seed is '1_000'",
    "seed: 2001-12-14": r"seed is '2001-12-14'",
    f"seed: {'9' * 5000}": r"not YAML: .*limit",
    f"seed: {'9' * 400}": r"seed is 9+.*accepted",
    "\n".join(f"k{i}: 1" for i in range(3_000)): r"number of recipe keys is 3000, accepted",
    "\n".join(f"k{i}: 1" for i in range(100_000)): r"bytes of recipe .* is \d+, accepted: at most",
    "a: &a [x, x, x]\n" + "".join(f"{k}: &{k} [{f'*{j}, ' * 9}]\n" for j, k in LAUGHS): r"unknown",
}


@pytest.mark.parametrize("text", CASES)
def test_a_bad_recipe_is_refused_in_one_line(tmp_path, text):
    path = tmp_path / "r.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=CASES[text]) as caught:
        load_recipe(path)
    assert "\n" not in str(caught.value)


def test_no_such_recipe_names_those_there_are():
    with pytest.raises(ValueError, match=r"'nope': neither a file nor.*lenet-fashion-mnist"):
        load_recipe("nope")


@pytest.mark.parametrize("name", recipe_names())
def test_the_recipes_that_come_with_eden_are_accepted(name):
    assert load_recipe(name) == parse_recipe(load_recipe(name).model_dump(mode="json"))


def test_exponents_are_numbers_and_off_is_a_word(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("correction: off\naccuracy_loss: 1e-2\nboost: {target_bers: [1e-3, 2E-3]}")
    assert load_recipe(path).accuracy_loss == 0.01
    assert load_recipe(path).boost.target_bers == [1e-3, 2e-3]
    assert load_recipe(path).correction == "off"


@pytest.mark.parametrize(
    ("text", "seed"), [("017", 17), ("0o17", 15), ("0x11", 17), ("+5", 5), ("0", 0)]
)
def test_integers_are_those_of_yaml_1_2(tmp_path, text, seed):
    path = tmp_path / "r.yaml"
    path.write_text(f"seed: {text}")
    assert load_recipe(path).seed == seed


def test_protections_keep_their_order_in_the_files_of_a_run():
    recipe = parse_recipe({"protect": {"fc2.input": "triple", "fc*": "secded", "a": "none"}})
    text = json.dumps(recipe.model_dump(mode="json"), sort_keys=True)
    assert list(parse_recipe(json.loads(text)).protect) == ["fc2.input", "fc*", "a"]
    recipe = parse_recipe({"map": {"protect": {"fc2.input": "triple", "a": "none"}}})
    text = json.dumps(recipe.model_dump(mode="json"), sort_keys=True)
    assert parse_recipe(json.loads(text)) == recipe


@pytest.mark.parametrize(
    ("keys", "count"),
    [
        ({}, 3),
        ({"protect": {"fc*": "triple"}}, 5),
        ({"map": {"protect": "auto"}}, 5),
        ({"map": {"protect": "none"}}, 3),
        ({"protect": {"fc*": "triple"}, "map": {"protect": "none"}}, 5),
    ],
)
def test_networks_are_tried_protected_where_something_protects_them(keys, count):
    assert len(parse_recipe(keys).variants) == count


def test_every_number_has_both_bounds():
    schema = Recipe.model_json_schema()
    parts = {"": schema, **schema["$defs"]}
    numbers = 0
    for part, node in parts.items():
        for key, field in node["properties"].items():
            for choice in [field, *field.get("anyOf", []), field.get("items", {})]:
                if choice.get("type") in ("integer", "number"):
                    assert {"minimum", "maximum"} <= choice.keys(), f"{part}.{key}"
                    numbers += 1
    assert numbers > 25


def test_differing_keys_are_named_with_both_values():
    a = parse_recipe({"boost": {"epochs": 3}}).model_dump(mode="json")
    b = parse_recipe({"seed": 1}).model_dump(mode="json")
    assert differing_keys(a, b) == ["boost.epochs: 3 -> 10", "seed: 0 -> 1"]
