"""The doctor: sound builds pass, and each kind of unsound one fails."""

import base64
import hashlib
import json
import subprocess
import sys
from importlib import metadata, resources
from pathlib import Path

import pytest

import eden
from eden import errors
from eden.access import ops
from eden.doctor import _child as child
from eden.doctor import _doctor as doctor
from eden.doctor import _golden as golden
from eden.doctor import _package as package
from eden.doctor._line import Check

KNOWN = json.loads((resources.files("eden.doctor") / "golden.json").read_text())


def failed(checks):
    return [check.name for check in checks if not check.passed]


def test_all_is_well_here(capsys):
    assert doctor.main() == 0
    printed = capsys.readouterr().out
    assert "torch" in printed and "eden._C" in printed and "ddr3l-1600-b10" in printed
    assert printed.count("golden vectors") == 3 and f"{len(KNOWN)} agree" in printed
    assert printed.rstrip().splitlines()[-1].startswith("OK: ")


def test_a_check_that_fails_shows(monkeypatch, capsys):
    found = {"cpu": [Check("flips", "none", False)], "golden": [], "package": []}
    monkeypatch.setattr(doctor, "in_a_child", lambda what, _: found[what])
    monkeypatch.setattr(doctor, "devices_to_check", lambda: ["cpu"])
    assert doctor.main() == 1
    printed = capsys.readouterr().out
    assert "FAIL  flips" in printed and printed.rstrip().splitlines()[-1].startswith("FAIL: ")


def test_an_injector_that_flips_too_much_fails(monkeypatch):
    sound = ops.inject

    def rounds_rates_up(x, error, **options):
        if not 0 < getattr(error, "weak_fraction", 0) < 1:
            return sound(x, error, **options)
        more = errors.Uniform(error.weak_fraction * 1.02, error.failure_probability)
        return sound(x, more, **options)

    monkeypatch.setattr(ops, "inject", rounds_rates_up)
    assert "flips at P=0.5, F=1" in failed(child.checks_of("cpu"))


def test_an_injector_that_avoids_a_bit_fails(monkeypatch):
    sound = ops.count_flips

    def blind_to_the_sign(*arguments, **options):
        flips = sound(*arguments, **options)
        flips[31] = 0
        return flips

    monkeypatch.setattr(ops, "count_flips", blind_to_the_sign)
    assert any(name.startswith("positions") for name in failed(child.checks_of("cpu")))


@pytest.mark.parametrize("end", ["os.abort()", "print('copies is ')", "raise SystemExit(3)"])
def test_a_build_whose_errors_do_not_arrive_fails(end, monkeypatch):
    from eden.doctor import _checks

    monkeypatch.setattr(_checks, "_REFUSED", f"import os; {end}")
    check = _checks.refusal_check()
    assert not check.passed and "libstdc++" in check.finding


def test_a_gpu_that_the_kernels_do_not_run_on_fails(monkeypatch):
    def no_kernels(device):
        raise RuntimeError(f"eden: the CUDA kernel inject did not start on {device}")

    monkeypatch.setattr(child, "self_check", no_kernels)
    (check,) = child.checks_of("cuda:0")
    assert check.name == "the kernels run" and "cuda:0" in check.finding and not check.passed


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("import os; os.abort()", "the library crashed: SIGABRT"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashed: SIGSEGV"),
        ("raise ImportError('no such symbol')", "exit status 1: ImportError: no such symbol"),
        ("", "exit status 0"),
    ],
)
def test_a_library_that_crashes_does_not_end_the_doctor(monkeypatch, end, said):
    monkeypatch.setattr(child, "_RUN", end)
    (check,) = child.in_a_child("golden")
    assert not check.passed and said in check.finding


@pytest.mark.parametrize(
    ("native", "said"),
    [
        ("import os; os.abort()", "the library crashed: SIGABRT"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "the library crashed: SIGSEGV"),
        ("raise ImportError('no such symbol')", "exit status 1: ImportError: no such symbol"),
        ("import os; os._exit(7)", "exit status 7:"),
    ],
)
def test_a_library_that_does_not_load_is_one_line(tmp_path, native, said):
    package = tmp_path / "eden"
    package.mkdir()
    for file in Path(eden.__file__).parent.iterdir():
        (package / file.name).symlink_to(file)
    (package / "_native.py").unlink()
    (package / "_native.py").write_text(native)
    command = [sys.executable, "-m", "eden", "doctor"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.rstrip() == f"FAIL: the library does not load: {said}"


def test_a_check_without_end_is_ended(monkeypatch):
    monkeypatch.setattr(child, "_RUN", "import time; time.sleep(60)")
    monkeypatch.setattr(child, "_SECONDS", 0.2)
    (check,) = child.in_a_child("golden")
    assert not check.passed and "not within" in check.finding


def test_the_golden_vectors_are_those_of_the_reference():
    found = golden.digests(golden.by_reference) | golden.others()
    assert found == KNOWN, "the law or a device has changed: scripts/make_golden.py"


@pytest.mark.parametrize("kind", ["int4 bitline", "fp16 wordline", "raw8 uniform"])
def test_one_wrong_bit_of_one_format_and_model_fails(monkeypatch, kind):
    stored, model = kind.split()
    sound, law = golden.by_kernel, {"bitline": "Bitline", "wordline": "Wordline"}

    def harmed(x, error, options):
        bits = sound(x, error, options)
        raw = f"raw{8 * x.dtype.itemsize}" if not x.dtype.is_floating_point else None
        if options.get("stored", raw) == stored and type(error).__name__ == law.get(
            model, "Uniform"
        ):
            bits[0] ^= 1
        return bits

    monkeypatch.setattr(golden, "by_kernel", harmed)
    (check,) = golden.golden_checks()
    assert not check.passed and check.finding == f"other bits: {kind}"


def test_devices_recipes_and_the_page_are_there(monkeypatch, tmp_path):
    assert failed(package.package_checks()) == []
    monkeypatch.setattr(package.devices, "names", list)
    monkeypatch.setattr(package, "recipe_names", lambda: ["nope"])
    monkeypatch.setattr(package.resources, "files", lambda _: tmp_path)
    assert failed(package.package_checks()) == [
        "devices are there",
        "recipes are there",
        "the report's page is there",
    ]


def test_a_file_that_was_changed_after_installing_fails(monkeypatch, tmp_path):
    file = tmp_path / "eden" / "_C.so"
    file.parent.mkdir()
    file.write_bytes(b"built")
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"built").digest()).rstrip(b"=").decode()
    noted = metadata.PackagePath("eden/_C.so")
    noted.hash = metadata.FileHash(f"sha256={digest}")
    noted.dist = metadata.PathDistribution(tmp_path / "eden_dram.dist-info")
    monkeypatch.setattr(package.metadata, "files", lambda _: [noted])
    assert failed(package.package_checks()) == []
    file.write_bytes(b"Built")
    assert failed(package.package_checks()) == ["files are as they were installed"]
    file.unlink()
    assert failed(package.package_checks()) == ["files are as they were installed"]
