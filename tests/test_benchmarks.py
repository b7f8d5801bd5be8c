"""Each benchmark runs, at a size that takes no time, and writes what it prints."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from _small import write_images, write_recipe

from eden.folder import load_recipe
from eden.run import run as run_recipe

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Run a benchmark; returns its JSON and the lines it printed."""

    def main(script, *arguments):
        figures = tmp_path / f"{script}.json"
        monkeypatch.syspath_prepend(str(BENCHMARKS))
        argv = [script, *map(str, arguments), "--json", str(figures)]
        monkeypatch.setattr(sys, "argv", argv)
        runpy.run_path(str(BENCHMARKS / f"{script}.py"), run_name="__main__")
        return json.loads(figures.read_text()), capsys.readouterr().out.splitlines()

    return main


@pytest.mark.parametrize("stored", ["fp32", "int8"])
def test_inject(run, stored):
    sizes = ("--elements", 4096, "--repeats", 1, "--rates", 0, 1e-2)
    figures, lines = run("inject", *sizes, "--stored", stored)
    assert figures["benchmark"] == "inject"
    assert {"cpu", "threads", "torch", "python", "stored"} <= set(figures["head"])
    clean, faulty = figures["rows"]
    assert clean["delivered"] == 0 and faulty["delivered"] == pytest.approx(1e-2, rel=0.3)
    assert clean["target"] == 1.15 and faulty["target"] == 6
    assert "torch=" in lines[0] and len(lines) == 5


def test_models(run):
    figures, _ = run("models", "--elements", 65536, "--repeats", 1, "--fractions", 1e-2)
    rows = {row["model"]: row for row in figures["rows"]}
    assert rows["uniform"]["ratio"] == 1
    for model, share in (
        ("bitline", 1),
        ("wordline", 1),
        ("data-dependent", 0.6),
        ("F = 0.5", 0.5),
    ):
        assert rows[model]["delivered"] == pytest.approx(1e-2 * share, rel=0.1)


def test_models_in_a_search(run):
    figures, lines = run("models", "--search", "--repeats", 1)
    assert figures["benchmark"] == "models-search"
    uniform, bitline, wordline = figures["rows"]
    assert uniform["ratio"] == 1
    assert (bitline["model"], wordline["model"]) == ("bitline", "wordline")
    assert bitline["ratio"] == pytest.approx(bitline["s"] / uniform["s"])
    assert len(lines) == 5


def test_copy_ways(run, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(BENCHMARKS.parent))
    figures, _ = run("copy_ways", "--elements", 4096, "--repeats", 1, "--rounds", 1)
    assert [row["ber"] for row in figures["rows"]] == [0, 1e-5, 1e-4, 1e-3, 1e-2, 0.5]
    for row in figures["rows"]:
        assert all(row[way] > 0 for way in ("auto", "cached", "stream", "library"))


def test_mapping(run):
    figures, _ = run("mapping", "--tensors", 30, "--repeats", 1)
    gaps = {which: [] for which in ("greedy", "exact")}
    for row in figures["rows"]:
        gaps[row["method"]].append(row["gap"])
    assert len(gaps["greedy"]) == 16 and max(gaps["exact"]) < 1e-9


def test_protection(run):
    figures, _ = run("protection", "--elements", 4096, "--repeats", 1)
    rows = figures["rows"]
    assert [row["protection"] for row in rows][:2] == ["none", "triple"]
    assert rows[0]["to_none"] == 1 and len(rows) == 5


def test_keep(run):
    figures, _ = run("keep", "--network", "lenet", "--batches", 2, "--repeats", 1)
    rows = figures["rows"]
    assert [row["model"] for row in rows[::4]] == ["uniform", "F = 0.5", "bitline"]
    assert all(row["anew"] > 0 and row["kept"] > 0 for row in rows)


def test_step(run):
    sizes = ("--networks", "lenet", "mobilenet_v2", "--batch", 4, "--repeats", 1)
    figures, _ = run("step", *sizes)
    lenet, mobile = figures["rows"]
    assert (lenet["network"], mobile["network"]) == ("lenet", "mobilenet_v2")
    assert lenet["to_frozen"] is None and mobile["to_frozen"] > 0  # no batch norm in LeNet
    for row in (lenet, mobile):
        assert row["to_plain"] == pytest.approx(row["boosted_ms"] / row["plain_ms"])
    figures, _ = run("step", *sizes[:2], *sizes[3:], "--model", "bitline")
    assert figures["head"]["model"] == "bitline"


