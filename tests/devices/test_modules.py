"""The script that holds tolerances against every measured module."""

import csv
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from eden import devices

SCRIPT = Path(__file__).parents[2] / "scripts" / "modules.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("modules", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(*arguments):
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True)


def test_every_measured_module_has_a_row_a_network_and_axis(tmp_path):
    done = run("plain=1e-5", "boosted=1e-3", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader((tmp_path / "modules.csv").read_text().splitlines()))
    assert {row["network"] for row in rows} == {"plain", "boosted"}
    b10 = {row["network"]: row for row in rows if row["module"] == "ddr3l-1600-b10"}
    assert float(b10["plain"]["coarse_mean"]) == 1.075
    # 1.05 V fails 7.5e-4 of the bits, up to a third of them if bad lines are bad throughout.
    assert float(b10["boosted"]["coarse_mean"]) == 1.05
    assert float(b10["boosted"]["coarse_high"]) == 1.075
    assert 1.05 < float(b10["plain"]["crossing"]) < 1.075
    assert not any(row["module"] == "hbm2" for row in rows)
    assert "| boosted buys |" in done.stdout and "0.025 V" in done.stdout
    assert b"<svg" in (tmp_path / "modules.svg").read_bytes()


def test_a_ladder_has_one_axis(script):
    y7 = devices.load("ddr3-1600-latency-y7")
    points = script.ladder(y7, "trcd_seconds")
    assert [p.trcd_seconds for p in points] == [12.5e-9, 10e-9, 7.5e-9, 5e-9]
    assert {p.trp_seconds for p in points} == {12.5e-9}
    last, following = script.borne(points, 1e-3)
    assert (last.trcd_seconds, following.trcd_seconds) == (7.5e-9, 5e-9)
    assert script.borne(points, 0)[0] is None
    assert script.crossing(None, points[0], "trcd_seconds", 1e-3) is None
    assert {p.trp_seconds for p in script.along(y7, "trcd_seconds").points[1:]} == {12.5e-9}


@pytest.mark.parametrize("bad", ["boosted", "boosted=x", "boosted=2", "=1e-3"])
def test_bad_tolerances_are_one_line(bad):
    done = run(bad, "plain=1e-5")
    assert done.returncode == 2
    assert done.stderr.startswith("modules.py: ") and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "name", ["modules", "compare_modules", "fit_modules", "make_devices", "compare_protection"]
)
def test_a_folder_that_is_none_is_one_line(name, tmp_path):
    script = SCRIPT.with_name(f"{name}.py")
    done = subprocess.run(
        [sys.executable, script, tmp_path / "none"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"{name}.py: ") and done.stderr.count("\n") == 1


def test_each_network_has_a_table_of_its_own(script, tmp_path):
    first, second = script.tolerances_of(["a=1e-5"])[0], script.tolerances_of(["b=1e-3"])[0]
    assert (first, second) == ({"a": (1e-5, None)}, {"b": (1e-3, None)})
    with pytest.raises(ValueError, match="networks are a, a, accepted"):
        script.tolerances_of(["a=1e-5", "a=1e-3"])
