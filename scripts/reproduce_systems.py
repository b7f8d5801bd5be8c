"""What lower voltage and tRCD save on each system, beside what the paper reports.

    python scripts/reproduce_systems.py OUT [--requests 100000] [--redraw]
        [--setups cpu gpu ...] [--networks lenet vgg16 ...]

A shard in OUT for each system, memory and network: time and joules by component of one inference in
int8, at each tRCD and supply, under each voltage law. Shards that are there are not run again;
`--redraw` runs none. Then tables (OUT/tables.md) and figures (OUT/*.png, *.svg) of all shards.
Weights are random, which changes no access. Nothing is fitted to the paper's figures.
"""

import argparse
import itertools
import json
import time
from pathlib import Path
from statistics import mean

import torch

from eden import nets
from eden.energy import LAWS
from eden.systems import System, prepare

# Name, system, its memory (None: its own), and what the paper reports: energy, speedup (most).
SETUPS = {
    "cpu": ("cpu", None, "21 %", "8 % (17 %)"),
    "gpu": ("gpu", None, "37 %", "2.7 % (5.5 %)"),
    "eyeriss": ("eyeriss", None, "31 %", "none"),
    "eyeriss-lpddr3": ("eyeriss", "lpddr3-1600", "31 %", "none"),
    "tpu": ("tpu", None, "32 %", "none"),
    "tpu-lpddr3": ("tpu", "lpddr3-1600", "32 %", "none"),
}
IMAGENET = (224, {"stem": "published", "classes": 1000, "channels": 3})
NETWORKS = {
    "lenet": (32, {"stem": "published"}),
    "alexnet": IMAGENET,
    "vgg16": IMAGENET,
    "squeezenet1_1": IMAGENET,
    "yolov3_tiny": (416, {}),
    "mobilenet_v2": IMAGENET,
    "resnet18": IMAGENET,
    "resnet101": IMAGENET,
    "densenet201": IMAGENET,
    "yolov3": (416, {}),
}
FIRST = tuple(NETWORKS)[:5]
LOWER_VOLTS = (0.10, 0.15, 0.20, 0.25, 0.30, 0.35)
LOWER_NS = (1, 2, 3, 4, 5, 6)
IDEAL = "one clock"
PARTS = {
    "activate_precharge": "activate, precharge",
    "read_write": "read, write",
    "background": "standby",
    "power_down": "power-down",
    "refresh": "refresh",
    "interface": "pins",
}


