"""Builds the two extensions.

``eden._C`` registers the torch ops over the LibTorch stable ABI: it holds no Python and loads
into any torch >= 2.11. ``eden._core`` holds the host models behind pybind11 and knows no torch.
Nothing includes ``torch/extension.h``: that header alone costs a minute and 1.4 GB a file.
"""

import os
from glob import glob
from pathlib import Path

import pybind11
from setuptools import Extension, setup

try:
    from torch.utils.cpp_extension import BuildExtension, CppExtension
except ImportError as error:
    raise SystemExit(
        "eden: torch is not importable here, and building needs it. Install torch first, then run "
        "`pip install --no-build-isolation .` (an isolated build does not see the torch you have)."
    ) from error

JSON_FOLDERS = [
    Path(p)
    for p in (
        os.environ.get("NLOHMANN_JSON_INCLUDE", ""),
        "/usr/include",
        "/usr/local/include",
        "/opt/homebrew/include",
    )
    if p
]
json_include = next((p for p in JSON_FOLDERS if (p / "nlohmann" / "json.hpp").exists()), None)
if json_include is None:
    raise SystemExit(
        "eden: nlohmann/json.hpp not found. Install the package nlohmann-json3-dev, or set "
        "NLOHMANN_JSON_INCLUDE to the folder that holds nlohmann/json.hpp."
    )

# -ffp-contract=off: a fused multiply-add would round otherwise than the reference does.
FLAGS = ["-std=c++17", "-O3", "-ffp-contract=off", "-fvisibility=hidden", "-Wall", "-Wextra"]
if os.environ.get("EDEN_WERROR") == "1":
    FLAGS.append("-Werror")

# Absolute, because ninja runs in the build folder.
ROOT = str(Path(__file__).resolve().parent)
KERNELS = sorted(glob("kernels/*.cpp") + glob("kernels/cpu/*.cpp"))

setup(
    ext_modules=[
        CppExtension(
            "eden._C",
            sorted(glob("csrc/ops/*.cpp")) + KERNELS,
            include_dirs=[ROOT],
            # The ABI version this file may use: 2.11, the oldest torch supported.
            define_macros=[("TORCH_TARGET_VERSION", "0x020b000000000000")],
            # Torch's own headers have unused parameters.
            extra_compile_args=[*FLAGS, "-Wno-unused-parameter"],
            py_limited_api=True,
        ),
        Extension(
            "eden._core",
            sorted(glob("csrc/python/*.cpp")) + sorted(glob("csrc/core/*.cpp")) + KERNELS,
            include_dirs=[ROOT, pybind11.get_include(), str(json_include)],
            extra_compile_args=FLAGS,
            language="c++",
        ),
    ],
    cmdclass={"build_ext": BuildExtension.with_options(use_ninja=True)},
)
