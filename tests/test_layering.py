"""Who may know whom (docs/architecture.md), read off the includes and imports."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PYTHON_FILES = sorted((ROOT / "eden").rglob("*.py"))

# folder -> what its quoted includes may start with, what its angle includes may start with.
# Headers without a slash are the standard library's, CUDA's or the compiler's.
CPP_LAYERS = {
    "kernels": (("kernels/",), ("sys/mman.h",)),  # the operating system's pages
    "csrc/core": (("csrc/core/",), ("nlohmann/",)),
    "csrc/ops": (("csrc/ops/", "kernels/"), ("torch/csrc/stable/", "torch/headeronly/")),
    "csrc/python": (
        ("csrc/python/", "csrc/core/", "kernels/"),
        ("pybind11/", "nlohmann/"),
    ),
    "tests/cpp": (
        ("tests/cpp/", "csrc/core/", "kernels/"),
        ("catch2/", "nlohmann/"),
    ),
}
# The stable ABI's own C functions, for the dispatcher and the current CUDA stream.
TORCH_C_SHIM = "torch/csrc/inductor/aoti_torch/c/shim.h"

# The rooms of eden by floor, and the modules beside them. A room may import only what lies on a
# lower floor, and of another room only its face: what its `__init__` names.
FLOORS = (
    ("_native", "_files", "_say", "_torch", "reference"),
    ("_versions", "data"),
    ("nets", "errors"),
    ("access", "devices"),
    ("energy", "network"),
    ("training", "tolerance", "mapping"),
    ("systems",),
    ("folder",),
    ("report", "doctor"),
    ("run",),
    ("cli",),
    ("__main__",),
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS, 1) for room in rooms}
# Who may name the torch-free extension: thin modules over it.
MAY_NAME_CORE = {"_native", "access", "devices", "energy", "errors", "mapping"}
NEVER_IMPORTED = {"torchvision", "timm", "torchmetrics", "pickle", "dill", "joblib"}


def cpp_files(folder: str) -> list[Path]:
    endings = {".h", ".cuh", ".cpp", ".cu"}
    return sorted(p for p in (ROOT / folder).rglob("*") if p.suffix in endings)


@pytest.mark.parametrize("folder", CPP_LAYERS)
def test_includes_point_one_way(folder):
    quoted_allowed, angle_allowed = CPP_LAYERS[folder]
    assert cpp_files(folder), f"{folder} holds no C++"
    for path in cpp_files(folder):
        for mark, name in re.findall(r'^\s*#\s*include\s*([<"])([^>"]+)', path.read_text(), re.M):
            where = f"{path.relative_to(ROOT)} includes {name}"
            if mark == '"':
                assert name.startswith(quoted_allowed), where
            elif "/" in name:
                allowed = name.startswith(angle_allowed) if angle_allowed else False
                assert allowed or (folder == "csrc/ops" and name == TORCH_C_SHIM), where
            else:
                assert name != "Python.h", where


def test_no_included_fragments():
    endings = {".inc", ".inl", ".ipp"}
    for folder in ("kernels", "csrc"):
        assert [p for p in (ROOT / folder).rglob("*") if p.suffix in endings] == []


def imports(path: Path) -> set[str]:
    """Absolute names of all that a module of eden imports, wherever it does so."""
    package = ["eden", *path.relative_to(ROOT / "eden").parts[:-1]]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            found |= {f"{base}.{alias.name}" for alias in node.names} | {base}
    return found


def room_of(name: str) -> str:
    """The room of a module of eden, or the module itself where it lies beside them."""
    return name.split(".")[1]


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in PYTHON_FILES}


def imported_modules(path: Path) -> set[str]:
    """The modules of eden, and the names of rooms' faces, that a module imports."""
    return {name for name in imports(path) if name.startswith("eden.")}


def arrows() -> dict[str, dict[str, set[str]]]:
    """Room -> room it imports from -> modules that do."""
    found: dict[str, dict[str, set[str]]] = {}
    for name, path in MODULES.items():
        if name == "eden":
            continue
        for target in imported_modules(path):
            if room_of(target) in FLOOR_OF and room_of(target) != room_of(name):
                found.setdefault(room_of(name), {}).setdefault(room_of(target), set()).add(name)
    return found


