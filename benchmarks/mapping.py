"""What placing many tensors takes: seconds of the processor, by method and protection.

Sizes, tolerances and critical cells are drawn: `alike` has tensors of much the same size whose
cells were found in samples, as a long search tells them; `spread` sizes over four decades, with
many that fit the home at the rated point. The first call counts the commands of each size, which
later ones remember, and imports what it needs: both are shown.

Run: python benchmarks/mapping.py [--tensors 1000] [--devices ...] [--json FILE]
"""

import time
from types import SimpleNamespace

import numpy as np
from _common import Table, head, parser

import eden

CONFIG = eden.Config(eden.errors.Uniform(1e-3))


def drawn(kind: str, tensors: int, seed: int = 0) -> tuple[SimpleNamespace, SimpleNamespace]:
    """Return tolerances and critical cells as characterisation and the search return them."""
    draw = np.random.default_rng(seed)
    alike = kind == "alike"
    sizes = np.arange(5000, 5000 + tensors) if alike else 64 + draw.lognormal(8, 2, tensors)
    places, strata = [], []
    for number, size in enumerate(sizes.astype(int).tolist()):
        name, tolerance = f"t{number}", 10 ** -(2.0 + number % 4)
        places.append(
            SimpleNamespace(
                name=name,
                kind="weight",
                elements=size,
                size_bytes=size,
                reads=1,
                tolerance=tolerance if alike else float(10 ** draw.uniform(-6, -1.5)),
            )
        )
        for bit in range(8):
            rate = 0.05 * 0.3 ** (7 - bit) * (number % 3 == 0)
            expected = size * (draw.poisson(20 * rate) / 20 if alike else rate * draw.random() / 9)
            strata.append(SimpleNamespace(tensor=name, bit=bit, cells=size, expected=expected))
    found = SimpleNamespace(config=CONFIG, coarse_ber=1e-2, tensors=places)
    return found, SimpleNamespace(config=CONFIG, strata=strata)


def main() -> None:
    """Time a placement of each kind."""
    options = parser(__doc__ or "", elements=None, repeats=3)
    options.add_argument("--tensors", type=int, default=1000)
    options.add_argument("--devices", nargs="+", default=["ddr3l-1600-b10", "ddr3l-1600-a1"])
    given = options.parse_args()
    facts = head(tensors=given.tensors)
    columns = {"kind": "<6s", "device": "<14s", "method": "<6s", "protect": "<7s"}
    table = Table(columns | {"first s": "7.2f", "again s": "7.2f", "vdd": "6.3f", "gap": "8.1e"})
    for kind in ("alike", "spread"):
        tolerances, risk = drawn(kind, given.tensors)
        for name in given.devices:
            device = eden.devices.load(name)
            for method in ("greedy", "exact"):
                for protect in (None, "auto"):
                    asked = {"risk": risk, "miss_probability": 0.01, "protect": protect}
                    seconds, placements = [], []
                    for _ in range(1 + given.repeats):
                        start = time.process_time()
                        placed = eden.place(tolerances, device, method=method, **asked)
                        seconds.append(time.process_time() - start)
                        placements.append(placed)
                    row = {
                        "kind": kind,
                        "device": name,
                        "method": method,
                        "protect": str(protect),
                        "first s": seconds[0],
                        "again s": float(np.median(seconds[1:])),
                        "vdd": placements[0].vdd_volts,
                        "gap": placements[0].gap,
                    }
                    table.add(**row)
    table.write(given.json, "mapping", facts)


if __name__ == "__main__":
    main()
