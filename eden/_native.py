"""Loads the two extensions, or says in one error why it cannot."""

import ctypes
from pathlib import Path

import torch


def _fail(what: str, error: Exception) -> ImportError:
    folder = Path(__file__).parent
    present = sorted(p.name for p in folder.glob("_[cC]*.so"))
    return ImportError(
        f"eden: {what} could not be loaded with torch {torch.__version__} ({error}). "
        f"Built files in {folder}: {present or 'none'}. "
        "Run `pip install --no-build-isolation .` in the source folder, outside of it."
    )


def _load_ops() -> str:
    """Register the ops; return what their binary was built with."""
    try:
        (library,) = Path(__file__).parent.glob("_C*.so")
        torch.ops.load_library(library)
        facts = ctypes.CDLL(str(library)).eden_build_facts
    except (ValueError, OSError, AttributeError) as error:
        raise _fail("the extension eden._C", error) from error
    facts.restype = ctypes.c_char_p
    return facts().decode()


# Such as "CUDA 13.0 for architectures 8.0 9.0 10.0+PTX" or "without CUDA (why)".
build_facts = _load_ops()

try:
    from eden import _core as core  # noqa: F401
except ImportError as error:
    raise _fail("the extension eden._core", error) from error
