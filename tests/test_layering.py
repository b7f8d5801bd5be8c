"""Who may know whom (docs/architecture.md), read off the imports."""

import ast
import itertools
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from _circle import circle

ROOT = Path(__file__).parent.parent
PYTHON_FILES = sorted((ROOT / "eden").rglob("*.py"))

# The rooms of eden by floor, and the modules beside them. A room may import only what lies on a
# lower floor, and of another room only its face: what its `__init__`, or the stub of that, names.
FLOORS = (
    ("_native", "_files", "_say", "_torch", "_command", "reference"),
    ("_versions", "_yaml", "_form", "data"),
    ("nets", "errors"),
    ("access", "dram", "devices", "profiles"),
    ("energy", "network"),
    ("tolerance", "mapping"),
    ("training",),
    ("systems",),
    ("folder",),
    ("report", "doctor"),
    ("run",),
    ("cli",),
    ("__main__",),
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS, 1) for room in rooms}
# Who may name the torch-free extension: thin modules over it.
MAY_NAME_CORE = {
    "_native",
    "access",
    "devices",
    "dram",
    "energy",
    "errors",
    "mapping",
    "profiles",
    "systems",
}
NEVER_IMPORTED = {"torchvision", "timm", "torchmetrics", "pickle", "dill", "joblib"}


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


# Module of eden -> the modules, and the names of rooms' faces, that it imports.
IMPORTED = {
    name: {target for target in imports(path) if target.startswith("eden.")}
    for name, path in MODULES.items()
    if name != "eden"
}


def arrows(imported: Mapping[str, set[str]]) -> dict[str, dict[str, set[str]]]:
    """Room -> room it imports from -> modules that do.

    Args:
        imported: Module -> what of eden it imports.
    """
    found: dict[str, dict[str, set[str]]] = {}
    for name, targets in imported.items():
        for target in targets:
            if room_of(target) in FLOOR_OF and room_of(target) != room_of(name):
                found.setdefault(room_of(name), {}).setdefault(room_of(target), set()).add(name)
    return found


def upward(found: dict[str, dict[str, set[str]]]) -> list[str]:
    """The imports that do not point to a lower floor."""
    return [
        f"{name} ({FLOOR_OF[room]}) imports from {other} ({FLOOR_OF[other]})"
        for room, targets in found.items()
        for other, names in targets.items()
        for name in sorted(names)
        if FLOOR_OF[other] >= FLOOR_OF[room]
    ]


def past_a_face(imported: Mapping[str, set[str]]) -> list[str]:
    """The imports that reach into another room.

    Also of a module that its face names: `from eden.access.rng import key` takes the lock of the
    module before that of its room, and a thread that enters by the room takes them the other way.
    """
    return [
        f"{name} imports {target}"
        for name, targets in imported.items()
        for target in sorted(targets)
        if room_of(target) != room_of(name)
        and (
            any(part.startswith("_") for part in target.split(".")[2:])
            or len(target.split(".")) > 3
        )
    ]


def house() -> str:
    """The rooms by floor, the top one first."""
    floors = list(enumerate(FLOORS, 1))
    return "\n".join(f"{floor:>2}  {', '.join(rooms)}" for floor, rooms in reversed(floors))


def picture(found: dict[str, dict[str, set[str]]]) -> str:
    """The house, the top floor first: each room with the rooms that it imports from."""
    lines = []
    for floor in range(len(FLOORS), 0, -1):
        for room in FLOORS[floor - 1]:
            to = sorted(found.get(room, {}), key=lambda r: (-FLOOR_OF[r], r))
            marked = [f"{r}{' <-- UP' if FLOOR_OF[r] >= floor else ''}" for r in to]
            lines.append(f"{floor:>2}  {room:<12} {', '.join(marked)}".rstrip())
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
    found = arrows(IMPORTED)
    assert not upward(found), "\n".join([*upward(found), picture(found)])


def test_rooms_know_only_each_others_faces():
    inside = past_a_face(IMPORTED)
    assert not inside, "\n".join([*inside, picture(arrows(IMPORTED))])


