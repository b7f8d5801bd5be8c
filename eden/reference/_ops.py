"""The ops themselves."""

from collections.abc import Sequence

import numpy as np

from eden.reference._cells import cell_entries, column, plane_numbers, weak_cells
from eden.reference._formats import (
    ELEMENT_BITS,
    STORED_BITS,
    code_of_loaded,
    correct,
    decode,
    encode,
    scale_of,
)
from eden.reference._random import ACCESS, ALWAYS, Entry, Key, fold


def inject(
    raw: np.ndarray,
    element: str,
    *,
    key: Key,
    lookup: str,
    table: Sequence[Entry],
    order: np.ndarray | None = None,
    stored: str | None = None,
    scale: np.ndarray | float | None = None,
    copies: int = 1,
    first_copy: int = 0,
    address: int = 0,
    row_bytes: int = 8192,
    bounds: tuple[float, float] = (-np.inf, np.inf),
    correction: str = "off",
) -> tuple[np.ndarray, np.ndarray]:
    """Read elements back from approximate DRAM; arguments as in `eden.inject`.

    Returns:
        Bits of the loaded elements, of the type and shape of `raw`, and where one was corrected.
    """
    raw_element, stored = element.startswith("raw"), stored or element
    bits = ELEMENT_BITS[element] if raw_element else STORED_BITS[stored]
    flat = raw.reshape(copies, -1)
    elements = flat.shape[1]
    steps = None
    if not raw_element and stored.startswith("int"):
        given = scale_of(raw, element, stored) if scale is None else scale
        steps = np.atleast_1d(np.asarray(given, dtype=np.float32))
        steps = np.repeat(steps, elements // len(steps)) if elements else steps[:0]
    placed = {"lookup": lookup, "table": table, "row_bytes": row_bytes}
    weak = weak_cells(key[0], 8 * address, bits * elements, order=order, **placed)
    cells = np.flatnonzero(weak)
    bit_addresses = np.uint64(8 * address) + cells.astype(np.uint64)
    entry = cell_entries(lookup, table, bit_addresses, row_bytes)
    one, zero = column(table, 2)[entry], column(table, 3)[entry]
    out = np.empty_like(flat)
    corrected = np.zeros(flat.shape, dtype=bool)
    for copy in range(copies):
        access = fold(key[1], first_copy + copy)
        code = encode(flat[copy], element, stored, steps)
        stored_one = code[cells // bits] >> (cells % bits).astype(np.uint32) & np.uint32(1)
        threshold = np.where(stored_one == 1, one, zero)
        fails = threshold == ALWAYS
        if not fails.all():
            fails |= plane_numbers(access, ACCESS, bit_addresses) < threshold
        failed = cells[fails]
        mask = np.uint32(1) << (failed % bits).astype(np.uint32)
        np.bitwise_xor.at(code, failed // bits, mask)
        loaded = decode(code, element, stored, steps)
        if correction != "off":
            loaded, corrected[copy] = correct(loaded, element, bounds, correction, stored, steps)
        out[copy] = loaded
    return out.reshape(raw.shape), corrected.reshape(raw.shape)


def count_flips(
    x: np.ndarray,
    y: np.ndarray,
    element: str,
    *,
    stored: str = "fp32",
    scale: np.ndarray | float | None = None,
) -> np.ndarray:
    """Count the flipped bits between two arrays of element bits, as they lie in DRAM.

    Returns:
        int64 [bits, 2]: flips 0 -> 1 and 1 -> 0 by bit position, least significant first.
    """
    raw = element.startswith("raw")
    bits = ELEMENT_BITS[element] if raw else STORED_BITS[stored]
    step = None
    if not raw and stored.startswith("int"):
        step = np.asarray(scale_of(x, element, stored) if scale is None else scale, np.float32)
        if step.size > 1:  # one for each of equal runs
            step = np.repeat(step, x.size // step.size)
    a = encode(x.reshape(-1), element, stored, step)
    b = code_of_loaded(y.reshape(-1), element, stored, step)
    position = np.arange(bits, dtype=np.uint32)[:, None]
    a, b = a >> position & np.uint32(1), b >> position & np.uint32(1)
    return np.stack([(a < b).sum(axis=1), (a > b).sum(axis=1)], axis=1)
