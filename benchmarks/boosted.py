"""Does boosting on a device do what it is for: LeNet under errors, before and after?

Trains on Fashion-MNIST where its images are found, else on made-up ones; boosts in int8 with
corrections for one bit error rate; prints the accuracy without errors and under them.

Run: python benchmarks/boosted.py [--device cuda] [--images 20000] [--epochs 6] [--json FILE]
"""

import time

import torch
from _common import Table, head, parser
from torch import Tensor

import eden
from eden import data, nets


def images(number: int) -> tuple[str, Tensor, Tensor]:
    """Return where they are from, images ``[n, 1, 28, 28]`` and labels ``[n]``."""
    try:
        x, y = data.load("fashion-mnist").train
        return "fashion-mnist", x[:number], y[:number]
    except (OSError, ValueError) as error:
        print(f"made-up images ({str(error).splitlines()[0]})")
    torch.manual_seed(0)
    patterns, y = torch.rand(10, 1, 28, 28), torch.arange(number) % 10
    return "made up", 0.5 * patterns[y] + 0.5 * torch.rand(number, 1, 28, 28), y


@torch.no_grad()
def accuracy(model: torch.nn.Module, x: Tensor, y: Tensor) -> float:
    """Share of images that a network labels right."""
    model.eval()
    guessed = torch.cat([model(part).argmax(1) for part in x.split(500)])
    return (guessed == y).float().mean().item()


def under_errors(model, config, batches, x, y, ber: float, draws: int) -> float:
    """Mean accuracy over draws of errors."""
    with eden.approximate(model, config) as handle:
        if handle.config.calibration is None:
            handle.learn_bounds(batches)
        handle.set_ber(ber)
        found = []
        for seed in range(draws):
            handle.reseed(1000 + seed)
            found.append(accuracy(model, x, y))
    return sum(found) / draws


def main() -> None:
    made = parser(__doc__, elements=None)
    made.add_argument("--device", default="cuda")
    made.add_argument("--images", type=int, default=20_000)
    made.add_argument("--epochs", type=int, default=6)
    made.add_argument("--ber", type=float, default=2e-2)
    made.add_argument("--draws", type=int, default=10)
    args = made.parse_args()
    source, x, y = images(args.images)
    facts = head(device=args.device, images=source, number=args.images, ber=args.ber)
    x, y = x.to(args.device), y.to(args.device)
    cut = len(x) * 4 // 5
    batches = list(zip(x[:cut].split(128), y[:cut].split(128), strict=True))
    held_x, held_y = x[cut:], y[cut:]
    torch.manual_seed(0)
    model = nets.lenet().to(args.device)
    nets.train(model, (x[:cut], y[:cut]), epochs=args.epochs, seed=0, progress=False)
    config = eden.Config(error=eden.errors.Uniform(1e-3), stored="int8", correction="zero")
    start = time.perf_counter()
    boosted = eden.boost(
        model, batches, config=config, target_ber=args.ber, epochs=args.epochs, progress=False
    )
    facts["boost_seconds"] = time.perf_counter() - start
    table = Table({"network": "<10s", "clean": "7.3f", "under errors": "13.3f"})
    for name, network in (("original", model), ("boosted", boosted)):
        faulty = under_errors(network, config, batches, held_x, held_y, args.ber, args.draws)
        table.add(network=name, clean=accuracy(network, held_x, held_y), **{"under errors": faulty})
    table.write(args.json, "boosted", facts)


if __name__ == "__main__":
    main()
