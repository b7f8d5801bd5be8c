"""The wheel, built as the README says, runs from another folder than the checkout."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import eden

ROOT = Path(__file__).parent.parent

# Run far from the checkout: one call into each extension, and the package data.
USE = """
import eden, torch
from pathlib import Path
import sys
assert Path(eden.__file__).is_relative_to(sys.argv[1]), eden.__file__
x = torch.ones(1000)
y = eden.inject(x, eden.errors.Uniform(weak_fraction=1e-2), key=eden.key(7))
assert int(eden.count_flips(x, y).sum()) > 0
point = eden.devices.load("ddr3l-1600-b10").at(vdd_volts=1.05)
assert 0 < point.ber < 1
print("used", point.ber)
"""


def run(*command, cwd, **variables):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | variables
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """Pack the sources, from a copy without what earlier builds left in the checkout."""
    folder = tmp_path_factory.mktemp("sdist")
    source = folder / "source"
    built = shutil.ignore_patterns("*.so", "__pycache__")
    for name in ("csrc", "eden", "kernels"):
        shutil.copytree(ROOT / name, source / name, ignore=built)
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    run(sys.executable, "setup.py", "-q", "sdist", "-d", str(folder), cwd=source, EDEN_CUDA="0")
    with tarfile.open(next(folder.glob("eden_dram-*.tar.gz"))) as packed:
        # Debian 12's Python is older than the filter.
        safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        packed.extractall(folder, **safely)
    return next(path for path in folder.glob("eden_dram-*") if path.is_dir())


@pytest.fixture(scope="module")
def wheel(sdist, tmp_path_factory):
    """Build once, from what is packed."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation")
    run(*pip, "-w", str(folder), str(sdist), cwd=folder)
    return next(folder.glob("eden_dram-*.whl"))


def test_what_is_packed_holds_all_sources(sdist):
    def files(root):
        found = (p for name in ("csrc", "eden", "kernels") for p in (root / name).rglob("*"))
        return {
            str(path.relative_to(root))
            for path in found
            if path.is_file() and path.suffix != ".so" and "__pycache__" not in path.parts
        }

    assert files(sdist) == files(ROOT)
    assert f"Version: {eden.__version__}\n" in (sdist / "PKG-INFO").read_text()


@pytest.mark.slow
def test_wheel_holds_the_extensions_and_the_package_data(wheel):
    packed = zipfile.ZipFile(wheel)
    names = packed.namelist()
    for start, end in (
        ("eden/_C", ".so"),
        ("eden/_core", ".so"),
        ("eden/devices/specs/ddr3l-1600-b10", ".json"),
        ("eden/devices/specs/ddr3l-1600-a1", ".json"),
        ("eden/folder/recipes/lenet-fashion-mnist", ".yaml"),
        ("eden/", ".j2"),
        ("eden/doctor/golden", ".json"),
        ("eden/py", ".typed"),
        ("eden/_core", ".pyi"),
    ):
        assert any(n.startswith(start) and n.endswith(end) for n in names), (start, end)
    assert not [n for n in names if n.startswith(("tests", "csrc", "kernels"))]
    # Debug information is named so in the table of an ELF file's sections.
    assert not [n for n in names if n.endswith(".so") and b".debug_info" in packed.read(n)]


@pytest.mark.slow
def test_wheel_runs_from_another_folder(wheel, tmp_path):
    site = tmp_path / "site"
    pip = (sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(site))
    run(*pip, str(wheel), cwd=tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    used = run(sys.executable, "-c", USE, str(site), cwd=elsewhere, PYTHONPATH=str(site))
    assert used.startswith("used ")
    listed = run(sys.executable, "-m", "eden", "devices", cwd=elsewhere, PYTHONPATH=str(site))
    assert "ddr3l-1600-b10" in listed
