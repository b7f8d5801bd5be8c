"""What the results of a run depend on: versions, sources; and where it ran."""

import os
import platform
import socket
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from eden._files import digest, digest_bytes

_PACKAGES = ("torch", "numpy", "scipy", "safetensors", "pyarrow", "matplotlib")


def versions() -> dict[str, str]:
    """The versions that the results depend on."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for package in _PACKAGES:
        found[package] = metadata.version(package)
    try:
        found["eden"] = metadata.version("eden-dram")
    except metadata.PackageNotFoundError:
        # Imported from a checkout that was not installed: its sources say which it is.
        found["eden"] = f"source {source_digest(Path(__file__).resolve().parents[2])}"
    return found


def source_digest(checkout: Path) -> str:
    """Return a digest of the sources that results depend on, 16 hex digits.

    Args:
        checkout: folder that holds ``eden``, ``csrc`` and ``kernels``.
    """
    found = [checkout / "eden", checkout / "csrc", checkout / "kernels"]
    sources = sorted(
        path
        for folder in found
        for path in folder.rglob("*")
        if path.suffix in {".py", ".h", ".cpp", ".cu", ".json", ".yaml"}
    )
    parts = {str(path.relative_to(checkout)): digest_bytes(path.read_bytes()) for path in sources}
    return digest(parts)[:16]


def environment() -> dict[str, Any]:
    """Where a run runs: no result depends on it."""
    return {
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "python": sys.executable,
        "cpus": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "eden_data": os.environ.get("EDEN_DATA"),
    }


def differing_keys(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> list[str]:
    """Where two nested dicts differ, as ``key: old -> new``."""
    found = []
    for key in sorted(old.keys() | new.keys()):
        name, a, b = prefix + key, old.get(key), new.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            found += differing_keys(a, b, name + ".")
        elif a != b:
            found.append(f"{name}: {a!r} -> {b!r}")
    return found
