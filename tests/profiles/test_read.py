"""Profiles are read whole and right, or refused in one line that names the file and the line."""

import gzip
import itertools
import os

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eden import profiles
from eden.profiles import COLUMNS

# bit_address, the last column, may be left out; test_cells.py has it.
HEADER = ",".join(column.name for column in COLUMNS[:-1])
OLD_HEADER = HEADER.removesuffix(",unit")
GOOD = "m1,A,1.1,1e-8,1e-8,0.064,20,0xff,3,0,511,,33554432,16,120,0,us,cell"
OTHER = "m1,A,1.1,1e-8,1e-8,0.064,20,0x0,3,0,511,,33554432,16,0,7,us,"


def write(tmp_path, text, name="p.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def lines(*rows):
    return "\n".join([HEADER, *rows]) + "\n"


def row(**changes):
    values = dict(zip(HEADER.split(","), GOOD.split(","), strict=True))
    return ",".join((values | changes).values())


def test_rows_are_what_was_written(tmp_path):
    profile = profiles.read(write(tmp_path, lines(GOOD, OTHER)))
    assert len(profile) == 2 and profile.modules == ["m1"] and profile.notes == ()
    first, second = profile.table.to_pylist()
    assert first["vdd_volts"] == 1.1 and first["cells"] == 2**25 and first["bitline"] is None
    assert (first["failures_1to0"], second["failures_0to1"], second["unit"]) == (120, 7, "cell")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\n\n"),
        lambda text: text.rstrip("\n"),
    ],
    ids=["CRLF", "BOM", "empty lines", "no last newline"],
)
def test_forms_of_text(change, tmp_path):
    expected = profiles.read(write(tmp_path, lines(GOOD, OTHER)))
    assert profiles.read(write(tmp_path, change(lines(GOOD, OTHER)))).table == expected.table


def test_without_the_column_unit_and_in_another_order(tmp_path):
    old = "\n".join([OLD_HEADER, GOOD.removesuffix(",cell"), ""])
    assert profiles.read(write(tmp_path, old)).table["unit"].to_pylist() == ["cell"]
    names, values = HEADER.split(","), GOOD.split(",")
    turned = ",".join(names[::-1]) + "\n" + ",".join(values[::-1]) + "\n"
    expected = profiles.read(write(tmp_path, lines(GOOD)))
    assert profiles.read(write(tmp_path, turned)).table == expected.table


@pytest.mark.parametrize("name", ["q.csv", "q.csv.gz", "q.parquet"])
def test_what_is_written_reads_the_same(name, tmp_path):
    profile = profiles.read(write(tmp_path, lines(GOOD, OTHER)))
    assert profiles.read(profile.write(tmp_path / name)).table == profile.table


@pytest.mark.parametrize(
    "beside",
    [
        {"bank": "4"},
        {"cells": "1", "bitline": "7", "failures_1to0": "1"},
        {"row_first": "512", "row_last": "600"},
        {"source": "us again", "row_last": "600"},
        {"temperature_celsius": "50", "bank": ""},
        {"unit": "row", "cells": "512", "bank": ""},
    ],
)
def test_places_beside_one_another_are_no_overlap(beside, tmp_path):
    assert len(profiles.read(write(tmp_path, lines(GOOD, row(**beside))))) == 2


def test_an_address_is_one_cell_wherever_it_is_said_to_lie():
    cell = {"module": "m", "cells": 1, "reads": 16, "failures_1to0": 8, "bit_address": 5}
    with pytest.raises(ValueError, match="row 2: repeats row 1"):
        profiles.Profile.of([cell, cell | {"bank": 0, "bitline": 7}])
    assert len(profiles.Profile.of([cell, cell | {"bit_address": 6}])) == 2


