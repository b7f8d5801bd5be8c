"""Make the device descriptions in eden/devices/specs from published measurements.

    python scripts/make_devices.py DATA_FOLDER [--out eden/devices/specs]

DATA_FOLDER holds the public studies' CSV files: ``ddr3l_voltage_faulty_lines.csv``,
``ddr3l_row_failures.csv`` and ``ddr3l_retention.csv`` (DRAM-Voltage-Study, SIGMETRICS 2017),
``ddr3_latency_ber.csv`` (DRAM-Latency-Variation-Study, SIGMETRICS 2016),
``ddr4_row_retention_*.csv`` (ReadDisturbanceVTS25) and ``datasheet_survey.csv``
(DRAM-Datasheet-Survey, arXiv:2204.10378); a study whose files are not there is left out. Types
without measurements come from ``eden/dram/memories`` and borrow an error law. Each number in a
description has its source beside it, under ``sources``, by the path of the field.

Names say standard, axis and module: ``ddr3l-1600-b10`` (voltage, and retention where it was
measured), ``ddr3-1600-latency-y19``, ``ddr4-2400-retention-hyhy03``, ``ddr4-2400`` (a type).
"""

import argparse
import json
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

from device_parts import (
    BANKS,
    CENSORED_ROW_PROBABILITY,
    DDR3,
    DDR3L,
    DDR4,
    DDR4_ROW_CELLS,
    LATENCY,
    LINE_BYTES,
    LINES,
    MEASURED_TIMING,
    ROWS,
    ROWS_PER_SUBARRAY,
    STUDY,
    ddr3_rank,
    memory,
    read,
    rounded,
    seconds,
    type_of,
)


