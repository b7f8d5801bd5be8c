"""The comparison with reference runs, on a folder of a few reads."""

import json
import runpy
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
TRACES = """
def reads(d):
    return [(0, "R", 64 * line) for line in (0, 1, 33, 70, 3)]

TRACES = {"reads": reads}

def in_clocks(d, trace):
    return trace
"""
# Of currents that are all the same nothing is left but the background, and every rank's last
# command is a read: what is 1.5 V, 30 mA and 2 ns a clock costs until its data is there.
CHECKER = """
def check(d, commands, trcd=None, refresh=True, limit=10):
    g = d["geometry"]
    banks = g["bank_groups"] * g["banks_per_group"]
    return [f"bank {c[2]} of a rank" for c in commands if c[2] >= banks]

def counts40(d, commands):
    return commands[-1][0] + d["clocks"]["CL"] + d["clocks"]["BL"]

def energy40(d, counts):
    return {"background": WATTS * 2e-9 * counts}
"""


@pytest.fixture
def folder(described, tmp_path):
    for part in ("devices", "expected"):
        (tmp_path / part).mkdir()
    described["currents_mA"] = dict.fromkeys(described["currents_mA"], 30)
    described |= {"ranks": 2, "channels": 2}
    (tmp_path / "devices" / "small.json").write_text(json.dumps(described))
    run = {"device": "small", "tRCD": 4, "trace": "reads"}
    (tmp_path / "expected" / "runs.json").write_text(json.dumps([run, run]))
    (tmp_path / "traces.py").write_text(TRACES)
    (tmp_path / "dramref.py").write_text(CHECKER.replace("WATTS", "45e-3"))
    return tmp_path


@pytest.fixture
def compare(folder, monkeypatch):
    def run() -> int:
        monkeypatch.syspath_prepend(str(SCRIPTS))
        monkeypatch.setattr(sys, "argv", ["compare", str(folder), str(folder / "out.json")])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(SCRIPTS / "compare_reference.py"), run_name="__main__")
        return ended.value.code

    return run


def test_all_ranks_and_channels_are_counted(compare, folder):
    assert compare() == 0
    (record,) = json.loads((folder / "out.json").read_text())
    # Lines 0, 1, 33, 70 and 3 are two rows of channel 0 and two of channel 1, in both ranks.
    assert (record["RD"], record["WR"], record["ACT"]) == (5, 0, 4)
    assert set(record) == {
        "device", "tRCD", "trace", "data_end_clock", "ACT", "RD", "WR", "REF",
        "read_latency_clocks", "energy_J_per_device",
    }  # fmt: skip
    (wide,) = json.loads((folder / "out.wide.json").read_text())
    assert (wide["ranks"], wide["channels"], wide["refresh"]) == (2, 2, "all-bank")
    assert wide["joules"] == pytest.approx(wide["expected_joules"])


def test_single_banks_are_refreshed_where_the_device_says_how(compare, folder):
    path = folder / "devices" / "small.json"
    described = json.loads(path.read_text())
    described["clocks"]["tRFCpb"] = 30
    path.write_text(json.dumps(described))
    assert compare() == 0
    records = json.loads((folder / "out.wide.json").read_text())
    assert [r["refresh"] for r in records] == ["all-bank", "per-bank"]


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [("45e-3", "46e-3", "energy small"), ("c[2] >= banks", "c[2] >= 1", "illegal small")],
)
def test_what_the_folder_finds_wrong_ends_with_1(compare, folder, capsys, good, bad, said):
    path = folder / "dramref.py"
    path.write_text(path.read_text().replace(good, bad))
    assert compare() == 1
    assert said in capsys.readouterr().out
