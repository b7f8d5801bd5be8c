"""What does a forward pass under fixed errors cost, with and without keeping the weak cells?

One set of weak cells, one inference after the other: an evaluation under one draw. The cells found
at one read are kept for the next (`attach(..., keep_bytes=...)`); without that each read finds them
anew. `plain` is the network as it is.

Run: python benchmarks/keep.py [--network resnet18] [--batches 1 128] [--stored int8] [--json FILE]
"""

import copy

import torch
from _common import Table, head, interleaved, parser, spread_bitlines
from step import IMAGES

import eden
from eden import nets

FRACTIONS = (1e-9, 1e-4, 1e-3, 1e-2)


def main() -> None:
    options = parser(__doc__, elements=None, repeats=40)
    options.add_argument("--network", default="resnet18", choices=list(IMAGES))
    options.add_argument("--batches", type=int, nargs="+", default=[1, 128])
    options.add_argument("--stored", default="int8", choices=sorted(eden.access.formats.FORMATS))
    options.add_argument("--fractions", type=float, nargs="+", default=FRACTIONS, metavar="P")
    options.add_argument("--seconds", type=float, default=20.0, help="at most so long each")
    args = options.parse_args()

    facts = head(network=args.network, stored=args.stored)
    torch.manual_seed(0)
    model = nets.build(args.network).eval()
    errors = {
        "uniform": eden.errors.Uniform(1e-6),
        "F = 0.5": eden.errors.Uniform(1e-6, failure_probability=0.5),
        "bitline": spread_bitlines(),
    }
    table = Table(
        {
            "batch": "5d",
            "model": "<8s",
            "weak": "8.0e",
            "plain ms": "9.2f",
            "anew": "7.2f",
            "kept": "7.2f",
        }
    )
    for batch in args.batches:
        x = torch.randn(batch, *IMAGES[args.network])
        for name, error in errors.items():
            config = eden.Config(error, stored=args.stored)
            networks = {kind: copy.deepcopy(model) for kind in ("plain", "anew", "kept")}
            handles = [
                eden.attach(networks["anew"], config, keep_bytes=0),
                eden.attach(networks["kept"], config),
            ]
            for handle in handles:
                handle.learn_bounds([x])
            for weak in args.fractions:
                rate = weak * error.failure_probability if name == "F = 0.5" else weak
                for handle in handles:
                    handle.set_ber(rate)
                with torch.inference_mode():
                    for network in networks.values():
                        network(x), network(x)
                    calls = {k: lambda net=net, x=x: net(x) for k, net in networks.items()}
                    took = interleaved(calls, repeats=args.repeats, most_seconds=args.seconds)
                plain = took["plain"].seconds
                table.add(
                    **{
                        "batch": batch,
                        "model": name,
                        "weak": weak,
                        "plain ms": plain * 1e3,
                        "anew": took["anew"].seconds / plain,
                        "kept": took["kept"].seconds / plain,
                    }
                )
    table.write(args.json, "keep", facts)


if __name__ == "__main__":
    main()
