"""Networks with published weights, and the images that others measured them on."""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from eden import data, nets
from eden.data import Normalisation


@dataclass(frozen=True)
class Classifier:
    """A classifier of ImageNet's classes, shown one image of each of them.

    Attributes:
        network: Its name in `eden.nets`.
        file: Its weights.
        normalise: How it was trained to see pixels.
        expected: The share that others found right of these images.
        form: What its builder takes besides.
    """

    network: str
    file: str
    normalise: Normalisation
    expected: float
    form: dict[str, Any] = field(default_factory=dict)
    photos: str = "imagenet1000_224"
    size: int = 224

    def load(self, weights: Path) -> nn.Module:
        """Read the network."""
        path = weights / self.file
        return nets.load(self.network, path, classes=1000, stem="published", **self.form)

    def parts(self, folder: Path) -> tuple[data.Evaluator, data.Evaluator]:
        """Return what tells the accuracy on every second image in the order of ids, and the rest.

        Most likely the network was trained on all of them.
        """
        first, second = (torch.arange(begin, 1000, 2) for begin in (0, 1))
        x, y = self._read(folder)
        return tuple(data.Evaluator(x[part], y[part], 50) for part in (first, second))

    def whole(self, folder: Path) -> data.Evaluator:
        """Return what tells the accuracy on all images."""
        return data.Evaluator(*self._read(folder), 50)

    def _read(self, folder: Path) -> tuple[data.Images, torch.Tensor]:
        read = data.read_labelled(folder / f"{self.photos}.parquet")
        return data.Images(read.pixels, self.normalise), read.labels


@dataclass(frozen=True)
class Detector:
    """YOLOv3-tiny of COCO's 80 classes on photos; of these only those count that are there.

    Attributes:
        photos: The file of photos.
        size: Pixels a side of the squares they are put in.
        expected: Average precision at IoU 0.5 that others found, of all photos, by the area under
            all recalls.
        held_out: The split that is not searched on, if any.
        score: Above which boxes are kept.
    """

    photos: str
    size: int
    expected: float
    held_out: str | None = None
    score: float = 0.005
    network: str = "yolov3_tiny"
    file: str = "yolov3-tiny.weights"

    def load(self, weights: Path) -> nn.Module:
        """Read the network."""
        return nets.load(self.network, weights / self.file)

    def parts(self, folder: Path) -> tuple[data.PrecisionEvaluator, data.PrecisionEvaluator | None]:
        """Return what tells the average precision on photos to search on, and those held out."""
        photos = data.read_annotated(folder / f"{self.photos}.parquet")
        kept = [n for n, split in enumerate(photos.splits) if split == self.held_out]
        searched = [n for n, split in enumerate(photos.splits) if split != self.held_out]
        held_out = self._evaluator(photos.take(kept)).by_precision() if kept else None
        return self._evaluator(photos.take(searched)).by_precision(), held_out

    def whole(self, folder: Path) -> data.BoxEvaluator:
        """Return what finds boxes in all photos."""
        return self._evaluator(data.read_annotated(folder / f"{self.photos}.parquet"))

    def _evaluator(self, photos: data.Annotated) -> data.BoxEvaluator:
        return data.BoxEvaluator(*photos.squares(self.size), partial(nets.detect, score=self.score))


CLASSIFIERS = (
    Classifier(
        "squeezenet1_1",
        "squeezenet1_1_imagenet.safetensors",
        Normalisation((104.0, 117.0, 123.0), (1.0,) * 3, "bgr"),
        0.596,
    ),
    Classifier(
        "mobilenet_v2",
        "mobilenet_v2_imagenet_tf.safetensors",
        Normalisation((127.5,) * 3, (127.5,) * 3),
        0.866,
        {"padding": "tensorflow"},
    ),
)
# The network has seen most of COCO's photos; what is expected there is met at 416 pixels.
DETECTORS = (
    Detector("pennfudan_416", 320, 0.939, held_out="test"),
    Detector("coco256_416", 320, 0.394),
    Detector("coco256_416", 416, 0.394, score=0.001),
)


def lacking(case: Classifier | Detector, folder: Path, weights: Path) -> str:
    """Return which file is not there that a network or its images are read from; "" for none."""
    needed = folder / f"{case.photos}.parquet", weights / case.file
    return next((f"no {path}" for path in needed if not path.is_file()), "")
