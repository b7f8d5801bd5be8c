"""Energy of reads and writes that depends on their data: ones on the bus, and bits that toggle."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from eden._files import parse_json
from eden._say import a_kind, keys_of, within

_SLOPES = ("read_ones_mA", "read_toggles_mA", "write_ones_mA", "write_toggles_mA")


@dataclass(frozen=True)
class Data:
    """What a trace moves, on average.

    Attributes:
        ones: Share of the bits that are 1, from 0 to 1.
        toggles: Share of the bits that differ from those the same pins moved just before.
    """

    ones: float
    toggles: float

    def __post_init__(self):
        within("ones", self.ones, 0, 1)
        within("toggles", self.toggles, 0, 1)

    @classmethod
    def of(cls, content: bytes, bus_bytes: int) -> Data:
        """Count them in content that a bus of so many bytes moves beat by beat.

        Raises:
            ValueError: For content that is no whole number of beats, or none.
        """
        a_kind("content", content, bytes, "bytes")
        if bus_bytes < 1 or not content or len(content) % bus_bytes:
            raise ValueError(f"content of {len(content)} bytes, accepted: beats of {bus_bytes}")
        beats = np.frombuffer(content, np.uint8).reshape(-1, bus_bytes)
        changed = np.unpackbits(beats[1:] ^ beats[:-1])
        return cls(
            float(np.unpackbits(beats).mean()), float(changed.mean()) if changed.size else 0.0
        )


@dataclass(frozen=True)
class Slopes:
    """How the burst currents of a chip depend on the data.

    Attributes:
        read_ones_mA: From no bit that is 1 to all of them, when read; and so on.
        ones: At which, and at which ``toggles``, IDD4R and IDD4W hold.
    """

    read_ones_mA: float
    read_toggles_mA: float
    write_ones_mA: float
    write_toggles_mA: float
    ones: float
    toggles: float

    def __post_init__(self):
        for name in _SLOPES:
            within(f"data.{name}", getattr(self, name), -1e5, 1e5)
        for name in ("ones", "toggles"):
            within(f"data.{name}", getattr(self, name), 0, 1)

    def amperes(self, kind: str, data: Data) -> float:
        """Return what ``read`` or ``write`` bursts of a chip take beyond IDD4R or IDD4W."""
        ones, toggles = (getattr(self, f"{kind}_{name}_mA") for name in ("ones", "toggles"))
        return 1e-3 * (ones * (data.ones - self.ones) + toggles * (data.toggles - self.toggles))


def split_slopes(json_text: str) -> tuple[str, Slopes | None]:
    """Return a memory's description without the slopes, and them if it has any.

    Raises:
        ValueError: For slopes that are none.
    """
    try:
        document = parse_json(json_text)
    except (ValueError, RecursionError):
        return json_text, None  # the core says what is wrong with it
    if not isinstance(document, dict) or "data" not in document:
        return json_text, None
    given = keys_of("data", document.pop("data"), (*_SLOPES, "ones", "toggles"))
    return json.dumps(document), Slopes(**given)
