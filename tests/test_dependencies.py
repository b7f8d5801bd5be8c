"""What eden needs is declared, what is declared is needed, and `import eden` takes little of it."""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
# Distributions that hold a module of another name, and those run as programs or as plugins alone.
MODULES = {"pyyaml": "yaml", "nvidia-curand": "nvidia", "pillow": "PIL"}
PROGRAMS = {"ruff", "basedpyright", "clang-format", "cmake", "ninja", "ipykernel", "pytest-xdist"}
# Rivals, which benchmarks import where they are installed.
OPTIONAL = {"mrfi", "mase_triton"}
# What a user has who asks for it: `Faults.to_pandas`.
OF_USERS = {"pandas"}


def declared(requirements: list[str]) -> set[str]:
    names = [re.match(r"[A-Za-z0-9_-]+", line).group() for line in requirements]
    return {MODULES.get(name, name.replace("-", "_")) for name in names if name not in PROGRAMS}


NEEDED = declared(PROJECT["project"]["dependencies"])
FOR_TESTS = declared(PROJECT["project"]["optional-dependencies"]["test"])
FOR_VISION = declared(PROJECT["project"]["optional-dependencies"]["vision"])
FOR_BUILDING = declared(PROJECT["build-system"]["requires"])


def imported(*folders: str) -> set[str]:
    """Return the modules that are neither of the standard library nor of this repository."""
    files = [f for folder in folders for f in (ROOT / folder).rglob("*.py")]
    ours = {"eden"} | {f.stem for f in files}
    found = set()
    for node in (node for file in files for node in ast.walk(ast.parse(file.read_text()))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.split(".")[0])
    return found - sys.stdlib_module_names - ours


def test_eden_imports_what_it_declares_and_nothing_else():
    assert imported("eden") == NEEDED | OF_USERS | FOR_VISION


def test_what_tests_and_scripts_import_is_declared():
    found = imported("tests", "benchmarks", "scripts", "docs") - OPTIONAL
    assert found <= NEEDED | FOR_TESTS | FOR_BUILDING
    used_by_name = {"nbclient", "jupytext", "nvidia", "pycocotools"}  # in commands, or as names
    assert found | used_by_name >= FOR_TESTS


def test_the_gpu_check_asks_for_what_eden_declares():
    text = (ROOT / "scripts" / "gpu_check").read_text()
    assert set(re.search(r'^NEEDED = "(.*)"$', text, re.M).group(1).split()) == NEEDED


# A figure, a table of trials, a recipe or the command line loads these when it is asked for.
@pytest.mark.parametrize(
    "module",
    [
        "PIL",
        "jinja2",
        "matplotlib",
        "pandas",
        "pyarrow",
        "pycocotools",
        "pydantic",
        "rich",
        "scipy.stats",
        "typer",
        "yaml",
    ],
)
def test_attaching_leaves_alone(module, attaching):
    assert "eden" in attaching and module not in attaching


def test_importing_eden_loads_no_room(loaded):
    own = {name for name in loaded if name.startswith("eden")}
    assert own == {"eden", "eden._command", "eden._versions", "eden._files"}
    assert "torch" not in loaded


def test_a_list_of_devices_needs_nothing_but_devices():
    found = modules_after("from eden.cli import main; main(['devices'])")
    rooms = {name.split(".")[1] for name in found if name.startswith("eden.")}
    assert rooms - {n for n in rooms if n.startswith("_")} == {"cli", "devices", "errors"}
    assert not found & {"matplotlib", "scipy", "torch._dynamo"}


@pytest.mark.parametrize("room", ["eden", "eden.profiles"])
def test_names_of_a_stub_are_there(room):
    module = importlib.import_module(room)
    assert len(dir(module)) > 5
    for name in dir(module):
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        module.nothing  # noqa: B018


def test_threads_may_ask_for_different_names_first():
    """Locks of imports are taken in one order, that of a room before those of its modules."""
    code = """
import sys, threading
import eden
sys.setswitchinterval(1e-6)
start, failed = threading.Barrier(len(eden.__all__)), []
def ask(name):
    start.wait()
    try:
        getattr(eden, name)
    except BaseException as error:
        failed.append(f"{name}: {error!r}")
threads = [threading.Thread(target=ask, args=(name,)) for name in eden.__all__]
for thread in threads: thread.start()
for thread in threads: thread.join()
sys.exit("; ".join(failed) or 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def attaching():
    """The modules in memory after all that a training script asks for."""
    return modules_after("import eden; eden.attach, eden.boost, eden.place, eden.verify, eden.nets")


@pytest.fixture(scope="module")
def loaded():
    """The modules in memory after `import eden`."""
    return modules_after("import eden")


def modules_after(code: str) -> set[str]:
    code += "; import sys; print(chr(10), *sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())
