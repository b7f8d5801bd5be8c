"""Which tensors the patterns of a config choose."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping

from torch import nn

from eden.access import NONE, Protection
from eden.network._config import Config, Pattern


class Selection:
    """Decides by the patterns of a config, and remembers which of them ever matched.

    Args:
        protect: Protections of the tensors stored by pattern, None for none.
        include: Patterns, None for all.
        exclude: Patterns, None for none.
        parameters: Patterns of parameters to store whatever module owns them, None for none.
    """

    def __init__(
        self,
        protect: Mapping[Pattern, str | Protection] | None,
        include: tuple[Pattern, ...] | None,
        exclude: tuple[Pattern, ...] | None,
        parameters: tuple[Pattern, ...] | None,
    ):
        self.label = "include"  # who gave the first, for messages
        self.include, self.exclude, self.parameters = include, exclude, parameters
        self.names: list[str] = []
        self.stored: list[str] = []
        self.named: set[str] = set()
        self._all_parameters: list[str] = []
        self._matched: set[Pattern] = set()
        self.protect = protect or {}
        self._protecting: set[Pattern] = set()
        self._shadowed: set[Pattern] = set()  # by patterns before them, of some tensor

    def by_name(self, name: str, module: nn.Module, module_name: str) -> bool:
        """Return whether a parameter is one of those named, and remember it."""
        self._all_parameters.append(name)
        if self._any(self.parameters or (), name, module, module_name):
            self.named.add(name)
        return name in self.named

    def takes(self, name: str, module: nn.Module | None, module_name: str) -> bool:
        """Return whether a tensor is stored in approximate DRAM."""
        self.names.append(name)
        included = self.include is None or self._any(self.include, name, module, module_name)
        included = included or name in self.named
        return not self._any(self.exclude or (), name, module, module_name) and included

    def protection_of(self, name: str, module: nn.Module, module_name: str) -> Protection:
        """Return how a tensor that is stored is protected, and remember it."""
        self.stored.append(name)
        matching = [p for p in self.protect if self._hits(p, name, module, module_name)]
        self._protecting.update(matching[:1])
        self._shadowed.update(matching[1:])
        return Protection.parse(self.protect[matching[0]]) if matching else NONE

    def check(self) -> None:
        """Raise if a pattern matched nothing: a misspelt name would silently change the result."""
        for label, patterns, what, names in (
            (self.label, self.include, "tensor", self.names),
            ("exclude", self.exclude, "tensor", self.names),
            ("parameters", self.parameters, "parameter", self._all_parameters),
        ):
            for pattern in patterns or ():
                if isinstance(pattern, str) and pattern not in self._matched:
                    raise ValueError(
                        f"{label}: {pattern!r} matches no {what}; there are {shorten(names)}"
                    )

        for pattern in self.protect:
            if pattern in self._protecting:
                continue
            if pattern in self._shadowed:
                raise ValueError(
                    f"protect: {pattern!r} protects nothing: all that it matches goes by patterns "
                    "before it"
                )
            raise ValueError(
                f"protect: {pattern!r} matches no tensor that is stored in approximate DRAM; "
                f"there are {shorten(self.stored)}"
            )

    def _any(self, patterns, name, module, module_name) -> bool:
        # A list, not a generator: every pattern is to be marked.
        return any([self._matches(pattern, name, module, module_name) for pattern in patterns])

    def _matches(self, pattern, name, module, module_name) -> bool:
        hit = self._hits(pattern, name, module, module_name)
        if hit and isinstance(pattern, str):
            self._matched.add(pattern)
        return hit

    def _hits(self, pattern, name, module, module_name) -> bool:
        if callable(pattern):
            return bool(pattern(name, module))
        if pattern.startswith("re:"):
            try:
                expression = re.compile(pattern[3:])
            except re.error as error:
                raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
            hit = expression.fullmatch(name) or expression.fullmatch(module_name)
        else:
            hit = fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(module_name, pattern)
        return bool(hit)


def protections_of(names: list[str], config: Config) -> dict[str, Protection]:
    """Return how a config protects tensors of which the names alone are known.

    Raises:
        ValueError: For a pattern that matches none of them, or is a function.
    """
    if any(callable(pattern) for pattern in config.protect):
        raise ValueError("protect: a function needs the network; use names, globs or 're:'")
    selection = Selection(config.protect, None, None, None)
    owner = nn.Module()  # that no pattern looks at
    found = {name: selection.protection_of(name, owner, name.rpartition(".")[0]) for name in names}
    selection.check()
    return found


def shorten(names: list[str]) -> str:
    """Join names for a message, at most eight of them."""
    shown = ", ".join(names[:8])
    return shown if len(names) <= 8 else f"{shown} and {len(names) - 8} more"
