"""Profiles of single cells: known cells as an error model, and what each bitline holds of them."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from eden import errors
from eden._say import a_power_of_two, refusal
from eden.profiles._counts import MIXED, bits_of_patterns, operating_points
from eden.profiles._profile import Profile


def cells_of(profile: Profile) -> errors.Cells:
    """Make the known cells of a profile that gives their bit addresses.

    F of a cell is its failures over its reads, of all rounds; where a cell was tested under fills
    of ones and of zeros, one F for each stored bit. Cells that never failed are none.

    Args:
        profile: Of one module and operating point; rows without a bit address are left out.

    Returns:
        Exactly the cells that failed, as `eden.inject` takes them.

    Raises:
        ValueError: The profile has no bit addresses, or is of several operating points.
    """
    address, reads, failures, stored = _columns(profile)
    cells, at = np.unique(address, return_inverse=True)

    def share(chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        tried = np.bincount(at[chosen], reads[chosen], len(cells))
        failed = np.bincount(at[chosen], failures[chosen], len(cells))
        return tried > 0, np.divide(failed, tried, out=np.zeros(len(cells)), where=tried > 0)

    _, either = share(np.ones(len(at), bool))
    by_bit = {bit: share(stored == bit) for bit in (1, 0)}
    weak = either > 0
    if not (stored != MIXED).any():
        return errors.Cells(cells[weak], either[weak])
    # Where one fill was not tried, both together stand for it.
    one, zero = (np.where(tried, rate, either)[weak] for tried, rate in by_bit.values())
    return errors.Cells(cells[weak], failure_probability_one=one, failure_probability_zero=zero)


def bitlines_of(profile: Profile, *, row_bytes: int = 8192) -> dict[str, np.ndarray]:
    """Count exactly what each bitline holds of the cells of a profile that gives bit addresses.

    Args:
        profile: As for `cells_of`.
        row_bytes: Bytes of a row: the bitline is the bit address modulo its bits; a power of two
            from 64 to 8192.

    Returns:
        Arrays of one length, a bitline each: ``bitline``, ``cells`` listed, ``weak`` (cells that
        failed at least once), ``reads``, ``failures``.

    Raises:
        ValueError: As for `cells_of`, or for another row_bytes.
    """
    a_power_of_two("row_bytes", row_bytes, 64, 8192)
    address, reads, failures, _ = _columns(profile)
    cells, at = np.unique(address, return_inverse=True)
    failed = np.bincount(at, failures)
    lines, line = np.unique(cells % (8 * row_bytes), return_inverse=True)
    return {
        "bitline": lines,
        "cells": np.bincount(line),
        "weak": np.bincount(line, failed > 0).astype(np.int64),
        "reads": np.bincount(line, np.bincount(at, reads)).astype(np.int64),
        "failures": np.bincount(line, failed).astype(np.int64),
    }


def _columns(profile: Profile) -> tuple[np.ndarray, ...]:
    """Bit addresses, reads, failures and stored bits of the rows that name a cell."""
    points = list(operating_points(profile))
    if len(points) != 1:
        accepted = "one, as eden.profiles.operating_points takes them apart"
        raise ValueError(refusal("modules and operating points", len(points), accepted))
    given = profile.table.column("bit_address").is_valid()
    table = profile.table.filter(given)
    if len(table) == 0:
        raise ValueError("the profile names no cell, accepted: rows with a bit_address")
    down, up = (
        pc.fill_null(table.column(name), 0).to_numpy()
        for name in ("failures_1to0", "failures_0to1")
    )
    return (
        table.column("bit_address").to_numpy(),
        table.column("reads").to_numpy().astype(np.float64),
        (down + up).astype(np.float64),
        bits_of_patterns(table.column("pattern").combine_chunks()),
    )
