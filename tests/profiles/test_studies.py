"""Files of public studies become profiles: small ones in their form, numbers worked by hand."""

import re

import pytest

from eden import profiles

BANKS = ",".join(f"Bank{i}" for i in range(8))
LATENCY = f",{BANKS},DIMMBER,Label,Pattern,Temperature,VendorMask,tRAS,tRCD,tRP,Model\n"


def latency_row(shares, pattern, trcd, trp):
    banks = ",".join(map(str, [*shares, sum(shares) / 8]))
    return f"1,{banks},y1,{pattern},20,C,35.0,{trcd},{trp},C-M0\n"


def read(tmp_path, text, name="study.csv"):
    path = tmp_path / name
    path.write_text(text)
    return profiles.read(path)


def test_latency(tmp_path):
    # 2^-30 of the bits of bank 1 is one of the 2^30 counted.
    shares = [0, 2**-30, 0.5, 0, 0, 0, 0, 0]
    profile = read(
        tmp_path,
        LATENCY
        + latency_row(shares, "0xff", 7.5, 12.5)
        + latency_row(shares, "0x0", 7.5, 12.5)
        + latency_row(shares, "0x55", 7.5, 12.5)
        + latency_row(shares, "0xff", 7.5, 12.5)
        + latency_row(shares, "0xff", 12.5, 7.5)
        + latency_row(shares, "0xff", 12.5, 5.0),
    )
    rows = profile.table.to_pylist()
    # Four times eight banks, seven where tRP varies, none at 5 ns.
    assert len(rows) == 4 * 8 + 7
    ones, zeros, mixed, again = (rows[8 * i + 1] for i in range(4))
    assert (ones["failures_1to0"], ones["failures_0to1"]) == (1, 0)
    assert (zeros["failures_1to0"], zeros["failures_0to1"]) == (0, 1)
    assert (mixed["failures_1to0"], mixed["failures_0to1"]) == (1, None)
    assert (ones["cells"], ones["reads"], ones["trcd_seconds"]) == (2**30, 1, 7.5e-9)
    assert again["source"] == ones["source"] + ", round 2"
    assert rows[2]["failures_1to0"] == 2**29 and rows[2]["bank"] == 2
    assert rows[-1]["trp_seconds"] == 7.5e-9 and all(r["bank"] != 0 for r in rows[32:])
    # Bank 0 of both rows that vary tRP, and the other seven at 5 ns.
    assert [note[:25] for note in profile.notes[-2:]] == [
        "2 observations left out: ",
        "7 observations left out: ",
    ]


def test_lines(tmp_path):
    text = "dimm_name,vdd,vendor,error_cacheline_percent\nB10,1.05,B,25.0\nB10,1.1,B,0\n"
    first, second = read(tmp_path, text).table.to_pylist()
    assert (first["cells"], first["failures_1to0"], first["unit"]) == (2**25, 2**23, "line")
    assert first["trcd_seconds"] == 1e-8 and second["failures_1to0"] == 0


def test_retention(tmp_path):
    names = ",".join(f"bank{i}_bit_err_count" for i in range(8))
    head = f"dimm_name,vendor,vdd,temperature(C),refresh_interval(ms),{names}"
    text = f"{head},total_dimm_bit_err_count\nA1,A,1.15,20,1536,4.0,0,0,0,1,1,1,1,8\n"
    profile = read(tmp_path, text)
    rows = profile.table.to_pylist()
    assert [r["failures_1to0"] for r in rows] == [4, 0, 0, 0, 1, 1, 1, 1]
    assert rows[0]["refresh_seconds"] == 1.536 and rows[0]["failures_0to1"] is None
    assert rows[0]["cells"] == 2**31


def test_row_failures(tmp_path):
    text = "dimm,vendor,vdd,bank,row_lo,row_hi,prob\nA1,A,1.075,3,306,612,0.25\n"
    (row,) = read(tmp_path, text).table.to_pylist()
    # 306 rows, a quarter of which fail: 76.5, to even.
    assert (row["cells"], row["failures_1to0"], row["unit"]) == (306, 76, "row")
    assert (row["row_first"], row["row_last"], row["bank"]) == (306, 611, 3)


def test_ddr4(tmp_path):
    text = "Temp,Pattern,tWAIT,Row,NumBitflips\n90,00000000,4,352,606\n90,FFFFFFFF,8,7,9\n"
    first, second = read(tmp_path, text, "ddr4_row_retention_x01.csv").table.to_pylist()
    assert (first["pattern"], first["failures_0to1"], first["failures_1to0"]) == ("0x0", 606, 0)
    assert (second["pattern"], second["failures_1to0"], second["module"]) == ("0xff", 9, "x01")
    assert first["refresh_seconds"] == 4.0 and first["cells"] == 65536


