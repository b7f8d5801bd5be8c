"""Docstrings have one form, and say what they are about."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "eden").rglob("*.py"))
SECTION = re.compile(r"(Args|Attributes|Raises):")
ENTRY = re.compile(r"    (?! )(\*{0,2}[\w., ]+): (\S+)")
TYPES = ("bool", "int", "float", "str")
EMPTY = re.compile(
    r"\b(Likewise|As above|Before its name)\b"
    r"|: (Its name|It is read|Theirs|Whose|Which|Until then|As it is|Of its state)\.$"
    r"|: If (it|they|there) (is|are|does|do|have)\.$"
    r"|^ *(\w+): The (\5|network|handle|file|risk|rates|study|type)\.$"
)


def faults(source: str):
    """Entries that begin with a small letter, unless with a name, and those that say nothing."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
            continue
        within = False
        for line in (ast.get_docstring(node) or "").splitlines():
            if line and not line.startswith(" "):
                within = SECTION.fullmatch(line) is not None
            if EMPTY.search(line):
                yield line.strip()
            entry = ENTRY.match(line)
            word = entry.group(2) if within and entry else ""
            if re.fullmatch(r"[a-z][a-z-]*[,;.]?", word) and word not in TYPES:
                yield line.strip()


def test_the_check_finds_both():
    entries = ["x: what it is.", "y: Likewise.", "path: The path.", "z: int64 [n]."]
    said = "\n    ".join(
        ['"""A thing.', "", "Args:", *("    " + entry for entry in entries), '"""']
    )
    assert list(faults(f"def f(x, y, path, z):\n    {said}\n")) == entries[:3]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_docstrings(path):
    assert not list(faults(path.read_text()))
