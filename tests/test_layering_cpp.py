"""Who may know whom in C++ (docs/architecture.md), read off the includes."""

import re
from collections.abc import Mapping
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from _circle import circle

ROOT = Path(__file__).parent.parent

KERNELS_ACCESS = ("kernels/access/", "kernels/formats/", "kernels/law/")
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
    "kernels/cpu/weak": (("kernels/access/", "kernels/law/", "kernels/cpu/processor/"), ()),
    "kernels/cpu/pass": (
        (
            "kernels/access/",
            "kernels/formats/",
            "kernels/cpu/processor/",
            "kernels/protection/embedded.h",
        ),
        (),
    ),
    "kernels/cpu": (
        (
            "kernels/cpu/weak/",
            "kernels/cpu/pass/",
            "kernels/cpu/processor/",
            "kernels/protection/",
            *KERNELS_ACCESS,
        ),
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
                "controller",
                "counts",
                "devices",
                "energy",
                "fields",
                "timing",
            )
        ),
        (),
    ),
    "csrc/core/processor": (
        tuple(
            f"csrc/core/{part}/"
            for part in ("address", "controller", "counts", "fields", "systems")
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


def arrows() -> dict[str, set[str]]:
    """Folder -> folders that its files include from."""
    found = {}
    for folder in LAYERS:
        text = "\n".join(path.read_text() for path in files_of(folder))
        names = re.findall(r'^\s*#\s*include\s*"([^"]+)"', text, re.M)
        found[folder] = {layer_of(name) for name in names} - {folder}
    return found


def picture(found: Mapping[str, set[str]]) -> str:
    """The folders of the library by floor, the top one first; each includes lower ones alone."""
    floor: dict[str, int] = {}
    for folder in TopologicalSorter(found).static_order():
        floor[folder] = 1 + max((floor[other] for other in found[folder]), default=0)
    lines = []
    for number in range(max(floor.values()), 0, -1):
        here = [f for f in LAYERS if floor[f] == number and not f.startswith("tests/")]
        names = [folder.removeprefix("csrc/") for folder in here if files_of(folder)]
        lines.append(f"{number}  {', '.join(names)}")
    return "\n".join(lines)


def test_folders_form_no_circle():
    found = circle(arrows())
    assert not found, " -> ".join(found)


def test_what_a_folder_may_include_it_does():
    """Else the table would say of the library what it is not."""
    found = arrows()
    for folder in (f for f in LAYERS if not f.startswith("tests/")):
        for name in (n for n in LAYERS[folder][0] if n not in ("kernels/", "csrc/core/")):
            assert any(name.startswith(f"{other}/") for other in found[folder]), (folder, name)


def test_the_page_shows_the_folders_as_they_are():
    page = (ROOT / "docs" / "architecture.md").read_text()
    shown = picture(arrows())
    assert shown in page, f"docs/architecture.md shows another picture than this:\n{shown}"


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
