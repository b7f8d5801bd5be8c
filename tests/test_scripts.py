"""The scripts' bad days: what they say when data is missing or wrong, before anything is built."""

import gzip
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent.parent / "scripts"


@pytest.mark.parametrize("script", ["quickstart", "test"])
@pytest.mark.parametrize("value", ["", "empty", "absent"])
def test_wrong_explicit_data_is_one_line_and_exit_code_2(script, value, tmp_path):
    (tmp_path / "empty").mkdir()
    explicit = str(tmp_path / value) if value else ""
    done = subprocess.run(
        [SCRIPTS / script],
        env=os.environ | {"EDEN_DATA": explicit},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{script}: EDEN_DATA") and explicit in line


@pytest.fixture
def download(monkeypatch):
    spec = importlib.util.spec_from_file_location("download", SCRIPTS / "download_fashion_mnist.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    content = b"pixels" * 100
    monkeypatch.setattr(module, "FILES", {"images": hashlib.sha256(content).hexdigest()})
    module.content = content
    return module


def test_download_keeps_only_what_is_right(download, tmp_path, capsys):
    wrong, right, target = (tmp_path / name for name in ("wrong", "right", "target"))
    for folder in (wrong, right):
        folder.mkdir()
    packed = gzip.compress(download.content)
    (wrong / "images.gz").write_bytes(packed[:-20])
    assert download.main(str(target), wrong.as_uri() + "/") == 2
    assert "checksum" in capsys.readouterr().err
    assert not target.exists()
    (right / "images.gz").write_bytes(packed)
    # A source that fails is passed over, a file that is right is not fetched again.
    assert download.main(str(target), wrong.as_uri() + "/", right.as_uri() + "/") == 0
    assert [p.name for p in target.iterdir()] == ["images.gz"]
    assert download.main(str(target), "file:///nowhere/") == 0
    (target / "images.gz").write_bytes(b"spoiled")
    assert download.main(str(target), "file:///nowhere/") == 2


def test_findings_are_drawn_of_the_results_there_are(tmp_path):
    """Nothing in int8 says nothing of groups of tensors, no rows of runs nothing of sizes."""
    case = {"network": "lenet", "stored": "fp32", "way": "none", "seed": 0}
    found = {"case": case, "ber": 1e-4, "lambda": 60.0, "mean": 5e-4, "interval": [5e-5, 2e-4]}
    found |= {"clean": 0.91, "original": 0.91, "seconds": 0.0, "draws": 0, "misses": 0}
    (tmp_path / "risk-lenet-fp32-none-0.json").write_text(json.dumps(found))
    figures, no_rows = tmp_path / "figures", tmp_path / "no_rows.csv"
    no_rows.write_text("network,loss,variant,accuracy,ber,low,high,mean_ber,recipe,code\n")
    given = [tmp_path, "--tolerances", no_rows, "--figures", figures]
    done = subprocess.run(
        [sys.executable, SCRIPTS / "study_findings.py", *given],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    row = "| lenet, fp32 | as trained | 1 |  |  | 60 | 1.0e-4 | 1.0 | 5.0e-4 | 1.0 |  |"
    assert row in done.stdout
    assert [path.name for path in figures.iterdir()] == ["findings_precision.svg"]