def main():
    """Run what is missing, then draw."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--setups", nargs="+", choices=SETUPS, default=list(SETUPS))
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=FIRST)
    parser.add_argument("--requests", type=int, default=100_000, help="of a layer, at most")
    parser.add_argument("--redraw", action="store_true", help="draw what is there")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for network in given.networks if not given.redraw else ():
        for setup in given.setups:
            path = given.out / f"{setup}.{network}.json"
            if not path.exists():
                shard = run(setup, network, given.requests)
                # Whole or absent: a run that was cut short begins this shard again.
                path.with_suffix(".part").write_text(json.dumps(shard))
                path.with_suffix(".part").rename(path)
                print(f"{path.name}: {shard['took_seconds']:.0f} s", flush=True)
    shards = read(given.out)
    if not shards:
        parser.error(f"{given.out} holds no shards")
    (given.out / "tables.md").write_text("\n".join(tables(shards)))
    draw(shards, given.out)


def run(setup, network, requests):
    """Simulate one network on one system at every tRCD; supplies cost no simulation."""
    begin = time.process_time()
    name, memory, *_ = SETUPS[setup]
    system = System.load(name)
    if memory:
        system = system.with_(memory=memory)
    side, keywords = NETWORKS[network]
    model = nets.build(network, **keywords).eval()
    channels = next(model.parameters()).shape[1]
    sample = torch.zeros(1, channels, side, side)
    prepared = prepare(model, sample, system=system, stored="int8", most_requests=requests)
    rated = prepared.memory
    clock = rated.clock_seconds
    volts = {"0": rated.vdd_volts, **{f"{v:.2f}": rated.vdd_volts - v for v in LOWER_VOLTS}}
    steps = {"0": rated.clocks["tRCD"] * clock, IDEAL: clock}
    steps |= {str(ns): rated.clocks["tRCD"] * clock - ns * 1e-9 for ns in LOWER_NS}
    points = {}
    for step, trcd in steps.items():
        found = {v: prepared.at(vdd_volts=volt, trcd_seconds=trcd) for v, volt in volts.items()}
        points[step] = {
            "seconds": found["0"].seconds,
            "error": found["0"].sampling_error,
            "joules": {
                law: {v: one.joules[law].to_dict() for v, one in found.items()} for law in LAWS
            },
        }
    at_rated = prepared.at()
    return {
        "setup": setup,
        "network": network,
        "memory": f"{rated.name} x {channels_of(system)}",
        "vdd_volts": rated.vdd_volts,
        "requests": requests,
        "points": points,
        "dram_seconds": at_rated.dram_seconds,
        "read_bytes": at_rated.read_bytes,
        "write_bytes": at_rated.write_bytes,
        "layers": [
            {
                "seconds": one.seconds,
                "row_hits": one.row_hits,
                "bytes": one.weight_read_bytes
                + one.input_read_bytes
                + one.output_write_bytes
                + sum(v for k, v in one.notes.items() if k.endswith("_bytes")),
            }
            for one in at_rated.layers
        ],
        "assumptions": at_rated.assumptions,
        "took_seconds": time.process_time() - begin,
    }


def channels_of(system):
    """Return the channels of all groups that a system has."""
    return system.channels * system.parameters.get("channel_groups", 1)


def read(folder):
    """Return the shards by system and network, in the order of the tables."""
    paths = {(s, n): folder / f"{s}.{n}.json" for s in SETUPS for n in NETWORKS}
    return {key: json.loads(path.read_text()) for key, path in paths.items() if path.exists()}


def saving(shard, law, volts, step="0"):
    """Return the share of the energy that is saved at a lower supply and tRCD."""
    points = shard["points"]
    rated = points["0"]["joules"]["linear"]["0"]["total"]
    return 1 - points[step]["joules"][law][volts]["total"] / rated


def speedup(shard, step):
    """Return the share by which the inference is faster."""
    return shard["points"]["0"]["seconds"] / shard["points"][step]["seconds"] - 1


def tables(shards):
    """Return the lines of all tables, in Markdown."""
    setups = [s for s in SETUPS if any(key[0] == s for key in shards)]
    of = {s: [shard for key, shard in shards.items() if key[0] == s] for s in setups}
    lowers = [f"{v:.2f}" for v in LOWER_VOLTS]
    steps = [*map(str, LOWER_NS), IDEAL]
    yield from headline(of)
    measured = ["rated, ms", "error", "DRAM busy", "rated, mJ"]
    yield from head(["system", "network", *measured, *PARTS.values()])
    for (setup, network), shard in shards.items():
        rated = shard["points"]["0"]
        joules = rated["joules"]["linear"]["0"]
        yield row(
            setup,
            network,
            f"{rated['seconds'] * 1e3:.3g}",
            f"{rated['error']:.1%}",
            f"{shard['dram_seconds'] / rated['seconds']:.0%}",
            f"{joules['total'] * 1e3:.3g}",
            *(f"{joules[part] / joules['total']:.0%}" for part in PARTS),
        )
    yield from head(["system (V0)", "law", *(f"-{v} V" for v in lowers)])
    for setup in setups:
        volts = of[setup][0]["vdd_volts"]
        ratios = (f"{1 - v / volts:.2f}" for v in LOWER_VOLTS)
        yield row(f"{setup} ({volts:g} V)", "V/V0", *ratios)
        for law in LAWS:
            yield row("", law, *(spread([saving(s, law, v) for s in of[setup]]) for v in lowers))
    yield from head(["system", "law", *PARTS.values(), "all"])
    for setup in setups:
        for law in LAWS:
            own = [by_component(shard, law, "0.25") for shard in of[setup]]
            means = {part: mean(one[part] for one in own) for part in (*PARTS, "total")}
            yield row(setup, law, *(f"{100 * value:.1f}" for value in means.values()))
    yield from head(["system", "network", *(f"-{s} ns" for s in steps[:-1]), IDEAL])
    for (setup, network), shard in shards.items():
        yield row(setup, network, *(f"{speedup(shard, step):.1%}" for step in steps))
    took = sum(shard["took_seconds"] for shard in shards.values())
    yield f"\n{len(shards)} shards, {took:.0f} s of one core.\n"


def headline(of):
    """Yield the table against the paper."""
    columns = [f"{law}, -0.25 V" for law in LAWS]
    yield from head(["system", "paper: energy", *columns, "V/V0 for it: linear", "cv2",
                     "paper: speedup", "-6 ns (most)", "one clock (most)"])  # fmt: skip
    for setup, shards in of.items():
        *_, energy, faster = SETUPS[setup]
        wanted = float(energy.split()[0]) / 100
        gains = [[speedup(shard, step) for shard in shards] for step in ("6", IDEAL)]
        yield row(
            setup,
            energy,
            *(f"{mean(saving(s, law, '0.25') for s in shards):.1%}" for law in LAWS),
            f"{1 - wanted:.2f}",
            f"{(1 - wanted) ** 0.5:.2f}",
            faster,
            *(f"{mean(gain):.1%} ({max(gain):.1%})" for gain in gains),
        )


def by_component(shard, law, volts):
    """Return what each component saves, as shares of all energy at the rated point."""
    joules = shard["points"]["0"]["joules"]
    rated, lower = joules["linear"]["0"], joules[law][volts]
    return {part: (rated[part] - lower[part]) / rated["total"] for part in (*PARTS, "total")}


def spread(values):
    """Return the mean, and the range where networks differ."""
    low, high = min(values), max(values)
    said = f"{100 * mean(values):.1f} %"
    return said if high - low < 0.01 else f"{said} ({100 * low:.1f} to {100 * high:.1f})"


def head(names):
    """Yield the head of a table."""
    yield ""
    yield row(*names)
    yield row(*["---"] * len(names))


def row(*cells):
    """Return a line of a table."""
    return "| " + " | ".join(cells) + " |"


def draw(shards, out):
    """Write the figures."""
    import matplotlib.pyplot as plt

    from eden.report._style import COLOURS, styled, svg

    cycle = [COLOURS[c] for c in ("after", "soft", "good", "accent", "before", "other")]
    setups = [s for s in SETUPS if any(key[0] == s for key in shards)]
    figures = {
        "energy": styled(energy_figure)(plt, shards, setups, cycle),
        "speedup": styled(speedup_figure)(plt, shards, setups, cycle),
        "timeline": styled(timeline_figure)(plt, shards, cycle),
    }
    for name, figure in figures.items():
        figure.savefig(out / f"systems_{name}.png", dpi=110, bbox_inches="tight")
        (out / f"systems_{name}.svg").write_bytes(svg(figure))


def energy_figure(plt, shards, setups, cycle):
    """Draw the components at the rated point, a panel a system."""
    figure, panels = plt.subplots(2, 3, figsize=(11, 5.2), sharex=True, sharey=True)
    for axes, setup in zip(panels.flat, setups, strict=False):
        own = {n: shard for (s, n), shard in shards.items() if s == setup}
        left = [0.0] * len(own)
        for part, colour in zip(PARTS, cycle, strict=True):
            joules = [shard["points"]["0"]["joules"]["linear"]["0"] for shard in own.values()]
            widths = [100 * one[part] / one["total"] for one in joules]
            axes.barh(list(own), widths, left=left, color=colour, label=PARTS[part])
            left = [a + b for a, b in zip(left, widths, strict=True)]
        axes.set_title(f"{setup}: {next(iter(own.values()))['memory']}")
    panels[0, 0].invert_yaxis()
    for axes in panels[-1]:
        axes.set_xlabel("% of the DRAM energy at the rated point")
    handles, names = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(names))
    figure.tight_layout()
    return figure


def speedup_figure(plt, shards, setups, cycle):
    """Draw the speedup against the fall of tRCD, the ideal one at the end."""
    figure, panels = plt.subplots(1, len(setups), figsize=(13, 3.4), sharey=True, squeeze=False)
    places = [0, *LOWER_NS, LOWER_NS[-1] + 2]
    present = [n for n in NETWORKS if any((setup, n) in shards for setup in setups)]
    legend = {}
    for axes, setup in zip(panels[0], setups, strict=True):
        for network, colour in zip(present, itertools.cycle(cycle), strict=False):
            if (shard := shards.get((setup, network))) is None:
                continue
            gains = [100 * speedup(shard, step) for step in ("0", *map(str, LOWER_NS), IDEAL)]
            style = {
                "color": colour,
                "linestyle": "-" if network in present[: len(cycle)] else "--",
            }
            (legend[network],) = axes.plot(places[:-1], gains[:-1], marker="o", ms=3, **style)
            axes.plot(places[-1:], gains[-1:], marker="s", ms=5, color=colour)
        axes.set_xticks([0, 2, 4, 6, 8], ["0", "2", "4", "6", "1 clock"])
        axes.set(title=setup, xlabel="tRCD lower by, ns")
        axes.grid(True, axis="y")
    panels[0, 0].set_ylabel("faster by, %")
    figure.legend(
        legend.values(), legend, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(legend)
    )
    figure.tight_layout()
    return figure


def timeline_figure(plt, shards, cycle):
    """Draw bandwidth and row hits over one inference of YOLO-Tiny, layer by layer."""
    chosen = {s: shards[s, "yolov3_tiny"] for s in SETUPS if (s, "yolov3_tiny") in shards}
    chosen = {s: shard for s, shard in chosen.items() if "lpddr3" not in s}
    figure, panels = plt.subplots(2, max(1, len(chosen)), figsize=(12, 4.4), squeeze=False)
    for (setup, shard), (above, below) in zip(chosen.items(), panels.T, strict=False):
        edges, rates, hits = [0.0], [], []
        for layer in shard["layers"]:
            edges.append(edges[-1] + layer["seconds"] * 1e3)
            rates.append(layer["bytes"] / layer["seconds"] / 1e9)
            hits.append(100 * layer["row_hits"])
        above.stairs(rates, edges, fill=True, color=cycle[1])
        below.stairs(hits, edges, baseline=None, color=cycle[0])
        above.set_title(f"{setup}: {shard['memory']}")
        below.set(xlabel="ms", ylim=(0, 103))
        for axes in (above, below):
            axes.grid(True, axis="y")
    panels[0, 0].set_ylabel("GB/s, mean of a layer")
    panels[1, 0].set_ylabel("row hits, %")
    figure.tight_layout()
    return figure


if __name__ == "__main__":
    main()
