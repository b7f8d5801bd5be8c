"""The command line: one line for what a user can mend, exit code 2, nothing half-written."""

import errno
import io
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from _small import write_images, write_recipe

import eden
from eden import _files as store
from eden import devices
from eden.cli import main

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EDEN_TRACEBACK", raising=False)
    monkeypatch.setenv("EDEN_DATA", str(write_images(tmp_path / "images")))


def refused(capsys, *arguments):
    """Run, expect a refusal, and return the one line."""
    assert main(list(arguments)) == 2
    out, err = capsys.readouterr()
    assert err.startswith("eden: ") and err.count("\n") == 1, err
    assert out == ""
    return err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "nope"], "recipe 'nope': neither a file nor a recipe"),
        (["run"], "Missing argument"),
        (["fly"], "No such command 'fly'"),
        (["run", "lenet-fashion-mnist", "--speed", "9"], "No such option"),
        (["boost", "nowhere"], "nowhere: not a run folder"),
        (["report", "images"], "images: not a run folder"),
    ],
)
def test_refusals(capsys, arguments, said):
    assert said in refused(capsys, *arguments)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("boost: {epochs: 0}", "recipe key boost.epochs is 0, accepted: an integer from 1"),
        ("device: ddr9", "ddr9"),
        ("network: {name: resnet}", "network is 'resnet', accepted: alexnet, densenet201, lenet"),
        ("network: {name: yolov3_tiny}", "data.size is None, accepted: the side of the squares"),
        ("data: {name: imagenet}", "data set is 'imagenet', accepted: fashion-mnist"),
    ],
)
def test_what_is_wrong_with_a_recipe_shows_before_a_folder_is_made(capsys, tmp_path, text, said):
    path = write_recipe(tmp_path, text)
    assert said in refused(capsys, "run", str(path), "--out", "made")
    assert not (tmp_path / "made").exists()


def test_missing_and_truncated_images(capsys, tmp_path, monkeypatch):
    recipe = str(write_recipe(tmp_path))
    images = tmp_path / "images" / "train-images-idx3-ubyte"
    images.write_bytes(images.read_bytes()[:-1])
    assert "truncated" in refused(capsys, "run", recipe, "--out", "made")
    monkeypatch.setenv("EDEN_DATA", "")
    assert "EDEN_DATA is set but empty" in refused(capsys, "run", recipe, "--out", "made")
    assert not (tmp_path / "made").exists()


def test_a_full_disk_is_one_line(capsys, tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store.os, "fsync", full)
    line = refused(capsys, "run", str(write_recipe(tmp_path)), "--out", "made")
    assert "No space left on device" in line and "made" in line
    assert not [path for path in (tmp_path / "made").rglob("*") if path.is_file()]


def test_devices_are_listed_with_their_axes(capsys):
    assert main(["devices"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert "VDD 1.05 to 1.35 V" in lines["ddr3l-1600-b10"] and " B " in lines["ddr3l-1600-b10"]
    assert "refresh 0.128 to 2.048 s" in lines["ddr3l-1600-a1"]
    assert "error law" in lines["hbm2"] and "error law" not in lines["ddr3l-1600-b10"]


def test_a_device_is_shown_and_drawn(capsys, tmp_path):
    assert main(["devices", "show", "ddr3l-1600-a1", "--plot", str(tmp_path / "a1.svg")]) == 0
    out = capsys.readouterr().out
    assert "1.075" in out and "estimated" in out and "assumed: currents" in out and "bank7" in out
    assert (tmp_path / "a1.svg").read_bytes().startswith(b"<?xml")
    assert main(["devices", "show", "hbm2"]) == 0
    assert "assumed: error law: borrowed from ddr3l-1600-b10" in capsys.readouterr().out
    assert "name of the plot is 'a.txt'" in refused(
        capsys, "devices", "show", "hbm2", "--plot", "a.txt"
    )
    assert "device is 'ddr9'" in refused(capsys, "devices", "show", "ddr9")


def test_a_checkpoint_that_is_not_safetensors_is_made_again(capsys, tmp_path):
    recipe = str(write_recipe(tmp_path))
    assert main(["run", recipe, "--out", "made", "--until", "train"]) == 0
    path = tmp_path / "made" / "baseline.safetensors"
    good = path.read_bytes()
    path.write_bytes(b"\x80\x04pickle")
    assert main(["run", recipe, "--out", "made", "--until", "train", "--resume"]) == 0
    assert path.read_bytes() == good
    assert "done up to train" in capsys.readouterr().out


def test_a_bug_is_not_hidden(monkeypatch):
    def broken():
        raise RuntimeError("a bug")

    monkeypatch.setattr(devices, "print_devices", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        main(["devices"])


def test_help_is_not_an_error(capsys):
    assert main(["--help"]) == 0
    assert "characterize" in capsys.readouterr().out


def test_without_a_command_the_help_is_printed(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["eden"])
    for arguments in ([], None):
        assert main(arguments) == 0
        assert "characterize" in capsys.readouterr().out


def test_the_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"eden {eden.__version__}\n"


def test_an_interruption_while_importing_is_one_line(tmp_path):
    # Stands for a Ctrl-C while torch is imported, which takes most of the time.
    (tmp_path / "torch.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nimport time; time.sleep(30)\n"
    )
    run = partial(
        subprocess.run,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        timeout=60,
        # Of a suite that runs in the background the signal is ignored, and children inherit that.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    done = run([sys.executable, "-m", "eden", "devices"])
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"eden: interrupted\n")
    library = run([sys.executable, "-c", "import eden.devices"])
    assert b"KeyboardInterrupt" in library.stderr


def test_a_terminal_without_a_minus_sign_gets_a_plain_one(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="ascii"))
    monkeypatch.setattr(devices, "print_devices", lambda: print("\u22123 % \u2192 1\u20132 \u00e9"))
    assert main(["devices"]) == 0
    sys.stdout.flush()
    assert written.getvalue() == b"-3 % -> 1-2 ?\n"


def test_an_interruption_says_how_to_go_on(capsys, monkeypatch, tmp_path):
    from eden import run

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    for room, name in ((devices, "print_devices"), (run, "run"), (run, "advance")):
        monkeypatch.setattr(room, name, interrupted)
    for verb, said in (
        (["devices"], "eden: interrupted"),
        (["run", "x"], "eden: interrupted; the same command with --resume goes on"),
        (["map", str(tmp_path)], "eden: interrupted; the same command goes on"),
    ):
        assert main(verb) == 130
        assert capsys.readouterr().err == f"{said}\n"


@pytest.mark.parametrize(
    ("script", "asked", "seconds"),
    [("eden", {}, 30), ("eden", {"TQDM_MININTERVAL": "5"}, 5), ("train.py", {}, 0.1)],
)
def test_progress_that_goes_to_a_file_is_said_seldom(script, asked, seconds):
    code = (
        f"import sys; sys.argv = [{script!r}]; import eden; from tqdm.auto import tqdm; "
        "print(tqdm([]).mininterval)"
    )
    env = {k: v for k, v in os.environ.items() if not k.startswith("TQDM_")} | asked
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=True)
    assert float(done.stdout) == seconds
