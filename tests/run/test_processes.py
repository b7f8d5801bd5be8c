"""The stage that boosts, in one process and in several."""

import csv
import json
import os

import pytest
from _small import boosted_by, small

from eden.folder import NETWORKS, RunFolder
from eden.run import run
from eden.run._processes import in_processes
from eden.run._work import Work, read_inputs
from eden.tolerance._memo import Memo


def test_several_processes_boost_as_one_does(tmp_path):
    folders = [
        run(boosted_by(processes=count), tmp_path / str(count), until="boost", progress=False)
        for count in (1, 2)
    ]
    rows = [
        list(csv.DictReader((folder / "curriculum.csv").read_text().splitlines()))
        for folder in folders
    ]
    assert len(rows[0]) == len(rows[1])
    for one, two in zip(*rows, strict=True):
        assert one["ber"] == two["ber"]
        assert float(two["loss"]) == pytest.approx(float(one["loss"]), rel=0.05)
    kept = [json.loads((folder / "boost.json").read_text()) for folder in folders]
    # Rounding moves what AdamW makes of small gradients: of 80 images a few may go either way.
    assert abs(kept[0]["validation_accuracy"] - kept[1]["validation_accuracy"]) <= 0.05


def test_a_loss_that_is_no_number_is_a_collapse_in_several_processes_too(tmp_path):
    recipe = boosted_by(processes=2)
    # Floats whose exponents flip at will.
    hopeless = recipe.boost.model_copy(update={"epochs": 1, "target_bers": [0.3]})
    update = {"boost": hopeless, "stored": "fp32", "correction": "off", "protect": {}}
    recipe = recipe.model_copy(update=update)
    folder = run(recipe, tmp_path / "run", until="boost", progress=False)
    rows = list(csv.DictReader((folder / "curriculum.csv").read_text().splitlines()))
    assert "nan" in {row["loss"] for row in rows}
    assert not json.loads((folder / "boost.json").read_text())["kept"]


def refused(work, rank, ranks):
    raise ValueError(f"no network for {ranks}")


def gone(work, rank, ranks):
    os._exit(3)


def test_what_a_process_ends_in_is_one_line(tmp_path):
    folder = run(boosted_by(processes=1), tmp_path / "run", until="train", progress=False)
    opened = RunFolder(folder)
    work = Work(opened, read_inputs(opened.recipe), progress=False)
    with pytest.raises(ValueError) as raised:
        in_processes(refused, work, 2)
    assert str(raised.value) == "training in 2 processes: ValueError: no network for 2"
    with pytest.raises(ValueError, match=r"^training in 2 processes: .* exit code 3$"):
        in_processes(gone, work, 2)


def test_where_boosting_costs_too_much_the_network_as_trained_stays(tmp_path, monkeypatch):
    wild = small().boost.model_copy(update={"learning_rate": 10.0, "input_range": 0.1})
    recipe, folder = small().model_copy(update={"boost": wild}), tmp_path / "run"
    run(recipe, folder, until="boost", progress=False)
    told = json.loads((folder / "boost.json").read_text())
    # Half the accuracy may be lost here, so the network as trained itself would be good enough.
    assert told["validation_accuracy"] >= told["validation_target"]
    assert not told["kept"] and told["input_range"] == 1.0
    baseline, boosted = (folder / f"{name}.safetensors" for name in ("baseline", "boosted"))
    assert boosted.read_bytes() == baseline.read_bytes()
    # It is one network, asked once.
    asked, write = [], Memo._write
    monkeypatch.setattr(
        Memo, "_write", lambda memo, note: (asked.append(memo.folder.name), write(memo, note))
    )
    run(recipe, folder, until="characterize", resume=True, progress=False)
    assert {name for name in asked if not name.startswith("cells-")} == {"baseline"}
    told = [(folder / f"criticality/{name}.json").read_bytes() for name in NETWORKS]
    assert told[0] == told[1]
    # Without errors it is as wild.
    assert not json.loads((folder / "control.json").read_text())["kept"]
    assert (folder / "control.safetensors").read_bytes() == baseline.read_bytes()


def test_single_cells_that_boosting_was_judged_by_are_not_asked_again(tmp_path, monkeypatch):
    folder = run(small(), tmp_path / "run", until="control", progress=False)
    for name, left in (("boost", "boosting"), ("control", "control")):
        assert json.loads((folder / f"{name}.json").read_text())["kept"]
        assert not (folder / left).exists()
    asked, write = [], Memo._write
    monkeypatch.setattr(
        Memo, "_write", lambda memo, note: (asked.append(memo.folder.name), write(memo, note))
    )
    run(small(), folder, until="criticality", resume=True, progress=False)
    assert set(asked) == {"baseline"}
