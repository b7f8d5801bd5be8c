"""Which way of going over memory suits this processor?

Prints, for each bit error rate, the time of `eden.inject(x, ..., out=y)` over that of `y.copy_(x)`,
by each value of EDEN_COPY: `auto` is what a user gets; `cached` and `stream` write all outputs
through the caches or past them, and with `-unfetched` do not ask for what they read next; `library`
is memcpy, where no bit fails. The variable is read once, so each way runs in processes of its own,
the ways in turn, and the median of the rounds is taken.

Run: python benchmarks/copy_ways.py [--elements 67108864] [--rounds 3] [--json FILE]
"""

import json
import os
import statistics
import subprocess
import sys

import torch
from _common import Table, head, interleaved, parser

import eden

WAYS = ("auto", "cached", "stream", "cached-unfetched", "stream-unfetched", "library")
RATES = (0.0, 1e-5, 1e-4, 1e-3, 1e-2, 0.5)


def measure(elements: int, repeats: int) -> list[float]:
    """Return the ratio at each rate, by the way that this process was started with."""
    x = torch.randn(elements)
    y = torch.empty_like(x)
    calls = {"copy": lambda: y.copy_(x)}
    for rate in RATES:
        error = eden.errors.Uniform(rate)
        calls[rate] = lambda error=error: eden.inject(x, error, key=eden.key(1), out=y)
    took = interleaved(calls, repeats=repeats)
    return [took[rate].seconds / took["copy"].seconds for rate in RATES]


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=3, help="processes of each way, in turn")
    options.add_argument("--only-this-way", action="store_true", help="what each process is told")
    args = options.parse_args()
    if args.only_this_way:
        print(json.dumps(measure(args.elements, args.repeats)))
        return
    facts = head(elements=args.elements, rounds=args.rounds)
    command = [sys.executable, __file__, "--only-this-way"]
    command += ["--elements", str(args.elements), "--repeats", str(args.repeats)]
    ratios: dict[str, list[list[float]]] = {way: [] for way in WAYS}
    for _ in range(args.rounds):
        for way in WAYS:
            variables = os.environ | {"EDEN_COPY": way}
            done = subprocess.run(command, env=variables, check=True, stdout=subprocess.PIPE)
            ratios[way].append(json.loads(done.stdout))
    table = Table({"ber": "8.0e"} | {way: f"{len(way) + 2}.2f" for way in WAYS})
    for i, rate in enumerate(RATES):
        row = {way: statistics.median(run[i] for run in ratios[way]) for way in WAYS}
        table.add(ber=rate, **row)
    table.write(args.json, "copy_ways", facts)


if __name__ == "__main__":
    main()