def test_what_points_up_or_past_a_face_is_found():
    wrong = {
        "eden.access.ops": {"eden.network.attach", "eden._native"},
        "eden.tolerance._coarse": {"eden.mapping.place", "eden.network._stored"},
        "eden.tolerance._fine": {"eden.access.rng", "eden.access.rng.key"},
    }
    found = arrows(wrong)
    assert upward(found) == [
        "eden.access.ops (4) imports from network (5)",
        "eden.tolerance._coarse (6) imports from mapping (6)",
    ]
    assert past_a_face(wrong) == [
        "eden.tolerance._coarse imports eden.network._stored",
        "eden.tolerance._fine imports eden.access.rng.key",
    ]
    assert "4  access       network <-- UP, _native" in picture(found)


def test_the_page_shows_the_house_as_it_is():
    page = (ROOT / "docs" / "architecture.md").read_text()
    assert house() in page, f"docs/architecture.md shows another picture than this:\n{house()}"


def test_only_raw_names_torch_ops():
    for name, path in MODULES.items():
        named = {n for n in dotted_names(path) if n.startswith("torch.ops")}
        if name == "eden._native":  # a library without Python in it is not loaded by an import
            named -= {"torch.ops", "torch.ops.load_library"}
        assert not named or name == "eden.access._raw", (path, named)


def test_only_one_module_names_what_is_private_to_torch():
    private = re.compile(
        r"^torch\.(\w+\.)*_[a-z]|\._(check|foreach\w*|parameters|flat_weights\w*)$"
    )
    for name, path in MODULES.items():
        named = {n for n in dotted_names(path) if private.search(n)}
        assert not named or name == "eden._torch", (path, named)


def test_only_thin_modules_name_the_core():
    for name, path in MODULES.items():
        if refers_to(path, "_core") or refers_to(path, "_native.core"):
            assert room_of(name) in MAY_NAME_CORE, path


def test_nothing_runs_on_the_specification():
    """It is what the rest is compared with: by tests, and by the doctor."""
    users = {room_of(n) for n, path in MODULES.items() if "eden.reference" in imports(path)}
    assert users - {"reference"} == {"doctor"}


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


def test_the_package_names_what_it_loads_when_asked():
    """Nothing of a room is in memory after `import eden`: the stub is the one list of names."""
    body = ast.parse((ROOT / "eden" / "__init__.py").read_text()).body
    for node in body[1:]:
        if isinstance(node, ast.FunctionDef):
            assert node.name == "__dir__"
        elif isinstance(node, ast.Assign):
            assert "__" in ast.unparse(node.targets[0])
        else:
            assert isinstance(node, ast.Import | ast.ImportFrom), ast.unparse(node)
    for stub in (ROOT / "eden").rglob("__init__.pyi"):
        for node in ast.parse(stub.read_text()).body[1:]:
            named = isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "__version__"
            assert named or isinstance(node, ast.ImportFrom), ast.unparse(node)
            for alias in getattr(node, "names", ()):
                assert alias.name == alias.asname, ast.unparse(node)


def test_nothing_is_imported_by_name():
    """An import that `imports` does not see would be outside of the floors."""
    for name, path in MODULES.items():
        hidden = {n for n in dotted_names(path) if n.split(".")[0] in ("importlib", "__import__")}
        hidden -= {n for n in hidden if n.startswith(("importlib.metadata", "importlib.resources"))}
        hidden -= {"importlib"}  # of those, by itself
        assert not hidden, (name, hidden)


def test_modules_form_no_circle():
    graph = {
        name: {i for i in imports(path) if i in MODULES and i not in ("eden", name)}
        for name, path in MODULES.items()
    }
    # A room's own parts are reached through it, not the other way round.
    for name in graph:
        graph[name] -= {parent for parent in MODULES if name.startswith(parent + ".")}
    assert not circle(graph), f"{' -> '.join(circle(graph))}\n{picture(arrows(IMPORTED))}"


def test_a_circle_is_found():
    graph = {"eden.a": {"eden.b"}, "eden.b": {"eden.c"}, "eden.c": {"eden.a"}, "eden.d": set()}
    found = circle(graph)
    assert len(found) == 4 and found[0] == found[-1]
    assert all(later in graph[earlier] for earlier, later in itertools.pairwise(found))


# Two of one name that are one thing: the protocol, and the class that most use for it.
SAME_THING = {"Evaluator"}


def test_a_class_has_its_name_alone():
    found = Counter(
        node.name
        for path in PYTHON_FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    )
    assert {name for name, times in found.items() if times > 1} <= SAME_THING
