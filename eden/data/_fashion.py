"""Fashion-MNIST, read from its four idx files."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch

# Where Debian's package `dataset-fashion-mnist` puts the files, and where a download goes.
SYSTEM_FOLDER = Path("/usr/share/datasets/fashion-mnist")
_FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
# What there has to be in a folder for it to be the one.
WANTED = (_FILES["train"][0], f"{_FILES['train'][0]}.gz")
ADVICE = "install the package dataset-fashion-mnist"
_CLASSES = 10
_LARGEST = 2**30  # bytes of a file, unpacked: twenty times the largest there is
# Mean and standard deviation of the 60,000 training images, pixels in [0, 1].
_MEAN, _STD = 0.2860, 0.3530


def cache_folder() -> Path:
    """Return the folder that a downloaded Fashion-MNIST goes to."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "eden" / "fashion-mnist"


def folders() -> tuple[Path, ...]:
    """Return where the files are looked for unless a folder is named."""
    return SYSTEM_FOLDER, cache_folder()


def read_part(folder: Path, part: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Read the images, uint8 ``[n, 1, 28, 28]``, and labels of "train" or "test".

    Raises:
        ValueError: For a file that is missing, empty or damaged.
    """
    images_name, labels_name = _FILES[part]
    pixels = _read_idx(folder, images_name, dimensions=3)
    labels = _read_idx(folder, labels_name, dimensions=1)
    if len(pixels) != len(labels):
        raise ValueError(
            f"{folder}: {images_name} holds {len(pixels)} images and {labels_name} "
            f"{len(labels)} labels, accepted: as many labels as images"
        )
    if labels.max() >= _CLASSES:
        raise ValueError(f"{folder / labels_name}: label {labels.max()}, accepted: 0 to 9")
    if pixels.shape[1:] != (28, 28):
        raise ValueError(f"{folder / images_name}: images of {pixels.shape[1:]}, accepted: 28 x 28")
    return torch.from_numpy(pixels).unsqueeze(1), torch.from_numpy(labels).to(torch.int64)


def normalised(pixels: torch.Tensor) -> torch.Tensor:
    """Return float32 images of the mean and standard deviation of the training images."""
    return pixels.to(torch.float32).div_(255).sub_(_MEAN).div_(_STD)


def _read_idx(folder: Path, name: str, *, dimensions: int) -> np.ndarray:
    """Read one idx file: magic 0x08 and the rank, then big-endian sizes, then bytes."""
    path = next((p for p in (folder / f"{name}.gz", folder / name) if p.exists()), None)
    if path is None:
        raise ValueError(f"missing file: no {name}[.gz] in {folder}")
    if not path.is_file():
        raise ValueError(f"{path}: is not a file")
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
            shape = _read_header(file, path, dimensions)
            expected = math.prod(shape)
            # One more says that there is more; a small file may unpack to more than fits in memory.
            data = file.read(expected + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: damaged or truncated ({error})") from error
    if len(data) != expected:
        found = f"{len(data)} bytes" if len(data) < expected else f"more than {expected} bytes"
        raise ValueError(
            f"{path}: {found} of data for sizes {shape}, truncated or damaged, accepted: {expected}"
        )
    return np.frombuffer(data, np.uint8).reshape(shape).copy()


def _read_header(file: Any, path: Path, dimensions: int) -> tuple[int, ...]:
    size = 4 + 4 * dimensions
    head = file.read(size)
    if len(head) < size:
        raise ValueError(f"{path}: {len(head)} bytes, empty or truncated; the header takes {size}")
    if head[:4] != bytes([0, 0, 8, dimensions]):
        raise ValueError(
            f"{path}: begins with {head[:4].hex()}, accepted: 000008{dimensions:02x}, an idx file "
            f"of bytes with {dimensions} dimensions"
        )
    shape = tuple(int(n) for n in np.frombuffer(head, ">u4", dimensions, 4))
    if not 0 < math.prod(shape) <= _LARGEST:
        held = "no data" if math.prod(shape) == 0 else f"more than {_LARGEST} bytes"
        raise ValueError(f"{path}: holds {held}, its sizes are {shape}")
    return shape