def picture(found: dict[str, dict[str, set[str]]]) -> str:
    """The house, the top floor first: each room with the rooms that it imports from."""
    lines = ["", "the rooms of eden, and what each imports from:"]
    for floor in range(len(FLOORS), 0, -1):
        for room in FLOORS[floor - 1]:
            to = sorted(found.get(room, {}), key=lambda r: (-FLOOR_OF[r], r))
            marked = [f"{r}{' <-- UP' if FLOOR_OF[r] >= floor else ''}" for r in to]
            lines.append(f"{floor:>2}  {room:<12} {', '.join(marked)}")
    return "\n".join(lines)


def dotted_names(path: Path) -> set[str]:
    """All that a module's code refers to, comments and docstrings apart: `a`, `a.b`, `a.b.c`."""
    nodes = ast.walk(ast.parse(path.read_text()))
    return imports(path) | {
        ast.unparse(n) for n in nodes if isinstance(n, ast.Name | ast.Attribute)
    }


def refers_to(path: Path, name: str) -> bool:
    pattern = re.compile(rf"(^|\.){re.escape(name)}(\.|$)")
    return any(pattern.search(dotted) for dotted in dotted_names(path))


def test_every_module_has_a_room():
    rooms = {room_of(name) for name in MODULES if name != "eden"}
    assert rooms == set(FLOOR_OF) & rooms, f"on no floor: {sorted(rooms - set(FLOOR_OF))}"


def test_rooms_import_only_from_lower_floors():
    found = arrows()
    upward = [
        f"{name} ({FLOOR_OF[room]}) imports from {other} ({FLOOR_OF[other]})"
        for room, targets in found.items()
        for other, names in targets.items()
        for name in sorted(names)
        if FLOOR_OF[other] >= FLOOR_OF[room]
    ]
    assert not upward, "\n".join([*upward, picture(found)])


def test_rooms_know_only_each_others_faces():
    inside = [
        f"{name} imports {target}"
        for name, path in MODULES.items()
        for target in imported_modules(path)
        if name != "eden"
        and room_of(target) != room_of(name)
        and any(part.startswith("_") for part in target.split(".")[2:])
    ]
    assert not inside, "\n".join([*inside, picture(arrows())])


def test_only_raw_names_torch_ops():
    for name, path in MODULES.items():
        named = {n for n in dotted_names(path) if n.startswith("torch.ops")}
        if name == "eden._native":  # a library without Python in it is not loaded by an import
            named -= {"torch.ops", "torch.ops.load_library"}
        assert not named or name == "eden.access.ops", (path, named)


def test_only_thin_modules_name_the_core():
    for name, path in MODULES.items():
        if refers_to(path, "_core") or refers_to(path, "_native.core"):
            assert room_of(name) in MAY_NAME_CORE, path


def test_forbidden_imports():
    for path in PYTHON_FILES:
        roots = {name.split(".")[0] for name in imports(path)}
        assert not roots & NEVER_IMPORTED, path


def test_torch_load_reads_weights_only():
    for path in PYTHON_FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
                keywords = {k.arg: ast.unparse(k.value) for k in node.keywords}
                assert keywords.get("weights_only") == "True", f"{path}:{node.lineno}"


def test_package_init_only_reexports():
    body = ast.parse((ROOT / "eden" / "__init__.py").read_text()).body
    for node in body[1:]:
        named = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).startswith("__")
        assert named or isinstance(node, ast.Import | ast.ImportFrom), ast.unparse(node)


def test_modules_form_no_circle():
    graph = {
        name: {i for i in imports(path) if i in MODULES and i not in ("eden", name)}
        for name, path in MODULES.items()
    }
    # A room's own parts are reached through it, not the other way round.
    for name in graph:
        graph[name] -= {parent for parent in MODULES if name.startswith(parent + ".")}
    tuple(TopologicalSorter(graph).static_order())
