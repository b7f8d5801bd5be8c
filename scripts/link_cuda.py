"""Do the ops over the CUDA kernels compile, link and register, where torch has no CUDA?

Compiles csrc/ops/cuda against torch's headers, warnings being errors; links it with the kernels,
undefined symbols being errors, and a stand-in for the one function that only a CUDA build of torch
has; loads that beside eden and asks torch for the CUDA kernel of every op that is not for the CPU
alone. Nothing runs on a GPU.

Run: python scripts/link_cuda.py build/cmake-cuda/libeden_cuda.a [--nvcc NVCC]
"""

import argparse
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from torch.utils import cpp_extension

from eden._native import build_facts

ROOT = Path(__file__).parent.parent
# What the glue stands on, besides the kernels.
SHARED = (
    "csrc/ops/checks.cpp",
    "csrc/ops/params.cpp",
    "csrc/ops/protect.cpp",
    "kernels/access/check.cpp",
)
# A kernel on a GPU finds the weak cells it needs.
CPU_ALONE = {"eden::weak_cells"}
STAND_IN = (
    '#include <cstdint>\nextern "C" int32_t aoti_torch_get_current_cuda_stream(int32_t, void**) '
    "{ return 1; }\n"
)


def flags() -> list[str]:
    torch_headers = [f"-isystem{path}" for path in cpp_extension.include_paths()]
    defines = ["-DUSE_CUDA", "-DTORCH_TARGET_VERSION=0x020b000000000000"]
    warnings = ["-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"]
    return ["-std=c++17", "-fPIC", "-fvisibility=hidden", *warnings, *defines, *torch_headers]


def run(*command: object) -> None:
    done = subprocess.run([str(part) for part in command], cwd=ROOT)
    if done.returncode != 0:
        raise SystemExit(f"link_cuda.py: failed: {' '.join(map(str, command))}")


def compile_all(folder: Path) -> list[Path]:
    stand_in = folder / "stand_in.cpp"
    stand_in.write_text(STAND_IN)
    sources = [*sorted(ROOT.glob("csrc/ops/cuda/*.cpp")), *(ROOT / s for s in SHARED), stand_in]
    objects = [folder / f"{i}.o" for i in range(len(sources))]
    with ThreadPoolExecutor(2) as pool:  # a file takes half a gigabyte
        list(
            pool.map(
                lambda source, made: run("g++", *flags(), "-I.", "-c", source, "-o", made),
                sources,
                objects,
            )
        )
    return objects


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kernels", type=Path, help="the library of the CUDA kernels")
    parser.add_argument("--nvcc", default="nvcc")
    args = parser.parse_args()
    if not build_facts.startswith("without"):
        print(f"eden is built with {build_facts}: nothing to stand in for")
        return
    with tempfile.TemporaryDirectory() as name:
        library = Path(name) / "glue.so"
        places = [f"-L{path}" for path in cpp_extension.library_paths()]
        kernels = ["-Xlinker", "--no-undefined", args.kernels]
        libraries = ["-ltorch", "-ltorch_cpu", "-lc10", "-lstdc++"]
        run(
            *(args.nvcc, "-shared", "-arch=sm_90", "-o", library, *compile_all(Path(name))),
            *(*kernels, *places, *libraries),
        )
        torch.ops.load_library(library)
        names = {n for n in torch._C._dispatch_get_all_op_names() if n.startswith("eden::")}
        ops = sorted(names - CPU_ALONE)
        missing = [
            op for op in ops if not torch._C._dispatch_has_kernel_for_dispatch_key(op, "CUDA")
        ]
    if missing or not ops:
        raise SystemExit(f"link_cuda.py: no CUDA kernel for {', '.join(missing) or 'any op'}")
    print(f"CUDA kernels registered for {len(ops)} ops: {', '.join(ops)}")


if __name__ == "__main__":
    sys.exit(main())
