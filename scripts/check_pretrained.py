"""Hold networks with published weights against what others measured with them.

python scripts/check_pretrained.py DATA WEIGHTS

DATA is a folder of imagenet1000_224.parquet, pennfudan_416.parquet and coco256_416.parquet, WEIGHTS
one of squeezenet1_1_imagenet.safetensors, mobilenet_v2_imagenet_tf.safetensors and
yolov3-tiny.weights. What is not there is left out.
"""

import argparse
import time
from functools import partial
from pathlib import Path

from eden import data, nets
from eden.data import Normalisation

CLASSIFIERS = (
    # What is expected was measured by others on the same images.
    (
        "squeezenet1_1",
        "squeezenet1_1_imagenet.safetensors",
        {},
        Normalisation((104.0, 117.0, 123.0), (1.0,) * 3, "bgr"),
        0.596,
    ),
    (
        "mobilenet_v2",
        "mobilenet_v2_imagenet_tf.safetensors",
        {"padding": "tensorflow"},
        Normalisation((127.5,) * 3, (127.5,) * 3),
        0.866,
    ),
)
# Pixels a side, and of all photos by the area under all recalls. The network has seen most of those
# of COCO; what is expected there is met at 416 pixels.
DETECTION = (
    ("pennfudan_416", 320, 0.939),
    ("coco256_416", 320, 0.394),
    ("coco256_416", 416, 0.394),
)


def top_1(path: Path, name: str, weights: Path, form: dict, normalise: Normalisation) -> float:
    read = data.read_labelled(path)
    model = nets.load(name, weights, classes=1000, stem="published", **form)
    return data.Evaluator(data.Images(read.pixels, normalise), read.labels, 50)(model)


def scores(path: Path, size: int, weights: Path) -> dict[str, float]:
    photos = data.read_annotated(path)
    model = nets.load("yolov3_tiny", weights)
    # Of COCO's 80 classes only those count that are there.
    evaluate = data.BoxEvaluator(*photos.squares(size), partial(nets.detect, score=0.005))
    found, there = evaluate.found(model), evaluate.there()
    area = data.average_precision(found, there, recalls="voc")
    return {"AP50 by area": area} | data.coco_scores(found, there)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", type=Path)
    args = parser.parse_args()
    images = args.data / "imagenet1000_224.parquet"
    for name, file, form, normalise, expected in CLASSIFIERS:
        if images.is_file() and (args.weights / file).is_file():
            begun = time.monotonic()
            found = top_1(images, name, args.weights / file, form, normalise)
            took = time.monotonic() - begun
            print(f"{name}: top-1 {found:.3f}, expected {expected} ({took:.0f} s)", flush=True)
    detector = args.weights / "yolov3-tiny.weights"
    for file, size, expected in DETECTION:
        path = args.data / f"{file}.parquet"
        if path.is_file() and detector.is_file():
            begun = time.monotonic()
            found = " ".join(f"{k} {v:.3f}" for k, v in scores(path, size, detector).items())
            took = time.monotonic() - begun
            print(
                f"yolov3_tiny, {file} at {size}: {found}, expected {expected} ({took:.0f} s)",
                flush=True,
            )


if __name__ == "__main__":
    main()
