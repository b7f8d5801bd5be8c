"""How eden words numbers and refusals, in one place."""

from collections.abc import Iterable
from typing import Any


def one_of(name: str, value: Any, accepted: Iterable[str]) -> None:
    """Raise a ValueError unless a value is one of those accepted."""
    accepted = tuple(accepted)
    if value not in accepted:
        raise ValueError(f"{name}: got {value!r}; accepted: {', '.join(accepted)}")


def within(name: str, value: Any, accepted: str, holds: bool) -> None:
    """Raise a ValueError that says what is accepted, unless that holds of the value."""
    if not holds:
        raise ValueError(f"{name}: got {value!r}; accepted: {accepted}")


def rate(ber: float) -> str:
    """A bit error rate as text, such as 7.9e-4."""
    if ber == 0.0:
        return "0"
    mantissa, exponent = f"{ber:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def percent(fraction: float, digits: int = 1) -> str:
    """A signed percentage as text, with a true minus sign."""
    return f"{100 * fraction:+.{digits}f}%".replace("-", "\u2212")
