"""The versions that results depend on: for run folders, the doctor and the benchmarks."""

import os
import platform
from functools import cache
from importlib import metadata
from pathlib import Path

from eden._files import digest, digest_bytes

VERSION = "0.1.0"  # the build reads it here

# What tells the libraries below torch to do with fewer instructions.
_LOWERS = ("DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA", "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS")
_PACKAGES = ("torch", "numpy", "scipy", "safetensors", "pyarrow", "matplotlib")


def versions() -> dict[str, str]:
    """Return the versions that results depend on, by name."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    found["instructions"] = _instructions()
    found |= {package: _version(package) or "not installed" for package in _PACKAGES}
    found["eden"] = _eden()
    return found


@cache  # the sources that were imported, whatever becomes of them
def _eden() -> str:
    """Say which eden this is; in a checkout, installed from there or not, by its sources."""
    checkout, version = Path(__file__).resolve().parents[1], _version("eden-dram")
    if version is not None and not (checkout / "csrc").is_dir():
        return version
    return f"source {source_digest(checkout)}"


def _instructions() -> str:
    """Say which instructions torch computes with: sums are rounded otherwise with others."""
    import torch  # the version alone needs it not

    lowered = (f"{name}={os.environ[name]}" for name in _LOWERS if name in os.environ)
    return " ".join((torch.backends.cpu.get_cpu_capability(), *lowered))


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
