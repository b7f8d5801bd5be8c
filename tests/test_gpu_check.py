"""The scripts that a GPU machine runs, as far as they go without one."""

import json
import runpy
import subprocess
import sys
import zipfile
from pathlib import Path

import cases
import pytest

ROOT = Path(__file__).parent.parent


def gpu_check(*arguments):
    command = [sys.executable, ROOT / "scripts" / "gpu_check", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_steps_add_up_in_one_file(tmp_path):
    out = tmp_path / "found.json"
    for step in ("curand", "memcheck"):
        done = gpu_check("--device", "cpu", "--only", step, "--out", out)
        assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())
    assert {name: step["result"] for name, step in found["steps"].items()} == {
        "curand": "left out",
        "memcheck": "left out",
    }
    assert found["machine"]["torch"] and found["machine"]["missing"] == []
    done = gpu_check("--only", "build,benches")
    assert done.returncode == 2 and "no step 'benches'" in done.stderr


def test_a_step_that_hangs_or_fails_stops_no_other(tmp_path, monkeypatch):
    module = runpy.run_path(str(ROOT / "scripts" / "gpu_check"), run_name="gpu_check")
    run, step = module["run"], module["Step"]
    monkeypatch.setitem(run.__globals__, "WORK", tmp_path)
    hangs = run("hangs", step((sys.executable, "-c", "import time; time.sleep(60)"), 1), 9, {})
    assert hangs["result"] == "TIME OUT" and hangs["seconds"] < 30
    fails = run("fails", step((sys.executable, "-c", "print('so'); exit(3)"), 60), 60, {})
    assert fails["result"] == "FAILED (3)" and fails["said"] == ["so"]
    absent = run("absent", step((str(tmp_path / "nothing"),), 60), 60, {})
    assert absent["result"] == "FAILED" and "nothing" in absent["said"][0]


def test_only_what_is_missing_is_unpacked(tmp_path, monkeypatch):
    module = runpy.run_path(str(ROOT / "scripts" / "gpu_check"), run_name="gpu_check")
    monkeypatch.setitem(module["unpack"].__globals__, "WORK", tmp_path / "work")
    assert module["unpack"](tmp_path) is None
    (tmp_path / "wheels").mkdir()
    for name in ("json", "nobody_has_this"):
        with zipfile.ZipFile(tmp_path / "wheels" / f"{name}-1-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}/__init__.py", "")
            wheel.writestr(f"{name}-1.dist-info/METADATA", "")
    site = module["unpack"](tmp_path)
    assert sorted(p.name for p in site.iterdir() if p.is_dir()) == [
        "nobody_has_this",
        "nobody_has_this-1.dist-info",
    ]


def test_cases_are_the_same_each_time_and_of_every_kind():
    made = [cases.make(number) for number in range(120)]
    assert str(made[7]) == str(cases.make(7))
    assert {case.error.kind for case in made} == {
        "uniform",
        "data_dependent",
        "bitline",
        "wordline",
        "cells",
    }
    assert len({case.x.dtype for case in made}) == 7
    assert any(case.gradient for case in made)
    assert [case.number for case in made if cases.differences(case, "cpu")] == []


def test_a_difference_is_found(monkeypatch):
    case = next(case for case in map(cases.make, range(100)) if case.x.numel() > 100)
    sound, calls = cases.run, []

    def once_wrong(case, device):
        made = sound(case, device)
        calls.append(device)
        if len(calls) > 1:
            made["out"].view(-1)[0] += 1
        return made

    monkeypatch.setattr(cases, "run", once_wrong)
    assert cases.differences(case, "cpu") == ["out"]


@pytest.mark.parametrize(
    "script, arguments",
    [
        ("gpu", ("--elements", 4096, "--repeats", 1, "--parts", "bandwidth", "kinds", "memory")),
        ("boosted", ("--images", 200, "--epochs", 1, "--draws", 1)),
    ],
)
def test_the_benchmarks_of_a_gpu_run(script, arguments, tmp_path, monkeypatch):
    benchmarks, figures = ROOT / "benchmarks", tmp_path / "figures.json"
    monkeypatch.syspath_prepend(str(benchmarks))
    argv = [script, *map(str, arguments), "--device", "cpu", "--json", str(figures)]
    monkeypatch.setattr(sys, "argv", argv)
    runpy.run_path(str(benchmarks / f"{script}.py"), run_name="__main__")
    found = json.loads(figures.read_text())
    assert found["benchmark"] == script and found["rows"] and found["head"]["device"] == "cpu"
