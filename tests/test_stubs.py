"""The stub of the torch-free extension says what the extension holds, no more and no less."""

import ast
import re
from pathlib import Path

import pytest

import eden
from eden import _core

STUB = ast.parse(Path(eden.__file__).with_name("_core.pyi").read_text())


def stubbed(body: list[ast.stmt]) -> dict[str, ast.stmt]:
    """Return what a module or class of the stub defines, by name."""
    found = {}
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.AnnAssign):
            found[node.target.id] = node
    return found


STUBS = stubbed(STUB.body)
CLASSES = sorted(name for name, node in STUBS.items() if isinstance(node, ast.ClassDef))


def parameters(node: ast.FunctionDef) -> list[str]:
    """Return the names of a function's parameters, `self` apart; "" for one without a name."""
    unnamed = ["" for a in node.args.posonlyargs if a.arg != "self"]
    named = [*node.args.args, *node.args.kwonlyargs]
    return unnamed + [a.arg for a in named if a.arg != "self"]


def real_parameters(function) -> list[str]:
    """Return the same, read off the signature that pybind11 writes into the docstring."""
    signature = function.__doc__.splitlines()[0].rsplit(" -> ", 1)[0]
    names = re.findall(r"(?:\(|, )(\w+): ", signature)
    return [re.sub(r"arg\d+", "", name) for name in names if name != "self"]


def check(real, node: ast.FunctionDef, where: str) -> None:
    said, found = parameters(node), real_parameters(real)
    assert said == found, f"parameters of {where}: stub {said}, extension {found}"


def test_the_stub_has_the_names_of_the_extension():
    real = {name for name in dir(_core) if not name.startswith("_")}
    assert not real - STUBS.keys(), f"not in eden/_core.pyi: {sorted(real - STUBS.keys())}"
    assert not STUBS.keys() - real, f"in eden/_core.pyi alone: {sorted(STUBS.keys() - real)}"


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_has_the_members_of_the_extension(name):
    said, real = stubbed(STUBS[name].body), getattr(_core, name)
    members = {m for m in vars(real) if not m.startswith("_")}
    if " -> " in real.__init__.__doc__:  # else a class that Python cannot make
        members.add("__init__")
    missing = sorted(members - said.keys())
    assert not missing, f"not in eden/_core.pyi: {name}: {missing}"
    gone = sorted(m for m in said if not hasattr(real, m))
    assert not gone, f"in eden/_core.pyi alone: {name}: {gone}"
    for member, node in said.items():
        is_method = isinstance(node, ast.FunctionDef)
        assert is_method != isinstance(getattr(real, member), property), f"{name}.{member}"
        if is_method:
            check(getattr(real, member), node, f"{name}.{member}")


@pytest.mark.parametrize("name", sorted(set(STUBS) - set(CLASSES)))
def test_a_function_has_the_parameters_of_the_extension(name):
    check(getattr(_core, name), STUBS[name], name)
