"""Cells taken out of an error model one by one: weak for sure, and failing as the model says."""

from collections.abc import Sequence

import numpy as np

from eden._say import refusal
from eden.errors._cells import KNOWN, Cells
from eden.errors._models import ErrorModel
from eden.errors._table import table_of

_BITLINE, _WORDLINE = 1, 2  # Lookup of kernels/law/table.h


def weak_at(error: ErrorModel, cells: Sequence[int], *, row_bytes: int = 8192) -> Cells:
    """Return known cells that fail as an error model has its own fail once they are weak.

    Args:
        error: Any error model.
        cells: Bit addresses. Where the model is of known cells, others than those never fail.
        row_bytes: Bytes of a row.

    Raises:
        ValueError: A cell lies on a row that the model does not have.
    """
    table, at = table_of(error), np.asarray(cells, dtype=np.int64)
    entries = table.entries.cpu().numpy()
    if table.lookup == KNOWN:
        failures = np.zeros((at.size, 2), dtype=np.int64)
        if len(entries):
            entry = np.minimum(np.searchsorted(entries[:, 0], at), len(entries) - 1)
            failures[:] = np.where(entries[entry, :1] == at[:, None], entries[entry, 2:], 0)
    else:
        lines = {_BITLINE: at % (8 * row_bytes), _WORDLINE: at // (8 * row_bytes)}
        entry = lines.get(table.lookup, np.zeros_like(at))
        if entry.size and entry.max() >= len(entries):
            row = int(entry.max())
            raise ValueError(refusal("row of a cell", row, f"below {len(entries)}, the model's"))
        failures = entries[entry, 2:]
    # Thresholds are floor(F 2^64), all bits set for 1; F so small that this rounds is not of use.
    chance = failures.astype(np.uint64).astype(np.float64) / 2.0**64
    chance = np.where(failures == -1, 1.0, np.minimum(chance, 1.0))
    return Cells(at, failure_probability_one=chance[:, 0], failure_probability_zero=chance[:, 1])
