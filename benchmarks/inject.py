"""How much does injection cost over a plain copy?

Prints, for each bit error rate, the time of `eden.inject(x, ..., out=y)` over that of `y.copy_(x)`,
and of the functional call over `x.clone()`, on one tensor whose memory has been touched. For an
integer format the plain pass is not a copy but the same fused pass (quantise, dequantise, correct)
at BER 0. The delivered rate is counted on a load of its own without correction, which hides flips.

Run: python benchmarks/inject.py [--elements 67108864] [--stored fp32] [--json FILE]
"""

import torch
from _common import Table, delivered_ber, head, interleaved, parser

import eden

RATES = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 5e-2, 0.1, 0.5)
# (highest rate, most that injection may take as a multiple of the plain pass)
OUT_TARGETS = ((1e-5, 1.15), (1e-4, 1.3), (1e-3, 2.0), (1e-2, 6.0), (0.5, 16.0))
CALL_TARGETS = ((1e-3, 1.05), (1e-2, 1.5), (0.5, 3.0))


def target(targets: tuple, rate: float) -> float:
    return next(most for highest, most in targets if rate <= highest)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--stored", default="fp32", choices=sorted(eden.access.formats.FORMATS))
    options.add_argument("--rates", type=float, nargs="+", default=RATES, metavar="BER")
    args = options.parse_args()

    facts = head(elements=args.elements, stored=args.stored)
    x = torch.randn(args.elements)
    y = torch.empty_like(x)
    stored = {"stored": args.stored}
    correction = {}
    if eden.access.formats.get(args.stored).integer:
        stored["scale"] = eden.access.ops.scale_of(x, args.stored)
        correction = {"correction": "zero", "bounds": torch.stack([x.min(), x.max()])}
    options = {"key": eden.key(1), **stored}

    def load(rate: float, **more):
        error = eden.errors.Uniform(rate)
        return lambda: eden.inject(x, error, **options, **more)

    integer = bool(correction)
    plain = {
        "plain_out": load(0.0, out=y, **correction) if integer else lambda: y.copy_(x),
        "plain_call": load(0.0, **correction) if integer else x.clone,
    }
    print("plain pass:", "this one at BER 0" if integer else "y.copy_(x) and x.clone()")
    table = Table(
        {
            "ber": "8.0e",
            "plain ms": "9.2f",
            "out= ms": "9.2f",
            "ratio": "7.2f",
            "target": "7.2f",
            "plain call": "10.2f",
            "call ms": "9.2f",
            "ratio call": "10.2f",
            "target call": "11.2f",
            "delivered": "10.3e",
        }
    )
    for rate in args.rates:
        calls = {**plain, "out": load(rate, out=y, **correction), "call": load(rate, **correction)}
        took = {name: t.seconds for name, t in interleaved(calls, repeats=args.repeats).items()}
        load(rate, out=y)()
        table.add(
            **{
                "ber": rate,
                "plain ms": took["plain_out"] * 1e3,
                "out= ms": took["out"] * 1e3,
                "ratio": took["out"] / took["plain_out"],
                "target": target(OUT_TARGETS, rate),
                "plain call": took["plain_call"] * 1e3,
                "call ms": took["call"] * 1e3,
                "ratio call": took["call"] / took["plain_call"],
                # Of an integer format only the pass over memory that is there has one.
                "target call": None if integer else target(CALL_TARGETS, rate),
                "delivered": delivered_ber(x, y, **stored),
            }
        )
    table.write(args.json, "inject", facts)


if __name__ == "__main__":
    main()
