"""Files that are whole or not there."""

import errno
import os

import pytest

from eden import _files as store
from eden._files import (
    digest,
    read_json,
    remove_temporaries,
    write_bytes,
    write_csv,
    write_json,
)


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_full_disk_leaves_the_earlier_state(tmp_path, monkeypatch, moment):
    path = write_bytes(tmp_path / "a" / "b.json", b"old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store.os, moment, full)
    with pytest.raises(OSError, match="No space left") as caught:
        write_bytes(path, b"new")
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == ["b.json"]


def test_what_need_not_last_is_not_waited_for(tmp_path, monkeypatch):
    flushed = []
    monkeypatch.setattr(os, "fsync", flushed.append)
    write_bytes(tmp_path / "a", b"lasting")
    assert len(flushed) == 2  # the file, and its entry in the folder
    write_bytes(tmp_path / "b", b"not", lasting=False)
    assert len(flushed) == 2 and (tmp_path / "b").read_bytes() == b"not"


def test_only_what_eden_left_half_written_is_removed(tmp_path):
    (tmp_path / "x.tmp").mkdir()
    (tmp_path / ".eden-folder.tmp").mkdir()
    (tmp_path / "notes.tmp").write_text("mine")
    (tmp_path / ".eden-link.tmp").symlink_to(tmp_path / "notes.tmp")
    (tmp_path / ".eden-b.json.17.tmp").write_text("half")
    remove_temporaries(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [
        ".eden-folder.tmp",
        ".eden-link.tmp",
        "notes.tmp",
        "x.tmp",
    ]


def test_a_link_in_the_way_is_not_followed(tmp_path):
    target = tmp_path / "precious"
    target.write_text("mine")
    (tmp_path / f".eden-b.{os.getpid()}.tmp").symlink_to(target)
    write_bytes(tmp_path / "b", b"new")
    assert target.read_text() == "mine" and (tmp_path / "b").read_bytes() == b"new"


def test_a_folder_in_the_way_is_an_error_that_names_it(tmp_path):
    (tmp_path / "b").mkdir()
    with pytest.raises(OSError, match="directory") as caught:
        write_bytes(tmp_path / "b", b"new")
    assert caught.value.filename == str(tmp_path / "b")
    assert os.listdir(tmp_path) == ["b"]


def test_json_is_sorted_finite_and_ends_in_a_newline(tmp_path):
    assert write_json(tmp_path / "x", {"b": 1, "a": 1e-9}).read_text() == (
        '{\n "a": 1e-09,\n "b": 1\n}\n'
    )
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "y", float("nan"))
    assert not (tmp_path / "y").exists()
    (tmp_path / "z").write_text("{")
    with pytest.raises(ValueError, match="is not JSON"):
        read_json(tmp_path / "z")


def test_csv_and_digest(tmp_path):
    path = write_csv(tmp_path / "t.csv", [{"a": 1, "b": None}, {"a": 2.5}], ["a", "b"])
    assert path.read_text() == "a,b\n1,\n2.5,\n"
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 1})


def test_a_key_given_twice_is_no_json_of_ours(tmp_path):
    path = write_bytes(tmp_path / "twice.json", b'{"a": {"seed": 1, "seed": 2}}')
    with pytest.raises(ValueError, match=r"twice\.json is not JSON: key 'seed' is given twice"):
        read_json(path)
