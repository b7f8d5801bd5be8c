"""Builds the two extensions.

``eden._C`` registers the torch ops over the LibTorch stable ABI: it holds no Python and loads
into any torch >= 2.11. ``eden._core`` holds the host models behind pybind11 and knows no torch.
Nothing includes ``torch/extension.h``: that header alone costs a minute and 1.4 GB a file.
The kernels are compiled once and linked into both.

EDEN_CUDA says whether ``eden._C`` gets the CUDA kernels: 1 (an error where that cannot be), 0, or
auto, the default: if torch is built for CUDA and a toolkit of the same major version is there.
Whether a GPU is visible is never asked: machines that build often have none.
"""

import os
import re
import subprocess
import sys
import tempfile
from glob import glob
from pathlib import Path

import pybind11
from setuptools import Extension, setup

if sys.platform == "win32":
    raise SystemExit(
        "eden: Windows and MSVC are not supported: build it with GCC or Clang on Linux"
    )
try:
    import torch
    from torch.utils import cpp_extension
except ImportError as error:
    raise SystemExit(
        "eden: torch is not importable here, and building needs it. Install torch first, then run "
        "`pip install --no-build-isolation .` (an isolated build does not see the torch you have)."
    ) from error

# -ffp-contract=off, -fmad=false: a fused multiply-add would round otherwise than the reference.
HOST_FLAGS = ["-ffp-contract=off", "-fvisibility=hidden", "-Wall", "-Wextra"]
# Without the debug information that Python's own flags ask for, nine tenths of a wheel.
FLAGS = ["-std=c++17", "-O3", "-g0", *HOST_FLAGS]
NVCC_FLAGS = ["-std=c++17", "-O3", "-fmad=false", "-Xcompiler", ",".join(HOST_FLAGS)]
if os.environ.get("EDEN_WERROR") == "1":
    FLAGS.append("-Werror")
    NVCC_FLAGS += ["-Werror", "all-warnings", "-Xcompiler", "-Werror"]

# Some compilers link a libstdc++ of their own. Torch's has the same names, and mixing the two ends
# in a crash where an error writes a number: a static library's names stay within the extension.
LINK_FLAGS = ["-Wl,--exclude-libs,ALL"] if sys.platform == "linux" else []

# A100, H100 and H200, B200; what is newer compiles the PTX of the last one when it first runs.
ARCHITECTURES = "8.0;9.0;10.0+PTX"

# Absolute, because ninja runs in the build folder.
ROOT = str(Path(__file__).resolve().parent)


def below(folder: str, ending: str = "") -> list[str]:
    """Return the files of a folder and of those within it, relative to this one."""
    return sorted(p for p in glob(f"{folder}/**/*{ending}", recursive=True) if Path(p).is_file())


def choose_cuda(
    wanted: str,
    *,
    torch_version: str,
    torch_cuda: str | None,
    toolkit: str | None,
    runtime: bool = True,
) -> str | None:
    """Decide whether to build the CUDA kernels.

    Args:
        wanted: EDEN_CUDA: "auto", "0" or "1".
        torch_version: of the torch that is installed.
        torch_cuda: CUDA version that torch is built for; None for a CPU build.
        toolkit: CUDA version of the nvcc found; None if there is none.
        runtime: whether the linker finds the CUDA runtime.

    Returns:
        None to build them, else why not.

    Raises:
        SystemExit: EDEN_CUDA is 1 and they cannot be built, or it is none of the three.
    """
    if wanted not in ("auto", "0", "1"):
        raise SystemExit(f"eden: EDEN_CUDA is {wanted!r}, accepted are auto, 0 and 1")
    if wanted == "0":
        return "EDEN_CUDA=0"
    if torch_cuda is None:
        missing = f"torch {torch_version} is built without CUDA: install a CUDA build of torch"
    elif toolkit is None:
        missing = (
            f"torch {torch_version} is built for CUDA {torch_cuda}, but no nvcc was found: install "
            f"the CUDA toolkit {torch_cuda} and set CUDA_HOME to the folder that holds bin/nvcc"
        )
    elif toolkit.split(".")[0] != torch_cuda.split(".")[0]:
        missing = (
            f"torch {torch_version} is built for CUDA {torch_cuda}, but nvcc is of CUDA {toolkit} "
            "and the major versions must agree: set CUDA_HOME to a toolkit "
            f"{torch_cuda.split('.')[0]}.x, or install a torch built for CUDA "
            f"{toolkit.split('.')[0]}.x"
        )
    elif not runtime:
        missing = (
            f"the linker finds no libcudart beside nvcc {toolkit}, which may call another: set "
            "CUDA_HOME to a toolkit that holds bin/nvcc and lib64/libcudart.so, or LIBRARY_PATH to "
            "the folder of libcudart.so"
        )
    else:
        return None
    if wanted == "1":
        raise SystemExit(f"eden: EDEN_CUDA=1, but {missing}")
    return missing


def toolkit_version(home: str | None) -> str | None:
    """Return the version of nvcc in a CUDA folder, None if there is none."""
    nvcc = Path(home or "", "bin", "nvcc")
    if home is None or not nvcc.exists():
        return None
    said = subprocess.run([nvcc, "--version"], capture_output=True, text=True).stdout
    release = re.search(r"release (\d+\.\d+)", said)
    return release.group(1) if release else None


