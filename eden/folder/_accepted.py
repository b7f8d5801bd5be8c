"""What a key of a recipe accepts, in words, read off its schema."""

from typing import Any

from pydantic import BaseModel, ValidationError

from eden._say import refusal

_WORDS = {"integer": "an integer", "number": "a number", "boolean": "true or false"}
_WORDS |= {"string": "a word", "array": "a list", "object": "keys", "null": "nothing"}


def one_line(error: ValidationError, model: type[BaseModel]) -> str:
    """Say what is wrong with a recipe: the first key, the value got, what is accepted.

    Args:
        error: What checking it raised.
        model: What it was checked against.
    """
    problems = error.errors(include_url=False)
    first = problems[0]
    key = ".".join(str(part) for part in first["loc"])
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    if first["type"] == "extra_forbidden":
        known = ", ".join(sorted(_part_at(model, first["loc"][:-1]).model_fields))
        return f"recipe key {key} is unknown, accepted: {known}{more}"
    accepted = _accepted(model, first["loc"]) or first["msg"].removeprefix("Value error, ")
    return refusal(f"recipe key {key}", first["input"], accepted) + more


def _part_at(part: type[BaseModel], loc: tuple[Any, ...]) -> type[BaseModel]:
    for name in loc:
        part = part.model_fields[name].annotation  # type: ignore[assignment]
    return part


def _accepted(model: type[BaseModel], loc: tuple[Any, ...]) -> str:
    """Say the type and range of a key in words, read off the schema."""
    schema = model.model_json_schema()
    node: dict[str, Any] = schema
    for name in loc:
        node = _resolved(node, schema)
        # Of a part that may be absent, what it has where it is there.
        for choice in node.get("anyOf", []):
            if {"properties", "items"} & (found := _resolved(choice, schema)).keys():
                node = found
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
    said = _WORDS.get(node.get("type", ""), "")
    if "minimum" in node:
        said += f" from {node['minimum']:g} to {node['maximum']:g}"
    if "minItems" in node:
        said += f" of {node['minItems']} to {node['maxItems']} entries"
    return said
