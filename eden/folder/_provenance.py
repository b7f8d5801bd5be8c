"""Where a run runs, and what differs between two runs."""

import os
import platform
import socket
import sys
from typing import Any

import torch


def environment() -> dict[str, Any]:
    """Return where a run runs: no result depends on it."""
    return {
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "python": sys.executable,
        "cpus": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "eden_data": os.environ.get("EDEN_DATA"),
    }


def differing_keys(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> list[str]:
    """Return where two nested dicts differ, as ``key: old -> new``."""
    found = []
    for key in sorted(old.keys() | new.keys()):
        name, a, b = prefix + key, old.get(key), new.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            found += differing_keys(a, b, name + ".")
        elif a != b:
            found.append(f"{name}: {a!r} -> {b!r}")
    return found
