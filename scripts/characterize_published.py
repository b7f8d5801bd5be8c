"""What networks with published weights bear as they are, in int8 and without any training.

python scripts/characterize_published.py DATA WEIGHTS OUT [--cells] [--draws 59]
    [--cases squeezenet1_1-imagenet1000_224 ...]

DATA and WEIGHTS are as for scripts/check_pretrained.py; what is not there is left out, and said to
be. Searched are half of ImageNet's images, Penn-Fudan's photos that are not for test, and all of
COCO's, most of which the networks were most likely trained on; fresh draws at the tolerance are
then made on the images held out. OUT keeps what was asked, so that a run cut short goes on. Without
--cells, which takes hours, draws alone say how often the target is missed.
"""

import argparse
import time
from pathlib import Path

from compare_protection import fresh, missed
from published import CLASSIFIERS, DETECTORS, Classifier, Detector, lacking

from eden import approximate, characterize_coarse, criticality, errors
from eden.data import batches
from eden.network import Config

CASES = {
    f"{case.network}-{case.photos}": case
    for case in (*CLASSIFIERS, *DETECTORS)
    if case.size != 416  # the same photos once more
}
# Int8 alone costs SqueezeNet 1.2 points here; of average precision a cell of the lowest bit moves
# half of one (docs/networks.md).
LOSS = {Classifier: 0.02, Detector: 0.04}


def characterize(case: Classifier | Detector, options: argparse.Namespace, out: Path) -> None:
    begun = time.monotonic()
    model, (searched, held_out) = case.load(options.weights).eval(), case.parts(options.data)
    config, loss = Config(error=errors.Uniform(weak_fraction=1e-3), stored="int8"), LOSS[type(case)]
    with approximate(model, config) as handle:
        handle.learn_bounds(batches(searched.x, searched.y, 16))
    trained = searched(model)
    shared = {"target_accuracy": trained - loss, "folder": out, "progress": True}
    risk = criticality(model, searched, config=config, **shared) if options.cells else None
    found = characterize_coarse(model, searched, config=config, risk=risk, **shared)
    low, high = found.interval
    said = "" if risk is None else f", lambda {risk.lambda_of():.0f}"
    print(
        f"{len(searched)} searched: {trained:.4f} in floats, {found.clean_accuracy:.4f} as stored, "
        f"target {trained - loss:.4f}{said}; P(miss) = 1 % at {found.ber:.1e} "
        f"[{low:.1e}, {high:.1e}], mean {found.mean_ber:.1e}, no draw of 20 misses up to "
        f"{found.sweep_ber:.1e} ({time.monotonic() - begun:.0f} s)",
        flush=True,
    )
    if held_out is None:
        return
    there = held_out(model)
    with approximate(model, found.config) as handle:
        handle.set_ber(0.0)
        stored = held_out(model)
    shared["target_accuracy"] = there - loss
    told = fresh(model, held_out, found, options.draws, shared)
    print(
        f"{len(held_out)} held out: {there:.4f} in floats, {stored:.4f} as stored, target "
        f"{there - loss:.4f}; of fresh draws at {found.ber:.1e} {missed(told)}, mean "
        f"{told.mean_accuracy:.4f}, lowest {min(told.accuracies):.4f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--cells", action="store_true")
    parser.add_argument("--draws", type=int, default=59)
    options = parser.parse_args()
    for name in options.cases:
        case = CASES[name]
        if said := lacking(case, options.data, options.weights):
            print(f"{name}: left out, {said}", flush=True)
            continue
        print(f"{name}: {case.size} pixels", flush=True)
        characterize(case, options, options.out / name)


if __name__ == "__main__":
    from one_line import in_one_line

    in_one_line(main)
