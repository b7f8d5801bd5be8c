"""What devices are made of besides measurements: ranks, from datasheets and memories.

A part of scripts/make_devices.py.
"""

import csv
import json
from pathlib import Path

STUDY = "DRAM-Voltage-Study, Chang et al., SIGMETRICS 2017"
LATENCY = "DRAM-Latency-Variation-Study, Chang et al., SIGMETRICS 2016"
DDR4 = "ReadDisturbanceVTS25"
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
DDR4_ROW_CELLS = 65536
MEMORIES = Path(__file__).parents[1] / "eden" / "dram" / "memories"
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


def seconds(nanoseconds):
    """Write nanoseconds as seconds, as people would: 1.375e-08, without rounding's tail."""
    return float(f"{float(nanoseconds):.9g}e-9")


def rounded(value):
    return float(f"{value:.4g}")


def ddr3_rank(folder, vdd, why):
    """Describe a rank of eight x8 chips of 2 Gb of DDR3-1600: all but what was measured."""
    part = datasheet_part(folder / "datasheet_survey.csv")
    currents = {
        f"{name.lower()}_amperes": float(part[column]) / 1000 for name, column in CURRENTS.items()
    }
    nominal = {
        "trcd_seconds": seconds(part["tRCD/tRCL (ns)"]),
        "trp_seconds": seconds(part["tRP (ns)"]),
    }
    return {
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
            "tras_seconds": seconds(part["tRAS (ns)"]),
            "trc_seconds": seconds(part["tRC (ns)"]),
            "trfc_seconds": seconds(part["tRFC (ns)"]),
            "trefi_seconds": float(part["tREFI (us)"]) / 1e6,
        },
        "currents": {"vdd_volts": vdd, **currents, "assumed": True},
        "granularity": {"vdd": "module", "trcd": "bank", "trp": "bank"},
        "nominal": {"vdd_volts": vdd, **nominal},
        "sources": {
            "geometry": JEDEC + "; eight chips make a rank of 64 data pins",
            "geometry.rows_per_subarray": "assumed: 512 is common in the literature",
            "timing": SURVEY,
            "timing.clock_seconds": "DDR3-1600: 800 MHz",
            "timing.burst_clocks": JEDEC + ", two transfers a clock",
            "currents": SURVEY + why[0],
            "currents.vdd_volts": why[1],
            "nominal.vdd_volts": why[2],
            "nominal": SURVEY,
            "granularity": "design of eden: one supply a module, latencies by bank",
        },
    }


CURRENTS = {
    "IDD0": "IDD0",
    "IDD2N": "IDD2N",
    "IDD3N": "IDD3N",
    "IDD4R": "IDD4R",
    "IDD4W": "IDD4W",
    "IDD5": "IDD5(B)",
}
DDR3L = (
    "; a DDR3 part at 1.5 V: its currents are assumed at 1.35 V",
    "assumed: the survey lists no DDR3L currents",
    "JEDEC JESD79-3-1 (DDR3L): 1.35 V",
)
DDR3 = (
    "; assumed: the study names no parts",
    SURVEY,
    "JEDEC JESD79-3 (DDR3): 1.5 V",
)


def memory(name):
    return json.loads((MEMORIES / f"{name}.json").read_text())


def type_of(source):
    """Describe a rank of a memory of eden.dram: all but what was measured."""
    m = memory(source)
    g, clocks, milliamperes = m["geometry"], m["clocks"], m["currents_mA"]
    # Two transfers a clock: of GDDR5, which has four, it is half a clock.
    beats = 8 * g["request_bytes"] / (g["chips"] * g["chip_width"] * clocks["BL"])
    tick = m["tCK_ns"] * 2 / beats
    groups = g["bank_groups"]
    trefi = clocks["tREFI"] * m["tCK_ns"]
    currents = {f"{k.lower()}_amperes": milliamperes[k] / 1000 for k in CURRENTS}
    return {
        "geometry": {
            "chips": g["chips"],
            "chip_width_bits": g["chip_width"],
            "banks": groups * g["banks_per_group"],
            "rows_per_bank": g["rows"],
            "rows_per_subarray": ROWS_PER_SUBARRAY,
            "row_bytes": g["row_bytes"],
            "line_bytes": g["request_bytes"],
        },
        "timing": {
            "clock_seconds": seconds(tick),
            "burst_clocks": round(clocks["BL"] * beats / 2),
            **{f"{k.lower()}_seconds": seconds(clocks[k] * m["tCK_ns"])
               for k in ("tRAS", "tRC", "tRFC", "tREFI")},
        },
        "currents": {"vdd_volts": m["vdd"], **currents, "assumed": "assumed" in m["sources"]
                     and "currents" in m["sources"]["assumed"]},
        "granularity": {"vdd": "module", "trcd": "bank", "trp": "bank"},
        "nominal": {
            "vdd_volts": m["vdd"],
            "trcd_seconds": seconds(clocks["tRCD"] * m["tCK_ns"]),
            "trp_seconds": seconds(clocks["tRP"] * m["tCK_ns"]),
            "refresh_seconds": 0.064 if trefi > 3950 else 0.032,
        },
        "sources": {
            "geometry": f"eden/dram/memories/{source}.json",
            "geometry.rows_per_subarray": "assumed: 512 is common in the literature",
            "timing": m["sources"]["clocks"],
            "currents": m["sources"]["currents_mA"],
            **({"timing.assumed": m["sources"]["assumed"]} if "assumed" in m["sources"] else {}),
            "nominal": m["sources"]["clocks"],
            "nominal.refresh_seconds": "8192 refresh commands or more within it",
            "granularity": "design of eden: one supply a module, latencies by bank",
        },
    }, {
        "standard": m["standard"],
        "organisation": {"channels": 1, "ranks": 1, "bank_groups": groups},
    }  # fmt: skip
