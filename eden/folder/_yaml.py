"""Recipes as YAML files: those that come with eden, and files of the user's."""

import os
import re
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from eden._say import refusal
from eden.folder._recipe import Recipe, parse_recipe

_RECIPES = resources.files("eden.folder") / "recipes"


class _Loader(yaml.SafeLoader):
    """Safe YAML in which 1e-3 is a number, `off` a word, and a key may stand only once."""

    def construct_mapping(self, node, deep=False):
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise ValueError(refusal("recipe key", key, "a word"))
            if key in seen:
                raise ValueError(f"recipe key {key}: stands twice, once is accepted")
            seen.add(key)
        return super().construct_mapping(node, deep)


# YAML 1.1 reads `correction: off` as false; here, as in YAML 1.2, only true and false are booleans.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:bool"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
# PyYAML wants a dot in a float; without this, `1e-3` would silently be a word.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def recipe_names() -> list[str]:
    """List the recipes that come with eden."""
    return sorted(
        entry.name.removesuffix(".yaml")
        for entry in _RECIPES.iterdir()
        if entry.name.endswith(".yaml")
    )


def load_recipe(name_or_path: str | os.PathLike[str]) -> Recipe:
    """Read a recipe by its name or from a path.

    Raises:
        ValueError: If there is no such recipe, it is not YAML, or a key, type or value in it is
            not accepted; the message names the key and the range.
    """
    name = os.fspath(name_or_path)
    if name in recipe_names():
        text = (_RECIPES / f"{name}.yaml").read_text()
    else:
        path = Path(name)
        if not path.is_file():
            raise ValueError(
                f"recipe {name!r}: neither a file nor a recipe that comes with eden; "
                f"these do: {', '.join(recipe_names())}"
            )
        try:
            text = path.read_text()
        except UnicodeDecodeError as error:
            raise ValueError(f"recipe {name}: not a text file ({error})") from error
    try:
        content = yaml.load(text, _Loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"recipe {name}: not YAML: {' '.join(str(error).split())}") from error
    return parse_recipe({} if content is None else content)
