"""A run small enough for tests: made-up images in Fashion-MNIST's format, a few seconds a run."""

import errno
import struct
from contextlib import contextmanager

import numpy as np
import pytest
import yaml

from eden._yaml import _Loader
from eden.folder import StageFiles, parse_recipe

RECIPE = """
data: {train_images: 900, validation_images: 80}
train: {epochs: 3, batch_size: 32}
boost: {target_bers: [1e-3], epochs: 2, batch_size: 64}
accuracy_loss: 0.1
characterize:
  low: 1e-7
  seeds: 2
  curve: {low: 1e-4, high: 1e-2, steps_a_decade: 1, seeds: 2, images: 50}
verify: {seeds: 3, quantile: 0.5, confidence: 0.8, attempts: 2}
"""


def write_images(folder):
    """Ten classes, each a blurred blob at a place of its own under noise, in idx files."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for part, count in (("train", 1080), ("t10k", 100)):
        labels = rng.integers(0, 10, count).astype(np.uint8)
        images = rng.integers(0, 90, (count, 28, 28)).astype(np.uint8)
        for image, label in zip(images, labels, strict=True):
            row, column = 3 + 12 * (label // 5), 1 + 5 * (label % 5)
            image[row : row + 8, column : column + 5] += 150
        write_idx(folder / f"{part}-images-idx3-ubyte", images)
        write_idx(folder / f"{part}-labels-idx1-ubyte", labels)
    return folder


def write_idx(path, array):
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(head + array.tobytes())


def write_recipe(folder, text=RECIPE):
    path = folder / "small.yaml"
    path.write_text(text)
    return path


def small(**keys):
    """The recipe as read, with other keys at its top."""
    return parse_recipe({**yaml.load(RECIPE, _Loader), **keys})


def boosted_by(recipe=None, **keys):
    """A recipe, by default the small one, with other keys of boosting."""
    recipe = small() if recipe is None else recipe
    return recipe.model_copy(update={"boost": recipe.boost.model_copy(update=keys)})


@contextmanager
def full_disk(monkeypatch, name):
    """A disk that is full when a stage writes this JSON file, which ends it."""
    write = StageFiles.json

    def full(files, wanted, value):
        if wanted == name:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(files, wanted, value)

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(StageFiles, "json", full)
        yield


def contents(folder):
    """Every file that must be the same in two runs of a recipe."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(("env", "time"))
    }
