"""Memories: their description, and the table of their standard."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from eden._native import core
from eden._say import a_kind, an_int, refusal
from eden.dram._data import split_slopes

_HERE = Path(__file__).parent


def memory_names() -> list[str]:
    """Return the names of the memories that come with eden."""
    return sorted(path.stem for path in (_HERE / "memories").glob("*.json"))


def _table(standard: str) -> tuple[str, str]:
    """Return the text of a standard's table, and its file."""
    tables = {path.stem: path for path in (_HERE / "standards").glob("*.txt")}
    if (path := tables.get(standard.lower())) is None:
        known = ", ".join(sorted(name.upper() for name in tables))
        raise ValueError(refusal("standard", standard, known))
    return path.read_text(), str(path)


class Memory:
    """One memory: organisation, clocks and currents under the rules of its standard. Immutable.

    Attributes:
        name: Of the description.
        standard: Name of its table of constraints, such as ``DDR4``.
        clocks: By the standard's names, such as ``tRCD``; in memory clocks.
        clock_seconds: Length of one.
        vdd_volts: Main supply at which the currents hold.
        slopes: How its currents depend on the data; None if it does not say.
        describes_pins: Whether it gives what its pins take.
        powers_down: Whether it gives what power-down takes.
        chips: Of a rank.
        banks: Of a channel, over its ranks.
        request_bytes: Moved by one read or write.
        size_bytes: Over all channels.
    """

    def __init__(self, json_text: str, *, trcd: int | None = None, table: Path | str | None = None):
        """Read a description.

        Args:
            json_text: The description (docs/dram.md).
            trcd: Another tRCD in clocks, at least 1; that of writes changes by as much.
            table: File of the standard's table; that of eden if left out.

        Raises:
            ValueError: One line, for a description or table that cannot be.
        """
        own = None if table is None else (Path(table).read_text(), str(table))
        self._read(json_text, trcd, own)

    def _read(self, json_text: str, trcd: int | None, table: tuple[str, str] | None) -> None:
        plain, self.slopes = split_slopes(json_text)
        standard = core.memory_standard(plain)
        self.native = core.DramRules(plain, *(table or _table(standard)), trcd)
        self.name: str = self.native.name
        self.standard: str = self.native.standard
        self.clocks: dict[str, int] = self.native.clocks
        if trcd is not None:  # also of the memories that are made from this one
            json_text = json.dumps({**json.loads(json_text), "clocks": self.clocks})
        self._text, self._own_table = json_text, table
        self.clock_seconds: float = self.native.clock_seconds
        self.vdd_volts: float = self.native.vdd_volts
        self.describes_pins: bool = "interface" in json.loads(json_text)
        self.powers_down: bool = self.native.powers_down
        self.chips: int = self.native.chips
        self.banks: int = self.native.banks
        self.request_bytes: int = self.native.request_bytes
        self.size_bytes: int = self.native.size_bytes

    def with_trcd(self, clocks: int) -> Memory:
        """Return the same memory with another tRCD; tRAS and tRC stay.

        Raises:
            ValueError: If it is below one clock.
        """
        an_int("trcd", clocks, 1)
        return _memory_of(self._text, clocks, self._own_table)

    def with_channels(self, channels: int) -> Memory:
        """Return as many of these memories side by side.

        Raises:
            ValueError: If it is no power of two up to 64.
        """
        return self._changed(channels=channels)

    def with_clocks(
        self, clocks: Mapping[str, int], banks: Mapping[int, Mapping[str, int]] | None = None
    ) -> Memory:
        """Return the same memory with other clocks.

        Args:
            clocks: By the standard's names.
            banks: Those of single banks: ``tRCD``, ``tRCDW``, ``tRP``, ``tRAS``, ``tRC``.

        Raises:
            ValueError: For names and clocks that cannot be.
        """
        own = {str(bank): dict(some) for bank, some in (banks or {}).items()}
        return self._changed(
            clocks={**json.loads(self._text)["clocks"], **clocks},
            **({"bank_clocks": own} if own else {}),
        )

    def _changed(self, **fields: object) -> Memory:
        text = json.dumps({**json.loads(self._text), **fields})
        return _memory_of(text, None, self._own_table)

    def place(self, address: int, *, map: str = "RoBaRaCoCh") -> tuple[int, ...]:
        """Return channel, rank, bank group, bank, row and column of a byte address.

        Raises:
            ValueError: For an address beyond the module, or a map that is none.
        """
        return self.native.place(map, address)

    def address(self, place: Sequence[int], *, map: str = "RoBaRaCoCh") -> int:
        """Return the first byte's address of such a place.

        Raises:
            ValueError: For a place beyond the module, or a map that is none.
        """
        return self.native.address(map, list(place))

    def __reduce__(self):
        return _memory_of, (self._text, None, self._own_table)

    def __repr__(self) -> str:
        """Say its name, standard and size."""
        return f"Memory({self.name}: {self.standard}, {self.size_bytes >> 20} MiB)"


def _memory_of(json_text: str, trcd: int | None, table: tuple[str, str] | None) -> Memory:
    """Return a memory of a table that was read before: its file may be gone."""
    memory = Memory.__new__(Memory)
    memory._read(json_text, trcd, table)
    return memory


def load_memory(name_or_path: str | Path) -> Memory:
    """Load a memory by name, or its description from a JSON file.

    Args:
        name_or_path: One of `memory_names`, or a path that ends in ``.json``.

    Raises:
        ValueError: One line that names the file, for an unknown name or a bad description.
    """
    a_kind("device", name_or_path, (str, Path), "a name, or the path of a .json file")
    path = Path(name_or_path)
    if str(name_or_path) in memory_names():
        path = _HERE / "memories" / f"{name_or_path}.json"
    elif path.suffix != ".json":
        known = ", ".join(memory_names())
        raise ValueError(refusal("device", str(name_or_path), f"{known}, or a .json file"))
    try:
        return Memory(path.read_text())
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: no text: {error.reason}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