def test_rivals(run):
    sizes = ("--sizes", 32768, "--rates", 1e-3, 0.5, "--repeats", 1)
    figures, _ = run("rivals", *sizes, "--no-compile", "--mrfi", "nowhere")
    assert figures["head"]["mrfi"].startswith("left out") or "mrfi" in sys.modules
    tools = [row["tool"] for row in figures["rows"] if row["tool"].split()[0] != "mrfi"]
    assert tools == 2 * ["copy_", "eden", "rand", "bernoulli"]
    for row in figures["rows"]:
        if row["delivered"] is not None:
            assert row["delivered"] == pytest.approx(row["ber"], rel=0.3)
        assert (row["/best rival"] is None) == (row["tool"] != "eden")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory(run, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(BENCHMARKS.parent))
    figures, _ = run("memory", "--sizes", 2**20, "--repeats", 1)
    (row,) = figures["rows"]
    assert row["elements"] == 2**20 and row["extra MiB"] < 4 and row["growth"] is None


def test_what_more_memory_is_seen():
    # In a process of its own: this one keeps memory that earlier tests gave back.
    code = """if True:
        import torch
        from memory import extra_bytes
        x = torch.ones(2**22)
        print(extra_bytes(lambda: x + (x + 1)) / x.nbytes, extra_bytes(lambda: x + 1) / x.nbytes)
    """
    run = [sys.executable, "-c", code]
    said = subprocess.run(run, cwd=BENCHMARKS, check=True, capture_output=True, text=True).stdout
    more, none = map(float, said.split())
    assert more > 0.9 and none < 0.1


def test_plot(run, tmp_path, monkeypatch, capsys):
    sizes = ("--elements", 4096, "--repeats", 1, "--rates", 0, 1e-3, 1e-2)
    run("inject", *sizes)
    run("rivals", "--sizes", 4096, "--rates", 1e-3, 1e-2, "--repeats", 1, "--no-compile")
    script = str(BENCHMARKS.parent / "scripts" / "plot_benchmarks")
    picture = tmp_path / "picture.svg"
    files = [str(tmp_path / "inject.json"), str(tmp_path / "rivals.json")]
    monkeypatch.setattr(sys, "argv", ["plot_benchmarks", *files, "--out", str(picture)])
    with pytest.raises(SystemExit) as done:
        runpy.run_path(script, run_name="__main__")
    assert done.value.code == 0 and "<svg" in picture.read_text()
    other = tmp_path / "other.json"
    other.write_text("{}")
    monkeypatch.setattr(sys, "argv", ["plot_benchmarks", str(other)])
    with pytest.raises(SystemExit) as done:
        runpy.run_path(script, run_name="__main__")
    assert done.value.code == 2 and "no file of inject.py" in capsys.readouterr().err


def test_characterise(run, tmp_path, monkeypatch):
    monkeypatch.setenv("EDEN_DATA", str(write_images(tmp_path / "images")))
    folder = tmp_path / "run"
    run_recipe(load_recipe(write_recipe(tmp_path)), folder, until="boost", progress=False)
    figures, lines = run("characterise", folder, "--images", 60, "--draws", 2)
    rows = {row["sweep"]: row for row in figures["rows"]}
    steps = 8040 // (2 * 60)  # the grid's, from 1e-7 to 0.4
    assert rows["every step and draw"]["passes"] == 2 * 60 * steps
    for row in rows.values():
        assert row["ratio"] == row["eden's"] / row["passes"]
        assert 0 <= row["equal"] <= row["within 1"] <= 1
    assert rows["every step and draw"]["ratio"] < 1
    assert rows["every step and draw"]["of"] == 3 and rows["one step, every draw"]["of"] == 10
    assert lines[-1].startswith("boosted: coarse and fine in")
    figures, _ = run("characterise", folder, "--risk", "--images", 60, "--draws", 2)
    (row,) = figures["rows"]
    assert row["cells"] > 0
    risk = row["cells"] + row["risk, coarse"] + row["risk, fine"]
    assert row["ratio"] == risk / (row["sweep, coarse"] + row["sweep, fine"])


def test_profiles(run):
    figures, lines = run("profiles", "--rows", 2000)
    assert figures["rows"][0]["rows"] == 2000 and figures["rows"][0]["seconds"] > 0
    assert len(lines) == 3