def runtime_folders(home: str | None) -> list[str]:
    """Return the folders of a CUDA toolkit, or of the one its nvcc links to, with libcudart."""
    if home is None:
        return []
    homes = dict.fromkeys((Path(home), Path(home, "bin", "nvcc").resolve().parents[1]))
    places = (place / part for place in homes for part in ("lib64", "lib", "targets/*/lib"))
    found = (path for place in places for path in glob(f"{place}/libcudart.*"))
    return list(dict.fromkeys(str(Path(p).parent) for p in found if p.endswith((".so", ".a"))))


def links_runtime(folders: list[str]) -> bool:
    """Ask the linker whether it finds libcudart in these folders or in places of its own."""
    compiler = (os.environ.get("CXX") or "c++").split()
    with tempfile.TemporaryDirectory() as folder:
        command = [*compiler, "-shared", "-x", "c++", os.devnull, "-o", f"{folder}/none.so"]
        command += [*(f"-L{place}" for place in folders), "-lcudart"]
        try:
            return subprocess.run(command, capture_output=True).returncode == 0
        except OSError:  # no such compiler: the build will say so
            return bool(folders)


def json_folder() -> str:
    """Return the folder that holds nlohmann/json.hpp."""
    named = os.environ.get("NLOHMANN_JSON_INCLUDE", "")
    places = [named] if named else []
    places += ["/usr/include", "/usr/local/include", "/opt/homebrew/include"]
    for place in places:
        if Path(place, "nlohmann", "json.hpp").exists():
            return place
    raise SystemExit(
        "eden: nlohmann/json.hpp not found. Install the package nlohmann-json3-dev, or set "
        "NLOHMANN_JSON_INCLUDE to the folder that holds nlohmann/json.hpp."
    )


def ops_extension() -> Extension:
    """Return eden._C, with the CUDA kernels where `choose_cuda` says so."""
    toolkit = toolkit_version(cpp_extension.CUDA_HOME)
    folders = runtime_folders(cpp_extension.CUDA_HOME)
    missing = choose_cuda(
        os.environ.get("EDEN_CUDA") or "auto",
        torch_version=torch.__version__,
        torch_cuda=torch.version.cuda,
        toolkit=toolkit,
        runtime=toolkit is None or links_runtime(folders),
    )
    sources = sorted(glob("csrc/ops/*.cpp"))
    # The ABI version these files may use: 2.11, the oldest torch supported.
    macros = [("TORCH_TARGET_VERSION", "0x020b000000000000")]
    # Torch's own headers have unused parameters.
    flags = [*FLAGS, "-Wno-unused-parameter"]
    make = cpp_extension.CppExtension
    if missing is None:
        architectures = os.environ.setdefault("TORCH_CUDA_ARCH_LIST", ARCHITECTURES)
        facts = f"CUDA {toolkit} for architectures {architectures.replace(';', ' ')}"
        sources += sorted(glob("csrc/ops/cuda/*.cpp")) + below("kernels", ".cu")
        macros.append(("USE_CUDA", None))  # torch's headers show the stream only then
        make = cpp_extension.CUDAExtension
    else:
        facts = f"without CUDA ({missing})"
    print(f"eden: building {facts}", file=sys.stderr)
    return make(
        "eden._C",
        sources,
        include_dirs=[ROOT],
        library_dirs=[] if missing else folders,
        define_macros=macros,
        extra_compile_args={
            # What `eden doctor` shows, and what an error about a GPU names.
            "cxx": [*flags, f'-DEDEN_BUILD_FACTS="{facts}"'],
            "nvcc": [*NVCC_FLAGS, "-Xcompiler", "-Wno-unused-parameter"],
        },
        extra_link_args=LINK_FLAGS,
        py_limited_api=True,
    )


def core_extension() -> Extension:
    """Return eden._core."""
    return Extension(
        "eden._core",
        below("csrc/python", ".cpp") + below("csrc/core", ".cpp"),
        # What a source distribution holds besides the sources of the extensions.
        depends=below("kernels") + below("csrc"),
        include_dirs=[ROOT, pybind11.get_include(), json_folder()],
        extra_compile_args=FLAGS,
        extra_link_args=LINK_FLAGS,
        language="c++",
    )


class BuildExtensions(cpp_extension.BuildExtension):
    """Compiles the kernels before the first extension, and links each with them."""

    kernels: list[str] | None = None

    def build_extension(self, extension: Extension) -> None:
        """Build one extension."""
        if self.kernels is None:
            self.kernels = self.compiler.compile(
                below("kernels", ".cpp"),
                output_dir=self.build_temp,
                include_dirs=[ROOT],
                debug=self.debug,
                extra_postargs=FLAGS,
            )
        extension.extra_objects = self.kernels
        super().build_extension(extension)


# Builders run this file as a script; a test reads it without building.
if __name__ == "__main__":
    setup(
        ext_modules=[ops_extension(), core_extension()],
        cmdclass={"build_ext": BuildExtensions},
    )
