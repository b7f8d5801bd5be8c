"""What max pooling takes of networks that are evaluated: that of eden.nets against torch's.

Run: python benchmarks/pooling.py [--batch 100] [--repeats 7] [--json FILE]
"""

from collections.abc import Callable
from unittest import mock

import torch
from _common import Table, head, interleaved, parser
from torch import Tensor
from torch.nn import functional

from eden import nets
from eden.nets import _pool

# By network: channels and size of its images, and what it is built with.
NETWORKS = {
    "lenet": (1, 28, {}),
    "alexnet": (3, 32, {}),
    "squeezenet1_1": (3, 32, {}),
    "vgg16": (3, 32, {}),
    "resnet18": (3, 32, {"stem": "published"}),
    "yolov3_tiny": (3, 192, {}),
}


def of_torch(x: Tensor, size: int, stride: int, padding: int, ceil_mode: bool) -> Tensor:
    """Pool as torch does."""
    return functional.max_pool2d(x, size, stride, padding, ceil_mode=ceil_mode)


def pooled_by_torch(call: Callable[[], object]) -> Callable[[], object]:
    """Return the call with the pooling of torch in all networks."""

    def made() -> object:
        with mock.patch.object(_pool, "_max_pool", of_torch):
            return call()

    return made


def main() -> None:
    """Time a forward pass of each network with either pooling."""
    arguments = parser(__doc__ or "", elements=None)
    arguments.add_argument("--batch", type=int, default=100)
    given = arguments.parse_args()
    facts = head(batch=given.batch)
    table = Table({"network": "<14s", "torch_ms": "9.1f", "ours_ms": "9.1f", "ratio": "7.2f"})
    for name, (channels, size, how) in NETWORKS.items():
        model = nets.build(name, channels=channels, **how).eval()
        images = torch.rand(max(1, given.batch * 32**2 // size**2), channels, size, size)
        ours = torch.no_grad()(lambda model=model, images=images: model(images))
        calls = {"torch": pooled_by_torch(ours), "ours": ours}
        times = {w: t.seconds for w, t in interleaved(calls, repeats=given.repeats).items()}
        milliseconds = {f"{which}_ms": 1e3 * seconds for which, seconds in times.items()}
        table.add(network=name, **milliseconds, ratio=times["torch"] / times["ours"])
    table.write(given.json, "pooling", facts)


if __name__ == "__main__":
    main()
