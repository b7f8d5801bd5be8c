"""A system: what computes, its parameters, and the memory beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from eden._files import parse_json
from eden._say import a_kind, an_int, keys_of, one_of, refusal
from eden.devices import Device
from eden.dram import Memory, load_memory
from eden.network import Config
from eden.systems._homes import check_device
from eden.systems._kinds import KINDS

_KNOWN = Path(__file__).parent / "known"
_FIELDS = ("name", "description", "kind", "parameters", "memory", "channels", "controller")
_CONTROLLER = ("map", "page", "cap", "power_down_clocks")
_LARGEST = 1 << 20  # bytes of a file


@dataclass(frozen=True)
class System:
    """What runs a network, and its memory.

    Attributes:
        name: Of the description.
        description: In a line.
        kind: What computes: ``accelerator``, ``processor`` or ``streaming``.
        parameters: Numbers and words that its kind asks for.
        memory: Name of a memory of `eden.dram`, or a JSON file of one; None where the device of a
            placement is the memory.
        channels: Of that memory.
        controller: Any of ``map``, ``page``, ``cap`` and ``power_down_clocks`` (docs/dram.md).
        sources: Where the numbers are from, by name; ``assumed`` for those without a source.

    Raises:
        TypeError: For a field of another type.
        ValueError: One line, for a kind, parameter or memory that is unknown or cannot be.
    """

    name: str
    description: str
    kind: str
    parameters: Mapping[str, Any]
    memory: str | None
    channels: int = 1
    controller: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self):
        for name in ("name", "description"):
            a_kind(name, getattr(self, name), str, "text")
        one_of("kind", self.kind, KINDS)
        kind = KINDS[self.kind]
        keys_of(f"parameters of {self.name}", self.parameters, kind.parameters)
        keys_of(f"controller of {self.name}", self.controller, (), _CONTROLLER)
        an_int("channels", self.channels, 1, 64)
        kind.check(self.parameters)
        if kind.has_memory:
            a_kind("memory", self.memory, str, "the name of a memory, or a .json file of one")
            self.load_memory()
        elif self.memory is not None:
            raise ValueError(
                refusal("memory", self.memory, "None, as the placement's device is it")
            )

    @classmethod
    def load(cls, name_or_path: str | Path) -> System:
        """Read a system by its name, or from a JSON or YAML file.

        A file holds the fields of a system, or of them those that differ from a known one that it
        names under ``like``: ``{"like": "tpu", "parameters": {"rows": 128}}``.

        Args:
            name_or_path: One of `system_names`, or a path that ends in ``.json``, ``.yaml`` or
                ``.yml``.

        Raises:
            ValueError: One line that names the file, for an unknown name or key, or a value that
                cannot be.
            OSError: If the file cannot be read.
        """
        a_kind("system", name_or_path, (str, Path), "a System, a name, or a path")
        if str(name_or_path) in (names := system_names()):
            return cls(**json.loads((_KNOWN / f"{name_or_path}.json").read_text()))
        path = Path(name_or_path)
        if path.suffix not in (".json", ".yaml", ".yml"):
            accepted = f"{', '.join(names)}, or a .json or .yaml file"
            raise ValueError(refusal("system", str(name_or_path), accepted))
        try:
            return cls._of(_read(path))
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path}: {error}") from None

    @classmethod
    def _of(cls, found: object) -> System:
        if isinstance(found, Mapping) and "like" in found:
            given = keys_of("system", found, ("like",), (*_FIELDS, "sources"))
            one_of("like", given["like"], system_names())
            return cls.load(given["like"]).with_(**{k: given[k] for k in given if k != "like"})
        given = keys_of("system", found, _FIELDS[:5], (*_FIELDS[5:], "sources"))
        return cls(**given)

    def with_(self, **changes: Any) -> System:
        """Return a copy with some fields changed; of mappings those keys that are given.

        Raises:
            TypeError: For a field of another type.
            ValueError: For an unknown field or key, or a value that cannot be.
        """
        given = dict(keys_of("system", changes, (), (*_FIELDS, "sources")))
        for name in ("parameters", "controller", "sources"):
            if name in given:
                a_kind(name, given[name], Mapping, "keys with values")
                given[name] = {**getattr(self, name), **given[name]}
        return replace(self, **given)

    def load_memory(self) -> Memory:
        """Return its memory, all channels.

        Raises:
            ValueError: For an unknown memory or channels that cannot be.
        """
        if self.memory is None:
            raise ValueError(f"{self.name} has no memory of its own")
        return load_memory(self.memory).with_channels(self.channels)

    def check_device(self, device: Device) -> None:
        """Refuse a device that is not like its memory, so that no placement there is for it.

        Raises:
            ValueError: One line that says what differs.
        """
        if self.memory is not None:
            check_device(self.load_memory(), device, self.name)

    def policy(self, memory: Memory) -> dict[str, Any]:
        """Return the knobs of the controller, power-down only where the memory says its power."""
        knobs = {key: value for key, value in self.controller.items() if key != "map"}
        return knobs if memory.powers_down else {**knobs, "power_down_clocks": 0}

    @property
    def map(self) -> str:
        """Address map."""
        return self.controller.get("map", "RoBaRaCoCh")

    @property
    def on_chip_bytes(self) -> int:
        """Memory for feature maps that stay from layer to layer, as in `eden.Config`."""
        return self.parameters.get("on_chip_bytes", 0)

    def exposed(self, config: Config) -> Config:
        """Return a config under which what stays on this system's chip meets no errors."""
        return config.with_(on_chip_bytes=max(config.on_chip_bytes, self.on_chip_bytes))

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data; a file of them is the same system."""
        mappings = ("parameters", "controller", "sources")
        return {k: dict(v) if k in mappings else v for k, v in vars(self).items()}


def system_names() -> list[str]:
    """Return the names of the systems that come with eden."""
    return sorted(path.stem for path in _KNOWN.glob("*.json"))


def system_of(system: System | str | Path) -> System:
    """Return a system, or read it by name or path."""
    return system if isinstance(system, System) else System.load(system)


def _read(path: Path) -> object:
    if (size := path.stat().st_size) > _LARGEST:
        raise ValueError(refusal("bytes of it", size, f"at most {_LARGEST}"))
    try:
        text = path.read_text()
    except UnicodeDecodeError as error:
        raise ValueError(f"no text: {error.reason}") from None
    if path.suffix != ".json":
        from eden._yaml import parse_yaml  # `import eden` leaves PyYAML alone

        return parse_yaml(text, "system")
    try:
        return parse_json(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {' '.join(str(error).split())}") from None
