"""Which backward pass boosts LeNet better: by the tensors as read, or as they lay in DRAM?

Run: python scripts/compare_gradients.py [--seeds 3] [--ber 5e-3] [--epochs 6] [--stored int8]
     [--scale channel]   (Fashion-MNIST: scripts/download_fashion_mnist.py)

Trains a network for each seed and boosts it both ways to one high bit error rate, on the training
images alone; accuracy on the validation images, without errors as stored and under fresh draws.
"""

import argparse
import statistics

import torch

from eden import boost, data, errors, nets
from eden.access import seeds_for
from eden.network import Config, approximate
from eden.training import GRADIENTS, BoostConfig


def accuracies(model, evaluate, config, ber, draws):
    """Accuracy without errors, and under each draw."""
    with approximate(model, config) as handle:
        handle.set_ber(0.0)
        clean = evaluate(model)
        handle.set_ber(ber)
        under = []
        for draw in draws:
            handle.reseed(draw)
            under.append(evaluate(model))
    return clean, under


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--ber", type=float, default=5e-3)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--stored", default="int8")
    parser.add_argument("--scale", default="channel")
    parser.add_argument("--draws", type=int, default=20)
    args = parser.parse_args()
    splits = data.load("fashion-mnist")
    evaluate = data.Evaluator(*splits.validation)
    config = Config(errors.Uniform(1e-3), args.stored, scale=args.scale)
    draws = seeds_for("compare gradients", args.draws)
    print(f"{args.stored}, scale {args.scale}, BER {args.ber:g}, {args.epochs} epochs of boosting")
    print(f"{'seed':>4} {'gradients':10} {'clean':>7} {'mean':>7} {'least':>7}")
    means = {kind: [] for kind in GRADIENTS}
    for seed in range(args.seeds):
        torch.manual_seed(seed)
        baseline = nets.train(nets.lenet(), splits.train, epochs=4, seed=seed, progress=False)
        for kind in GRADIENTS:
            boosted = boost(
                baseline.eval(),
                data.batches(*splits.train, 128, seed=seed),
                config=config.with_(seed=seed),
                target_ber=args.ber,
                epochs=args.epochs,
                how=BoostConfig(gradients=kind),
                progress=False,
            )
            clean, under = accuracies(boosted.eval(), evaluate, config, args.ber, draws)
            means[kind].append(statistics.mean(under))
            print(f"{seed:4} {kind:10} {clean:7.4f} {means[kind][-1]:7.4f} {min(under):7.4f}")
    for kind, found in means.items():
        spread = f"{min(found):.4f} to {max(found):.4f}"
        print(f"mean {kind:10} {'':7} {statistics.mean(found):7.4f} ({spread})")


if __name__ == "__main__":
    main()
