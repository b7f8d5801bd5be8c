"""How near is injection on a GPU to the bandwidth of its memory, and how far from other ways?

Each part is a table of its own:
- bandwidth: time of a device-to-device copy over that of `eden.inject(x, ..., out=y)`, fp32, from
  1e-9 to 0.5. Both move the same bytes, so the ratio is also that of bytes a second.
- kinds: the same for the other models, formats and corrections at one rate.
- rivals: against 32 x `rand < p` under `torch.compile`, which makes one kernel of it, and where it
  can be imported against mase-triton, whose rates are powers of two: there eden gets the same one.
- memory: what is allocated beyond the output.

Run: python benchmarks/gpu.py [--parts bandwidth rivals] [--elements 268435456] [--json FILE]
`--device cpu` runs everything at a small size where there is no GPU, to try the script itself.
"""

import statistics
import sys
import time
from collections.abc import Callable
from importlib import metadata

import torch
from _common import Table, delivered_ber, head, parser

import eden
from eden import errors
from eden._native import build_facts

RATES = (0.0, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.5)
HALVES = (1, 2, 4, 7, 10, 14, 17, 20, 24, 30)  # mase-triton's rates are 2^-n
PARTS = ("bandwidth", "kinds", "rivals", "memory")


def target(rate: float) -> float:
    """Share of the copy's bandwidth that is aimed at."""
    return 0.9 if rate <= 1e-3 else 0.6 if rate <= 1e-2 else 0.25


def seconds(call: Callable[[], object], device: str, repeats: int) -> float:
    """Return the median time of a call; on a GPU between events, so that launches overlap."""
    for _ in range(2):
        call()
    times = []
    for _ in range(repeats):
        if device == "cpu":
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
            continue
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        begin.record()
        for _ in range(5):
            call()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end) / 5e3)
    return statistics.median(times)


def gpu_facts(device: str) -> dict:
    """What the head of the table says of the GPU."""
    if device == "cpu":
        return {"device": "cpu", "built": build_facts}
    properties = torch.cuda.get_device_properties(0)
    return {
        "device": properties.name,
        "capability": f"{properties.major}.{properties.minor}",
        "memory_gib": round(properties.total_memory / 2**30),
        "torch_cuda": torch.version.cuda,
        "built": build_facts,
    }


class Bench:
    """Tensors and repeats of a run.

    Args:
        args: of the command line.
    """

    def __init__(self, args):
        self.device, self.repeats, self.elements = args.device, args.repeats, args.elements
        self.x = torch.randn(args.elements, device=args.device)
        self.y = torch.empty_like(self.x)
        self.key = eden.key(1, device=args.device)
        self.copy = self.time(lambda: self.y.copy_(self.x))

    def time(self, call: Callable[[], object]) -> float:
        """Seconds of one call."""
        return seconds(call, self.device, self.repeats)

    def inject(self, error, **options) -> float:
        """Seconds of one injection into `y`."""
        table = error.lower().to(self.device)
        return self.time(lambda: eden.inject(self.x, table, key=self.key, out=self.y, **options))


def bandwidth(bench: Bench) -> list[dict]:
    columns = {"ber": "8.0e", "ms": "9.3f", "GB/s": "9.1f", "of copy": "8.3f", "target": "7.2f"}
    table = Table(columns | {"delivered": "10.3e"})
    moved = 2 * bench.x.nbytes / 1e9
    for rate in RATES:
        took = bench.inject(errors.Uniform(rate))
        row = {"ber": rate, "ms": 1e3 * took, "GB/s": moved / took, "of copy": bench.copy / took}
        delivered = delivered_ber(bench.x, bench.y)
        table.add(part="bandwidth", **row, target=target(rate), delivered=delivered)
    return table.rows


def kinds(bench: Bench, rate: float = 1e-3) -> list[dict]:
    table = Table({"what": "<34s", "ms": "9.3f", "of copy": "8.3f"})
    scale = eden.access.ops.scale_of(bench.x, "int8")
    bounds = torch.tensor([-4.0, 4.0], device=bench.device)
    rows = bench.elements * 4 // 8192 + 1
    uniform = errors.Uniform(rate)
    columns = [2 * rate * (i % 2) for i in range(65536)]
    ways = {
        "fails half the time": (errors.Uniform(2 * rate, 0.5), {}),
        "data-dependent": (errors.DataDependent(2 * rate, 0.75, 0.25), {}),
        "bitline": (errors.Bitline(columns), {}),
        "wordline": (errors.Wordline([2 * rate * (i % 2) for i in range(rows)]), {}),
        "fp32, zero": (uniform, {"correction": "zero", "bounds": bounds}),
        "bf16": (uniform, {"stored": "bf16"}),
        "int16": (uniform, {"stored": "int16", "scale": scale / 256}),
        "int8": (uniform, {"stored": "int8", "scale": scale}),
        "int8, zero": (
            uniform,
            {"stored": "int8", "scale": scale, "correction": "zero", "bounds": bounds},
        ),
        "int4": (uniform, {"stored": "int4", "scale": 16 * scale}),
    }
    for what, (error, options) in ways.items():
        took = bench.inject(error, **options)
        table.add(
            part="kinds",
            what=f"{what}, {rate:g}",
            **{"ms": 1e3 * took, "of copy": bench.copy / took},
        )
    return table.rows


