"""How long placement of many tensors takes beside the searches: CPU seconds, budget and all.

Run: python benchmarks/mapping.py [--tensors 1000] [--repeats 3] [--json FILE]

Tensors of 5 to 6 kB bear BERs of 1e-2 to 1e-5, three in ten of them have critical cells in their
two top bits, their number exponential around 5; with the risk of 1 %, on two modules. Each repeat
is another network; the gap is to the proven bound, the greatest of them.
"""

import time
from itertools import product
from types import SimpleNamespace

import numpy as np
from _common import Table, head, parser

import eden
from eden import errors

METHODS = ("greedy", "exact")
MODULES = ("ddr3l-1600-b10", "ddr3l-1600-a1")


def network(tensors: int, seed: int) -> tuple[SimpleNamespace, SimpleNamespace]:
    """What characterisation and criticality would have found."""
    draw, config = np.random.default_rng(seed), eden.Config(errors.Uniform(1e-3))
    sizes = [5000 + number for number in range(tensors)]
    found = [
        SimpleNamespace(
            name=f"t{i}", kind="weight", elements=size, size_bytes=size, reads=1,
            tolerance=10.0 ** -(2 + i % 4),
        )
        for i, size in enumerate(sizes)
    ]  # fmt: skip
    strata = [
        SimpleNamespace(
            tensor=tensor.name, bit=bit, cells=tensor.elements,
            expected=draw.exponential(5) * (bit > 5) * (draw.random() < 0.3),
        )
        for tensor in found
        for bit in range(8)
    ]  # fmt: skip
    tolerances = SimpleNamespace(config=config, coarse_ber=1e-2, tensors=found)
    return tolerances, SimpleNamespace(config=config, strata=strata)


def placed(
    found: tuple[SimpleNamespace, SimpleNamespace], module: str, protect: str, method: str
) -> tuple[float, float]:
    """CPU seconds of a placement, and its gap."""
    tolerances, risk = found
    device, start = eden.devices.load(module), time.process_time()
    how = {"protect": protect, "method": method, "risk": risk, "miss_probability": 0.01}
    placement = eden.place(tolerances, device, **how)
    return time.process_time() - start, placement.gap


def main() -> None:
    """Place the same networks in both ways on both modules."""
    arguments = parser(__doc__ or "", elements=None, repeats=3)
    arguments.add_argument("--tensors", type=int, default=1000)
    given = arguments.parse_args()
    facts = head(tensors=given.tensors)
    columns = {"module": "<14s", "protect": "<7s", "method": "<6s"}
    table = Table(columns | {"least_s": "7.2f", "most_s": "7.2f", "gap": "8.1e"})
    networks = [network(given.tensors, seed) for seed in range(given.repeats)]
    placed(networks[0], MODULES[0], "none", "exact")  # what is loaded and made once
    for module, protect, method in product(MODULES, ("none", "auto"), METHODS):
        found = [placed(each, module, protect, method) for each in networks]
        seconds, gaps = zip(*found, strict=True)
        which = {"module": module, "protect": protect, "method": method}
        table.add(**which, least_s=min(seconds), most_s=max(seconds), gap=max(gaps))
    table.write(given.json, "mapping", facts)


if __name__ == "__main__":
    main()
