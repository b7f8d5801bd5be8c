"""Speedup of a CPU and a GPU against tRCD, as a function of what hides latency.

    python scripts/speedup_trcd.py [--system cpu|gpu] [--what patterns|networks|knobs] [--quick]

Each line is one machine and one kind of work, each column a tRCD: the share by which it is faster
than at the rated one. tRAS and tRC stay, as they do where a module only opens rows faster.
`patterns` are random lines and streams; `networks` convolutions and linear layers; `knobs` turns
misses in flight, page policy, pages, prefetcher and colliding buffers of the CPU on SqueezeNet.
Weights are random, which changes no access. Nothing here is fitted to EDEN's figures.
"""

import argparse
import time

import torch

from eden.nets import build
from eden.systems import System, layer_times, layers_of, pattern_time

PATTERNS = {
    "random, dependent": {"random": True, "dependent": True},
    "random": {"random": True},
    "stream": {"random": False},
    "stream, a quarter written": {"random": False, "write_share": 0.25},
}
KNOBS = {
    "as it is": {},
    "4 misses in flight": {"misses_in_flight": 4},
    "1 miss in flight": {"misses_in_flight": 1},
    "no prefetcher": {"prefetch": False},
    "1 miss in flight, no prefetcher": {"misses_in_flight": 1, "prefetch": False},
    "pages of 2 MB": {"page_bytes": 2 << 20},
    "pages as they are": {"page_bytes": 0},
    "colliding buffers": {"page_bytes": 0, "colliding_buffers": True},
    "direct convolution": {"kernel": "direct"},
}
POLICIES = {
    "closed page": {"page": "closed"},
    "closed page, lines over banks": {"page": "closed", "map": "ro co ra ba bg ch"},
}


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--system", choices=["cpu", "gpu"], action="append")
    parser.add_argument("--what", choices=["patterns", "networks", "knobs"], action="append")
    parser.add_argument("--networks", nargs="+", default=["squeezenet1_1", "yolov3_tiny"])
    parser.add_argument("--quick", action="store_true", help="a tenth of the accesses")
    given = parser.parse_args()
    for name in given.system or ["cpu", "gpu"]:
        system = System.load(name)
        rated = system.load_memory()
        # 14 to 7.5 ns and one clock of DDR4-2133; -60 % and one clock of GDDR5.
        clocks = [8, 1] if name == "cpu" else [round(0.4 * rated.clocks["tRCD"]), 1]
        print(f"{name}: {rated.name}, tRCD {rated.clocks['tRCD']} clocks of "
              f"{rated.clock_seconds * 1e9:g} ns, against {clocks[0]} and {clocks[1]}")  # fmt: skip
        scale = 10 if given.quick else 1
        for what in given.what or ["patterns", "networks", "knobs"]:
            if what == "patterns":
                patterns(system, clocks, 400_000 // scale)
            elif what == "networks":
                networks(system, given.networks, clocks, 2_000_000 // scale)
            elif name == "cpu":
                knobs(system, clocks, 2_000_000 // scale)


def patterns(system, clocks, accesses):
    """Print the speedup of synthetic patterns."""
    machines = {"": system}
    if system.name == "cpu":
        machines[", no prefetcher"] = system.with_(parameters={"prefetch": False})
        machines[", 4 in flight"] = system.with_(parameters={"misses_in_flight": 4})
        machines[", 1 in flight"] = system.with_(parameters={"misses_in_flight": 1})
    else:
        machines[", sectors of 32 B"] = system.with_(
            parameters={"line_bytes": 32, "shared_ways": 24}
        )
    for label, machine in machines.items():
        for name, pattern in PATTERNS.items():
            memory = machine.load_memory()
            rated = pattern_time(machine, memory, accesses=accesses, **pattern)
            gains = [
                rated.seconds
                / pattern_time(
                    machine, memory.with_clocks(trcd(memory, n)), accesses=accesses, **pattern
                ).seconds
                - 1
                for n in clocks
            ]
            show(
                name + label,
                gains,
                f"{rated.seconds / accesses * 1e9:6.2f} ns a line, buses busy "
                f"{rated.busy_seconds / rated.seconds:4.0%}, row hits {rated.row_hits:4.0%}",
            )


def trcd(memory, clocks):
    """Return the clocks that another tRCD changes."""
    write = max(1, memory.clocks["tRCDW"] + clocks - memory.clocks["tRCD"])
    return {"tRCD": clocks, "tRCDW": write}


def networks(system, names, clocks, accesses):
    """Print the speedup of networks, and the range of their layers."""
    for name in names:
        compare(name, system, network(name), clocks, accesses)
    for batch in (1, 32):
        linear = torch.nn.Linear(4096, 4096, bias=False)
        layers = layers_of(linear, torch.zeros(batch, 4096))
        compare(f"linear 4096, batch {batch}", system, layers, clocks, accesses)


def network(name):
    """Return the layers of a network with random weights."""
    torch.manual_seed(0)
    side = 416 if name.startswith("yolo") else 32 if name == "lenet" else 224
    return layers_of(build(name).eval(), torch.zeros(1, 3, side, side))


def knobs(system, clocks, accesses):
    """Print the speedup of SqueezeNet by what hides latency."""
    layers = network("squeezenet1_1")
    for label, change in KNOBS.items():
        compare(label, system.with_(parameters=change), layers, clocks, accesses)
    for label, change in POLICIES.items():
        compare(label, system.with_(controller=change), layers, clocks, accesses)


def compare(label, system, layers, clocks, accesses):
    """Print the speedup of one network on one machine."""
    begin = time.perf_counter()
    memory = system.load_memory()
    rated = layer_times(system, memory, layers, accesses=accesses)
    gains, ends = [], []
    for n in clocks:
        fast = layer_times(system, memory.with_clocks(trcd(memory, n)), layers, accesses=accesses)
        own = [a.seconds / b.seconds - 1 for a, b in zip(rated, fast, strict=True)]
        gains.append(total(rated) / total(fast) - 1)
        ends.append(f"{min(own):.1%} to {max(own):.1%}")
    error = sum(one.standard_error_seconds**2 for one in rated) ** 0.5 / total(rated)
    compute = sum(one.compute_seconds for one in rated) / total(rated)
    note = f"{total(rated) * 1e3:7.2f} ms (+- {error:.1%}), arithmetic {compute:.0%}"
    if len(layers) > 1:
        note += f", layers {' and '.join(ends)}"
    show(label, gains, f"{note}, {time.perf_counter() - begin:.0f} s to simulate")


def total(times):
    """Return the seconds of all layers."""
    return sum(one.seconds for one in times)


def show(label, gains, note):
    """Print one line."""
    print(f"  {label:<36}" + "".join(f"{gain:8.1%}" for gain in gains) + f"   {note}", flush=True)


if __name__ == "__main__":
    main()
