"""`eden profile`: what is shown, converted and refused."""

from pathlib import Path

import pytest

from eden import profiles
from eden.cli import main

STUDY = "dimm_name,vdd,vendor,error_cacheline_percent\nB10,1.05,B,25\nB10,1.1,B,0\n"


@pytest.fixture
def study(tmp_path) -> Path:
    path = tmp_path / "lines.csv"
    path.write_text(STUDY)
    return path


def test_convert_and_show(study, tmp_path, capsys):
    out = tmp_path / "b10.parquet"
    assert main(["profile", "convert", str(study), str(out)]) == 0
    said = capsys.readouterr().out
    assert "- lines of 64 bytes were counted" in said and f"{out}: 2 observations" in said
    assert profiles.read(out).table == profiles.read(study).table
    assert main(["profile", "show", str(out), "--all"]) == 0
    assert "2.5e-1" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["convert", "FILE", "out.txt"], ["show", "nothing.csv"]])
def test_what_cannot_be_is_one_line(arguments, study, capsys):
    arguments = [str(study) if a == "FILE" else a for a in arguments]
    assert main(["profile", *arguments]) == 2
    printed = capsys.readouterr()
    assert len(printed.err.splitlines()) == 1 and printed.err.startswith("eden: ")


def test_a_wrong_line_is_named(study, capsys):
    study.write_text(STUDY + "B10,1.15,B,many\n")
    assert main(["profile", "show", str(study)]) == 2
    assert f"{study}, line 4: error_cacheline_percent is 'many'" in capsys.readouterr().err
