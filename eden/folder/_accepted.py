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
    more = f" (and {len(others) - 1} more)" if len(others) > 1 else ""
    if first["type"] == "extra_forbidden":
        part = _at(schema, first["loc"][:-1])[1]
        known = {name for kind in _kinds(part, schema) for name in kind.get("properties", {})}
        key = _dotted(first["loc"])
        return f"recipe key {key} is unknown, accepted: {', '.join(sorted(known))}{more}"
    accepted = _in_words(node) or first["msg"].removeprefix("Value error, ")
    return refusal(f"recipe key {_dotted(loc)}", first["input"], accepted) + more


def _dotted(loc: tuple[Any, ...]) -> str:
    return ".".join(map(str, loc))


def _at(schema: dict[str, Any], loc: tuple[Any, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Walk a schema; return the keys that lead somewhere, and what it has there.

    Where a key may be of several types and is of none, what follows it in the location of an error
    names these types.
    """
    node = _resolved(schema, schema)
    for place, name in enumerate(loc):
        steps = [_step(kind, name) for kind in _kinds(node, schema)]
        below = [step for step in steps if step is not None]
        if not below:
            return (loc[:place], node) if "anyOf" in node else (loc, {})
        node = _resolved(below[0], schema)
    return loc, node


def _kinds(node: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The types that a key may have, one or several."""
    return [_resolved(kind, schema) for kind in node.get("anyOf", [node])]


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
    if "multipleOf" in node:
        said += f", a multiple of {node['multipleOf']:g}"
    if "minItems" in node:
        least, most = node["minItems"], node["maxItems"]
        said += f" of {least} entries" if least == most else f" of {least} to {most} entries"
    return said
