"""What boosting buys: the bit error rate that LeNet bears, over seeds and ways of training.

Run: python scripts/compare_boosting.py [--seeds 3] [--first 0] [--ways none ramp steps clean]
     [--stored int8] [--ber 3e-3] [--epochs 10] [--draws 0]
     (Fashion-MNIST: scripts/download_fashion_mnist.py)

Trains a network for each seed ("none") and trains it on, on the training images alone: "ramp", the
default of `eden.boost`; "steps", the paper's curriculum; "clean", as long and with the same inputs'
ranges, without errors. All by one criterion on the validation images: the BER at which P(miss) is
1 % for one point lost, its interval, lambda and the mean-based BER; with --draws the share of so
many fresh draws that miss at it.
"""

import argparse
import os
import statistics
import time

import torch
from scipy.stats import binomtest

from eden import boost, characterize_coarse, criticality, data, errors, nets
from eden.access import seeds_for
from eden.network import Config, approximate

LOSS = 0.01
# As in the recipe.
SHARES = (0.5, 0.15)
# Rates low enough that no cell of LeNet fails in training.
CLEAN = 1e-12


def trained(seed, splits, config):
    """LeNet as trained, with its ranges."""
    torch.manual_seed(seed)
    model = nets.train(nets.lenet(), splits.train, seed=seed, progress=False).eval()
    with approximate(model, config) as handle:
        handle.learn_bounds(data.batches(*splits.train, 512, seed=seed))
    return model


def trained_on(way, model, splits, config, seed, ber, epochs):
    """The same after boosting, or after as much training without errors."""
    if way == "none":
        return model
    return boost(
        model,
        data.batches(*splits.train, 256, seed=seed),
        config=config.with_(seed=seed),
        target_ber=CLEAN if way == "clean" else ber,
        epochs=epochs,
        curriculum="steps" if way == "steps" else "ramp",
        input_range=SHARES,
        progress=False,
    ).eval()


def accuracies(model, evaluate, config, ber, draws):
    """Accuracy under each draw at a rate."""
    found = []
    with approximate(model, config) as handle:
        handle.set_ber(ber)
        for draw in draws:
            handle.reseed(draw)
            found.append(evaluate(model))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--ways", nargs="+", default=["none", "ramp", "steps", "clean"])
    parser.add_argument("--stored", default="int8")
    parser.add_argument("--ber", type=float, default=3e-3)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--draws", type=int, default=0)
    args = parser.parse_args()
    splits = data.load("fashion-mnist")
    evaluate = data.Evaluator(*splits.validation)
    config = Config(errors.Uniform(1e-3), args.stored)
    print(f"{args.stored}, OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', 'default')}")
    print(
        f"{'seed':>4} {'way':6} {'s':>4} {'clean':>6} {'lambda':>7} {'BER at 1 %':>26} {'mean':>7}"
    )
    multiples = {way: [] for way in args.ways if way != "none"}
    for seed in range(args.first, args.first + args.seeds):
        original = trained(seed, splits, config)
        clean = accuracies(original, evaluate, config, 0.0, [0])[0]
        asked = {"config": config, "target_accuracy": clean - LOSS, "seed": seed}
        first = None
        for way in ["none", *multiples]:
            start = time.perf_counter()
            model = trained_on(way, original, splits, config, seed, args.ber, args.epochs)
            seconds = time.perf_counter() - start
            reached = accuracies(model, evaluate, config, 0.0, [0])[0]
            line = f"{seed:4} {way:6} {seconds:4.0f} {reached:6.4f}"
            if reached < clean - LOSS:
                print(f"{line} costs more than may be lost", flush=True)
                continue
            risk = criticality(model, evaluate, **asked)
            found = characterize_coarse(model, evaluate, risk=risk, **asked)
            low, high = found.interval
            line += f" {risk.lambda_of():7.0f} {found.ber:.1e} [{low:.1e}, {high:.1e}]"
            print(
                f"{line} {found.mean_ber:.1e}{fresh(model, evaluate, found, args.draws)}",
                flush=True,
            )
            first = found if first is None else first
            if way != "none":
                multiples[way].append((found.ber / first.ber, found.mean_ber / first.mean_ber))
    for way, found in multiples.items():
        for name, each in zip(("P(miss) = 1 %", "mean"), zip(*found, strict=True), strict=False):
            spread = f"{min(each):.1f} to {max(each):.1f}"
            print(f"{way:6} by {name:13}: {statistics.median(each):5.1f} times ({spread})")


def fresh(model, evaluate, found, draws):
    """How many fresh draws miss at the tolerance, with Clopper and Pearson's interval."""
    if not draws:
        return ""
    under = accuracies(
        model, evaluate, found.config, found.ber, seeds_for("compare boosting", draws)
    )
    misses = sum(accuracy < found.target_accuracy for accuracy in under)
    low, high = binomtest(misses, draws).proportion_ci(method="exact")
    return f"  {misses} of {draws} miss [{low:.2%}, {high:.2%}]"


if __name__ == "__main__":
    main()
