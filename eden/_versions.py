"""The versions that results depend on: for run folders, the doctor and the benchmarks."""

import platform
from importlib import metadata
from pathlib import Path

from eden._files import digest, digest_bytes

_PACKAGES = ("torch", "numpy", "scipy", "safetensors", "pyarrow", "matplotlib")


def versions() -> dict[str, str]:
    """Return the versions that results depend on, by name."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    found |= {package: _version(package) or "not installed" for package in _PACKAGES}
    # Imported from a checkout that was not installed: its sources say which it is.
    checkout = Path(__file__).resolve().parents[1]
    found["eden"] = _version("eden-dram") or f"source {source_digest(checkout)}"
    return found


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def source_digest(checkout: Path) -> str:
    """Return a digest of the sources that results depend on, 16 hex digits.

    Args:
        checkout: Folder that holds ``eden``, ``csrc`` and ``kernels``.
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
