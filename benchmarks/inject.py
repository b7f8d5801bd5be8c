"""How much does injection cost over a plain copy?

Prints, for each bit error rate, the time of `eden.inject(x, ..., out=y)` over that of `y.copy_(x)`,
and of the functional call over `x.clone()`, on the same tensor with memory already touched.

Run: python benchmarks/inject.py [--elements 67108864] [--stored fp32] [--json FILE]
"""

import argparse
import json
import platform
import statistics
import time
from pathlib import Path

import torch

import eden

RATES = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 5e-2)


def cpu_name() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if platform.system() == "Linux" else []
    return next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), "unknown")


def median_seconds(call, repeats: int) -> float:
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--elements", type=int, default=2**26)
    parser.add_argument("--stored", default="fp32")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    args = parser.parse_args()

    x = torch.randn(args.elements)
    y = torch.empty_like(x)
    key = eden.key(1)
    head = {
        "cpu": cpu_name(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "elements": args.elements,
        "stored": args.stored,
    }
    print("  ".join(f"{name}={value}" for name, value in head.items()))
    copy = median_seconds(lambda: y.copy_(x), args.repeats)
    clone = median_seconds(x.clone, args.repeats)
    gigabytes = 2 * x.nbytes / 1e9
    print(f"copy_ {copy * 1e3:.1f} ms ({gigabytes / copy:.1f} GB/s)  clone {clone * 1e3:.1f} ms")
    print(f"{'BER':>8} {'out= ms':>9} {'/copy_':>7} {'call ms':>9} {'/clone':>7} {'delivered':>10}")
    scale = eden.ops.scale_of(x, args.stored) if args.stored.startswith("int") else None
    rows = []
    for rate in RATES:
        error = eden.errors.Uniform(rate)
        options = {"key": key, "stored": args.stored, "scale": scale}

        def into(error=error, options=options):
            return eden.inject(x, error, out=y, **options)

        def call(error=error, options=options):
            return eden.inject(x, error, **options)

        out_seconds = median_seconds(into, args.repeats)
        call_seconds = median_seconds(call, args.repeats)
        flips = eden.count_flips(x, y, stored=args.stored, scale=scale)
        row = {
            "ber": rate,
            "out_seconds": out_seconds,
            "out_over_copy": out_seconds / copy,
            "call_seconds": call_seconds,
            "call_over_clone": call_seconds / clone,
            "delivered_ber": flips.sum().item() / (x.numel() * flips.shape[0]),
        }
        rows.append(row)
        print(
            f"{rate:8.0e} {out_seconds * 1e3:9.1f} {row['out_over_copy']:7.2f} "
            f"{call_seconds * 1e3:9.1f} {row['call_over_clone']:7.2f} {row['delivered_ber']:10.3e}"
        )
    if args.json:
        figures = {**head, "copy_seconds": copy, "clone_seconds": clone, "rows": rows}
        args.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
