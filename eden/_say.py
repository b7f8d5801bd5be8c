"""How eden words numbers and refusals, in one place.

A refusal of a value has one form: NAME is VALUE, accepted: WHAT.
"""

from collections.abc import Iterable
from numbers import Integral


def refusal(name: str, value: object, accepted: str) -> str:
    """Word the refusal of a value."""
    return f"{name} is {value!r}, accepted: {accepted}"


def one_of(name: str, value: object, accepted: Iterable[object]) -> None:
    """Refuse a value that is not among those accepted.

    Raises:
        ValueError: If it is not.
    """
    if value not in (words := list(accepted)):
        raise ValueError(refusal(name, value, ", ".join(map(str, words))))


def within(name: str, value: float, low: float, high: float | None = None) -> None:
    """Refuse a number outside a range, both ends of which are accepted, and NaN.

    Raises:
        ValueError: If it lies outside.
    """
    if not low <= value or not (high is None or value <= high):
        raise ValueError(refusal(name, value, f"a number {_range(low, high)}"))


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


def _range(low: float, high: float | None) -> str:
    return f"of at least {low}" if high is None else f"from {low} to {high}"


def rate(ber: float) -> str:
    """Write a bit error rate as text, such as 7.9e-4."""
    if ber == 0.0:
        return "0"
    mantissa, exponent = f"{ber:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def percent(fraction: float, digits: int = 1) -> str:
    """Write a signed percentage as text, with a true minus sign."""
    return f"{100 * fraction:+.{digits}f}%".replace("-", "\u2212")
