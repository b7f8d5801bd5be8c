"""The recipe of a run: a YAML file, checked key by key before anything is done.

Every number has both bounds and unknown keys are refused, so a slip of the finger is found in
the first second and not after the training.
"""

import itertools
import os
import re
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eden import energy, formats, mapping

__all__ = ["Recipe", "differing_keys", "load", "names", "parse"]

Ber = Annotated[float, Field(ge=1e-12, le=0.5, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Stored = Literal[*formats.FORMATS]
Correction = Literal[*formats.CORRECTIONS]
Method = Literal[*mapping.METHODS]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Data(_Part):
    """Which images."""

    name: Name = "fashion-mnist"
    train_images: Count | None = Field(None, description="the first so many; all if absent")
    validation_images: Count | None = None
    test_images: Count | None = None
    batch_size: int = Field(1000, ge=1, le=100_000, description="of evaluations")


class Network(_Part):
    """Which network, by its name in `eden.nets`."""

    name: Name = "lenet"


class Train(_Part):
    """Training of the baseline network, without errors."""

    epochs: int = Field(8, ge=1, le=1000)
    batch_size: int = Field(128, ge=1, le=100_000)


class Boost(_Part):
    """Boosting: rounds of curricular retraining, each to a higher BER than the one before."""

    target_bers: list[Ber] = Field([2e-3], min_length=1, max_length=20)
    epochs: int = Field(10, ge=1, le=1000, description="of the first round")
    more_epochs: int = Field(4, ge=1, le=1000, description="of each further round")
    step_epochs: int = Field(2, ge=1, le=100)
    batch_size: int = Field(128, ge=1, le=100_000)
    learning_rate: float = Field(
        2e-3,
        ge=1e-8,
        le=10.0,
        allow_inf_nan=False,
        description="at first; falls to 0 in each round",
    )
    input_range: float | None = Field(
        None,
        ge=0.01,
        le=1.0,
        allow_inf_nan=False,
        description="share of their range that inputs keep; by format if absent",
    )
    check_seeds: int = Field(20, ge=1, le=10_000)
    correction: Correction | None = Field(
        None, description="while boosting; that of the run if absent"
    )


class Curve(_Part):
    """Accuracy against BER, for the figure."""

    low: Ber = 1e-5
    high: Ber = 1e-1
    steps_a_decade: int = Field(3, ge=1, le=10)
    seeds: int = Field(10, ge=1, le=1000)
    images: Count = 2000


class Characterize(_Part):
    """The search for tolerances (design: 10 steps a decade, 20 seeds)."""

    low: Ber = 1e-9
    high: Ber = 0.4
    seeds: int = Field(20, ge=1, le=10_000)
    margin_steps: int = Field(1, ge=0, le=100)
    coarse_images: Count = Field(10_000, description="of the validation images, at most")
    curve: Curve = Curve()


class Map(_Part):
    """Placement on the device."""

    methods: list[Method] = Field(["coarse", "greedy"], min_length=1, max_length=3)
    estimate: Literal[*mapping.ESTIMATES] = "mean"


class Verify(_Part):
    """What is verified, declared beforehand, and how many attempts there may be in all."""

    network: Literal["baseline", "boosted"] = "boosted"
    method: Method = "greedy"
    seeds: int = Field(59, ge=1, le=100_000)
    attempts: int = Field(3, ge=1, le=20)
    quantile: float = Field(0.95, ge=0.5, le=0.9999, allow_inf_nan=False)
    confidence: float = Field(0.95, ge=0.5, le=0.9999, allow_inf_nan=False)


class Energy(_Part):
    """DRAM energy of one inference."""

    system: Literal[*energy.SYSTEMS] = "streaming"


class Recipe(_Part):
    """A whole run."""

    seed: int = Field(0, ge=0, le=2**31 - 1)
    accuracy_loss: float = Field(0.01, ge=0.0, le=1.0, allow_inf_nan=False)
    stored: Stored = "int8"
    correction: Correction = "zero"
    weights: bool = True
    inputs: bool = True
    device: Name = "ddr3l-1600-b10"
    data: Data = Data()
    network: Network = Network()
    train: Train = Train()
    boost: Boost = Boost()
    characterize: Characterize = Characterize()
    map: Map = Map()
    verify: Verify = Verify()
    energy: Energy = Energy()


class _Loader(yaml.SafeLoader):
    """Safe YAML in which 1e-3 is a number, `off` a word, and a key may stand only once."""

    def construct_mapping(self, node, deep=False):
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise ValueError(f"recipe: keys are words, got {key!r}")
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


def names() -> list[str]:
    """The recipes that come with eden."""
    folder = resources.files("eden") / "recipes"
    return sorted(
        entry.name.removesuffix(".yaml")
        for entry in folder.iterdir()
        if entry.name.endswith(".yaml")
    )


def load(name_or_path: str | os.PathLike[str]) -> Recipe:
    """Read a recipe by its name or from a path.

    Raises:
        ValueError: If there is no such recipe, it is not YAML, or a key, type or value in it is
            not accepted; the message names the key and the range.
    """
    name = os.fspath(name_or_path)
    if name in names():
        text = (resources.files("eden") / "recipes" / f"{name}.yaml").read_text()
    else:
        path = Path(name)
        if not path.is_file():
            raise ValueError(
                f"recipe {name!r}: neither a file nor a recipe that comes with eden; "
                f"these do: {', '.join(names())}"
            )
        try:
            text = path.read_text()
        except UnicodeDecodeError as error:
            raise ValueError(f"recipe {name}: not a text file ({error})") from error
    try:
        content = yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise ValueError(f"recipe {name}: not YAML: {' '.join(str(error).split())}") from error
    return parse({} if content is None else content)


def parse(content: Any) -> Recipe:
    """Check a recipe that is already a dict.

    Raises:
        ValueError: As `load`.
    """
    if not isinstance(content, dict):
        raise ValueError(f"recipe: expected keys with values, got {type(content).__name__}")
    try:
        recipe = Recipe.model_validate(content)
    except ValidationError as error:
        raise ValueError(_one_line(error)) from None
    _check(recipe)
    return recipe


def _check(recipe: Recipe) -> None:
    """What concerns more than one key."""
    if not (recipe.weights or recipe.inputs):
        raise ValueError("recipe keys weights, inputs: both are false; at least one must be true")
    for name, part in (
        ("characterize", recipe.characterize),
        ("characterize.curve", recipe.characterize.curve),
    ):
        if part.low >= part.high:
            raise ValueError(
                f"recipe key {name}.low: {part.low:g} is not below {name}.high = {part.high:g}"
            )
    bers = recipe.boost.target_bers
    if any(b <= a for a, b in itertools.pairwise(bers)):
        raise ValueError(f"recipe key boost.target_bers: {bers} must rise from one to the next")
    if recipe.verify.method not in recipe.map.methods:
        raise ValueError(
            f"recipe key verify.method: {recipe.verify.method!r} is not among map.methods = "
            f"{list(recipe.map.methods)}"
        )


def _one_line(error: ValidationError) -> str:
    problems = error.errors(include_url=False)
    first = problems[0]
    key = ".".join(str(part) for part in first["loc"])
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    if first["type"] == "extra_forbidden":
        known = ", ".join(sorted(_part_at(first["loc"][:-1]).model_fields))
        return f"recipe key {key}: unknown; known here: {known}{more}"
    said = f"got {first['input']!r}, accepted: {_accepted(first['loc']) or first['msg']}"
    return f"recipe key {key}: {said}{more}"


def _part_at(loc: tuple[Any, ...]) -> type[_Part]:
    part: type[_Part] = Recipe
    for name in loc:
        part = part.model_fields[name].annotation  # type: ignore[assignment]
    return part


def _accepted(loc: tuple[Any, ...]) -> str:
    """The type and range of a key in words, read off the schema."""
    schema = Recipe.model_json_schema()
    node: dict[str, Any] = schema
    for name in loc:
        node = _resolved(node, schema)
        if isinstance(name, int):
            node = node.get("items", {})
        elif "properties" in node and name in node["properties"]:
            node = node["properties"][name]
        elif "additionalProperties" in node:
            node = node["additionalProperties"]
    return _in_words(_resolved(node, schema))


def _resolved(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return node


def _in_words(node: dict[str, Any]) -> str:
    if "anyOf" in node:
        return " or ".join(_in_words(choice) for choice in node["anyOf"])
    if "enum" in node:
        return "one of " + ", ".join(map(str, node["enum"]))
    if "const" in node:
        return str(node["const"])
    kind = node.get("type", "")
    words = {"integer": "an integer", "number": "a number", "boolean": "true or false"}
    said = words.get(kind) or {"string": "a word", "array": "a list", "object": "keys"}.get(
        kind, kind
    )
    if "minimum" in node:
        said += f" from {node['minimum']:g} to {node['maximum']:g}"
    if "minItems" in node:
        said += f" of {node['minItems']} to {node['maxItems']} entries"
    if kind == "null":
        said = "nothing"
    return said


def differing_keys(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> list[str]:
    """Where two nested dicts differ, as ``key: old -> new``."""
    found = []
    for key in sorted(old.keys() | new.keys()):
        name, a, b = prefix + key, old.get(key), new.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            found += differing_keys(a, b, name + ".")
        elif a != b:
            found.append(f"{name}: {a!r} -> {b!r}")
    return found
