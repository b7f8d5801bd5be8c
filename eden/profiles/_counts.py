"""What a fit counts: the observations of one module at one operating point, as numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from eden.profiles._conditions import AXES
from eden.profiles._profile import Profile

_POINT = tuple(name for name in ("module", "vendor", *AXES) if name != "pattern")
_PLACE = ("bank", "row_first", "row_last", "bitline", "bit_address")
# Of a row of a rank: what eden.inject takes for one.
ROW_BITS = 65536
# Columns of the counts that the core takes.
CELLS, FAILURES, SEEN, SEEN_FAILURES, READS, STORED = range(6)
MIXED = -1


def operating_points(profile: Profile) -> Iterator[tuple[dict, Profile]]:
    """Take a profile apart by module and operating point, fills together, in rising order.

    Yields:
        What tells one from the others (module, vendor, the conditions and the unit; None where
        the profile leaves it open), and its observations.
    """
    table = profile.table
    keys = {name: table.column(name) for name in _POINT}
    for name in ("module", "vendor", "unit"):
        keys[name] = keys[name].cast(pa.string())
    flat = pa.table({**keys, "at": pa.array(np.arange(len(table)))})
    found = flat.group_by(list(_POINT), use_threads=False).aggregate([("at", "list")])
    for row in found.sort_by([(name, "ascending") for name in _POINT]).to_pylist():
        rows = row.pop("at_list")
        yield row, Profile(table.take(pa.array(rows)), profile.notes)


@dataclass(frozen=True, eq=False)
class Counts:
    """Observations, one a place and fill: rounds of one place are further reads of its cells.

    Attributes:
        point: What `operating_points` says of them.
        groups: int64 [n, 6], as `fit_weak` of the core takes them; the stored bit is `MIXED` where
            it is not known.
        places: int64 [n, 5]: bank, first row, last row, bitline, bit address; -1 where not
            resolved. A bit address tells its row and bitline, in rows of 8192 bytes.
        merged: How many rows of the profile were further rounds of others.
    """

    point: dict
    groups: np.ndarray
    places: np.ndarray
    merged: int

    @property
    def reads(self) -> int:
        """The most reads of any place."""
        return int(self.groups[:, READS].max())

    @property
    def failed(self) -> np.ndarray:
        """Failed reads of each place."""
        return self.groups[:, FAILURES] + self.groups[:, SEEN_FAILURES]

    @property
    def tested(self) -> float:
        """Cells (or lines, or rows) times reads."""
        return float(self.units @ self.groups[:, READS].astype(np.float64))

    @property
    def units(self) -> np.ndarray:
        """Cells, lines or rows of each place."""
        return (self.groups[:, CELLS] + self.groups[:, SEEN]).astype(np.float64)

    @property
    def log_ways(self) -> float:
        """Log of the ways in which the failures of cells seen one by one fall on their reads."""
        seen = self.groups[self.groups[:, SEEN] > 0]
        which, times = np.unique(seen[:, [READS, SEEN_FAILURES]], axis=0, return_counts=True)
        ways = [
            math.lgamma(r + 1) - math.lgamma(k + 1) - math.lgamma(r - k + 1)
            for r, k in which.tolist()
        ]
        return float(np.dot(ways, times)) if ways else 0.0

    def subset(self, rows: np.ndarray) -> Counts:
        """Those of a mask."""
        return Counts(self.point, self.groups[rows], self.places[rows], self.merged)

    def summed(self, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Add up places of the same label, apart by their reads: groups, and the label of each."""
        first, where = rows_once([label, self.groups[:, READS]])
        sums = np.zeros((len(first), 6), dtype=np.int64)
        np.add.at(sums, where, self.groups)
        sums[:, READS], sums[:, STORED] = self.groups[first, READS], 1
        return sums, label[first]


