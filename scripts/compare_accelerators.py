"""Hold the closed forms of the TPU against what SCALE-Sim v1 printed for YOLO-Tiny.

    python scripts/compare_accelerators.py FOLDER

FOLDER holds topologies/yolo_tiny_v1.csv and scalesim_v1_tpu_yolo_tiny/ (detail and cycles). Exits
with 1 if the bytes of a layer differ, or its clocks by other than what is explained:

- Bytes. SCALE-Sim counts each element of an IFM, a filter and an OFM once, of one byte and without
  padding, as long as what is needed again is still in its 8 MB. So do we. The filters of Conv8 are
  larger than that, but each is used in one fold only.
- Clocks. A fold takes as many as the depth of the sum, or as its pixels need to leave the array.
  With more filters than columns SCALE-Sim ends sooner: by its columns the outputs of each later
  fold of filters leave one clock for each pixel, less one, too early (Conv6: the last at 4,863,
  where the first of its fold could leave), and the end is that of the last operand. So its clocks
  lie below ours by up to the pixels of a fold.
"""

import csv
import sys
from pathlib import Path

from eden.systems import Layer, System, work_of


def rows_of(path: Path) -> dict[str, dict[str, str]]:
    """Read a table of SCALE-Sim by layer; names and values without blanks."""
    with open(path, newline="") as file:
        rows = [[cell.strip() for cell in row] for row in csv.reader(file) if "".join(row).strip()]
    return {row[0]: dict(zip(rows[0], row, strict=False)) for row in rows[1:]}


def layer_of(name: str, row: dict[str, str]) -> Layer:
    """Return the convolution of one line: no padding, one byte an element."""
    height, width = int(row["IFMAP Height"]), int(row["IFMAP Width"])
    kernel = int(row["Filter Height"]), int(row["Filter Width"])
    channels, filters, stride = (int(row[k]) for k in ("Channels", "Num Filter", "Strides"))
    out = (height - kernel[0]) // stride + 1, (width - kernel[1]) // stride + 1
    depth = kernel[0] * kernel[1] * channels
    return Layer(
        name,
        "conv",
        in_channels=channels,
        in_h=height,
        in_w=width,
        kernel_h=kernel[0],
        kernel_w=kernel[1],
        stride_h=stride,
        stride_w=stride,
        out_channels=filters,
        out_h=out[0],
        out_w=out[1],
        weight_elements=depth * filters,
        input_elements=height * width * channels,
        output_elements=out[0] * out[1] * filters,
        macs=out[0] * out[1] * filters * depth,
    )


def main(folder: Path) -> int:
    """Print the comparison; return 1 where it does not hold."""
    tpu = System.load("tpu")
    printed = folder / "scalesim_v1_tpu_yolo_tiny"
    detail = rows_of(printed / "yolo_tiny_detail.csv")
    cycles = rows_of(printed / "yolo_tiny_cycles.csv")
    failed = 0
    print(
        "| layer | IFM | SCALE-Sim | filters | SCALE-Sim | OFM | SCALE-Sim | clocks | SCALE-Sim |"
    )
    print("| --- |" + " --- |" * 8)
    for name, row in rows_of(folder / "topologies" / "yolo_tiny_v1.csv").items():
        layer = layer_of(name, row)
        work = work_of(tpu.parameters, layer)
        own = (
            layer.input_bytes * work.input_passes,
            layer.weight_bytes * work.weight_passes,
            layer.output_bytes * work.output_passes,
        )
        keys = ("DRAM_IFMAP_bytes", "DRAM_Filter_bytes", "DRAM_OFMAP_bytes")
        theirs = [int(detail[name][key]) for key in keys]
        clocks = int(cycles[name]["Cycles"])
        several = layer.filters > tpu.parameters["columns"]
        shaved = min(layer.pixels, tpu.parameters["rows"]) if several else 0
        bytes_agree = all(a == b for a, b in zip(own, theirs, strict=True))
        clocks_agree = 0 <= work.cycles - clocks <= shaved
        failed += not (bytes_agree and clocks_agree)
        pairs = [f"{a:,.0f} | {b:,}" for a, b in zip(own, theirs, strict=True)]
        less = f" ({clocks - work.cycles:+.0f})" if clocks != work.cycles else ""
        print(f"| {name} | {' | '.join(pairs)} | {work.cycles:,.0f} | {clocks:,}{less} |")
    print("agree, but for the clocks explained above" if not failed else f"{failed} layers differ")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    raise SystemExit(main(Path(sys.argv[1])))
