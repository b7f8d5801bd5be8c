"""The columns of a profile: one long table, a row an observation (docs/profiles.md)."""

from dataclasses import dataclass
from functools import cache

import pyarrow as pa

TEXT = pa.dictionary(pa.int32(), pa.string())
UNITS = ("cell", "line", "row")


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: In the header.
        type: Of its values.
        low: Least value accepted; None for text.
        high: Greatest value accepted.
        needed: Whether every row must have a value; in others an empty one means "not resolved".
        says: What it holds, with its unit.
        whole: Whether a number that may be written with a point must be whole.
    """

    name: str
    type: pa.DataType
    low: float | None
    high: float | None
    needed: bool
    says: str
    whole: bool = False

    @property
    def accepted(self) -> str:
        """What a value must be, as refusals say it."""
        if self.low is None:
            return self.says
        kind = "an integer" if self.whole or pa.types.is_integer(self.type) else "a number"
        return f"{kind} from {self.low:g} to {self.high:g} ({self.says})"


def _text(name: str, says: str, *, needed: bool = False) -> Column:
    return Column(name, TEXT, None, None, needed, says)


def _number(name: str, low: float, high: float, says: str) -> Column:
    return Column(name, pa.float64(), low, high, False, says)


def _count(name: str, low: int, high: int, says: str, *, needed: bool = False) -> Column:
    return Column(name, pa.int64() if high > 2**31 - 1 else pa.int32(), low, high, needed, says)


# The ranges are wide for any DRAM and narrow enough to catch millivolts and nanoseconds.
COLUMNS = (
    _text("module", "name of the module", needed=True),
    _text("vendor", "its maker"),
    _number("vdd_volts", 0.3, 5.0, "supply voltage, volts"),
    _number("trcd_seconds", 1e-10, 1e-6, "ACT to READ, seconds"),
    _number("trp_seconds", 1e-10, 1e-6, "PRE to ACT, seconds"),
    _number("refresh_seconds", 1e-6, 1e6, "refresh interval or wait, seconds"),
    _number("temperature_celsius", -100.0, 200.0, "of the module, degrees Celsius"),
    _text("pattern", "hexadecimal fill, such as 0xff"),
    _count("bank", 0, 2**20, "number of the bank"),
    _count("row_first", 0, 2**31 - 1, "first row of a group"),
    _count("row_last", 0, 2**31 - 1, "its last row, included"),
    _count("bitline", 0, 2**31 - 1, "number of the bitline in its row"),
    _count("cells", 1, 2**52, "units tested", needed=True),
    _count("reads", 1, 2**40, "reads of each", needed=True),
    _count("failures_1to0", 0, 2**53, "a stored 1 read as 0; alone, all failures"),
    _count("failures_0to1", 0, 2**53, "a stored 0 read as 1"),
    _text("source", "who measured, and which round"),
    _text("unit", "what was counted: cell, line or row"),
    _count("bit_address", 0, 2**62, "of one cell, as eden.errors.Cells has it"),
)
NAMES = tuple(column.name for column in COLUMNS)
SCHEMA = pa.schema([(column.name, column.type) for column in COLUMNS])
# These came later: without them cells were counted, and not one by one.
OPTIONAL = ("unit", "bit_address")
REQUIRED = tuple(name for name in NAMES if name not in OPTIONAL)


def absent(name: str, rows: int) -> pa.Array:
    """A column of empty values; those of one name share their memory."""
    return _empty(name, 1 << max(rows - 1, 1).bit_length()).slice(0, rows)


@cache
def _empty(name: str, rows: int) -> pa.Array:
    kind = SCHEMA.field(name).type
    return pa.array([""] * rows, kind) if kind == TEXT else pa.nulls(rows, kind)


def is_header(names: list[str]) -> bool:
    """Tell whether these columns are those of a profile, each once."""
    return len(set(names)) == len(names) and set(REQUIRED) <= set(names) <= set(NAMES)


def fill_of(pattern: str) -> str:
    """The shortest word for a fill: ``0xffff`` is ``0xff``, ``0x5555`` is ``0x55``."""
    digits = pattern[2:]
    if digits and set(digits) <= {"0"}:
        return "0x0"
    if digits and set(digits) <= {"f"}:
        return "0xff"
    byte = digits[:2]
    return f"0x{byte}" if len(digits) > 2 and digits == byte * (len(digits) // 2) else pattern
