"""How does injection compare with other ways to flip bits at a rate?

All are asked the same: `y` shall hold what a load of `x` (fp32) returns, each bit flipped with
probability p, and `x` shall stay. The memory of both has been touched.

- eden: `eden.inject(x, ..., out=y)`.
- mrfi: MRFI 2.1.0's own pair for it, `selector.RandomPositionByRate` (as many values as a Poisson
  draw says, at rate 32 p) and `error_mode.FloatRandomBitFlip` (one random bit of each), put
  together as `mrfi._FI_activation` does, without its look-ups in a configuration. MRFI works in
  place, so a copy comes first; "mrfi in place" is the same without the copy, and spoils `x`. A
  value drawn twice flips once, so less than p is delivered at high rates; from p = 1/32 on the
  selector refuses. Its other modes set values or flip one bit position, or need integers.
- rand: 32 x `rand < p`, eager, and the same under `torch.compile`. `rand` has 24 bits: p is rounded
  up to a multiple of 2^-24.
- bernoulli: 32 x `bernoulli_(p)` into one buffer, packed.

MRFI is no requirement of eden: `pip install --no-deps --target FOLDER mrfi==2.1.0`, then --mrfi
FOLDER. Without it its column is left out, and the table says so.

Run: python benchmarks/rivals.py [--mrfi FOLDER] [--json FILE]      (10 minutes; --sizes, --rates)
"""

import logging
import sys
from importlib import metadata
from pathlib import Path

import torch
from _common import Table, delivered_ber, head, interleaved, parser
from torch import Tensor

import eden

SIZES = (2**20, 2**23, 2**26)
RATES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.5)
# A tool that takes longer for its rounds gets fewer of them, one at least: 32 draws a value at 2^26
# take ten seconds a call.
MOST_SECONDS = 3.0


def find_mrfi(folder: Path | None):
    """MRFI's modules, or None; in the second place its version, or why it is not there."""
    if folder is not None:
        sys.path.append(str(folder))
    try:
        from mrfi import error_mode, selector
    except ImportError as error:
        return None, f"left out ({error})"
    logging.getLogger().setLevel(logging.ERROR)  # it warns of rates above 0.1
    return (selector, error_mode), metadata.version("mrfi")


def mrfi_in_place(modules, y: Tensor, p: float) -> None:
    selector, error_mode = modules
    chosen = torch.as_tensor(selector.RandomPositionByRate(y.shape, rate=32 * p), dtype=torch.int64)
    flat = y.view(-1)
    flat[chosen] = error_mode.FloatRandomBitFlip(flat[chosen], floattype="float32")


def rand_flips(x_bits: Tensor, p: Tensor, y_bits: Tensor) -> None:
    flips = torch.zeros_like(x_bits)
    for bit in range(32):
        flips |= (torch.rand(x_bits.shape) < p).to(torch.int32) << bit
    y_bits.copy_(x_bits ^ flips)


def bernoulli_flips(x_bits: Tensor, p: float, plane: Tensor, y_bits: Tensor) -> None:
    y_bits.copy_(x_bits)
    for bit in range(32):
        plane.bernoulli_(p)
        y_bits ^= plane.bitwise_left_shift_(bit)


def ways(x: Tensor, y: Tensor, rate: float, mrfi, compiled) -> dict:
    """What there is to time at a rate, by name."""
    error, key = eden.errors.Uniform(rate), eden.key(1)
    x_bits, y_bits = x.view(torch.int32), y.view(torch.int32)
    p, plane = torch.tensor(rate), torch.empty_like(x_bits)
    calls = {
        "copy_": lambda: y.copy_(x),
        "eden": lambda: eden.inject(x, error, key=key, out=y),
    }
    if mrfi is not None and 32 * rate < 1:
        calls["mrfi"] = lambda: mrfi_in_place(mrfi, y.copy_(x), rate)
        calls["mrfi in place"] = lambda: mrfi_in_place(mrfi, y, rate)
    calls["rand"] = lambda: rand_flips(x_bits, p, y_bits)
    if compiled is not None:
        calls["rand, compiled"] = lambda: compiled(x_bits, p, y_bits)
    calls["bernoulli"] = lambda: bernoulli_flips(x_bits, rate, plane, y_bits)
    return calls


def main() -> None:
    options = parser(__doc__, elements=None)
    options.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="ELEMENTS")
    options.add_argument("--rates", type=float, nargs="+", default=RATES, metavar="BER")
    options.add_argument("--mrfi", type=Path, metavar="FOLDER", help="where MRFI was installed")
    options.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    args = options.parse_args()

    mrfi, version = find_mrfi(args.mrfi)
    facts = head(mrfi=version)
    compiled = None if args.no_compile else torch.compile(rand_flips, dynamic=False)
    table = Table(
        {
            "elements": "9d",
            "ber": "8.0e",
            "tool": "<14s",
            "ms": "10.3f",
            "/copy_": "9.2f",
            "/best rival": "11.3f",
            "target": "6.2f",
            "delivered": "10.3e",
            "runs": "4d",
        }
    )
    for elements in args.sizes:
        x = torch.randn(elements)
        y = torch.empty_like(x)
        if compiled is not None:  # for this size, before anything is timed
            compiled(x.view(torch.int32), torch.tensor(0.5), y.view(torch.int32))
        # Short calls need more rounds for a quiet median.
        repeats = args.repeats * max(1, min(16, 2**24 // elements))
        for rate in args.rates:
            calls = ways(x, y, rate, mrfi, compiled)
            delivered = {}

            def count(name: str, x=x, y=y, delivered=delivered) -> None:
                if name not in ("copy_", "mrfi in place"):  # the latter adds to what lies in y
                    delivered[name] = delivered_ber(x, y)

            took = interleaved(calls, repeats=repeats, most_seconds=MOST_SECONDS, warmed=count)
            best = min(took[name].seconds for name in delivered if name != "eden")
            for name, (seconds, runs) in took.items():
                table.add(
                    **{
                        "elements": elements,
                        "ber": rate,
                        "tool": name,
                        "ms": seconds * 1e3,
                        "/copy_": seconds / took["copy_"].seconds,
                        "/best rival": seconds / best if name == "eden" else None,
                        "target": (1.05 if rate <= 1e-4 else 1.0) if name == "eden" else None,
                        "delivered": delivered.get(name),
                        "runs": runs,
                    }
                )
    table.write(args.json, "rivals", facts)


if __name__ == "__main__":
    main()
