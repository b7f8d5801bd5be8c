"""Who may know whom in C++ (docs/architecture.md), read off the includes."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

KERNELS_ACCESS = ("kernels/access/", "kernels/formats/", "kernels/law/")
KERNELS_CPU = ("kernels/cpu/processor/", *KERNELS_ACCESS)
# The stable ABI, and of its own C functions those for the dispatcher and the current CUDA stream.
TORCH = (
    "torch/csrc/stable/",
    "torch/headeronly/",
    "torch/csrc/inductor/aoti_torch/c/shim.h",
)

# folder -> what its files may include beside each other: quoted names, then angled ones with a
# slash. Those without are the standard library's, CUDA's or the compiler's. A file belongs to the
# first folder named here that it lies in.
LAYERS = {
    "kernels/law": ((), ()),
    "kernels/formats": (("kernels/law/",), ()),
    "kernels/access": (("kernels/formats/", "kernels/law/"), ()),
    "kernels/protection": (KERNELS_ACCESS, ()),
    "kernels/cpu/processor": ((), ("sys/mman.h",)),  # the operating system's pages
    "kernels/cpu/weak": (KERNELS_CPU, ()),
    "kernels/cpu/pass": (("kernels/protection/embedded.h", *KERNELS_CPU), ()),
    "kernels/cpu": (
        ("kernels/cpu/weak/", "kernels/cpu/pass/", "kernels/protection/", *KERNELS_CPU),
        (),
    ),
    "kernels/cuda": (("kernels/protection/", *KERNELS_ACCESS), ()),
    "kernels": ((), ()),  # no file lies beside the folders
    "csrc/core/fields": ((), ()),
    "csrc/core/devices": (("csrc/core/fields/",), ("nlohmann/",)),
    "csrc/core/timing": (("csrc/core/devices/", "csrc/core/fields/"), ("nlohmann/",)),
    "csrc/core/counts": (("csrc/core/timing/", "csrc/core/fields/"), ()),
    "csrc/core/address": (("csrc/core/devices/", "csrc/core/fields/", "csrc/core/timing/"), ()),
    "csrc/core/energy": (
        tuple(f"csrc/core/{part}/" for part in ("counts", "devices", "fields", "timing")),
        (),
    ),
    "csrc/core/trace": (("csrc/core/fields/", "csrc/core/timing/"), ()),
    "csrc/core/controller": (
        tuple(
            f"csrc/core/{part}/"
            for part in ("address", "counts", "devices", "fields", "timing", "trace")
        ),
        (),
    ),
    "csrc/core/systems": (
        tuple(
            f"csrc/core/{part}/"
            for part in (
                "address",
                "controller",
                "counts",
                "devices",
                "energy",
                "fields",
                "timing",
                "trace",
            )
        ),
        (),
    ),
    "csrc/core/processor": (
        tuple(
            f"csrc/core/{part}/"
            for part in ("address", "controller", "counts", "fields", "systems", "timing")
        ),
        (),
    ),
    "csrc/core/mapping": (("csrc/core/fields/",), ()),
    "csrc/core/fit": (("csrc/core/fields/",), ()),
    "csrc/core": ((), ()),  # no file lies beside the folders
    "csrc/ops": (("kernels/",), TORCH),
    "csrc/python": (("csrc/core/", "kernels/"), ("pybind11/", "nlohmann/")),
    "csrc": ((), ()),
    "tests/cpp/kernels": (("kernels/", "tests/cpp/catch.h"), ()),
    "tests/cpp/core": (("csrc/core/", "tests/cpp/catch.h"), ("nlohmann/",)),
    "tests/cpp": ((), ("catch2/",)),
    "tests/fuzz": (("kernels/", "csrc/core/"), ()),
    "tests/cuda": (("kernels/",), ()),
}


def layer_of(path: str) -> str:
    return next(folder for folder in LAYERS if path.startswith(folder + "/"))


def files_of(folder: str) -> list[Path]:
    endings = {".h", ".cuh", ".cpp", ".cu"}
    found = (p for p in (ROOT / folder).rglob("*") if p.suffix in endings)
    return sorted(p for p in found if layer_of(str(p.relative_to(ROOT))) == folder)


@pytest.mark.parametrize("folder", LAYERS)
def test_includes_point_one_way(folder):
    quoted_allowed, angled_allowed = LAYERS[folder]
    assert bool(files_of(folder)) == (folder not in ("kernels", "csrc", "csrc/core"))
    for path in files_of(folder):
        for mark, name in re.findall(r'^\s*#\s*include\s*([<"])([^>"]+)', path.read_text(), re.M):
            where = f"{path.relative_to(ROOT)} includes {name}"
            if mark == '"':
                within = name.startswith(folder + "/") and layer_of(name) == folder
                assert within or name.startswith(quoted_allowed), where
                assert (ROOT / name).exists(), where
            elif "/" in name:
                assert name.startswith(angled_allowed), where
            else:
                assert name != "Python.h", where


def test_layers_form_no_circle():
    """No two folders may include each other."""
    for folder, (quoted, _) in LAYERS.items():
        for other in quoted:
            back, _ = LAYERS.get(other.rstrip("/"), ((), ()))
            assert not f"{folder}/".startswith(back), (folder, other)


def test_no_included_fragments():
    endings = {".inc", ".inl", ".ipp"}
    for folder in ("kernels", "csrc"):
        assert [p for p in (ROOT / folder).rglob("*") if p.suffix in endings] == []


def test_an_op_has_the_same_stem_everywhere():
    cpu = {p.stem for p in (ROOT / "csrc/ops").glob("*.cpp")}
    gpu = {p.stem for p in (ROOT / "csrc/ops/cuda").glob("*.cpp")}
    assert gpu <= cpu
    for op in gpu:
        assert (ROOT / f"kernels/cuda/{op}.cu").exists(), op
        assert (ROOT / f"kernels/cuda/{op}.h").exists(), op
    ops = {*gpu, "weak_cells"} - {"keys"}  # a key is two numbers: nothing for the CPU's kernels
    assert {p.stem for p in (ROOT / "kernels/cpu").glob("*.cpp")} == ops
