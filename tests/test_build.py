"""Which build there is, and what a build without CUDA says to a tensor on a GPU."""

import ctypes
import importlib.util
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

import eden
from eden import _native as _load
from eden import errors
from eden.access import ops

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def setup():
    spec = importlib.util.spec_from_file_location("eden_setup", ROOT / "setup.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CPU_TORCH = {"torch_version": "2.13.0+cpu", "torch_cuda": None}
GPU_TORCH = {"torch_version": "2.11.0", "torch_cuda": "13.0"}


def test_auto_builds_the_kernels_where_they_can_be_built(setup):
    for toolkit in ("13.0", "13.4"):
        for wanted in ("auto", "1"):
            assert setup.choose_cuda(wanted, **GPU_TORCH, toolkit=toolkit) is None
        assert setup.choose_cuda("0", **GPU_TORCH, toolkit=toolkit) == "EDEN_CUDA=0"


@pytest.mark.parametrize(
    "found, toolkit, named",
    [
        (CPU_TORCH, None, ["2.13.0+cpu is built without CUDA", "install a CUDA build"]),
        (CPU_TORCH, "13.0", ["2.13.0+cpu is built without CUDA"]),
        (GPU_TORCH, None, ["2.11.0 is built for CUDA 13.0", "no nvcc", "CUDA_HOME"]),
        (
            GPU_TORCH | {"runtime": False},
            "13.0",
            ["no libcudart beside nvcc 13.0", "CUDA_HOME", "LIBRARY_PATH"],
        ),
        (GPU_TORCH, "12.8", ["for CUDA 13.0", "of CUDA 12.8", "toolkit 13.x", "for CUDA 12.x"]),
    ],
)
def test_what_is_missing_is_named(setup, found, toolkit, named):
    why = setup.choose_cuda("auto", **found, toolkit=toolkit)
    with pytest.raises(SystemExit, match=r"^eden: EDEN_CUDA=1, but ") as caught:
        setup.choose_cuda("1", **found, toolkit=toolkit)
    for part in named:
        assert part in why and part in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_another_choice_is_refused(setup):
    with pytest.raises(SystemExit, match=r"EDEN_CUDA is 'yes', accepted are auto, 0 and 1"):
        setup.choose_cuda("yes", **GPU_TORCH, toolkit="13.0")


def test_windows_is_refused_in_one_line(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SystemExit, match=r"^eden: Windows and MSVC are not supported") as caught:
        runpy.run_path(str(ROOT / "setup.py"), run_name="setup")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.skipif(shutil.which("c++") is None, reason="no compiler by that name")
@pytest.mark.parametrize("flags", [[], ["-ffast-math"]])
def test_fast_math_is_refused(flags):
    command = ["c++", "-std=c++17", "-fsyntax-only", f"-I{ROOT}", *flags, "-x", "c++", "-"]
    source = '#include "kernels/formats/formats.h"\n'
    done = subprocess.run(command, input=source, capture_output=True, text=True)
    assert (done.returncode != 0) == bool(flags), done.stderr
    assert ("without -ffast-math" in done.stderr) == bool(flags)


def test_the_version_of_nvcc_is_read(setup, tmp_path):
    assert setup.toolkit_version(None) is None
    assert setup.toolkit_version(str(tmp_path)) is None
    nvcc = tmp_path / "bin" / "nvcc"
    nvcc.parent.mkdir()
    nvcc.write_text("#!/bin/sh\necho 'Cuda compilation tools, release 13.0, V13.0.48'\n")
    nvcc.chmod(0o755)
    assert setup.toolkit_version(str(tmp_path)) == "13.0"


@pytest.mark.skipif(shutil.which("c++") is None, reason="no compiler by that name")
def test_the_cuda_runtime_is_found_before_it_is_linked(setup, tmp_path, monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.delenv("LIBRARY_PATH", raising=False)
    assert setup.runtime_folders(None) == []
    # A wrapper stands in one folder, the toolkit that it calls in another.
    wrapper, toolkit = tmp_path / "wrapper", tmp_path / "toolkit"
    for home in (wrapper, toolkit):
        (home / "bin").mkdir(parents=True)
        (home / "bin" / "nvcc").write_text("#!/bin/sh\n")
    assert setup.runtime_folders(str(wrapper)) == []
    if not setup.links_runtime([]):  # the system has none of its own
        monkeypatch.setenv("LIBRARY_PATH", str(toolkit / "lib"))
        assert not setup.links_runtime([])
    library = toolkit / "lib" / "libcudart.so"
    library.parent.mkdir()
    subprocess.run(["c++", "-shared", "-x", "c++", "/dev/null", "-o", library], check=True)
    assert setup.runtime_folders(str(toolkit)) == [str(library.parent)]
    assert setup.links_runtime([str(library.parent)])
    assert setup.links_runtime([])  # by LIBRARY_PATH
    (wrapper / "bin" / "nvcc").unlink()
    (wrapper / "bin" / "nvcc").symlink_to(toolkit / "bin" / "nvcc")
    assert setup.runtime_folders(str(wrapper)) == [str(library.parent)]


def test_the_choice_does_not_ask_for_a_gpu():
    source = (ROOT / "setup.py").read_text()
    assert not re.search(r"is_available|device_count|get_device", source)


def test_the_binary_says_what_it_was_built_with():
    assert _load.build_facts.startswith(("without CUDA (", "CUDA "))
    (library,) = (ROOT / "eden").glob("_C*.so")
    assert hasattr(ctypes.CDLL(str(library)), "eden_build_facts")


without_cuda = pytest.mark.skipif(
    not _load.build_facts.startswith("without"), reason="this build has CUDA"
)


@without_cuda
def test_a_build_without_cuda_says_what_to_do():
    key, error = eden.key(1), errors.Uniform(0.1)
    with FakeTensorMode(allow_non_fake_inputs=True):
        x = torch.empty(10, device="cuda")
        gpu_key = torch.empty(2, dtype=torch.int64, device="cuda")
    calls = {
        "x": lambda: ops.inject(x, error, key=gpu_key),
        "key": lambda: ops.inject(torch.zeros(10), error, key=gpu_key),
        "y": lambda: ops.count_flips(torch.zeros(10), x),
        "key ": lambda: eden.fold_in(gpu_key, key[0]),
    }
    for name, call in calls.items():
        with pytest.raises(ValueError, match=rf"^{name.strip()} is on cuda:0, but eden") as caught:
            call()
        message = str(caught.value)
        assert "built without CUDA (" in message and "EDEN_CUDA=1 pip install" in message
        assert len(message.splitlines()) == 1


@without_cuda
def test_a_network_on_a_gpu_is_refused_when_it_is_attached():
    with FakeTensorMode():
        model = torch.nn.Linear(3, 3)
        model.weight = torch.nn.Parameter(torch.empty(3, 3, device="cuda"))
    with pytest.raises(ValueError, match=r"weight is on cuda:0, but eden was built without CUDA"):
        eden.attach(model, eden.Config(error=errors.Uniform(0.1)))
    assert eden.attached(model) is None


def test_another_kind_of_device_is_named():
    with FakeTensorMode():
        x = torch.empty(10, device="xpu")
    with pytest.raises(ValueError, match=r"^device of x is 'xpu:0', accepted: the CPU"):
        ops.scale_of(x, "int8")


def test_tensors_on_two_devices_are_refused_while_a_graph_is_made(monkeypatch):
    # What the op itself says needs a GPU (tests/test_cuda.py); its fake kernel says the same.
    monkeypatch.setattr(ops, "_DEVICES", {"cpu", "cuda"})
    table = errors.Uniform(0.1).lower()
    with FakeTensorMode(allow_non_fake_inputs=True):
        x = torch.empty(10, device="cuda")
        key = torch.empty(2, dtype=torch.int64, device="cuda")
        y = ops.inject(x, table, key=key, stored="int8", bounds=(-1.0, 1.0), correction="zero")
        assert y.device == x.device
        assert ops.count_flips(x, y).device == x.device
        assert eden.fold_in(key, "conv1").device == x.device
        assert eden.key(3, device="cuda").device == x.device
        # The other op, that writes to `out`, says the same.
        for out in (None, torch.empty(10, device="cuda")):
            elsewhere = {"scale": torch.empty(1), "bounds": torch.empty(2), "key": torch.empty(2)}
            for name, wrong in elsewhere.items():
                options = {"stored": "int8", "correction": "zero", "bounds": (-1.0, 1.0)}
                options |= {"key": key, "out": out, name: wrong}
                text = rf"device of {name} is cpu, accepted: cuda:0, that of x"
                with pytest.raises(ValueError, match=text):
                    ops.inject(x, table, **options)
        with pytest.raises(ValueError, match=r"device of out is cpu, accepted: cuda:0, that of x"):
            ops.inject(x, table, key=key, out=torch.empty(10))


def test_a_default_device_moves_no_part_of_a_table():
    with FakeTensorMode(allow_non_fake_inputs=True), torch.device("cuda"):
        table = errors.Bitline([0.1] * 512, order=range(512)).lower()
        x = torch.zeros(10, device="cpu")
        key = torch.empty(2, dtype=torch.int64, device="cpu")
        y = ops.inject(x, table, key=key, bounds=(-1.0, 1.0), correction="zero", row_bytes=64)
    assert y.device == table.entries.device == table.order.device == torch.device("cpu")


def test_a_source_distribution_holds_every_source(setup, monkeypatch):
    """Also those of the GPU, where it is made without one."""
    monkeypatch.setenv("EDEN_CUDA", "0")
    extensions = [setup.ops_extension(), setup.core_extension()]
    held = {path for extension in extensions for path in extension.sources + extension.depends}
    files = (p for folder in ("csrc", "kernels") for p in (ROOT / folder).rglob("*"))
    assert held == {str(p.relative_to(ROOT)) for p in files if p.is_file()}