SIDES = [None, 0, 1]
GROUPS = [(None, None), (0, 3), (2, 5), (4, 7)]
PLACES = list(itertools.product(SIDES, GROUPS, SIDES))


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PLACES), min_size=2, max_size=6, unique=True))
def test_overlaps_are_those_that_pairs_show(places):
    """Two places meet where their banks, rows and bitlines do; what is not given is all of them."""
    meets = False
    for one, other in itertools.combinations(places, 2):
        banks = None in (one[0], other[0]) or one[0] == other[0]
        bitlines = None in (one[2], other[2]) or one[2] == other[2]
        (a, b), (c, d) = one[1], other[1]
        rows = None in (a, c) or (a <= d and c <= b)
        meets |= banks and bitlines and rows
    rows = [
        {"module": "m", "cells": 100, "reads": 1, "failures_1to0": 0,
         "bank": bank, "row_first": first, "row_last": last, "bitline": bitline}
        for bank, (first, last), bitline in places
    ]  # fmt: skip
    try:
        profiles.Profile.of(rows)
        found = False
    except ValueError as error:
        found = "holds cells of row" in str(error)
        assert found
    assert found == meets


def test_a_fill_has_one_word(tmp_path):
    fills = {"0x00": "0x0", "0xffff": "0xff", "0x5555": "0x55", "0x5": "0x5", "0x1234": "0x1234"}
    rows = [row(pattern=fill, failures_1to0="0", bank=str(i)) for i, fill in enumerate(fills)]
    read = profiles.read(write(tmp_path, lines(*rows)))
    assert read.table["pattern"].to_pylist() == list(fills.values())


def test_another_ending_is_refused(tmp_path):
    profile = profiles.read(write(tmp_path, lines(GOOD)))
    with pytest.raises(ValueError, match=r"name of the file is 'q.xlsx', accepted: \*.csv"):
        profile.write(tmp_path / "q.xlsx")


REFUSED = {
    "millivolts": (row(vdd_volts="1100"), "vdd_volts is 1100.0, accepted: a number from 0.3 to 5"),
    "nanoseconds": (row(trcd_seconds="10"), "trcd_seconds is 10.0, accepted: a number from 1e-10"),
    "milliseconds": (row(refresh_seconds="64e6"), "refresh_seconds is 64000000.0"),
    "not a number": (row(temperature_celsius="nan"), "temperature_celsius is nan, accepted"),
    "infinite": (row(temperature_celsius="inf"), "temperature_celsius is inf, accepted"),
    "text": (row(cells="many"), "cells is 'many', accepted: an integer from 1 to"),
    "hexadecimal": (row(reads="0x10"), "reads is '0x10', accepted: an integer"),
    "hexadecimal in quotes": (row(reads='"0"x10'), "line 5: "),
    "sign": (row(reads="+5"), r"reads is '\+5', accepted: an integer"),
    "fraction": (row(reads="1.5"), "reads is '1.5', accepted: an integer"),
    "huge": (row(cells="1" * 30), f"cells is '{'1' * 30}', accepted: an integer"),
    "too many digits": (row(cells="1" * 500), f"cells is '{'1' * 40}', accepted: an integer"),
    "beyond 32 bits": (row(bank="5000000000"), "bank is '5000000000', accepted: an integer"),
    "negative": (row(failures_1to0="-1"), "failures_1to0 is -1, accepted: an integer from 0"),
    "no cells": (row(cells="0"), "cells is 0, accepted: an integer from 1"),
    "empty count": (row(reads=""), "reads is empty, accepted: an integer from 1"),
    "no module": (row(module=" "), "module is ' ', accepted: name of the module"),
    "control character": (row(vendor="A\x07"), "vendor is 'A.x07', accepted: printable text"),
    "pattern": (row(pattern="ff"), "pattern is 'ff', accepted: a hexadecimal fill"),
    "unit": (row(unit="bit"), "unit is 'bit', accepted: cell, line, row"),
    "half a group": (row(row_last=""), "row_first and row_last must both be given, or neither"),
    "rows turned": (row(row_first="600"), "row_first is 600, accepted: at most row_last, 511"),
    "no failures": (row(failures_1to0="", failures_0to1=""), "are both empty"),
    "too many": (row(cells="7", reads="1"), "failures are 120, accepted: at most reads x cells, 7"),
    "a 0 lost from ones": (row(failures_0to1="2"), "failures_0to1 is 2, accepted: 0 with pattern"),
    "a 1 lost from zeros": (row(pattern="0x00"), "failures_1to0 is 120, accepted: 0 with pattern"),
    "short row": (GOOD.rpartition(",")[0], "17 values, accepted: 18, as in the header"),
    "long row": (GOOD + ",", "19 values, accepted: 18, as in the header"),
    "the unit's default": (row(unit=""), "repeats line 2"),
    "the fill at length": (row(pattern="0xffff"), "repeats line 2"),
    "rows again": (row(row_first="511", row_last="600"), "holds cells of line 2, of the same"),
    "rows within": (row(row_first="7", row_last="7"), "holds cells of line 2"),
    "all rows": (row(row_first="", row_last=""), "holds cells of line 2"),
    "a bank's total": (row(bank="", row_first="", row_last=""), "holds cells of line 2"),
    "all bitlines' rows": (row(bitline="5"), "holds cells of line 2"),
    "a block of all": (row(bank="", row_first="", row_last=""), "holds cells of line 2"),
    "a bitline of all banks": (row(bank="", bitline="5"), "holds cells of line 2"),
    "repeated": (GOOD, "repeats line 2; give repeated measurements as one row with more reads"),
}


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("packed", [False, True])
def test_what_is_no_observation_is_one_line(kind, packed, tmp_path):
    wrong, message = REFUSED[kind]
    text = lines(GOOD, OTHER, "", wrong).encode()
    name = "p.csv.gz" if packed else "p.csv"
    path = write(tmp_path, gzip.compress(text) if packed else text, name)
    with pytest.raises(ValueError, match=message.replace("(", r"\(")) as caught:
        profiles.read(path)
    assert str(caught.value).startswith(f"{path}, line 5: ")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"\r" + lines(GOOD).encode(), "line 1: new-line character"),
        (HEADER.replace(",", "\r,").encode(), "line 1: new-line character"),
        (b"\xff\xfe\x00", "no text in UTF-8"),
        (b"a,b\n1,2\n", "the header lacks module, vendor"),
        (HEADER.replace("vdd_volts", "vdd_mv").encode(), "lacks vdd_volts; not known: 'vdd_mv'"),
        (f"{HEADER},cells\n".encode(), "unknown or repeated columns"),
        (lines(GOOD).encode()[:-9] + b'"\xff\n', "line 2|after line 1"),
        (lines().encode(), "no observations, accepted: a row an observation"),
        (lines('"' + GOOD).encode(), "line 2|after line"),
    ],
)
def test_what_is_no_profile_is_one_line(content, message, tmp_path):
    path = write(tmp_path, content)
    with pytest.raises(ValueError, match=message) as caught:
        profiles.read(path)
    assert str(path) in str(caught.value) and len(str(caught.value).splitlines()) == 1


