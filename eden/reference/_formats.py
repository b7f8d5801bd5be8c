"""Stored formats: encoding, decoding and correction, on the bits of elements."""

import numpy as np

# An element is a float, or an integer that fails on its own bits.
ELEMENT_BITS = {"fp32": 32, "fp16": 16, "bf16": 16, "raw8": 8, "raw16": 16, "raw32": 32}
STORED_BITS = {"fp32": 32, "fp16": 16, "bf16": 16, "int16": 16, "int8": 8, "int4": 4}


def to_float(raw: np.ndarray, element: str) -> np.ndarray:
    """Return the float32 value of float bits; NaN becomes the canonical one with its sign."""
    if element == "fp32":
        return raw.astype(np.uint32).view(np.float32)
    if element == "bf16":
        value = (raw.astype(np.uint32) << np.uint32(16)).view(np.float32)
        fraction_bits = 7
    else:
        value = raw.astype(np.uint16).view(np.float16).astype(np.float32)
        fraction_bits = 10
    sign = raw.astype(np.uint32) >> np.uint32(15) << np.uint32(31)
    exponents = (1 << 15) - (1 << fraction_bits)
    nan = (raw.astype(np.uint32) & np.uint32(2**15 - 1)) > np.uint32(exponents)
    return np.where(nan, sign | np.uint32(0x7FC00000), value.view(np.uint32)).view(np.float32)


def from_float(value: np.ndarray, element: str) -> np.ndarray:
    """Round float32 values half to even to the bits of a float type, as unsigned integers."""
    bits = value.astype(np.float32).view(np.uint32)
    if element == "fp32":
        return bits
    nan = np.isnan(value)
    sign = (bits >> np.uint32(16) & np.uint32(0x8000)).astype(np.uint16)
    if element == "bf16":
        # Half a unit, less one where the kept part is even, carries exactly when it should.
        finite = np.where(nan, np.uint32(0), bits)
        odd = finite >> np.uint32(16) & np.uint32(1)
        rounded = ((finite + np.uint32(0x7FFF) + odd) >> np.uint32(16)).astype(np.uint16)
        return np.where(nan, sign | np.uint16(0x7FC0), rounded)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        rounded = value.astype(np.float16).view(np.uint16)
    return np.where(nan, sign | np.uint16(0x7E00), rounded)


def encode(raw: np.ndarray, element: str, stored: str, scale: np.ndarray | None) -> np.ndarray:
    """Return the stored codes, uint32 [n], of n elements; `scale` is float32 [n] or None."""
    if element.startswith("raw") or element == stored:
        return raw.astype(np.uint32)
    value = to_float(raw, element)
    if not stored.startswith("int"):
        return from_float(value, stored).astype(np.uint32)
    bits = STORED_BITS[stored]
    top = np.float32(2 ** (bits - 1) - 1)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        code = value / scale
    code = np.rint(np.clip(np.where(np.isnan(code), np.float32(0), code), -top, top))
    return (code.astype(np.int64) % 2**bits).astype(np.uint32)


def code_of_loaded(
    raw: np.ndarray, element: str, stored: str, scale: np.ndarray | None
) -> np.ndarray:
    """Return the codes, uint32 [n], that loaded elements had: as `encode`, and -2^(bits-1) too."""
    code = encode(raw, element, stored, scale)
    if element.startswith("raw") or not stored.startswith("int"):
        return code
    lowest = 2 ** (STORED_BITS[stored] - 1)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        below = to_float(raw, element) / scale < np.float32(0.5 - lowest)
    return np.where(below, np.uint32(lowest), code)


def decode(code: np.ndarray, element: str, stored: str, scale: np.ndarray | None) -> np.ndarray:
    """Return the bits of the elements that stored codes, uint32 [n], decode to."""
    if element.startswith("raw") or element == stored:
        return code
    if not stored.startswith("int"):
        return from_float(to_float(code, stored), element)
    bits = STORED_BITS[stored]
    signed = code.astype(np.int64)
    signed = np.where(signed < 2 ** (bits - 1), signed, signed - 2**bits)
    with np.errstate(over="ignore", under="ignore"):
        return from_float(signed.astype(np.float32) * np.asarray(scale, np.float32), element)


