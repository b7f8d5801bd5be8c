"""Which cells of an address range are weak, and the numbers that decide which of them fail."""

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from eden.reference._random import (
    ALWAYS,
    BITLINE_POINTS,
    DENSE,
    POINTS,
    Entry,
    block,
    poisson_table,
    stream,
)

SEGMENT_BITS = 2**16
GROUP_BITS = 32
RUNGS = 11


def cell_entries(
    lookup: str, table: Sequence[Entry], cells: np.ndarray, row_bytes: int
) -> np.ndarray:
    """Return the number of the table entry of each cell, int64 [n], from its bit address."""
    if lookup == "known":
        return np.searchsorted(column(table, 0), cells)
    if lookup == "bitline":
        return (cells % np.uint64(8 * row_bytes)).astype(np.int64)
    if lookup == "wordline":
        return (cells // np.uint64(8 * row_bytes)).astype(np.int64)
    return np.zeros(len(cells), dtype=np.int64)


def column(table: Sequence[Entry], field: int) -> np.ndarray:
    """Return one field of all entries, uint64 [n]."""
    return np.array([entry[field] for entry in table], dtype=np.uint64)


def plane_numbers(key: int, purpose: int, cells: np.ndarray) -> np.ndarray:
    """Return the number of each cell, uint64 [n]: bit `lane` of the 64 planes of its group."""
    groups, where = np.unique(cells // np.uint64(GROUP_BITS), return_inverse=True)
    lane = (cells % np.uint64(GROUP_BITS)).astype(np.uint32)
    numbers = np.zeros(len(cells), dtype=np.uint64)
    for index in range(16):
        for plane in block(key, groups, purpose, 0, 0, index):
            bit = plane[where] >> lane & np.uint32(1)
            numbers = numbers << np.uint64(1) | bit.astype(np.uint64)
    return numbers


# Points do not depend on the table, and tests ask for the same ones at many rates.
@lru_cache(maxsize=4096)
def points(
    key: int, purpose: int, segment: int, rung: int, interval: int, cells_log2: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the points of a rung among 2^cells_log2 cells: cell and time, uint64 [n] each."""
    exponent = cells_log2 - 16 + max(rung - 1, 0)
    first = int(stream(key, segment, purpose, rung, interval, 1)[0])
    count = bisect_right(poisson_table(exponent), first)
    r = stream(key, segment, purpose, rung, interval, 1 + count)[1:]
    start = 0 if rung == 0 else 2 ** (47 + rung)
    time = np.uint64(start) + ((r >> np.uint64(16)) << np.uint64(max(rung - 1, 0)))
    return r % np.uint64(2**cells_log2), time


def sparse_weak(
    key: int, segment: int, lookup: str, table: Sequence[Entry], order: np.ndarray, row_bytes: int
) -> set[int]:
    """Return the bit addresses of a segment that a point of the sparse rungs makes weak."""
    stress = column(table, 0)
    start = segment * SEGMENT_BITS
    row_bits = 8 * row_bytes
    weak: set[int] = set()
    for rung in range(RUNGS):
        if lookup != "bitline":
            position, time = points(key, POINTS, segment, rung, 0, 16)
            cells = np.uint64(start) + position
            entry = cell_entries(lookup, table, cells, row_bytes)
            # A segment may reach past the last row of the table; no such cell is read.
            known = entry < len(table)
            cells, time, entry = cells[known], time[known], entry[known]
            weak.update(cells[time < stress[entry]].tolist())
            continue
        begin, interval = 0, 0
        while begin < row_bits:
            width = 64 if interval == 0 else begin
            cells_log2 = (width * (SEGMENT_BITS // row_bits)).bit_length() - 1
            q, time = points(key, BITLINE_POINTS, segment, rung, interval, cells_log2)
            bitline = order[begin + (q % np.uint64(width)).astype(np.int64)]
            cells = start + (q // np.uint64(width)).astype(np.int64) * row_bits + bitline
            weak.update(cells[time < stress[bitline]].tolist())
            begin, interval = begin + width, interval + 1
    return weak


def weak_cells(
    key: int,
    first_bit: int,
    bits: int,
    *,
    lookup: str,
    table: Sequence[Entry],
    order: np.ndarray | None = None,
    row_bytes: int = 8192,
) -> np.ndarray:
    """Decide which cells of an address range are weak.

    Args:
        key: Device key.
        first_bit: Bit address of the first cell.
        bits: Number of cells.
        lookup: "cell", "bitline" or "wordline": which entry of the table a cell reads; or "known".
        table: Entries: one, one a bitline, one a row; or one a weak cell, by bit address.
        order: int [8 * row_bytes], bitline of each rank; for the lookup "bitline". Default: as they
            lie.
        row_bytes: Bytes of a row.

    Returns:
        bool [bits].
    """
    cells = np.arange(first_bit, first_bit + bits, dtype=np.uint64)
    if lookup == "known":
        return np.isin(cells, column(table, 0))
    sparse: set[int] = set()
    if order is None:
        order = np.arange(8 * row_bytes)
    for segment in range(first_bit // SEGMENT_BITS, -(-(first_bit + bits) // SEGMENT_BITS)):
        sparse |= sparse_weak(key, segment, lookup, table, order, row_bytes)
    weak = np.isin(cells, np.array(sorted(sparse), dtype=np.uint64))
    dense = column(table, 1)[cell_entries(lookup, table, cells, row_bytes)]
    if dense.any():
        weak |= (plane_numbers(key, DENSE, cells) < dense) | (dense == ALWAYS)
    return weak