def test_damaged_files(tmp_path):
    packed = gzip.compress(lines(*(row(bank=str(i)) for i in range(500))).encode())
    for damaged in (packed[: len(packed) // 2], packed[:-4], b"no gzip"):
        with pytest.raises(ValueError, match=r"damaged|cut short"):
            profiles.read(write(tmp_path, damaged, "p.csv.gz"))
    with pytest.raises(ValueError, match=r"p\.parquet"):
        profiles.read(write(tmp_path, b"PAR1 nothing", "p.parquet"))
    with pytest.raises(FileNotFoundError):
        profiles.read(tmp_path / "absent.csv")
    with pytest.raises(FileNotFoundError, match=r"absent\.parquet"):
        profiles.read(tmp_path / "absent.parquet")
    os.mkfifo(tmp_path / "pipe.parquet")
    for path in (tmp_path, tmp_path / "pipe.parquet"):
        with pytest.raises(ValueError, match="is no regular file"):
            profiles.read(path)


def test_parquet_is_checked_as_text_is(tmp_path):
    table = profiles.read(write(tmp_path, lines(GOOD, OTHER))).table
    path = tmp_path / "p.parquet"
    volts = pyarrow.array([1.1, 1100.0])
    at = table.schema.get_field_index("vdd_volts")
    pyarrow.parquet.write_table(table.set_column(at, "vdd_volts", volts), path)
    with pytest.raises(ValueError, match=r"p.parquet, row 2: vdd_volts is 1100.0, accepted"):
        profiles.read(path)
    pyarrow.parquet.write_table(table.drop_columns(["cells"]), path)
    with pytest.raises(ValueError, match=r"p.parquet: columns is .*, accepted: module"):
        profiles.read(path)
    pyarrow.parquet.write_table(table.drop_columns(["unit"]), path)
    assert len(profiles.read(path)) == 2
    for name, wrong, said in (
        ("cells", pyarrow.array(["0x10", "7"]), "column cells: type is 'string', accepted: an int"),
        (
            "cells",
            pyarrow.array([True, True]),
            "column cells: type is 'bool', accepted: an int",
        ),
        ("reads", pyarrow.array([1.5, 2.0]), "column reads: Float value 1.5"),
        ("vendor", pyarrow.array([1, 2]), "column vendor: type is 'int64', accepted: text"),
    ):
        at = table.schema.get_field_index(name)
        pyarrow.parquet.write_table(table.set_column(at, name, wrong), path)
        with pytest.raises(ValueError, match=f"p.parquet: {said}"):
            profiles.read(path)
    pyarrow.parquet.write_table(table.slice(0, 0), path)
    with pytest.raises(ValueError, match=r"p.parquet: no observations"):
        profiles.read(path)


def test_damaged_text_in_parquet_is_one_line(tmp_path):
    path = profiles.read(write(tmp_path, lines(GOOD))).write(tmp_path / "p.parquet")
    whole = path.read_bytes()
    for word in (b"vendor", b"us"):
        path.write_bytes(whole.replace(word, word[:-1] + b"\x86"))
        with pytest.raises(ValueError, match=r"p\.parquet") as caught:
            profiles.read(path)
        assert len(str(caught.value).splitlines()) == 1


def test_empty_text_in_parquet_is_empty(tmp_path):
    """As data frames write it: a null, where this schema has an empty word."""
    table = profiles.read(write(tmp_path, lines(GOOD))).table
    for name in ("pattern", "vendor", "source", "unit"):
        at = table.column_names.index(name)
        nulls = pyarrow.nulls(len(table), pyarrow.string())
        pyarrow.parquet.write_table(table.set_column(at, name, nulls), tmp_path / "p.parquet")
        read = profiles.read(tmp_path / "p.parquet")
        empty = "cell" if name == "unit" else ""
        assert read.table[name].to_pylist() == [empty] and profiles.fit(read).best.number == 0


def test_a_file_of_many_blocks_reads_the_same(tmp_path, monkeypatch):
    rows = [row(bank=str(k)) for k in range(300)]
    whole = profiles.read(write(tmp_path, lines(*rows))).table
    monkeypatch.setattr("eden.profiles._csv._BLOCK", 64)
    assert profiles.read(write(tmp_path, lines(*rows).rstrip("\n"))).table == whole
    late = write(tmp_path, lines(*rows, row(cells="1_000")))
    with pytest.raises(ValueError, match="line 302: cells is '1_000', accepted: an integer"):
        profiles.read(late)


@settings(max_examples=200)
@given(st.binary(max_size=300), st.integers(0, 400), st.booleans())
# A byte of the packed data turned: zlib finds it, not gzip.
@example(b"\xff" * 8, 30, True)
def test_no_damage_is_a_crash(tmp_path_factory, junk, at, packed):
    text = lines(GOOD, OTHER).encode()
    if packed:
        text = gzip.compress(text)
    path = tmp_path_factory.mktemp("junk") / ("p.csv.gz" if packed else "p.csv")
    path.write_bytes(text[:at] + junk + text[at + len(junk) :])
    try:
        assert len(profiles.read(path)) >= 0
    except ValueError as error:
        assert str(path) in str(error) and len(str(error).splitlines()) == 1


def test_a_line_that_ends_within_quotes_is_named(tmp_path, monkeypatch):
    """Blocks end with a line: one that goes on in quotes is cut there."""
    text = lines(GOOD, row(source='"u\ns"'))
    monkeypatch.setattr("eden.profiles._csv._BLOCK", text.index('s"') - len(HEADER) - 1)
    path = write(tmp_path, text)
    with pytest.raises(ValueError, match=r"p.csv, line 3: a line that ends within quotes$"):
        profiles.read(path)
