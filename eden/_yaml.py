"""YAML as eden reads it: in the core schema of YAML 1.2, every key once."""

import re
from typing import Any

import yaml

from eden._say import refusal

# Far beyond any file of eden's: PyYAML takes up to half a second for so many bytes.
LARGEST, _MOST_KEYS, _DEEPEST = 2**15, 100, 20


class _Refused(ValueError):
    """YAML that is none of eden's."""


class _Loader(yaml.SafeLoader):
    """Safe YAML in which 1e-3 is a number, `off` a word, and a key may stand only once."""

    what = "file"  # what it is, for refusals

    # Where the scanner goes deeper, by brackets or by indentation: it looks at all open levels for
    # each word, so thousands of them take it seconds.
    def fetch_flow_collection_start(self, TokenClass):
        self._check_depth(self.flow_level)
        super().fetch_flow_collection_start(TokenClass)

    def add_indent(self, column):
        self._check_depth(len(self.indents))
        return super().add_indent(column)

    def construct_mapping(self, node, deep=False):
        if len(node.value) > _MOST_KEYS:
            raise _Refused(
                refusal(f"number of {self.what} keys", len(node.value), f"to {_MOST_KEYS}")
            )
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise _Refused(refusal(f"{self.what} key", key, "a word"))
            if key in seen:
                raise _Refused(f"{self.what} key {key}: stands twice, once is accepted")
            seen.add(key)
        return super().construct_mapping(node, deep)

    def _check_depth(self, depth):
        if depth >= _DEEPEST:
            raise _Refused(f"{self.what} is nested more than {_DEEPEST} deep, which none is")


# PyYAML reads YAML 1.1, in which `off` is false, 1:30 is 90, 017 is 15, and 1e-3 is a word. Here,
# as in the core schema of YAML 1.2, they are a word, a word, 17 and a number.
_TAG = "tag:yaml.org,2002:"
_CORE = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    "float": (
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
}
_REPLACED = {_TAG + name for name in (*_CORE, "timestamp")}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag not in _REPLACED]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _name, (_pattern, _first) in _CORE.items():
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(f"^(?:{_pattern})$"), list(_first))


def _an_int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = loader.construct_scalar(node)
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


_Loader.add_constructor(f"{_TAG}int", _an_int)


def parse_yaml(text: str, what: str, named: str = "") -> Any:
    """Parse YAML; of an empty file None.

    Args:
        text: One document.
        what: What it describes, such as ``recipe``, for refusals.
        named: Stands before what is said of text that is not YAML.

    Raises:
        ValueError: One line, for text that is not YAML, nests too deep, or has a key twice.
    """
    try:
        return yaml.load(text, type("Loader", (_Loader,), {"what": what}))
    except _Refused:
        raise
    # PyYAML lets through what it stumbles over, such as a KeyError of `!!bool maybe`.
    except Exception as error:
        said = " ".join(str(error).split())
        raise ValueError(f"{named}not YAML: {said}") from None
