"""Hold networks with published weights against what others measured with them.

python scripts/check_pretrained.py DATA WEIGHTS

DATA is a folder of imagenet1000_224.parquet, pennfudan_416.parquet and coco256_416.parquet, WEIGHTS
one of squeezenet1_1_imagenet.safetensors, mobilenet_v2_imagenet_tf.safetensors and
yolov3-tiny.weights. What is not there is left out, and said to be.
"""

import argparse
import time
from pathlib import Path

from published import CLASSIFIERS, DETECTORS, Classifier, Detector, lacking

from eden import data


def measured(case: Classifier | Detector, folder: Path, weights: Path) -> str:
    """What is said of a network on all images."""
    model, evaluate = case.load(weights), case.whole(folder)
    if isinstance(evaluate, data.Evaluator):
        return f"top-1 {evaluate(model):.3f}"
    found, there = evaluate.found(model), evaluate.there()
    area = data.average_precision(found, there, recalls="voc")
    told = {"AP50 by area": area} | data.coco_scores(found, there)
    return " ".join(f"{name} {value:.3f}" for name, value in told.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", type=Path)
    args = parser.parse_args()
    for case in (*CLASSIFIERS, *DETECTORS):
        where = f"{case.network}, {case.photos} at {case.size}"
        if said := lacking(case, args.data, args.weights):
            print(f"{where}: left out, {said}", flush=True)
            continue
        begun = time.monotonic()
        said = measured(case, args.data, args.weights)
        took = time.monotonic() - begun
        print(f"{where}: {said}, expected {case.expected} ({took:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
