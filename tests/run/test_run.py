"""A run from the images to the report, cut short wherever one likes."""

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from _small import boosted_by, contents, small, write_recipe

from eden import _files as store
from eden._versions import versions
from eden.folder import Results, RunFolder, StageFiles, load_recipe, parse_recipe
from eden.folder import _run_folder as folders
from eden.folder._recipe_keys import DataKeys, MapKeys, VerifyKeys
from eden.report import write_report
from eden.run import STAGES, advance, run
from eden.run._work import Work

SAMPLED = ("standard_error", "difference", "original_accuracy")


@pytest.fixture(scope="module")
def finished(tmp_path_factory, images):
    """One run in one go: what every other run has to end in."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDEN_DATA", str(images))
        return run(load_recipe(write_recipe(folder.parent)), folder, progress=False)


def test_a_run_leaves_what_it_promises(finished):
    files = contents(finished)
    for name in (
        "recipe.json",
        "versions.json",
        "seeds.json",
        "baseline.safetensors",
        "adapted.json",
        "boosted.safetensors",
        "control.safetensors",
        "placement.json",
        "energy.json",
        "verify.json",
        "curve.csv",
        "curve.json",
        "table.csv",
        "report.html",
    ):
        assert name in files
    assert sum(name.endswith(".parquet") for name in files) > 20
    assert not any(name.endswith(".tmp") for name in files)
    assert set(json.loads((finished / "time.json").read_text())) == {s.name for s in STAGES}
    verdict = json.loads(files["verify.json"])["attempts"][0]["verdict"]
    assert len(verdict["accuracies"]) == 3
    accounts = json.loads(files["energy.json"])
    names = {f"{n}-{m}" for n in ("baseline", "control", "boosted") for m in ("coarse", "greedy")}
    assert names <= accounts.keys()
    # Rated voltage at 10 ns: less time and so less background energy, the same for every law.
    saving = accounts["latency"]["saving"]
    assert 0 < saving["linear"] == saving["cv2"] == saving["array"] < 0.05
    assert "latency alone,,1.350" in files["table.csv"].decode()
    # Host, paths and times stay out of everything that is compared.
    for name, data in files.items():
        if not name.endswith((".parquet", ".safetensors")):
            assert str(finished).encode() not in data, name


def test_the_report_needs_no_network(finished):
    page = (finished / "report.html").read_text()
    assert page.count("data:image/svg+xml;base64,") == 8
    assert "http://" not in page and "https://" not in page and "<script" not in page
    assert "their range, on 50 images; the target is of these too." in page
    for word in ("Accuracy against", "Tolerance by tensor", "Placement", "Energy", "Curriculum"):
        assert word in page


def test_a_folder_of_earlier_versions_is_reported_without_standard_errors(finished, tmp_path):
    shutil.copytree(finished, folder := tmp_path / "old")
    seen = json.loads((folder / "verify.json").read_text())
    assert seen["test_images"] == seen["attempts"][0]["verdict"]["images"] == 100
    known = {"network", "method", "original_test_accuracy", "test_accuracy", "passed", "attempts"}
    for attempt in seen["attempts"]:
        for name in [n for n in attempt["verdict"] if n == "images" or n.endswith(SAMPLED)]:
            del attempt["verdict"][name]
    (folder / "verify.json").write_text(json.dumps({name: seen[name] for name in known}))
    write_report(Results(RunFolder(folder)), StageFiles(folder))
    pages = [(each / "report.html").read_text() for each in (finished, folder)]
    assert ["paired" in page for page in pages] == ["\u00b1" in page for page in pages]
    assert ["\u00b1" in page for page in pages] == [True, False]


def test_a_failed_verification_retreats_and_reports_every_attempt(tmp_path):
    # One draw can show nothing at 95 %, so the declared point fails whatever it does.
    strict = VerifyKeys(seeds=1, quantile=0.95, confidence=0.95, attempts=2)
    recipe = boosted_by(small().model_copy(update={"verify": strict}), control=False)
    folder = run(recipe, tmp_path / "run", progress=False)
    seen = json.loads((folder / "verify.json").read_text())
    first, second = seen["attempts"]
    assert not first["verdict"]["passed"] and first["verdict"]["seeds"] == 1
    assert (second["verdict"]["seeds"], second["verdict"]["confidence"]) == (72, 0.975)
    assert seen["passed"] == second["verdict"]["passed"]
    assert second["placement"]["vdd_volts"] >= first["placement"]["vdd_volts"]
    assert places_of(first) != places_of(second)
    assert "retreat" in json.loads((folder / "energy.json").read_text())
    assert "retreat" in (folder / "table.csv").read_text().splitlines()[-1]
    assert json.loads((folder / "placement.json").read_text()) == first["placement"]


def places_of(attempt):
    tensors = attempt["placement"]["tensors"].values()
    return [(t["partition"], t["address"], t["ber"]) for t in tensors]


class Killed(BaseException):
    """Stands for SIGKILL: nothing in eden may catch it."""


def killed_after(monkeypatch, writes):
    left = [writes]
    replace = os.replace

    def count(source, target):
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        replace(source, target)

    monkeypatch.setattr(store.os, "replace", count)


def test_cut_short_again_and_again_it_ends_in_the_same_bits(tmp_path, finished, monkeypatch):
    # Each life may write a few more files than the last; between two of them everything in
    # memory is lost, and a temporary may be left behind.
    folder = tmp_path / "cut"
    for writes in (0, 1, 3, 5, 6, 9, 40, 90):
        with monkeypatch.context() as patch:
            killed_after(patch, writes)
            with pytest.raises(Killed):
                run(small(), folder, resume=True, progress=False)
    run(small(), folder, resume=True, progress=False)
    assert contents(folder) == contents(finished)


def test_kill_9_at_any_moment_and_resume(tmp_path, finished):
    folder = tmp_path / "killed"
    command = [sys.executable, "-m", "eden", "run", str(write_recipe(tmp_path))]
    command += ["--out", str(folder), "--resume"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (folder / "tolerances").exists() and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    assert process.wait() != 0
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "report.html" in done.stdout
    assert contents(folder) == contents(finished)


def test_verbs_go_stage_by_stage_and_do_nothing_twice(tmp_path, finished):
    folder = run(small(), tmp_path / "staged", until="train", progress=False)
    assert not (folder / "boosted.safetensors").exists()
    first, then = ("adapt", "boost", "control"), ("criticality", "characterize", "map", "evaluate")
    for verb in (*first, *then, "report"):
        advance(folder, until=verb, progress=False)
    assert contents(folder) == contents(finished)
    before = {p: p.stat().st_mtime_ns for p in [folder, *folder.rglob("*")]}
    advance(folder, progress=False)
    assert {p: p.stat().st_mtime_ns for p in [folder, *folder.rglob("*")]} == before


def test_a_harmed_file_is_made_again(tmp_path, finished):
    folder = tmp_path / "harmed"
    shutil.copytree(finished, folder)
    (folder / "energy.json").write_text("{}")
    (folder / "table.csv").unlink()
    advance(folder, progress=False)
    assert contents(folder) == contents(finished)


def test_a_changed_recipe_is_refused_with_the_keys_that_differ(tmp_path, finished):
    other = small().model_copy(update={"seed": 5})
    with pytest.raises(ValueError, match=r"another recipe; changed: seed: 0 -> 5\.") as refused:
        run(other, finished, resume=True, progress=False)
    # What to do about it: another folder, and what spares the training there.
    trained = finished / "baseline.safetensors"
    said = f"another --out, where --weights {trained} takes what was trained here"
    assert str(refused.value).endswith(said)
    begun = RunFolder.create(tmp_path / "begun", small(), resume=False).path
    with pytest.raises(ValueError, match=r"or choose another --out$"):
        run(other, begun, resume=True, progress=False)
    with pytest.raises(ValueError, match="holds a run already; add --resume"):
        run(small(), finished, progress=False)


def test_other_versions_and_other_images_are_refused(tmp_path, finished, monkeypatch):
    real = versions()
    with monkeypatch.context() as patch:
        patch.setattr(folders, "versions", lambda: {**real, "torch": "9.9"})
        with pytest.raises(ValueError, match=r"other versions; changed: torch: .* -> '9.9'"):
            advance(finished, progress=False)
    images = shutil.copytree(os.environ["EDEN_DATA"], tmp_path / "images")
    path = images / "t10k-images-idx3-ubyte"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    monkeypatch.setenv("EDEN_DATA", str(images))
    with pytest.raises(ValueError, match=r"other images \(those of test differ\)"):
        advance(finished, progress=False)


def test_two_runs_do_not_share_a_folder(finished):
    with (
        RunFolder(finished).locked(),
        pytest.raises(ValueError, match="another eden process"),
    ):
        advance(finished, progress=False)


def test_a_full_disk_ends_the_run_and_the_earlier_state_survives(tmp_path, finished, monkeypatch):
    folder = run(small(), tmp_path / "full", until="train", progress=False)
    before = contents(folder)

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(store.os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            advance(folder, progress=False)
    assert contents(folder) == before
    advance(folder, progress=False)
    assert contents(folder) == contents(finished)


@pytest.mark.parametrize("key", ["protect", "map.protect"])
def test_a_protection_of_nothing_is_refused_before_a_folder_is_made(tmp_path, key):
    protect = {"fc9*": "triple"}
    changed = {"protect": protect} if key == "protect" else {"map": MapKeys(protect=protect)}
    with pytest.raises(ValueError, match=rf"^recipe key {key}: 'fc9\*' matches no"):
        run(small().model_copy(update=changed), tmp_path / "x", progress=False)
    assert not (tmp_path / "x").exists()


def test_more_images_than_there_are(tmp_path):
    bad = small().model_copy(update={"data": DataKeys(train_images=5000)})
    with pytest.raises(ValueError, match=r"data.train_images is 5000, accepted: at most 990"):
        run(bad, tmp_path / "x", progress=False)
    assert not (tmp_path / "x").exists()


def test_a_network_that_is_lost_as_it_is_stored_is_refused_before_boosting(tmp_path):
    """Rounded to steps of four bits with one copy within, nothing is left; int4 alone is borne."""
    folder = tmp_path / "run"
    message = r"accuracy_loss is 0\.1, accepted: at least 0\.\d+, what storing .* int4 and the rec"
    with pytest.raises(ValueError, match=message):
        run(small(stored="int4", protect={"*": "embedded"}), folder, progress=False)
    assert (folder / "baseline.safetensors").exists() and not (folder / "boosting").exists()


def test_what_the_format_alone_costs_is_refused_too(tmp_path, finished, monkeypatch):
    target = Work.target_for
    monkeypatch.setattr(Work, "target_for", lambda self, accuracy: target(self, accuracy) + 0.5)
    message = r"accuracy_loss is 0\.1, accepted: at least 0\.\d+, what storing .* as int8 costs"
    with pytest.raises(ValueError, match=message):
        run(small(), tmp_path / "run", until="boost", progress=False)


def test_the_keys_of_what_is_stored_reach_the_config():
    recipe = parse_recipe({"scale": "tensor", "on_chip_bytes": 8192, "stored": "int4"})
    work = Work(SimpleNamespace(recipe=recipe, path=None), (None, None))
    assert (work.config.scale, work.config.on_chip_bytes) == ("tensor", 8192)
    plain = Work(SimpleNamespace(recipe=parse_recipe({}), path=None), (None, None)).config
    assert (plain.scale, plain.on_chip_bytes) == ("channel", 0)


def test_training_shows_its_last_pass_too(tmp_path, capsys):
    """By which bounds are learned: minutes, for a deep network."""
    run(small(), tmp_path / "shown", until="train", progress=True)
    assert "bounds: 100%" in capsys.readouterr().err