def subarray_weights(groups, dimm, vdd):
    """Average the row failures of a module over its subarrays: [banks][subarrays], or None.

    The groups (about 306 rows) are cut where a subarray ends. None where no row failed: such a map
    says nothing about where failures lie.
    """
    here = [g for g in groups if g["dimm"] == dimm and float(g["vdd"]) == vdd]
    if not any(float(g["prob"]) > 0 for g in here):
        return None
    sums = [[0.0] * (ROWS // ROWS_PER_SUBARRAY) for _ in range(BANKS)]
    for group in here:
        first, last = int(group["row_lo"]), int(group["row_hi"])
        probability = max(float(group["prob"]), CENSORED_ROW_PROBABILITY)
        for i in range(first // ROWS_PER_SUBARRAY, -(-last // ROWS_PER_SUBARRAY)):
            begin, end = i * ROWS_PER_SUBARRAY, (i + 1) * ROWS_PER_SUBARRAY
            sums[int(group["bank"])][i] += probability * (min(end, last) - max(begin, first))
    return [[float(f"{s / ROWS_PER_SUBARRAY:.4g}") for s in bank] for bank in sums]


def measured_points(folder, dimm, estimated_volts):
    """List the points of a module by rising voltage, with the source of each."""
    groups = read(folder / "ddr3l_row_failures.csv")
    lines = [r for r in read(folder / "ddr3l_voltage_faulty_lines.csv") if r["dimm_name"] == dimm]
    fractions = {float(r["vdd"]): float(r["error_cacheline_percent"]) / 100 for r in lines}
    points, sources = [], {}
    for vdd in sorted([*fractions, *estimated_volts]):
        weights = subarray_weights(groups, dimm, vdd)
        point = {"vdd_volts": vdd, **MEASURED_TIMING}
        where = f"points[{len(points)}]"
        if vdd in fractions:
            point["line_fraction"] = round(fractions[vdd] * LINES) / LINES
            sources[f"{where}.line_fraction"] = (
                f"{STUDY}: faulty lines of {dimm} ({round(fractions[vdd] * LINES)} of 2^25)"
            )
        else:
            mean = sum(map(sum, weights)) / (BANKS * len(weights[0]))
            point["line_fraction"] = float(f"{mean:.4g}")
            point["estimated"] = True
            sources[f"{where}.line_fraction"] = (
                f"mean row-failure probability of {dimm}, read off the heat maps of the {STUDY}: "
                "it stands for the line fraction, which was not published here; where both are "
                "known, the map shows 0.03 to 0.4 times the line fraction"
            )
        point["cells_tested"] = LINES * LINE_BYTES * 8
        if weights:
            point["weights"] = weights
            sources[f"{where}.weights"] = (
                f"row failures of {dimm} read off the heat maps of the {STUDY}, by group of about "
                f"306 rows, none censored at {CENSORED_ROW_PROBABILITY}; relative"
            )
        points.append(point)
    sources["points"] = f"{STUDY}: voltages, at tRCD = tRP = 10 ns; cells_tested: 2^25 lines"
    return points, sources


def counted(point, rates, cells, banks=None):
    """Fill in what rounds of a measurement found: shares of bits, and by bank."""
    mean = sum(rates) / len(rates)
    point["bit_fraction"] = rounded(mean)
    # The ends are rounded outwards, so that they hold the mean.
    if mean > 0 and min(rates) < mean < max(rates):
        point["fraction_low"] = min(rounded(min(rates)), point["bit_fraction"])
        point["fraction_high"] = max(rounded(max(rates)), point["bit_fraction"])
    point["cells_tested"] = cells
    if banks and mean > 0:
        least = 0.5 / (cells / len(banks))  # a bank without failures: less than one of its cells
        point["weights"] = [[rounded(max(rate / mean, least / mean))] for rate in banks]
    return point


def retention_points(folder, dimm):
    """List what a module of the voltage study loses by refresh interval, temperature and VDD."""
    path = folder / "ddr3l_retention.csv"
    rounds = defaultdict(list)
    for row in read(path) if path.exists() else []:
        if row["dimm_name"] == dimm:
            place = (float(row[k]) for k in ("vdd", "temperature(C)", "refresh_interval(ms)"))
            rounds[tuple(place)].append([float(row[f"bank{i}_bit_err_count"]) for i in range(8)])
    points, cells = [], LINES * LINE_BYTES * 8
    for (vdd, celsius, interval), found in sorted(rounds.items()):
        totals = [sum(banks) / cells for banks in found]
        banks = [sum(bank) / len(found) for bank in zip(*found, strict=True)]
        told = sum(banks) >= 10 * BANKS  # fewer failures than that tell banks apart by chance
        by_bank = [n / (cells / BANKS) for n in banks] if told else None
        point = {"refresh_seconds": round(interval / 1000, 9), "temperature_celsius": celsius}
        points.append(counted({**point, "vdd_volts": vdd}, totals, cells, by_bank))
    return points


def voltage_devices(folder):
    """Make the modules of the voltage study that failed at one voltage, and not at another."""
    rows = read(folder / "ddr3l_voltage_faulty_lines.csv")
    maps = defaultdict(float)
    for group in read(folder / "ddr3l_row_failures.csv"):
        maps[group["dimm"], float(group["vdd"])] += float(group["prob"])
    for dimm in dict.fromkeys(row["dimm_name"] for row in rows):
        mine = [row for row in rows if row["dimm_name"] == dimm]
        shares = {float(row["vdd"]): float(row["error_cacheline_percent"]) for row in mine}
        # Below the lowest voltage whose lines were published the map stands for them.
        low = min(shares)
        estimated = sorted(v for (d, v), sum_ in maps.items() if d == dimm and v < low and sum_)
        if not (any(shares.values()) or estimated) or 0 not in shares.values():
            continue
        points, sources = measured_points(folder, dimm, estimated)
        rank = ddr3_rank(folder, 1.35, DDR3L)
        rank["sources"] |= sources
        retention = retention_points(folder, dimm)
        if retention:
            rank["sources"]["retention"] = (
                f"{STUDY}: errors of {dimm} by refresh interval, mean of all rounds and their "
                "range, of 2^34 cells; the pattern is not published"
            )
        sources = rank.pop("sources")
        yield {
            "name": f"ddr3l-1600-{dimm.lower()}",
            "description": f"DDR3L-1600 SO-DIMM of 2 GiB, module {dimm} of the {STUDY}",
            **rank,
            "points": points,
            "sources": sources,
            "vendor": mine[0]["vendor"],
            "standard": "DDR3L",
            "organisation": {"channels": 1, "ranks": 1, "bank_groups": 1},
            **({"retention": retention} if retention else {}),
            "assumed": ["currents", "rows of a subarray"],
        }


def later_campaign(rounds):
    """Return the rounds of one pattern that fail alike, the worse ones where two campaigns differ.

    Some modules were measured twice, with rates that differ by orders of magnitude; their mean
    would be of neither.
    """
    ranked = sorted(rounds, key=sum)
    for i, (one, other) in enumerate(pairwise(ranked), 1):
        if sum(one) > 0 and sum(other) > CAMPAIGNS * sum(one):
            return ranked[i:]
    return rounds


# Rounds of one module, temperature and pattern scatter by less than this factor.
CAMPAIGNS = 100


def latency_points(rows):
    """List the points of a module by latencies and temperature; say where two campaigns differ."""
    rounds = defaultdict(lambda: defaultdict(list))
    for row in rows:
        trcd, trp = float(row["tRCD"]), float(row["tRP"])
        # At 2.5 ns everything is noise; of tRP of 5 ns and less see docs/profiles.md.
        if trcd < 5 or trp <= 5 or (trcd < 12.5 and trp < 12.5):
            continue
        banks = [float(row[f"Bank{i}"]) for i in range(trp < 12.5, 8)]
        rounds[trcd, trp, float(row["Temperature"])][row["Pattern"]].append(banks)
    points, mixed = [], []
    for (trcd, trp, celsius), patterns in sorted(rounds.items()):
        kept = [later_campaign(found) for found in patterns.values()]
        if any(len(a) < len(b) for a, b in zip(kept, patterns.values(), strict=True)):
            mixed.append(f"tRCD {trcd:g} ns at {celsius:g} C")
        by_pattern = [[sum(bank) / len(found) for bank in zip(*found, strict=True)]
                      for found in kept]  # fmt: skip
        banks = [sum(bank) / len(by_pattern) for bank in zip(*by_pattern, strict=True)]
        point = {
            "vdd_volts": 1.5,
            "trcd_seconds": seconds(trcd),
            "trp_seconds": seconds(trp),
            "temperature_celsius": celsius,
        }
        cells = 2**30 * len(banks)
        means = [sum(of) / len(of) for of in by_pattern]
        # Bank 0 was not reached where tRP varies: it is taken for an average one.
        shares = [sum(banks) / len(banks)] * (8 - len(banks)) + banks
        point = counted(point, means, cells, shares)
        every = [sum(found) / len(found) for of in patterns.values() for found in of]
        if trp < 12.5 and max(every) > 0.5:  # no random flips: the row that was open before
            continue
        if point["bit_fraction"] > 0:
            point["fraction_low"] = min(rounded(min(every)), point["bit_fraction"])
            point["fraction_high"] = max(rounded(max(every)), point["bit_fraction"])
        points.append(point)
    return points, mixed


def latency_devices(folder):
    """Make the modules of the latency study that were measured at a tRCD of 7.5 ns."""
    by_module = defaultdict(list)
    for row in read(folder / "ddr3_latency_ber.csv"):
        by_module[row["Label"]].append(row)
    for label, rows in sorted(by_module.items()):
        points, mixed = latency_points(rows)
        if not any(p["trcd_seconds"] == 7.5e-9 for p in points):
            continue
        rank = ddr3_rank(folder, 1.5, DDR3)
        sources = rank.pop("sources")
        told = (
            f"; two campaigns differ, the worse one is taken: {', '.join(mixed)}" if mixed else ""
        )
        sources["points"] = (
            f"{LATENCY}: shares of wrong bits of {label}, mean of its patterns; the range is that "
            f"of patterns and rounds; 2^30 cells a bank and one read{told}"
        )
        yield {
            "name": f"ddr3-1600-latency-{label}",
            "description": f"DDR3 SO-DIMM, module {label} ({rows[0]['Model']}) of the {LATENCY}",
            **rank,
            "points": points,
            "sources": sources,
            "vendor": rows[0]["VendorMask"],
            "standard": "DDR3",
            "organisation": {"channels": 1, "ranks": 1, "bank_groups": 1},
            "assumed": ["geometry, timing, currents and rating: the study names no parts"],
        }


# Of the types, and the memory of eden.dram that each is.
TYPES = {
    "ddr3-1600": "ddr3-1600",
    "ddr4-2133": "ddr4-2133",
    "ddr4-2400": "ddr4-2400",
    "ddr4-3200": "ddr4-3200",
    "lpddr3-1600": "lpddr3-1600",
    "lpddr4-3200": "lpddr4-3200",
    "gddr5-6000": "gddr5-6000",
    "hbm2": "hbm2-legacy",
}


def type_devices(lender):
    """Make the types that nobody measured: rates of a module at the same share of its rating."""
    rated = lender["nominal"]
    for name, source in TYPES.items():
        rank, kind = type_of(source)
        sources = rank.pop("sources")
        points = []
        for point in lender["points"]:
            scaled = {
                k: rounded(point[k] * rank["nominal"][k] / rated[k])
                for k in ("vdd_volts", "trcd_seconds", "trp_seconds")
            }
            kept = {k: point[k] for k in ("line_fraction", "cells_tested")}
            points.append({**scaled, **kept, "assumed": True})
        law = (
            f"error law: borrowed from {lender['name']} at the same VDD / rated VDD, "
            "tRCD / rated tRCD and tRP / rated tRP; nobody measured this type"
        )
        sources["points"] = f"assumed: {law}"
        yield {
            "name": name,
            "description": memory(source)["description"] + ", not measured",
            **rank,
            "points": points,
            "sources": sources,
            **kind,
            "assumed": [law, "rows of a subarray"],
        }


def ddr4_devices(folder):
    """Make the modules whose retention was measured row by row, all cells under two fills."""
    for path in sorted(folder.glob("ddr4_row_retention_*.csv")):
        module = path.stem.rpartition("_")[2]
        flips = defaultdict(lambda: defaultdict(list))
        rows = set()
        for row in read(path):
            rows.add(int(row["Row"]))
            place = (float(row["tWAIT"]), float(row["Temp"]))
            flips[place][row["Pattern"]].append(int(row["NumBitflips"]))
        cells, points = len(rows) * DDR4_ROW_CELLS, []
        for (wait, celsius), by_fill in sorted(flips.items()):
            fills = [by_fill.get(fill, []) for fill in ("00000000", "FFFFFFFF")]
            rate = sum(map(sum, fills)) / (2 * cells)
            # Rows that a fill does not list are without failures, or were not tested.
            listed = [sum(f) / (len(f) * DDR4_ROW_CELLS) for f in fills if f]
            point = {"refresh_seconds": wait, "temperature_celsius": celsius}
            point["bit_fraction"] = rounded(rate)
            point["fraction_low"] = min(rounded(min(map(sum, fills)) / cells), rounded(rate))
            point["fraction_high"] = max(rounded(max(listed)), rounded(rate))
            points.append({**point, "cells_tested": cells})
        rank, kind = type_of("ddr4-2400")
        rank["currents"]["assumed"] = True
        sources = rank.pop("sources")
        sources["points"] = "none: neither voltage nor latencies were varied"
        sources["retention"] = (
            f"{DDR4}: flips of {module} by row, {len(rows)} rows of 65,536 cells, mean of fills of "
            "zeros and ones; from the fill that flips less, with rows that it does not list taken "
            "as free of flips, to the one that flips more, with those taken as not tested"
        )
        yield {
            "name": f"ddr4-2400-retention-{module}",
            "description": f"DDR4 module {module} of {DDR4}; described as DDR4-2400 8Gb x8",
            **rank,
            "points": [],
            "sources": sources,
            **kind,
            "retention": points,
            "assumed": ["geometry, timing, currents and rating: the study's file names no parts"],
        }


def to_text(description):
    """Write JSON with one line a number, but one line a row of weights or a point without maps."""
    text = json.dumps(description, indent=1)
    for point in [*description["points"], *description.get("retention", ())]:
        if len(point.get("weights", [[0]])[0]) > 1:
            for bank in point["weights"]:
                spread = json.dumps(bank, indent=1).replace("\n", "\n    ")
                text = text.replace(spread, json.dumps(bank, separators=(",", ":")))
        elif point.keys() & {"temperature_celsius", "assumed"}:
            spread = json.dumps(point, indent=1).replace("\n", "\n  ")
            text = text.replace(spread, json.dumps(point, separators=(",", ":")))
    return text + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with the studies' CSV files")
    parser.add_argument("--out", type=Path, default=Path("eden/devices/specs"))
    arguments = parser.parse_args()
    made = [*voltage_devices(arguments.data)]
    made += type_devices(next(d for d in made if d["name"] == "ddr3l-1600-b10"))
    if (arguments.data / "ddr3_latency_ber.csv").exists():
        made += latency_devices(arguments.data)
    made += ddr4_devices(arguments.data)
    for description in made:
        path = arguments.out / f"{description['name']}.json"
        path.write_text(to_text(description))
        print(path)


if __name__ == "__main__":
    from one_line import in_one_line

    in_one_line(main)
