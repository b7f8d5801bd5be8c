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


def test_descriptions_follow_from_the_data(folder):
    command = [sys.executable, ROOT / "scripts" / "make_devices.py", folder, "--out", folder]
    subprocess.run(command, check=True, capture_output=True)
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
    assert {p.at(a1.at(vdd_volts=1.1)).ber for p in a1.partitions} == {2.0**-34}