LINES = "dimm_name,vdd,vendor,error_cacheline_percent"
ROWS = "dimm,vendor,vdd,bank,row_lo,row_hi,prob"
RETENTION = (
    f"dimm_name,vendor,vdd,temperature(C),refresh_interval(ms),"
    f"{','.join(f'bank{i}_bit_err_count' for i in range(8))},total_dimm_bit_err_count"
)


DDR4 = "Temp,Pattern,tWAIT,Row,NumBitflips"
# A good row of each form, before which a wrong one stands.
GOOD = {
    LINES: "B1,1.1,B,1",
    ROWS: "A1,A,1.1,0,0,306,0",
    RETENTION: "A1,A,1.15,20,1536,4,0,0,0,1,1,1,1,8",
    LATENCY.rstrip(): latency_row([0] * 8, "0xff", 7.5, 12.5).rstrip(),
    DDR4: "90,00000000,4,352,606",
}
MEAN = latency_row([0.5] * 8, "0xff", 7.5, 12.5).rstrip().replace("0.5,y1", "0.6,y1")
WRONG = {
    LINES: {
        "A1,1100,A,0": "vdd is 1100.0, accepted: a number from 0.3 to 5",
        "A1,1.1,A,101": "error_cacheline_percent is 101.0, accepted: a numb",
        "A1,1.1,A,nan": "error_cacheline_percent is nan, accepted",
        "A1,1.1,A,much": "error_cacheline_percent is 'much', accepted",
        "A1,1.1,A,0x1": "error_cacheline_percent is '0x1', accepted",
        "A1,1.1,A,": "error_cacheline_percent is empty, accepted",
        "A1,1.1,A": "3 values, accepted: 4, as in the header",
        ",1.1,A,0": "dimm_name is '', accepted: name of the module",
        "B1,1.1,B,1": "repeats line 2",
    },
    ROWS: {
        "A1,A,1.1,0.5,306,612,0": "bank is 0.5, accepted: an integer",
        "A1,A,1.1,0,306.5,612,0": "row_lo is 306.5, accepted: an int",
        "A1,A,1.1,0,306,306,0": "row_hi is not above row_lo",
        "A1,A,1.1,0,300,612,0": "holds cells of line 2",
    },
    RETENTION: {
        "A1,A,1.15,20,1536,4,0,0,0,1,1,1,1,9": (
            "total_dimm_bit_err_count is not the sum of the banks"
        ),
        "A1,A,1.15,20,1536,4.5,0,0,0,1,1,1,1,8.5": (
            "bank0_bit_err_count is 4.5, accepted: an integer from 0 to 2.14748e+09 (wrong bits)"
        ),
    },
    LATENCY.rstrip(): {MEAN: "DIMMBER is not the mean of the banks"},
    DDR4: {
        "90,00000000,4,353,65537": "NumBitflips is 65537.0, accepted: an integer from 0 to 65536"
    },
}


@pytest.mark.parametrize(
    "head, row, message",
    [(head, row, message) for head, rows in WRONG.items() for row, message in rows.items()],
)
def test_what_is_wrong_is_named_by_file_and_line(head, row, message, tmp_path):
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        read(tmp_path, f"{head}\n{GOOD[head]}\n{row}\n")
    assert f"{tmp_path / 'study.csv'}, line 3: " in str(caught.value)


def test_rounds_of_one_fill_in_two_words(tmp_path):
    rows = [latency_row([0] * 8, fill, 7.5, 12.5) for fill in ("0xff", "0xffff")]
    read_ = read(tmp_path, LATENCY + "".join(rows))
    assert read_.table["source"][-1].as_py().endswith("round 2")


def test_where_all_is_left_out_nothing_was_observed(tmp_path):
    row = latency_row([0] * 8, "0xff", 12.5, 5.0)
    with pytest.raises(ValueError, match="no observations"):
        read(tmp_path, LATENCY + row)


def test_a_study_of_many_blocks_reads_the_same(tmp_path, monkeypatch):
    rows = [latency_row([i / 64] * 8, "0xff", 7.5, 12.5) for i in range(50)]
    whole = read(tmp_path, LATENCY + "".join(rows))
    assert whole.table["source"][-1].as_py().endswith("round 50")
    monkeypatch.setattr("eden.profiles._csv._BLOCK", 64)
    assert read(tmp_path, LATENCY + "".join(rows)).table.to_pylist() == whole.table.to_pylist()
