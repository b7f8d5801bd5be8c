"""What do the spatial error models cost over the uniform one at the same weak fraction?

- wordline: each row of bank 0 of DDR3L module B10 at 1.05 V has the error rate that its subarray of
  512 rows measured (`eden/devices/specs/ddr3l-1600-b10.json` names the sources): 5e-7 to 2e-2.
- bitline: no measurement by bit position is public. A log-normal draw, as wide as those subarrays
  are spread (`--sigma`, the standard deviation of log P, sets another width).
- data-dependent: a stored 1 always fails, a stored 0 one time in ten. F < 1: half of the time.

Rates of a model are scaled to the mean weak fraction of the row. The delivered rate of the last two
is lower by design: their weak cells do not always fail.

`--search` asks instead what they cost a coarse and a fine search of a small network, LeNet in int8
on 200 images of noise: there a question takes milliseconds, and so does a table of 65,536 bitlines
or 32,768 rows that is made for it.

Run: python benchmarks/models.py [--elements 67108864] [--stored fp32] [--search] [--json FILE]
"""

import numpy as np
import torch
from _common import Table, delivered_ber, head, interleaved, parser, spread_bitlines

import eden

FRACTIONS = (1e-5, 1e-4, 1e-3, 1e-2, 5e-2)
TARGET = 2.5


def measured_rows(rows: int) -> np.ndarray:
    """Return the error rate of the first rows of bank 0; beyond its end it begins again."""
    device = eden.devices.load("ddr3l-1600-b10")
    point = device.at(vdd_volts=1.05)
    bank = [part for part in device.subarrays if part.bank == 0]
    return np.resize(np.repeat([p.at(point).ber for p in bank], [p.rows for p in bank]), rows)


def search(error: eden.errors.ErrorModel) -> None:
    """Find tolerances of a LeNet that names noise as it does without errors."""
    torch.manual_seed(0)
    model, x = eden.nets.lenet().eval(), torch.rand(200, 1, 28, 28)
    with torch.no_grad():
        evaluate = eden.data.Evaluator(x, model(x).argmax(1))
    evaluate.in_copies = False  # one process: of several the slowest would count
    config = eden.Config(error, stored="int8")
    with eden.approximate(model, config) as handle:
        config = config.with_(calibration=handle.learn_bounds([x]))
    given = {"config": config, "target_accuracy": 0.9, "low": 1e-6, "criterion": "sweep"}
    coarse = eden.characterize_coarse(model, evaluate, seeds=4, **given)
    eden.characterize_fine(model, evaluate, start=coarse, seeds=4)


def compare_searches(sigma: float, repeats: int) -> Table:
    """Time the search under each model in turn."""
    # No row always fails: such a one cannot be scaled down.
    rows = eden.errors.Wordline(np.minimum(measured_rows(32768), 0.5))
    models = {
        "uniform": eden.errors.Uniform(1e-3),
        "bitline": spread_bitlines(sigma),
        "wordline": rows,
    }
    calls = {name: lambda error=error: search(error) for name, error in models.items()}
    took = interleaved(calls, repeats=repeats)
    table = Table({"model": "<14s", "s": "9.2f", "ratio": "6.2f"})
    for name, timing in took.items():
        ratio = timing.seconds / took["uniform"].seconds
        table.add(model=name, s=timing.seconds, ratio=ratio)
    return table


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--search", action="store_true", help="time searches, not injection")
    options.add_argument("--stored", default="fp32", choices=sorted(eden.access.formats.FORMATS))
    options.add_argument("--fractions", type=float, nargs="+", default=FRACTIONS, metavar="P")
    options.add_argument("--sigma", type=float, help="of the bitlines' log P")
    args = options.parse_args()
    sigma = float(np.log(measured_rows(32768)).std()) if args.sigma is None else args.sigma
    if args.search:
        torch.set_num_threads(1)
        facts = head(sigma=round(sigma, 3))
        compare_searches(sigma, args.repeats).write(args.json, "models-search", facts)
        return

    stored = {"stored": args.stored}
    x = torch.randn(args.elements)
    y = torch.empty_like(x)
    if eden.access.formats.get(args.stored).integer:
        stored["scale"] = eden.access.ops.scale_of(x, args.stored)
    size = (args.elements * eden.access.formats.get(args.stored).bits + 7) // 8
    rows = measured_rows((size + 8191) // 8192)
    facts = head(elements=args.elements, stored=args.stored, sigma=round(sigma, 3))
    bitline = spread_bitlines(sigma)
    wordline = eden.errors.Wordline(rows)

    table = Table(
        {
            "weak": "8.0e",
            "model": "<14s",
            "ms": "9.2f",
            "uniform ms": "10.2f",
            "ratio": "6.2f",
            "target": "6.2f",
            "delivered": "10.3e",
        }
    )
    for weak in args.fractions:
        errors = {
            "uniform": eden.errors.Uniform(weak),
            "bitline": bitline.with_ber(weak),
            "wordline": wordline.with_ber(weak, size_bytes=size),
            "data-dependent": eden.errors.DataDependent(weak, 1.0, 0.1),
            "F = 0.5": eden.errors.Uniform(weak, failure_probability=0.5),
        }
        calls = {
            name: lambda error=error: eden.inject(x, error, key=eden.key(1), out=y, **stored)
            for name, error in errors.items()
        }
        took = interleaved(calls, repeats=args.repeats)
        for name, call in calls.items():
            call()
            table.add(
                **{
                    "weak": weak,
                    "model": name,
                    "ms": took[name].seconds * 1e3,
                    "uniform ms": took["uniform"].seconds * 1e3,
                    "ratio": took[name].seconds / took["uniform"].seconds,
                    "target": None if name == "uniform" else TARGET,
                    "delivered": delivered_ber(x, y, **stored),
                }
            )
    table.write(args.json, "models", facts)


if __name__ == "__main__":
    main()
