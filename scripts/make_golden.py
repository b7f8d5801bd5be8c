"""Make the golden vectors of `eden doctor` from the NumPy reference.

    python scripts/make_golden.py [--out eden/doctor/golden.json]

Needed after a change of the law, of a device that comes with eden, or of the cases in
``eden/doctor/_golden.py``. What the host models and the other ops say has no reference here: look
at it before it is kept.
"""

import argparse
import json
from pathlib import Path

from eden.doctor import _golden as golden

HERE = Path(__file__).resolve().parents[1] / "eden" / "doctor" / "golden.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE)
    known = golden.digests(golden.by_reference) | golden.others()
    parser.parse_args().out.write_text(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    main()
