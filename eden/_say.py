"""How eden words numbers and refusals, and checks what it is given, in one place.

A refusal of a value has one form: NAME is VALUE, accepted: WHAT.
"""

import reprlib
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import Any, cast

_LONGEST = 200  # characters of a value that a refusal shows
# Of lists within lists within lists, which may stand for more than fits in memory, the beginning.
_SHORT = reprlib.Repr()
_SHORT.maxlevel = 4
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = 24
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = _LONGEST


def refusal(name: str, value: object, accepted: str) -> str:
    """Word the refusal of a value, in one line."""
    return f"{name} is {_shown(value)}, accepted: {accepted}"


def _shown(value: object) -> str:
    try:
        text = " ".join(_SHORT.repr(value).split())
    except ValueError:  # Python writes no int of more than 4,300 digits
        return "an integer of thousands of digits"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def one_of(name: str, value: object, accepted: Iterable[object]) -> None:
    """Refuse a value that is not among those accepted.

    Raises:
        ValueError: If it is not.
    """
    if value not in (words := list(accepted)):
        raise ValueError(refusal(name, value, ", ".join(map(str, words))))


def a_kind(name: str, value: object, kind: type | tuple[type, ...], accepted: str) -> None:
    """Refuse what is of another type than these.

    Raises:
        TypeError: If it is none of them.
    """
    if not isinstance(value, kind):
        raise TypeError(refusal(f"type of {name}", type(value).__name__, accepted))


def keys_of(
    name: str, given: object, required: Iterable[str], optional: Iterable[str] = ()
) -> Mapping[str, Any]:
    """Return what is a mapping of these keys and no others, and refuse the rest.

    Raises:
        TypeError: If it is no mapping.
        ValueError: If a key is missing or unknown.
    """
    if not isinstance(given, Mapping):
        raise TypeError(refusal(f"type of {name}", type(given).__name__, "keys with values"))
    required = tuple(required)
    if missing := [key for key in required if key not in given]:
        raise ValueError(f"{name}: field {missing[0]!r} is missing")
    if unknown := [key for key in given if key not in (*required, *optional)]:
        raise ValueError(f"{name}: field {_shown(unknown[0])} is unknown")
    return given


def a_number(name: str, value: object) -> None:
    """Refuse what is no number, or one beyond all floats; its range is checked elsewhere.

    Raises:
        TypeError: If it is not a number; a truth value is none.
        ValueError: If it is beyond all floats.
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(refusal(name, value, "a number"))
    if not _fits(value):
        raise ValueError(refusal(name, value, "a number that a float can hold"))


def within(
    name: str,
    value: float,
    low: float,
    high: float | None = None,
    *,
    above: bool = False,
    below: bool = False,
) -> None:
    """Refuse what is no number within a range, and NaN.

    Args:
        name: Of the value.
        value: What was given.
        low: Lower end, accepted unless ``above``.
        high: Upper end, accepted unless ``below``; None for none but that of a float.
        above: Whether only what lies above the lower end is accepted.
        below: Whether only what lies below the upper end is accepted.

    Raises:
        TypeError: If it is not a number; a truth value is none.
        ValueError: If it lies outside.
    """
    said = f"a number {_range(low, high, above=above, below=below)}"
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(refusal(name, value, said))
    inside = (low < value if above else low <= value) and (
        high is None or (value < high if below else value <= high)
    )
    if not inside or not _fits(value):
        raise ValueError(refusal(name, value, said))


def _fits(value: Real) -> bool:
    try:
        float(value)
    except OverflowError:
        return False
    return True


def an_int(name: str, value: object, low: int, high: int | None = None) -> None:
    """Refuse what is not an integer within a range, both ends of which are accepted.

    Raises:
        TypeError: If it is not an integer; a truth value is none.
        ValueError: If it lies outside.
    """
    said = f"an integer {_range(low, high)}"
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(refusal(name, value, said))
    if value < low or not (high is None or value <= high):
        raise ValueError(refusal(name, value, said))


def a_power_of_two(name: str, value: object, low: int, high: int) -> None:
    """Refuse what is no power of two from one to another.

    Raises:
        TypeError: If it is not an integer.
        ValueError: If it is another number.
    """
    an_int(name, value, low, high)
    if cast(int, value) & (cast(int, value) - 1):
        raise ValueError(refusal(name, value, f"a power of two from {low} to {high}"))


def _range(low: float, high: float | None, *, above: bool = False, below: bool = False) -> str:
    if not (above or below):
        return f"of at least {low}" if high is None else f"from {low} to {high}"
    ends = [f"above {low}" if above else f"of at least {low}"]
    if high is not None:
        ends.append(f"below {high}" if below else f"at most {high}")
    return ", ".join(ends)


def rate(ber: float) -> str:
    """Write a bit error rate as text, such as 7.9e-4."""
    if ber == 0.0:
        return "0"
    mantissa, exponent = f"{ber:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def percent(fraction: float, digits: int = 1) -> str:
    """Write a signed percentage as text, with a true minus sign."""
    return f"{100 * fraction:+.{digits}f}%".replace("-", "\u2212")
