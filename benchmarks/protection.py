"""How much longer does a protected read take than one without protection?

A linear layer's weight is read under errors, by the network's own read, for each protection; what
the layer's forward pass takes without errors is taken off both.

Run: python benchmarks/protection.py [--elements 1048576] [--stored int8] [--ber 1e-3]
         [--repeats 200] [--json FILE]
"""

import torch
from _common import Table, head, interleaved, parser

import eden

PROTECTIONS = ("none", "triple", "secded", "embedded=1", "strong_bits=1")


def main() -> None:
    made = parser(__doc__, elements=2**20, repeats=200)
    made.add_argument("--stored", default="int8")
    made.add_argument("--ber", type=float, default=1e-3)
    args = made.parse_args()
    facts = head(elements=args.elements, stored=args.stored, ber=args.ber)
    x, forwards = torch.randn(1, args.elements // 1024), {}
    for kind in ("plain", *PROTECTIONS):
        model = torch.nn.Linear(x.shape[1], 1024).eval()
        if kind != "plain":
            protect = {} if kind == "none" else {"weight": kind}
            error = eden.errors.Uniform(args.ber)
            config = eden.Config(error, args.stored, inputs=False, protect=protect)
            with eden.approximate(model, config) as handle:
                handle.learn_bounds([x])
            eden.attach(model, config)
        forwards[kind] = torch.no_grad()(lambda model=model: model(x))
    times = interleaved(forwards, repeats=args.repeats)
    table = Table({"protection": "<14s", "ms": "9.3f", "to_none": "9.2f"})
    plain = times["plain"].seconds
    for kind in PROTECTIONS:
        seconds = times[kind].seconds - plain
        ratio = seconds / (times["none"].seconds - plain)
        table.add(protection=kind, ms=1e3 * seconds, to_none=ratio)
    table.write(args.json, "protection", facts)


if __name__ == "__main__":
    main()
