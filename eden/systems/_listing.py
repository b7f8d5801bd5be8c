"""The systems that come with eden, on the terminal."""

from __future__ import annotations

from pathlib import Path

from eden.systems._system import System, system_names


def print_systems() -> None:
    """Print every system that comes with eden: what it is, and the memory beside it."""
    names = system_names()
    width = max(map(len, names))
    for name in names:
        system = System.load(name)
        memory = f"{system.memory} x {system.channels}" if system.memory else "the placement's"
        print(f"{name:<{width}}  {system.description}; memory: {memory}")
        own = ", ".join(f"{key} {_shown(value)}" for key, value in system.parameters.items())
        if own:
            print(f"{'':<{width}}  {own}")


def print_system(name_or_path: str | Path) -> None:
    """Print a system: its parameters, its memory, and where the numbers are from.

    Raises:
        ValueError: One line, for an unknown system, or a file that holds none.
    """
    system = System.load(name_or_path)
    print(f"{system.name}: {system.description}")
    given = {
        "kind": system.kind,
        **system.parameters,
        "memory": system.memory or "the placement's device",
        "channels": system.channels,
        **{f"controller.{key}": value for key, value in system.controller.items()},
    }
    width = max(map(len, given))
    for key, value in given.items():
        print(f"  {key:<{width}}  {_shown(value)}")
    for key, source in system.sources.items():
        print(f"{key}: {source}")


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