def rows_once(columns: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Find equal rows of integer columns, fast where there are many.

    Returns:
        A row of each kind, in rising order; and of every row the number of its kind.
    """
    code = np.zeros(1, dtype=np.int64)
    first = code
    for column in columns:
        values, at = np.unique(column, return_inverse=True)
        _, first, code = np.unique(
            code * len(values) + at.ravel(), return_index=True, return_inverse=True
        )
    return first, code.ravel()


def counts_of(profile: Profile) -> Counts:
    """Make the counts of a profile.

    Raises:
        ValueError: It is empty, or of several modules or operating points.
    """
    points = list(operating_points(profile))
    if not points:
        raise ValueError("the profile is empty, accepted: observations of one module")
    if len(points) > 1:
        differ = [n for n in _POINT if len({str(point[n]) for point, _ in points}) > 1]
        said = f"{len(points)} (they differ in {', '.join(differ)})"
        accepted = "one at a time, as eden.profiles.operating_points takes them apart"
        raise ValueError(f"modules and operating points are {said}, accepted: {accepted}")
    point, table = points[0][0], points[0][1].table
    numbers = {
        name: pc.fill_null(table.column(name).cast(pa.int64()), -1).to_numpy()
        for name in (*_PLACE, "cells", "reads")
    }
    failed = sum(
        pc.fill_null(table.column(name), 0).to_numpy()
        for name in ("failures_1to0", "failures_0to1")
    )
    stored = bits_of_patterns(table.column("pattern").combine_chunks())
    patterns = table.column("pattern").combine_chunks().indices.to_numpy(zero_copy_only=False)
    known = numbers["bit_address"] >= 0
    row, bitline = np.divmod(numbers["bit_address"], ROW_BITS)
    for name, found in (("row_first", row), ("row_last", row), ("bitline", bitline)):
        numbers[name] = np.where(known & (numbers[name] < 0), found, numbers[name])
    places = np.column_stack([numbers[name] for name in _PLACE])
    first, where = rows_once([*places.T, numbers["cells"], patterns])
    groups = np.zeros((len(first), 6), dtype=np.int64)
    np.add.at(groups[:, READS], where, numbers["reads"])
    np.add.at(groups[:, FAILURES], where, failed)
    groups[:, CELLS], groups[:, STORED] = numbers["cells"][first], stored[first]
    alone = (groups[:, CELLS] == 1) & (groups[:, FAILURES] > 0) & (groups[:, READS] > 1)
    groups[alone, SEEN_FAILURES] = groups[alone, FAILURES]
    groups[alone, SEEN], groups[alone, CELLS], groups[alone, FAILURES] = 1, 0, 0
    return Counts(point, groups, places[first], len(table) - len(first))


def bits_of_patterns(patterns: pa.DictionaryArray) -> np.ndarray:
    """The bit that a fill stores everywhere, `MIXED` for others and where it is not known."""
    words = patterns.dictionary.to_pylist()
    bits = [{"0": 0, "f": 1}.get("".join(set(w[2:])), MIXED) if w else MIXED for w in words]
    return np.array(bits, dtype=np.int64)[patterns.indices.to_numpy(zero_copy_only=False)]


def labels(counts: Counts, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Tell which bitline (model 1) or group of rows (model 2) each observation lies on.

    Returns:
        Which observations name one, and a number for each of those.

    Raises:
        ValueError: Why the profile cannot tell.
    """
    names = {1: "bitline", 2: "row"}
    columns = counts.places[:, [3]] if number == 1 else counts.places[:, :3]
    named = columns[:, -1] >= 0
    _, label = rows_once(columns[named].T)
    if len(label) == 0 or label.max() < 1:
        name = names[number]
        said = "none" if len(label) == 0 else "one"
        raise ValueError(f"needs several {name}s, and the profile names {said}")
    return named, label


def both_fills(counts: Counts) -> np.ndarray:
    """Tell which observations are of fills of ones or of zeros.

    Raises:
        ValueError: There is only one of the two.
    """
    known = counts.groups[:, STORED] != MIXED
    if len(np.unique(counts.groups[known, STORED])) < 2:
        raise ValueError("needs fills of ones and of zeros, and the profile has not both")
    return known
