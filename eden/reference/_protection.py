"""Protections: the bytes of a tensor in DRAM, copies within elements, and the code of words."""

import numpy as np

from eden.reference._formats import (
    STORED_BITS,
    correct,
    decode,
    encode,
    from_float,
    to_float,
)

# Which check bits are parities over each data bit of a word: the columns of a (72, 64) code that
# corrects one error and detects two (Hsiao, 1970): all of weight 3, and 8 of weight 5.
HSIAO_COLUMNS = bytes.fromhex(
    "070b13234383 0d15254585 19294989 315191 61a1 c1"
    "0e16264686 1a2a4a8a 325292 62a2 c2 1c2c4c8c 345494 64a4 c4"
    "385898 68a8 c8 70b0 d0 e0 1f3e7cf8f1e3c78f"
)
# Infinity of a stored float.
_INFINITY = {"fp32": 0x7F800000, "fp16": 0x7C00, "bf16": 0x7F80}


def _steps(scale: np.ndarray | float | None, elements: int) -> np.ndarray | None:
    """The scale of each element of a copy."""
    if scale is None:
        return None
    steps = np.atleast_1d(np.asarray(scale, dtype=np.float32))
    return np.repeat(steps, elements // len(steps)) if elements else steps[:0]


def _shift(stored: str, k: int) -> int:
    """Lowest of the top k bits of which an element holds copies."""
    return STORED_BITS[stored] - k - (0 if stored.startswith("int") else 1)


def coarse_codes(
    raw: np.ndarray, element: str, stored: str, scale: np.ndarray | None, k: int
) -> np.ndarray:
    """Return the codes, uint32 [n], nearest to the values among those with 2k zeros below."""
    bits, dropped = STORED_BITS[stored], 2 * k
    if stored.startswith("int"):
        top = np.float32((2 ** (bits - 1) - 1) >> dropped)
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            steps = to_float(raw, element) / scale / np.float32(2**dropped)
        steps = np.clip(np.where(np.isnan(steps), np.float32(0), steps), -top, top)
        return (np.rint(steps).astype(np.int64) * 2**dropped % 2**bits).astype(np.uint32)
    code = encode(raw, element, stored, None).astype(np.int64)
    sign, infinity = code & 2 ** (bits - 1), _INFINITY[stored]
    magnitude = code ^ sign
    # Halves of integers are exact in float64, and its rint rounds half to even.
    rounded = np.rint(magnitude / 2**dropped).astype(np.int64) << dropped
    finite = np.minimum(rounded, (infinity - 1) >> dropped << dropped)
    quiet = infinity | (infinity & -infinity) >> 1
    special = np.where(magnitude == infinity, infinity, quiet)
    return (sign | np.where(magnitude < infinity, finite, special)).astype(np.uint32)


def with_copies(code: np.ndarray, stored: str, k: int) -> np.ndarray:
    """Return codes with their top k bits in the lowest 2k, which were zeros."""
    top = code >> np.uint32(_shift(stored, k)) & np.uint32(2**k - 1)
    return code | top | top << np.uint32(k)


def by_majority(word: np.ndarray, stored: str, k: int) -> np.ndarray:
    """Return the codes that words with copies stand for."""
    at, ones = np.uint32(_shift(stored, k)), np.uint32(2**k - 1)
    a, b, c = (word >> np.uint32(s) & ones for s in (at, 0, k))
    rest = word & ~(ones << at) & ~np.uint32(2 ** (2 * k) - 1)
    return rest | (a & b | a & c | b & c) << at


def encode_image(
    raw: np.ndarray,
    element: str,
    stored: str,
    scale: np.ndarray | float | None = None,
    copies: int = 1,
    embedded: int = 0,
    planes: bool = False,
) -> np.ndarray:
    """Return the bytes of a tensor in DRAM, uint8 [copies, bytes].

    An element lies after the other, lowest bit first; or all elements' lowest bits, then the next
    ones (`planes`), each plane from a byte on.
    """
    images = []
    for copy in raw.reshape(copies, -1):
        steps = _steps(scale, len(copy))
        if embedded:
            code = coarse_codes(copy, element, stored, steps, embedded)
            code = with_copies(code, stored, embedded)
        else:
            code = encode(copy, element, stored, steps)
        position = np.arange(STORED_BITS[stored], dtype=np.uint32)
        bits = (code[:, None] >> position & 1).astype(np.uint8)  # [elements, bits]
        if planes:
            images.append(np.packbits(bits.T, axis=1, bitorder="little").reshape(-1))
        else:
            images.append(np.packbits(bits.reshape(-1), bitorder="little"))
    return np.stack(images)


def decode_image(
    image: np.ndarray,
    shape: tuple[int, ...],
    element: str,
    stored: str,
    scale: np.ndarray | float | None = None,
    bounds: tuple[float, float] = (-np.inf, np.inf),
    correction: str = "off",
    embedded: int = 0,
    planes: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the bits of the elements that bytes in DRAM read as, and where one was corrected."""
    copies, n_bits = len(image), STORED_BITS[stored]
    elements = int(np.prod(shape)) // copies
    loaded, corrected = [], []
    for copy in image:
        bits = np.unpackbits(copy, bitorder="little")
        if planes:
            bits = bits.reshape(n_bits, -1)[:, :elements].T
        else:
            bits = bits[: elements * n_bits].reshape(elements, n_bits)
        code = np.zeros(elements, dtype=np.uint32)
        for position in range(n_bits):
            code |= bits[:, position].astype(np.uint32) << np.uint32(position)
        if embedded:
            code = by_majority(code, stored, embedded)
        steps = _steps(scale, elements)
        value, wrong = decode(code, element, stored, steps), np.zeros(elements, dtype=bool)
        if correction != "off":
            value, wrong = correct(value, element, bounds, correction, stored, steps)
        loaded.append(value)
        corrected.append(wrong)
    return np.stack(loaded).reshape(shape), np.stack(corrected).reshape(shape)


def embedded_bounds(
    bounds: tuple[float, float], stored: str, scale: np.ndarray | float | None, k: int
) -> tuple[np.float32, np.float32]:
    """Widen bounds to what values within them read as once rounded to 2k zeros below.

    Rounding keeps the order, so the greatest is what the bound itself becomes; half a step of an
    integer lies between it and the bound, as for bounds without copies.
    """
    lo, hi = np.float32(bounds[0]), np.float32(bounds[1])
    for step in [None] if scale is None else np.atleast_1d(np.float32(scale)):
        raw = from_float(np.array([bounds[0], bounds[1]], dtype=np.float32), "fp32")
        code = coarse_codes(raw, "fp32", stored, step, k)
        ends = to_float(decode(code, "fp32", stored, step), "fp32")
        half = np.float32(0) if step is None else np.float32(0.5) * np.float32(step)
        lo, hi = min(lo, ends[0] - half), max(hi, ends[1] + half)
    return lo, hi


def _words(image: np.ndarray) -> np.ndarray:
    """The bits of 64-bit words, uint8 [copies, words, 64]; the last word has zeros at its end."""
    short = -image.shape[1] % 8
    whole = np.pad(image, ((0, 0), (0, short)))
    return np.unpackbits(whole.reshape(len(image), -1, 8), axis=2, bitorder="little")


def secded_check(image: np.ndarray) -> np.ndarray:
    """Return the check byte of each 64-bit word, uint8 [copies, words]."""
    columns = np.frombuffer(HSIAO_COLUMNS, dtype=np.uint8)
    return np.bitwise_xor.reduce(_words(image) * columns, axis=2)


def secded_correct(image: np.ndarray, check: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the bytes that a decoder hands on, and how many words it corrected and detected.

    A word whose syndrome is the column of a data bit has that bit turned, of a check bit nothing;
    one with any other is left as it was read.
    """
    out = image.copy()
    syndromes = secded_check(image) ^ check
    corrected = detected = 0
    for copy, word in np.argwhere(syndromes):
        syndrome = int(syndromes[copy, word])
        bit = HSIAO_COLUMNS.find(syndrome)
        byte = 8 * word + bit // 8
        if bit >= 0 and byte < image.shape[1]:
            out[copy, byte] ^= np.uint8(1 << bit % 8)
        elif syndrome & (syndrome - 1):
            detected += 1
            continue
        corrected += 1
    return out, np.array([corrected, detected])
