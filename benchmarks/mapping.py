"""What placing a network of many tensors takes: CPU seconds, by module, protection and method.

Run: python benchmarks/mapping.py [--tensors 1000] [--repeats 3] [--json FILE]

Each repeat is another network, with the risk of 1 %; the gap is to the proven bound, the greatest
of them. Networks are of four kinds:

    measured  tensors of 5 to 6 kB, three in ten with critical cells in their two top bits
    sampled   the same sizes; one in three has critical cells, as counts in samples of 20 tell them
    steps     the same sizes; critical cells of thirteen numbers alone, so that many ways are equal
    spread    sizes over four decades, many of which fit the home at the rated point
"""

import time
from itertools import product
from types import SimpleNamespace

import numpy as np
from _common import Table, head, parser

import eden
from eden import errors

KINDS = ("measured", "sampled", "steps", "spread")
METHODS = ("greedy", "exact")
MODULES = ("ddr3l-1600-b10", "ddr3l-1600-a1")


def critical(kind: str, draw: np.random.Generator, number: int, size: int, bit: int) -> float:
    """Critical cells of a bit of a tensor."""
    below = 7 - bit  # bits above this one
    if kind == "measured":
        return draw.exponential(5) * (below < 2) * (draw.random() < 0.3)
    if kind == "steps":
        return float((7 * number + below + draw.integers(13)) % 13) * (below < 2)
    rate = 0.05 * 0.3**below * (number % 3 == 0)
    share = draw.poisson(20 * rate) / 20 if kind == "sampled" else rate * draw.random() / 9
    return size * share


def network(kind: str, tensors: int, seed: int) -> tuple[SimpleNamespace, SimpleNamespace]:
    """What characterisation and criticality would have found."""
    draw, config = np.random.default_rng(seed), eden.Config(errors.Uniform(1e-3))
    sizes, borne = np.arange(5000, 5000 + tensors), 10.0 ** -(2.0 + np.arange(tensors) % 4)
    if kind == "spread":
        sizes = (64 + draw.lognormal(8, 2, tensors)).astype(int)
        borne = 10 ** draw.uniform(-6, -1.5, tensors)
    found = [
        SimpleNamespace(
            name=f"t{i}", kind="weight", elements=size, size_bytes=size, reads=1, tolerance=ber
        )
        for i, (size, ber) in enumerate(zip(sizes.tolist(), borne.tolist(), strict=True))
    ]  # fmt: skip
    strata = [
        SimpleNamespace(
            tensor=tensor.name, bit=bit, cells=tensor.elements,
            expected=critical(kind, draw, number, tensor.elements, bit),
        )
        for number, tensor in enumerate(found)
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
    columns = {"kind": "<8s", "module": "<14s", "protect": "<7s", "method": "<6s"}
    table = Table(columns | {"least_s": "7.2f", "most_s": "7.2f", "gap": "8.1e"})
    placed(network("steps", given.tensors, 0), MODULES[0], "none", "exact")  # what is made once
    for kind in KINDS:
        networks = [network(kind, given.tensors, seed) for seed in range(given.repeats)]
        for module, protect, method in product(MODULES, ("none", "auto"), METHODS):
            found = [placed(each, module, protect, method) for each in networks]
            seconds, gaps = zip(*found, strict=True)
            which = {"kind": kind, "module": module, "protect": protect, "method": method}
            table.add(**which, least_s=min(seconds), most_s=max(seconds), gap=max(gaps))
    table.write(given.json, "mapping", facts)


if __name__ == "__main__":
    main()
