"""Who may know whom (docs/architecture.md), read off the imports."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent
PYTHON_FILES = sorted((ROOT / "eden").rglob("*.py"))

# The thin modules over the torch-free extension.
MAY_NAME_CORE = {
    "_load.py",
    "arrays.py",
    "devices.py",
    "energy.py",
    "errors.py",
    "mapping.py",
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


def name_of(path: Path) -> str:
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def dotted_names(path: Path) -> set[str]:
    """All that a module's code refers to, comments and docstrings apart: `a`, `a.b`, `a.b.c`."""
    nodes = ast.walk(ast.parse(path.read_text()))
    return imports(path) | {
        ast.unparse(n) for n in nodes if isinstance(n, ast.Name | ast.Attribute)
    }


def refers_to(path: Path, name: str) -> bool:
    pattern = re.compile(rf"(^|\.){re.escape(name)}(\.|$)")
    return any(pattern.search(dotted) for dotted in dotted_names(path))


def test_only_ops_names_torch_ops():
    for path in PYTHON_FILES:
        named = {n for n in dotted_names(path) if n.startswith("torch.ops")}
        if path.name == "_load.py":  # a library without Python in it is not loaded by an import
            named -= {"torch.ops", "torch.ops.load_library"}
        assert not named or path.name == "ops.py", (path, named)


def test_only_thin_modules_name_the_core():
    for path in PYTHON_FILES:
        if refers_to(path, "_core") or refers_to(path, "_load.core"):
            assert {path.name, path.parent.name} & MAY_NAME_CORE, path


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
    modules = {name_of(p): p for p in PYTHON_FILES if p.parent.name != "recipes"}
    graph = {
        name: {i for i in imports(path) if i in modules and i not in ("eden", name)}
        for name, path in modules.items()
    }
    # A package's own parts are reached through it, not the other way round.
    for name in graph:
        graph[name] -= {parent for parent in modules if name.startswith(parent + ".")}
    tuple(TopologicalSorter(graph).static_order())


def test_the_library_does_not_know_the_command_line():
    """Verbs are thin: what they call may be called without them."""
    for path in PYTHON_FILES:
        known = {i for i in imports(path) if i.startswith("eden.")}
        if path.name not in ("cli.py", "__main__.py"):
            assert not {"eden.cli", "eden.__main__"} & known, path
        if path.name not in ("cli.py", "__main__.py", "__init__.py", "run.py", "report.py"):
            assert not {"eden.run", "eden.report"} & known, path
