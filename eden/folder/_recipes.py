"""Recipes as YAML files: those that come with eden, and files of the user's."""

import os
from importlib import resources
from pathlib import Path

from eden._say import refusal
from eden._yaml import LARGEST, parse_yaml
from eden.folder._recipe import Recipe, parse_recipe

_RECIPES = resources.files("eden.folder") / "recipes"


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
        if (size := path.stat().st_size) > LARGEST:
            raise ValueError(refusal(f"bytes of recipe {name}", size, f"at most {LARGEST}"))
        try:
            text = path.read_text()
        except UnicodeDecodeError as error:
            raise ValueError(f"recipe {name}: not a text file ({error})") from error
    content = parse_yaml(text, "recipe", f"recipe {name}: ")
    return parse_recipe({} if content is None else content)
