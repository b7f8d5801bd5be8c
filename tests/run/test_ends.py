"""What a run refuses to go on with, and what it says of networks that gained or bear nothing."""

import csv
import json
from dataclasses import replace

import pytest
from _small import full_disk, small

from eden import devices
from eden.folder import Results, RunFolder, StageFiles
from eden.report._variants import labels_of
from eden.run import Work, advance, read_inputs, run
from eden.run import _characterize as stages
from eden.run._boost import boost


def test_points_of_one_supply_are_told_apart():
    points = devices.load("ddr3l-1600-b10").points
    same = replace(points[3], trcd_seconds=12.5e-9, trp_seconds=13.75e-9)
    assert labels_of(points[3:5]) == [f"{p.vdd_volts:.3f} V" for p in points[3:5]]
    first, other, second = labels_of([points[3], points[4], same])
    assert other == f"{points[4].vdd_volts:.3f} V"
    assert second == f"{same.vdd_volts:.3f} V, 12.5/13.75 ns" != first


def test_another_device_of_the_same_file_is_refused(tmp_path):
    path, device = tmp_path / "module.json", devices.load("ddr3l-1600-b10")
    path.write_text(device.to_json())
    folder = run(small(device=str(path)), tmp_path / "run", until="data", progress=False)
    other = json.loads(device.to_json())
    other["points"].pop()
    path.write_text(json.dumps(other))
    with pytest.raises(ValueError, match=r"another device \(.*module\.json has changed\)"):
        advance(folder, progress=False)
    path.write_text(device.to_json())
    advance(folder, until="data", progress=False)


def test_brackets_in_the_name_of_a_folder_are_no_markup(tmp_path, capsys):
    folder = run(small(), tmp_path / "[fp32]" / "[/b]", until="data", progress=True)
    assert f"{folder}: done up to data" in capsys.readouterr().out.replace("\n", "")


def test_the_time_of_a_stage_is_that_of_all_its_attempts(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    with full_disk(monkeypatch, "train.json"):
        run(small(), folder, until="train", progress=False)
    first = RunFolder(folder).times()["train"]["seconds"]
    assert first > 0
    RunFolder(folder).spend("train", 1000.0)
    advance(folder, until="train", progress=False)
    assert RunFolder(folder).times()["train"]["seconds"] > 1000 + first


def test_a_network_that_is_not_kept_kept_no_epoch(tmp_path, monkeypatch):
    """As boosted it meets the target on the images searched, and not on all."""
    folder = run(small(), tmp_path / "run", until="adapt", progress=False)
    work = Work(RunFolder(folder), read_inputs(RunFolder(folder).recipe), progress=False)
    monkeypatch.setattr(Work, "searched_target", 0.1)
    monkeypatch.setattr(Work, "target_for", lambda *_: 1.1)
    boost(work, StageFiles(tmp_path))
    assert json.loads((tmp_path / "boost.json").read_text())["kept"] is False
    rows = list(csv.DictReader((tmp_path / "curriculum.csv").read_text().splitlines()))
    assert rows and {row["kept"] for row in rows} == {"False"}


def test_a_network_that_bears_nothing_comes_to_its_report(tmp_path, monkeypatch):
    """By the sweep: the lowest rate asked is one that a draw of several misses at."""
    search = stages.characterize_coarse

    def bears_nothing(*given, **asked):
        found = search(*given, **asked)
        none = tuple(replace(tensor, tolerance=0.0) for tensor in found.tensors)
        return replace(found, coarse_ber=0.0, sweep_ber=0.0, tensors=none)

    monkeypatch.setattr(stages, "characterize_coarse", bears_nothing)
    asked = small().characterize.model_copy(update={"criterion": "sweep", "fine": True})
    recipe = small().model_copy(update={"characterize": asked})
    folder = run(recipe, tmp_path / "run", progress=False)
    page = (folder / "report.html").read_text()
    said = "the highest at which no draw of the search misses, less a margin"
    assert f"BER borne: {said}, with its interval where it is of a stated probability." in page
    assert f"Tolerates: {said}. The interval" in page
    assert "tolerable BER" in page and "tolerable BER," not in page
    # It is the rate by the sweep: an interval of that by the stated risk is none of it.
    rows = list(csv.DictReader((folder / "variants.csv").read_text().splitlines()))
    assert rows and {row["95 %"] for row in rows} == {""}
    results = Results(RunFolder(folder))
    assert set(results.tolerances("boosted", "fine").bers().values()) == {0.0}
    assert results.placement("boosted", "greedy").vdd_volts == results.device.nominal.vdd_volts
