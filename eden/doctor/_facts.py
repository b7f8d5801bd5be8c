"""What is installed and built."""

import platform
from pathlib import Path

import torch

from eden import data, devices
from eden._native import build_facts
from eden._versions import versions


def facts() -> dict[str, str]:
    """Return versions and build facts, by name, as text."""
    known = versions()
    found = {
        "eden": known.pop("eden"),
        "python": f"{known.pop('python')} on {platform.platform()}",
        "torch": f"{known.pop('torch')}, built for CUDA {torch.version.cuda or '(none)'}, "
        f"{torch.get_num_threads()} threads, {known.pop('instructions')}",
        "built": build_facts,
        "GPUs": ", ".join(map(_gpu, range(torch.cuda.device_count()))) or "none",
    }
    del known["machine"]  # the platform names it
    found["libraries"] = ", ".join(f"{name} {version}" for name, version in known.items())
    for name in ("_C", "_core"):
        built = sorted(Path(__file__).parents[1].glob(f"{name}.*so"))
        found[f"eden.{name}"] = ", ".join(map(str, built)) or "not built"
    found["devices"] = ", ".join(devices.names())
    folders = [folder for folder in (data.SYSTEM_FOLDER, data.cache_folder()) if folder.is_dir()]
    found["images"] = str(folders[0]) if folders else "no Fashion-MNIST found"
    return found


def devices_to_check() -> list[str]:
    """Return the CPU and each GPU that this build has kernels for, as torch names them."""
    gpus = range(0 if build_facts.startswith("without") else torch.cuda.device_count())
    return ["cpu", *(f"cuda:{i}" for i in gpus)]


def _gpu(index: int) -> str:
    gpu = torch.cuda.get_device_properties(index)
    return f"cuda:{index} {gpu.name} (compute capability {gpu.major}.{gpu.minor})"
