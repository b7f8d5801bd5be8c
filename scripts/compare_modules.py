"""What placing buys on each module: the tolerances of a run, placed on every shipped device.

Run: python scripts/compare_modules.py RUN_FOLDER   (after `eden run`, or `--until characterize`)
"""

import argparse
import json
from pathlib import Path

from eden import devices, place
from eden.tolerance import Tolerances


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run_folder", type=Path)
    folder = parser.parse_args().run_folder / "tolerances"
    print(f"{'device':16} {'network':9} {'method':7}      V  V low V high reads, uJ")
    for name in devices.names():
        device = devices.load(name)
        for network in ("baseline", "boosted"):
            for method in ("coarse", "greedy", "exact"):
                kind = "coarse" if method == "coarse" else "fine"
                text = (folder / f"{network}-{kind}.json").read_text()
                placed = place(Tolerances.from_dict(json.loads(text)), device, method=method)
                volts = [placed.vdd_volts, *(placed.verdict_volts[e] for e in ("low", "high"))]
                shown = " ".join(f"{v:6.3f}" if v is not None else "  none" for v in volts)
                joules = f"{placed.energy_joules * 1e6:9.3f}"
                print(f"{name:16} {network:9} {method:7} {shown} {joules}")


if __name__ == "__main__":
    main()
