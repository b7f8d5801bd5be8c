"""Each benchmark runs, at a size that takes no time, and writes what it prints."""

import json
import runpy
import sys
from pathlib import Path

import pytest

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
