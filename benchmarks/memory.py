"""How much memory does injection take beyond its output, and is its time linear in the size?

Each size runs in a process of its own, which fills `x` and `y`, lets the operating system forget
the peak (`/proc/self/clear_refs`, Linux), and reads the resident memory before and its peak after
one load: into `y`, and as a functional call, whose output is taken off. What is left over holds all
that the call needs besides; it must not grow with the size. 2^28 elements are 2^33 bits and take
3 GiB.

Run: python benchmarks/memory.py [--sizes 4194304 268435456] [--stored fp32] [--json FILE]
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import torch
from _common import Table, head, interleaved, parser

import eden

SIZES = (2**20, 2**22, 2**24, 2**26, 2**28)
BER = 1e-3
# Extra memory may be this much, and time a value may grow by this factor from size to size.
MOST_EXTRA_MIB, MOST_GROWTH = 16, 1.2


def resident_bytes(field: str) -> int:
    """VmRSS (now) or VmHWM (peak) of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise SystemExit(f"memory: no {field} in /proc/self/status; this benchmark needs Linux")


def extra_bytes(call) -> int:
    """Peak resident memory during a call above what was resident before."""
    Path("/proc/self/clear_refs").write_text("5")
    before = resident_bytes("VmRSS")
    result = call()
    peak = resident_bytes("VmHWM")
    output = result.nbytes if result is not None else 0
    return max(0, peak - before - output)


def one_size(elements: int, stored: str, repeats: int) -> dict:
    x = torch.randn(elements)
    y = torch.zeros_like(x)
    options = {"key": eden.key(1), "stored": stored}
    if eden.access.formats.get(stored).integer:
        options["scale"] = torch.tensor(0.05)
    error = eden.errors.Uniform(BER)
    # Threads, and whatever else the first call makes once.
    eden.inject(torch.zeros(2**18), error, **options)

    def into() -> None:
        eden.inject(x, error, out=y, **options)

    extra = extra_bytes(into)
    extra_call = extra_bytes(lambda: eden.inject(x, error, **options))
    timing = interleaved({"into": into, "copy_": lambda: y.copy_(x)}, repeats=repeats)
    return {
        "seconds": timing["into"].seconds,
        "copy_seconds": timing["copy_"].seconds,
        "extra_bytes": extra,
        "extra_bytes_call": extra_call,
    }


def main() -> None:
    options = parser(__doc__, elements=None, repeats=5)
    options.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="ELEMENTS")
    options.add_argument("--stored", default="fp32", choices=sorted(eden.access.formats.FORMATS))
    options.add_argument("--one", type=int, metavar="ELEMENTS", help="measure one size, print JSON")
    args = options.parse_args()
    if args.one is not None:
        print(json.dumps(one_size(args.one, args.stored, args.repeats)))
        return

    facts = head(stored=args.stored, ber=BER)
    table = Table(
        {
            "elements": "10d",
            "out= ms": "10.2f",
            "ns each": "8.4f",
            "growth": "7.2f",
            "/copy_": "7.2f",
            "extra MiB": "10.2f",
            "call's MiB": "11.2f",
        }
    )
    before = None
    for elements in args.sizes:
        command = [sys.executable, __file__, "--one", str(elements), "--stored", args.stored]
        command += ["--repeats", str(args.repeats)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
        found = json.loads(done.stdout)
        each = found["seconds"] / elements
        table.add(
            **{
                "elements": elements,
                "out= ms": found["seconds"] * 1e3,
                "ns each": each * 1e9,
                "growth": each / before if before else None,
                "/copy_": found["seconds"] / found["copy_seconds"],
                "extra MiB": found["extra_bytes"] / 2**20,
                "call's MiB": found["extra_bytes_call"] / 2**20,
            }
        )
        before = each
    print(
        f"targets: at most {MOST_EXTRA_MIB} MiB at any size, growth at most {MOST_GROWTH} from 2^22"
    )
    table.write(args.json, "memory", facts)


if __name__ == "__main__":
    main()
