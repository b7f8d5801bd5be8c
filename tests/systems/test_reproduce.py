"""The script that holds systems against the paper: what it keeps, resumes and redraws."""

import runpy
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "reproduce_systems.py"


def reproduce(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["reproduce_systems.py", *map(str, arguments)])
    runpy.run_path(str(SCRIPT), run_name="__main__")


def test_shards_are_kept_and_drawn_again(tmp_path, monkeypatch, capsys):
    some = ("--setups", "eyeriss", "tpu", "--networks", "lenet", "--requests", 1000)
    reproduce(monkeypatch, tmp_path, *some)
    assert len(capsys.readouterr().out.splitlines()) == 2
    tables = (tmp_path / "tables.md").read_text()
    assert "| eyeriss | 31 % | 20.8% | 37.3% |" in tables
    assert "| tpu | lenet | 0." in tables
    drawn = {p.name: p.read_bytes() for p in tmp_path.glob("*.svg")}
    assert len(drawn) == 3
    # A shard that is missing is run again, and no other.
    (tmp_path / "tpu.lenet.json").unlink()
    reproduce(monkeypatch, tmp_path, *some)
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == [
        "tpu.lenet.json"
    ]
    reproduce(monkeypatch, tmp_path, "--redraw")
    assert capsys.readouterr().out == ""
    assert {p.name: p.read_bytes() for p in tmp_path.glob("*.svg")} == drawn


def test_each_network_has_a_line_and_a_name(monkeypatch):
    """Ten networks, more than there are colours."""
    drawn = runpy.run_path(str(SCRIPT))
    names, steps = list(drawn["NETWORKS"]), [0, *drawn["LOWER_NS"], drawn["IDEAL"]]
    shard = {"points": {str(step): {"seconds": 1.0} for step in steps}}
    monkeypatch.setitem(drawn["speedup_figure"].__globals__, "speedup", lambda *_: 0.1)
    shards = {("tpu", name): shard for name in names[1:]} | {("cpu", names[0]): shard}
    figure = drawn["speedup_figure"](plt, shards, ["cpu", "tpu"], ["r", "g", "b"])
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == names
    styles = {(line.get_color(), line.get_linestyle()) for line in legend.get_lines()}
    assert len(styles) == min(len(names), 6)
    plt.close(figure)


def test_nothing_to_draw_is_one_line(tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit) as stopped:
        reproduce(monkeypatch, tmp_path, "--redraw")
    assert stopped.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith("holds no shards")
