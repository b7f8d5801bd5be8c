"""The script that makes the device descriptions, on a small made-up data folder."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from eden import devices

ROOT = Path(__file__).parents[2]
SHORT = [""] * 13 + ["tREFI (us)", "tRFC (ns)", "tRCD/tRCL (ns)", "tRAS (ns)", "tRP (ns)"]
SHORT += ["tRC (ns)", "IDD0", "IDD2N", "IDD3N", "IDD4R", "IDD4W", "IDD5(B)"]
LONG = ["Manufacturer", "Model", "Speed Bin", *[f"column {i}" for i in range(len(SHORT) - 3)]]


def write(path, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(rows)


@pytest.fixture
def folder(tmp_path):
    numbers = ["7.8", "160", "13.75", "35", "13.75", "48.75", "70", "43", "55", "155", "145", "190"]
    other = ["Nanya", "NT5CB512M", "4GN-CG", *[""] * 10, *["1"] * 13]
    part = ["", "", "8GN-DI", *[""] * 10, *numbers, ""]
    header = [*LONG, ""]
    write(tmp_path / "datasheet_survey.csv", [[*SHORT, ""], header, other, part])
    lines = [["dimm_name", "vdd", "vendor", "error_cacheline_percent"]]
    lines += [["B10", "1.35", "B", "0.0"], ["B10", "1.05", "B", str(100 * 2**20 / 2**25)]]
    lines += [["A1", "1.35", "A", "0.0"], ["A1", "1.1", "A", "0.0"], ["C2", "1.0", "C", "50"]]
    write(tmp_path / "ddr3l_voltage_faulty_lines.csv", lines)
    rows = [["dimm", "vendor", "vdd", "bank", "row_lo", "row_hi", "prob"]]
    for bank in range(8):
        # Half of the rows of bank 2 fail at times, no other.
        rows.append(["B10", "B", "1.05", bank, 0, 16384, 0.5 if bank == 2 else 0])
        rows.append(["B10", "B", "1.05", bank, 16384, 32768, 0])
        rows.append(["A1", "A", "1.075", bank, 0, 32768, 0.01 * bank])
        rows.append(["A1", "A", "1.1", bank, 0, 32768, 0])
    write(tmp_path / "ddr3l_row_failures.csv", rows)
    return tmp_path


def make(folder):
    command = [sys.executable, ROOT / "scripts" / "make_devices.py", folder, "--out", folder]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {Path(line).stem for line in said.splitlines()}


def test_retention_joins_the_module_of_the_voltage_study(folder):
    head = ["dimm_name", "vendor", "vdd", "temperature(C)", "refresh_interval(ms)"]
    head += [f"bank{i}_bit_err_count" for i in range(8)] + ["total_dimm_bit_err_count"]
    rows = [head]
    for celsius, more in ((20, 1), (70, 3)):
        rows += [["B10", "B", "1.35", celsius, "64", *[0.0] * 9]]
        for round_ in (8, 24):
            counts = [round_ * more * (2 if i == 3 else 1) for i in range(8)]
            rows += [["B10", "B", "1.35", celsius, "1024", *counts, sum(counts)]]
    write(folder / "ddr3l_retention.csv", rows)
    made = make(folder)
    b10 = devices.load(folder / "ddr3l-1600-b10.json")
    assert b10.axes["temperature_celsius"] == (20, 70)
    point = b10.at(refresh_seconds=1.024)
    # 9 shares of 48 failures of 2^34 cells, from 24 to 72.
    assert point.ber == pytest.approx(9 * 48 / 2**34, rel=1e-3)
    assert point.ber_low == pytest.approx(9 * 24 / 2**34, rel=1e-3)
    assert point.ber_high == pytest.approx(9 * 72 / 2**34, rel=1e-3)
    rates = [part.at(point).ber for part in b10.partitions]
    assert rates[3] == pytest.approx(2 * rates[0], rel=1e-3)
    # C2 never was without failures; types borrow from B10.
    assert "ddr3l-1600-c2" not in made and {"ddr3l-1600-a1", "hbm2"} <= made


def test_latency_campaigns_are_not_averaged(folder):
    head = ["", *[f"Bank{i}" for i in range(8)], "DIMMBER", "Label", "Pattern", "Temperature"]
    rows = [[*head, "VendorMask", "tRAS", "tRCD", "tRP", "Model"]]

    def row(rate, pattern, trcd, trp=12.5, label="q1"):
        banks = [rate] * 8
        rows.append([1, *banks, rate, label, pattern, 20, "A", 35.0, trcd, trp, "A-M0"])

    for pattern in ("0x0", "0xff"):
        for rate in (1e-6, 1.2e-6, 1e-2, 1.4e-2):  # two campaigns
            row(rate, pattern, 7.5)
        row(0.0, pattern, 10.0)
        row(0.5, pattern, 2.5)  # noise
        row(0.3, pattern, 12.5, 5.0)  # the row that was open before
        row(1e-4, pattern, 12.5, 7.5)
        row(0.0, pattern, 10.0, label="q2")  # never measured at 7.5 ns
    write(folder / "ddr3_latency_ber.csv", rows)
    made = make(folder)
    assert "ddr3-1600-latency-q1" in made and "ddr3-1600-latency-q2" not in made
    q1 = devices.load(folder / "ddr3-1600-latency-q1.json")
    point = q1.at(trcd_seconds=7.5e-9)
    assert point.ber == pytest.approx(1.2e-2) and point.ber_high == pytest.approx(1.4e-2)
    assert point.ber_low == pytest.approx(1e-6)
    assert "two campaigns differ, the worse one is taken: tRCD 7.5 ns at 20 C" in q1.to_json()
    assert q1.at(trcd_seconds=10e-9).censored
    assert q1.at(trcd_seconds=12.5e-9, trp_seconds=7.5e-9).ber == pytest.approx(1e-4)
    assert len(q1.measured) == 1 + 3


def test_rows_that_a_fill_does_not_list_are_a_range(folder):
    rows = [["Temp", "Pattern", "tWAIT", "Row", "NumBitflips"]]
    rows += [[90, "FFFFFFFF", wait, r, 64 * wait] for wait in (4, 8) for r in range(4)]
    rows += [[90, "00000000", 8, 1, 16]]
    write(folder / "ddr4_row_retention_q3.csv", rows)
    assert "ddr4-2400-retention-q3" in make(folder)
    point = devices.load(folder / "ddr4-2400-retention-q3.json").at(refresh_seconds=8)
    cells = 4 * 65536
    assert point.ber == pytest.approx((4 * 512 + 16) / 2 / cells, rel=1e-3)
    assert point.ber_low == pytest.approx(16 / cells, rel=1e-3)
    assert point.ber_high == pytest.approx(512 / 65536, rel=1e-3)
    assert point.temperature_celsius == 90


def test_descriptions_follow_from_the_data(folder):
    assert {"ddr3l-1600-b10", "ddr3l-1600-a1"} <= make(folder)
    b10 = devices.load(folder / "ddr3l-1600-b10.json")
    point = b10.at(vdd_volts=1.05)
    assert point.ber_high == 2**20 / 2**25
    mean = (0.25 + 1e-4 / 2 + 7 * 1e-4) / 8
    assert b10.partitions[2].at(point).ber_high == pytest.approx((0.25 + 5e-5) / mean / 32)
    # Rows that never failed are censored at 1e-4, not taken for perfect.
    clean = b10.partitions[0].at(point).ber_high
    assert clean == pytest.approx(1e-4 / mean / 32)
    assert b10.subarrays[2 * 64 + 63].at(point).ber_high == pytest.approx(clean)
    a1 = devices.load(folder / "ddr3l-1600-a1.json")
    low = a1.at(vdd_volts=1.075)
    assert low.quality == "estimated"
    assert low.ber_high == pytest.approx((0.28 + 1e-4) / 8, rel=1e-3)
    # A map without failures says nothing of where they lie.
    # A bank is an eighth of the cells tested.
    assert {p.at(a1.at(vdd_volts=1.1)).ber for p in a1.partitions} == {8 * 2.0**-34}
