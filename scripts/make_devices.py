"""Make the device descriptions in eden/devices/specs from published measurements.

    python scripts/make_devices.py DATA_FOLDER [--out eden/devices/specs]

DATA_FOLDER holds three CSV files: ``ddr3l_voltage_faulty_lines.csv`` and ``ddr3l_row_failures.csv``
(from the DRAM-Voltage-Study, SIGMETRICS 2017) and ``datasheet_survey.csv`` (from the
DRAM-Datasheet-Survey, arXiv:2204.10378). Each number in a description has its source beside it,
under ``sources``, by the path of the field.
"""

import argparse
import csv
import json
from pathlib import Path

STUDY = "DRAM-Voltage-Study, Chang et al., SIGMETRICS 2017"
SURVEY = "DRAM-Datasheet-Survey, arXiv:2204.10378, Nanya NT5CB512M 8GN-DI (DDR3-1600 x8, 2 Gb)"
JEDEC = "JEDEC JESD79-3 (DDR3), 2 Gb x8: 8 banks, 32768 rows, 1 KiB page a chip, burst of 8"

# One rank of eight x8 chips of 2 Gb: the line fractions of the study are multiples of 2^-25, so it
# counted 2^25 lines of 64 bytes, which is this 2 GiB.
CHIPS, WIDTH, BANKS, ROWS, ROW_BYTES, LINE_BYTES = 8, 8, 8, 32768, 8192, 64
LINES = BANKS * ROWS * ROW_BYTES // LINE_BYTES
# No datasheet says how many rows share sense amplifiers; 512 is common in the literature.
ROWS_PER_SUBARRAY = 512
# A row group in which no row failed is known only to fail rarely.
CENSORED_ROW_PROBABILITY = 1e-4
MEASURED_TIMING = {"trcd_seconds": 1e-8, "trp_seconds": 1e-8}


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def datasheet_part(path):
    """Find the DDR3-1600 x8 2 Gb part; manufacturer and model stand on the first row of a group."""
    with open(path, newline="") as file:
        rows = list(csv.reader(file))
    header = next(row for row in rows if row[0] == "Manufacturer")
    # Timings and currents are named one and two rows above the long names.
    short = rows[rows.index(header) - 1]
    names = [s or h for s, h in zip(short, header, strict=True)]
    model = ""
    for row in rows[rows.index(header) + 1 :]:
        part = dict(zip(names, row, strict=True))
        model = part["Model"] or model
        if model == "NT5CB512M" and part["Speed Bin"] == "8GN-DI":
            return part
    raise SystemExit("datasheet survey: no part NT5CB512M 8GN-DI")


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


def device(folder, name, dimm, estimated_volts=()):
    part = datasheet_part(folder / "datasheet_survey.csv")

    def amperes(column):
        return float(part[column]) / 1000

    def seconds(column, unit=1e9):
        return float(part[column]) / unit

    points, sources = measured_points(folder, dimm, estimated_volts)
    return {
        "name": name,
        "description": f"DDR3L-1600 SO-DIMM of 2 GiB, module {dimm} of the {STUDY}",
        "geometry": {
            "chips": CHIPS,
            "chip_width_bits": WIDTH,
            "banks": BANKS,
            "rows_per_bank": ROWS,
            "rows_per_subarray": ROWS_PER_SUBARRAY,
            "row_bytes": ROW_BYTES,
            "line_bytes": LINE_BYTES,
        },
        "timing": {
            "clock_seconds": 1.25e-9,
            "burst_clocks": 4,
            "tras_seconds": seconds("tRAS (ns)"),
            "trc_seconds": seconds("tRC (ns)"),
            "trfc_seconds": seconds("tRFC (ns)"),
            "trefi_seconds": seconds("tREFI (us)", 1e6),
        },
        "currents": {
            "vdd_volts": 1.35,
            "idd0_amperes": amperes("IDD0"),
            "idd2n_amperes": amperes("IDD2N"),
            "idd3n_amperes": amperes("IDD3N"),
            "idd4r_amperes": amperes("IDD4R"),
            "idd4w_amperes": amperes("IDD4W"),
            "idd5_amperes": amperes("IDD5(B)"),
            "assumed": True,
        },
        "granularity": {"vdd": "module", "trcd": "bank", "trp": "bank"},
        "nominal": {
            "vdd_volts": 1.35,
            "trcd_seconds": seconds("tRCD/tRCL (ns)"),
            "trp_seconds": seconds("tRP (ns)"),
        },
        "points": points,
        "sources": {
            "geometry": JEDEC + "; eight chips make a rank of 64 data pins",
            "geometry.rows_per_subarray": "assumed: 512 is common in the literature",
            "timing": SURVEY,
            "timing.clock_seconds": "DDR3-1600: 800 MHz",
            "timing.burst_clocks": JEDEC + ", two transfers a clock",
            "currents": SURVEY + "; a DDR3 part at 1.5 V: its currents are assumed at 1.35 V",
            "currents.vdd_volts": "assumed: the survey lists no DDR3L currents",
            "nominal.vdd_volts": "JEDEC JESD79-3-1 (DDR3L): 1.35 V",
            "nominal": SURVEY,
            "granularity": "design of eden: one supply a module, latencies by bank",
            **sources,
        },
    }


def to_text(description):
    """Write JSON with one line a number, but one line a row of weights."""
    text = json.dumps(description, indent=1)
    for point in description["points"]:
        for bank in point.get("weights", []):
            spread = json.dumps(bank, indent=1).replace("\n", "\n    ")
            text = text.replace(spread, json.dumps(bank, separators=(",", ":")))
    return text + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with the three CSV files")
    parser.add_argument("--out", type=Path, default=Path("eden/devices/specs"))
    arguments = parser.parse_args()
    for name, dimm, estimated in (
        ("ddr3l-1600-b10", "B10", ()),
        ("ddr3l-1600-a1", "A1", (1.075,)),
    ):
        path = arguments.out / f"{name}.json"
        path.write_text(to_text(device(arguments.data, name, dimm, estimated)))
        print(path)


if __name__ == "__main__":
    main()
