import json

import pytest

from eden.dram import Memory

# Two groups of two banks of eight rows of four requests, in the way of DDR4.
SMALL = {
    "name": "small",
    "standard": "DDR4",
    "geometry": {
        "chips": 2,
        "chip_width": 64,
        "bank_groups": 2,
        "banks_per_group": 2,
        "rows": 8,
        "row_bytes": 256,
        "request_bytes": 64,
    },
    "tCK_ns": 2,
    "clocks": {
        "BL": 2,
        "CL": 5,
        "CWL": 3,
        "tRCD": 6,
        "tRCDW": 4,
        "tRP": 7,
        "tRAS": 20,
        "tRC": 30,
        "tRRD_S": 3,
        "tRRD_L": 8,
        "tFAW": 40,
        "tCCD_S": 2,
        "tCCD_L": 9,
        "tWTR_S": 10,
        "tWTR_L": 12,
        "tWR": 11,
        "tRTP": 13,
        "tRFC": 50,
        "tREFI": 500,
        "rd_to_wr": 14,
    },
    "currents_mA": {
        "IDD0": 60,
        "IDD2N": 20,
        "IDD3N": 30,
        "IDD4R": 130,
        "IDD4W": 120,
        "IDD5": 150,
    },
    "vdd": 1.5,
}


@pytest.fixture
def described():
    """Return the description of a small memory, to change."""
    return json.loads(json.dumps(SMALL))


@pytest.fixture
def memory():
    return Memory(json.dumps(SMALL))


@pytest.fixture
def small_file(tmp_path):
    path = tmp_path / "small.json"
    path.write_text(json.dumps(SMALL))
    return path
