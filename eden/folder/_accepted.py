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
    schema = model.model_json_schema()
    problems = error.errors(include_url=False)
    first, others = problems[0], {_at(schema, each["loc"])[0] for each in problems}
    loc, node = _at(schema, first["loc"])
    key = ".".join(str(part) for part in loc)
    more = f" (and {len(others) - 1} more)" if len(others) > 1 else ""
    if first["type"] == "extra_forbidden":
        known = ", ".join(sorted(_part_at(model, first["loc"][:-1]).model_fields))
        return f"recipe key {key} is unknown, accepted: {known}{more}"
    accepted = _in_words(node) or first["msg"].removeprefix("Value error, ")
    return refusal(f"recipe key {key}", first["input"], accepted) + more


def _part_at(part: type[BaseModel], loc: tuple[Any, ...]) -> type[BaseModel]:
    for name in loc:
        part = part.model_fields[name].annotation  # type: ignore[assignment]
    return part


def _at(schema: dict[str, Any], loc: tuple[Any, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Walk a schema; return the keys that lead somewhere, and what it has there.

    Where a key may be of several types and is of none, what follows it in the location of an error
    names these types.
    """
    node = _resolved(schema, schema)
    for place, name in enumerate(loc):
        choices = [_resolved(choice, schema) for choice in node.get("anyOf", [node])]
        below = [step for choice in choices if (step := _step(choice, name)) is not None]
        if not below:
            known = place if "anyOf" in node else len(loc)
            return loc[:known], node if known == place else {}
        node = _resolved(below[0], schema)
    return loc, node


def _step(node: dict[str, Any], name: Any) -> dict[str, Any] | None:
    """What a schema has at an index or a key; None where there is none."""
    if isinstance(name, int):
        return node.get("items")
    found = node.get("properties", {}).get(name, node.get("additionalProperties"))
    return found if isinstance(found, dict) else None


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
        least, most = node["minItems"], node["maxItems"]
        said += f" of {least} entries" if least == most else f" of {least} to {most} entries"
    return said
