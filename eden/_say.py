"""How eden words numbers and refusals, in one place."""


def rate(ber: float) -> str:
    """A bit error rate as text, such as 7.9e-4."""
    if ber == 0.0:
        return "0"
    mantissa, exponent = f"{ber:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def percent(fraction: float, digits: int = 1) -> str:
    """A signed percentage as text, with a true minus sign."""
    return f"{100 * fraction:+.{digits}f}%".replace("-", "\u2212")
