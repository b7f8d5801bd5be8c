"""CIFAR-10: the original binary files, or parquet files of JPEG."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from eden._say import refusal
from eden.data._parquet import Labelled, read_labelled

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
_BINARY = {
    "train": tuple(f"data_batch_{n}.bin" for n in range(1, 6)),
    "test": ("test_batch.bin",),
}
_PARQUET = {"train": "cifar10_jpeg_train.parquet", "test": "cifar10_jpeg_test.parquet"}
_RECORD = 1 + 3 * 32 * 32  # a label, then red, green and blue, row by row
# What there has to be in a folder for it to be the one, and where to get it.
WANTED = (_BINARY["train"][0], _PARQUET["train"])
SOURCE = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"


def read_cifar10(folder: Path, part: str, *, progress: bool) -> Labelled:
    """Read the training or the test images; the lossless files where there are both.

    Raises:
        ValueError: For a file that is missing, damaged, or of something else.
    """
    if (folder / _BINARY["train"][0]).exists():
        found = [_binary(folder / name) for name in _BINARY[part]]
        pixels, labels = (torch.cat(parts) for parts in zip(*found, strict=True))
        numbers = tuple(map(str, range(len(labels))))
        return Labelled(pixels, labels, tuple(CLASSES), numbers, (part,) * len(labels))
    path = folder / _PARQUET[part]
    if not path.is_file():
        raise ValueError(f"missing file: no {path.name} in {folder}; or get {SOURCE}")
    read = read_labelled(path, progress=progress)
    if read.pixels.shape[1:] != (3, 32, 32):
        raise ValueError(refusal(f"{path}: shape of images", [*read.pixels.shape[1:]], "3, 32, 32"))
    _check_labels(path, read.labels)
    return read


def _check_labels(path: Path, labels: torch.Tensor) -> None:
    if (most := int(labels.max())) >= len(CLASSES):
        raise ValueError(f"{path}: label {most}, accepted: 0 to 9")


def _binary(path: Path) -> tuple[torch.Tensor, torch.Tensor]:
    if not path.is_file():
        raise ValueError(f"missing file: no {path.name} in {path.parent}; get {SOURCE}")
    size = path.stat().st_size
    if not size or size % _RECORD:
        said = f"a multiple of {_RECORD}, an image's (truncated or damaged)"
        raise ValueError(refusal(f"bytes of {path}", size, said))
    records = torch.from_numpy(np.fromfile(path, np.uint8)).reshape(-1, _RECORD)
    labels = records[:, 0].to(torch.int64)
    _check_labels(path, labels)
    return records[:, 1:].reshape(-1, 3, 32, 32).contiguous(), labels
