"""The folder of a run: what others put there, harmed files, and what it was made by."""

import errno
import os
from dataclasses import replace

import pytest
import torch
from _small import contents, small

from eden import _versions
from eden._versions import source_digest, versions
from eden.folder import RunFolder
from eden.folder import _run_folder as folders
from eden.run import STAGES, advance, run
from eden.run import _run as runs


def test_strange_folders_are_refused(tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match=r"not a run folder \(it holds holiday.jpg\)"):
        run(small(), tmp_path, progress=False)
    with pytest.raises(ValueError, match=r"is a file"):
        run(small(), tmp_path / "holiday.jpg", progress=False)
    with pytest.raises(ValueError, match=r"not a run folder \(no recipe.json in it\)"):
        advance(tmp_path, progress=False)
    with pytest.raises(ValueError, match=r"until is 'lunch', accepted: data, train"):
        run(small(), tmp_path / "new", until="lunch", progress=False)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["x.tmp", ".eden-x.tmp/deep", "trials.parquet"])
def test_a_new_run_does_not_go_where_others_keep_things(tmp_path, name):
    kept = tmp_path / "run" / name
    kept.parent.mkdir(parents=True)
    kept.write_text("mine")
    with pytest.raises(ValueError, match=rf"not a run folder \(it holds {name.split('/')[0]}"):
        run(small(), tmp_path / "run", progress=False)
    assert kept.read_text() == "mine"


def test_what_others_put_into_a_run_folder_stays(tmp_path):
    folder = run(small(), tmp_path / "run", until="data", progress=False)
    (folder / "x.tmp").mkdir()
    (folder / "notes.tmp").write_text("mine")
    (folder / ".eden-data.json.1.tmp").write_text("half")
    (folder / "data.json").unlink()
    advance(folder, until="data", progress=False)
    assert (folder / "x.tmp").is_dir() and (folder / "notes.tmp").read_text() == "mine"
    assert not (folder / ".eden-data.json.1.tmp").exists()


def test_the_lock_neither_follows_a_link_nor_empties_a_file(tmp_path):
    folder = run(small(), tmp_path / "run", until="data", progress=False)
    (folder / "env.lock").write_text("mine")
    advance(folder, until="data", progress=False)
    assert (folder / "env.lock").read_text() == "mine"
    (folder / "env.lock").unlink()
    (folder / "env.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match=r"env.lock: is a symbolic link"):
        advance(folder, until="data", progress=False)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("value", ["[]", "3", "null", "{", "[" * 100_000, '{"torch_threads": "x"}'])
@pytest.mark.parametrize("name", ["recipe.json", "versions.json", "time.json"])
def test_json_of_another_type_is_refused_by_name(tmp_path, name, value):
    folder = run(small(), tmp_path / "run", until="data", progress=False)
    (folder / name).write_text(value)
    (folder / "stages" / "data.json").unlink()
    for go in (
        lambda: advance(folder, until="data", progress=False),
        lambda: run(small(), folder, resume=True, until="data", progress=False),
    ):
        with pytest.raises(ValueError) as caught:
            go()
        assert "\n" not in str(caught.value) and str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("record", ["[]", "{", '{"outputs": []}', '{"outputs": {}}', "{}"])
def test_a_stage_whose_record_says_nothing_is_done_again(tmp_path, record):
    folder = run(small(), tmp_path / "run", until="data", progress=False)
    before = contents(folder)
    (folder / "stages" / "data.json").write_text(record)
    (folder / "data.json").unlink()
    advance(folder, until="data", progress=False)
    assert contents(folder) == before


def test_a_run_goes_on_with_the_threads_it_began_with_and_says_so(tmp_path, monkeypatch, capsys):
    folder = run(small(), tmp_path / "run", until="data", progress=False)
    seen, threads = [], torch.get_num_threads()
    torch.set_num_threads(threads + 1)

    def look(work, files):
        seen.append(torch.get_num_threads())
        STAGES[0].do(work, files)

    monkeypatch.setattr(runs, "STAGES", (replace(STAGES[0], do=look),))
    (folder / "data.json").unlink()
    advance(folder, until="data", progress=True)
    assert seen == [threads] and torch.get_num_threads() == threads + 1
    said = f"torch's threads: {threads}, as when the run began, where {threads + 1} are set now\n"
    assert said in capsys.readouterr().out


def test_other_instructions_are_refused(tmp_path, monkeypatch):
    folder = run(small(), tmp_path / "run", until="data", progress=False)
    assert RunFolder(folder).changed_versions() == []
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "SSE41")
    (changed,) = RunFolder(folder).changed_versions()
    assert changed.startswith("instructions: ")
    with pytest.raises(ValueError, match=r"other versions; changed: instructions: .*SSE41"):
        advance(folder, until="data", progress=False)


@pytest.mark.parametrize("locked", [True, False])
def test_a_finished_run_is_looked_at_where_nothing_may_be_written(tmp_path, monkeypatch, locked):
    folder, real = run(small(), tmp_path / "run", until="data", progress=False), os.open
    if not locked:
        (folder / "env.lock").unlink()

    def read_only(path, flags, *rest, **more):
        if flags & (os.O_RDWR | os.O_WRONLY | os.O_CREAT):
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        return real(path, flags, *rest, **more)

    monkeypatch.setattr(folders.os, "open", read_only)
    advance(folder, until="data", progress=False)


def test_a_checkout_installed_from_itself_is_known_by_its_sources(monkeypatch):
    _versions._eden.cache_clear()
    monkeypatch.setattr(_versions, "_version", lambda _: "1.0")
    assert versions()["eden"].startswith("source ")
    _versions._eden.cache_clear()


def test_an_uninstalled_checkout_is_known_by_its_sources(tmp_path):
    source = tmp_path / "kernels" / "cpu" / "inject.cpp"
    source.parent.mkdir(parents=True)
    source.write_text("before")
    (tmp_path / "eden").mkdir()
    before = source_digest(tmp_path)
    (tmp_path / "eden" / "_C.so").write_text("built, not a source")
    assert source_digest(tmp_path) == before
    source.write_text("after")
    assert source_digest(tmp_path) != before