def naive_flips(x_bits: torch.Tensor, p: torch.Tensor, y_bits: torch.Tensor) -> None:
    """Flip each bit by a draw of its own."""
    flips = torch.zeros_like(x_bits)
    for bit in range(32):
        flips |= (torch.rand(x_bits.shape, device=x_bits.device) < p).to(torch.int32) << bit
    y_bits.copy_(x_bits ^ flips)


def rivals(bench: Bench) -> list[dict]:
    table = Table(
        {"rival": "<16s", "ber": "9.2e", "rival ms": "10.3f", "eden ms": "9.3f", "faster": "8.1f"}
        | {"delivered": "10.3e"}
    )

    def compare(name: str, rate: float, call: Callable[[], object]) -> None:
        took = bench.time(call)
        out = call()
        other = bench.y if out is None else out
        delivered = delivered_ber(bench.x, other)
        del out, other
        own = bench.inject(errors.Uniform(rate))
        row = {"rival ms": 1e3 * took, "eden ms": 1e3 * own, "faster": took / own}
        table.add(part="rivals", rival=name, ber=rate, **row, delivered=delivered)

    x_bits, y_bits = bench.x.view(torch.int32), bench.y.view(torch.int32)
    try:
        compiled = torch.compile(naive_flips, dynamic=False)
        for rate in RATES[1:]:
            p = torch.tensor(rate, device=bench.device)
            compare("rand, compiled", rate, lambda p=p: compiled(x_bits, p, y_bits))
    except Exception as error:  # a compiler that fails must not cost the other figures
        print(f"rand, compiled: left out ({type(error).__name__}: {str(error).splitlines()[0]})")
    try:
        from mase_triton.random_bitflip.functional import random_bitflip_fn

        print(f"mase-triton {metadata.version('mase-triton')}")
        for n in HALVES:

            def flip(n=n):
                return random_bitflip_fn(
                    bench.x,
                    exp_halves=n,
                    frac_halves=n,
                    seed_exp=1,
                    seed_frac=2,
                    zero_out_threshold=None,
                )[0]

            compare("mase-triton", 2.0**-n, flip)
    except Exception as error:
        print(f"mase-triton: left out ({type(error).__name__}: {str(error).splitlines()[0]})")
    return table.rows


def memory(bench: Bench) -> list[dict]:
    table = Table({"what": "<12s", "elements": "10d", "extra_bytes": "12d"})
    if bench.device == "cpu":
        print("left out: the allocator of the CPU keeps no count (benchmarks/memory.py)")
        return table.rows
    models = {"uniform": errors.Uniform(1e-3, 0.5), "bitline": errors.Bitline([1e-3] * 65536, 0.5)}
    for what, error in models.items():
        lowered = error.lower().to(bench.device)
        for n in (2**20, bench.elements):
            x, y = bench.x[:n], bench.y[:n]
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
            before = torch.cuda.memory_allocated()
            eden.inject(x, lowered, key=bench.key, out=y)
            torch.cuda.synchronize()
            extra = torch.cuda.max_memory_allocated() - before
            table.add(part="memory", what=what, elements=n, extra_bytes=extra)
    return table.rows


def main() -> None:
    made = parser(__doc__, elements=2**28, repeats=15)
    made.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    made.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS)
    args = made.parse_args()
    if args.device == "cuda" and not torch.cuda.is_available():
        sys.exit("gpu.py: torch finds no CUDA device; --device cpu tries the script without one")
    facts = head(**gpu_facts(args.device), elements=args.elements)
    bench = Bench(args)
    facts["copy_ms"] = 1e3 * bench.copy
    facts["copy_gb_per_second"] = 2 * bench.x.nbytes / 1e9 / bench.copy
    print(f"copy {facts['copy_ms']:.3f} ms, {facts['copy_gb_per_second']:.0f} GB/s")
    everything = Table({})
    for part in args.parts:
        print(f"\n{part}")
        everything.rows += globals()[part](bench)
    everything.write(args.json, "gpu", facts)


if __name__ == "__main__":
    main()
