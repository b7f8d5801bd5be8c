"""Whether all files of the package are there, and as they were installed."""

import base64
import hashlib
from collections.abc import Callable
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from eden import devices
from eden.doctor._line import Check
from eden.folder import load_recipe, recipe_names


def package_checks() -> list[Check]:
    """Read the devices, recipes and the page; compare what was installed with its record."""
    page = resources.files("eden") / "report" / "page.html.j2"
    return [
        _all_read("devices are there", devices.names(), devices.load),
        _all_read("recipes are there", recipe_names(), load_recipe),
        _all_read("the report's page is there", [str(page)], lambda path: Path(path).read_text()),
        _as_installed(),
    ]


def _all_read(what: str, names: list[str], read: Callable[[str], Any]) -> Check:
    try:
        for name in names:
            read(name)
    except (OSError, ValueError) as error:
        return Check(what, " ".join(str(error).split()), False)
    return Check(what, ", ".join(Path(n).name for n in names) or "none", bool(names))


def _as_installed() -> Check:
    """Compare each file with the hash that the installer noted; a checkout has none."""
    try:
        noted = metadata.files("eden-dram") or []
    except metadata.PackageNotFoundError:
        noted = []
    ours = [file for file in noted if file.parts[0] == "eden" and file.hash is not None]
    wrong = [str(file) for file in ours if not _is_as_noted(file)]
    said = f"{len(ours)} files, as noted" if ours else "a checkout: no hashes are noted"
    if wrong:
        said = f"missing or changed: {', '.join(wrong)}"
    return Check("files are as they were installed", said, not wrong)


def _is_as_noted(file: metadata.PackagePath) -> bool:
    path = Path(str(file.locate()))
    if file.hash is None or not path.is_file():
        return False
    found = hashlib.new(file.hash.mode, path.read_bytes()).digest()
    return base64.urlsafe_b64encode(found).rstrip(b"=").decode() == file.hash.value