def scale_of(raw: np.ndarray, element: str, stored: str) -> np.float32:
    """Return the default step: max|x| over finite values / (2^(bits-1) - 1)."""
    value = np.abs(to_float(raw, element))
    greatest = value[np.isfinite(value)].max(initial=np.float32(0))
    if greatest == 0:
        return np.float32(1)
    return max(greatest / np.float32(2 ** (STORED_BITS[stored] - 1) - 1), np.float32(2.0**-126))


def weight_range(
    raw: np.ndarray, element: str, stored: str, channels: int = 0
) -> tuple[tuple[np.float32, np.float32], np.ndarray | np.float32 | None]:
    """Return bounds and step of a tensor: its range, as extreme values read that are rounded too.

    Returns:
        Lowest and highest plausible value, (-inf, inf) where a value is NaN; the step of an
        integer format, else None. An infinity counts as the greatest finite value. With `channels`
        each of so many equal runs has a step, and the bounds are the widest of theirs.
    """
    if channels and stored.startswith("int"):
        each = [weight_range(run, element, stored) for run in np.split(raw.reshape(-1), channels)]
        lows, highs = zip(*(bounds for bounds, _ in each), strict=True)
        return (min(lows), max(highs)), np.array([step for _, step in each], dtype=np.float32)
    value = to_float(raw, element)
    unit = {"fp32": 2.0**104, "fp16": 2.0**5, "bf16": 2.0**120}[element]
    greatest = np.float32((2 ** {"fp32": 24, "fp16": 11, "bf16": 8}[element] - 1) * unit)
    value = np.clip(value, -greatest, greatest)
    if np.isnan(value).any():
        value = np.array([-np.inf, np.inf], dtype=np.float32)
    extremes = np.array([value.min(), value.max()]) + np.float32(0)  # -0 becomes 0
    if not stored.startswith("int"):
        lo, hi = to_float(from_float(extremes, stored), stored)
        return (lo, hi), None
    scale = scale_of(raw, element, stored)
    if not extremes.any():  # zeros, of which half their step of 1 says nothing
        return (np.float32(0), np.float32(0)), scale
    half_a_step = np.array([-0.5, 0.5], dtype=np.float32)
    with np.errstate(over="ignore", under="ignore"):
        lo, hi = (np.rint(extremes / scale) + half_a_step) * scale
    return (lo, hi), scale


def round_inward(bounds: tuple[float, float], element: str) -> tuple[np.float32, np.float32]:
    """Move bounds inward to the nearest values of a float type; 0 keeps the bound's sign."""
    if element == "fp32":
        return np.float32(bounds[0]), np.float32(bounds[1])
    values = to_float(np.arange(2**16, dtype=np.uint16), element)
    lo = values[values >= np.float32(bounds[0])].min()
    hi = values[values <= np.float32(bounds[1])].max()
    return np.copysign(lo, np.float32(bounds[0])), np.copysign(hi, np.float32(bounds[1]))


def saturated(
    bounds: tuple[np.float32, np.float32], element: str, stored: str, scale: np.ndarray | None
) -> list[np.ndarray]:
    """Return what values below and above the bounds become: in an integer format codes within."""
    ends = []
    for bound, inward in zip(bounds, (1, -1), strict=True):
        value = np.array([bound], dtype=np.float32)
        if element.startswith("raw") or not stored.startswith("int"):
            ends.append(value)
            continue
        top = 2 ** (STORED_BITS[stored] - 1) - 1
        code = encode(from_float(value, element), element, stored, scale).astype(np.int64)
        code = np.where(code > top, code - 2 * top - 2, code)
        read = to_float(decode(code, element, stored, scale), element)
        code += np.where((bound - read) * inward > 0, inward, 0)
        code = np.clip(code, -top, top)
        ends.append(to_float(decode(code, element, stored, scale), element))
    return ends


def correct(
    raw: np.ndarray,
    element: str,
    bounds: tuple[float, float],
    correction: str,
    stored: str,
    scale: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the corrected bits and where a value was implausible, bool [n]."""
    lo, hi = round_inward(bounds, element)
    value = to_float(raw, element)
    implausible = ~((value >= lo) & (value <= hi))
    if correction == "zero":
        instead = np.zeros_like(value)
    else:
        below, above = saturated((lo, hi), element, stored, scale)
        instead = np.where(value < lo, below, above)
        instead = np.where(np.isnan(value), np.float32(0), instead)
    return np.where(implausible, from_float(instead, element), raw), implausible
