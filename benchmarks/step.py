"""How much longer does one step of boosting take than a plain training step?

A boosted step is what `eden.boost` does with a batch: draw other errors and their rate, forward
with all weights and input feature maps read from approximate DRAM, backward, optimiser, weights
kept in their range. Boosting does not train batch-norm statistics, which saves time that has
nothing to do with errors, so a plain step that leaves them alone too is measured beside the plain
one.

Run: python benchmarks/step.py [--networks lenet resnet18 mobilenet_v2] [--stored int8]
     [--correction zero] [--model uniform] [--ber 1e-3] [--batch 128] [--seconds 60]
     [--device cpu] [--json FILE]
"""

import copy

import torch
from _common import Table, head, interleaved, parser, spread_bitlines
from torch import Tensor, nn
from torch.nn import functional

import eden
from eden import nets
from eden.training._trainer import WeightRanges

IMAGES = {
    "lenet": (1, 28, 28),
    "resnet18": (3, 32, 32),
    "mobilenet_v2": (3, 32, 32),
    "resnet101": (3, 32, 32),
}
NETWORKS = ["lenet", "resnet18", "mobilenet_v2"]


class Training:
    """A network in training on one batch, plainly or under errors.

    Args:
        model: The network; a copy of it is trained.
        x: Images.
        y: Labels.
        frozen: Leave the batch-norm statistics alone, as boosting does.
        config: How it lies in approximate DRAM; None for plain training.
        ber: Of all its tensors, the highest: each step has a share of it.
    """

    def __init__(self, model: nn.Module, x: Tensor, y: Tensor, *, frozen=False, config=None, ber=0):
        self.model, self.x, self.y = copy.deepcopy(model).train(), x, y
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=2e-3)
        self.schedule, self.ranges = None, None
        if frozen:
            for module in self.model.modules():
                module.training = not isinstance(module, nn.BatchNorm2d)
        if config is not None:
            handle = eden.attach(self.model, config)
            handle.learn_bounds([x])
            self.schedule = eden.RampSchedule(handle, target_ber=ber, batches=1)  # risen at once
            self.ranges = WeightRanges(handle.stored_weights(), by_channel=config.by_channel)

    def step(self) -> None:
        """Train on the batch once."""
        if self.schedule is not None:
            self.schedule.step()
        loss = functional.cross_entropy(self.model(self.x), self.y)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        if self.ranges is not None:
            self.ranges.clamp()
        if self.x.is_cuda:  # a step is timed to its end
            torch.cuda.synchronize()


def trainings(name: str, args) -> dict[str, Training]:
    """The steps to time, by name: plain, the same with frozen statistics, boosted."""
    torch.manual_seed(0)
    x = torch.randn(args.batch, *IMAGES[name]).to(args.device)
    y = torch.randint(10, (args.batch,)).to(args.device)
    model = nets.build(name).to(args.device)
    with torch.no_grad():
        for _ in range(5):  # statistics that fit the images, for those who freeze them
            model.train()(x)
    error = spread_bitlines() if args.model == "bitline" else eden.errors.Uniform(1e-12)
    config = eden.Config(error=error, stored=args.stored, correction=args.correction)
    steps = {"plain": Training(model, x, y)}
    if any(isinstance(module, nn.BatchNorm2d) for module in model.modules()):
        steps["frozen"] = Training(model, x, y, frozen=True)
    steps["boosted"] = Training(model, x, y, config=config, ber=args.ber)
    return steps


def main() -> None:
    made = parser(__doc__, elements=None, repeats=400)
    made.add_argument("--networks", nargs="+", default=NETWORKS, choices=list(IMAGES))
    made.add_argument("--device", default="cpu", help="cpu or cuda")
    made.add_argument("--stored", default="int8")
    made.add_argument("--correction", default="zero")
    made.add_argument("--model", default="uniform", choices=["uniform", "bitline"])
    made.add_argument("--ber", type=float, default=1e-3, help="the highest rate of a step")
    made.add_argument("--batch", type=int, default=128)
    made.add_argument("--seconds", type=float, default=60.0, help="at most so long for each step")
    args = made.parse_args()
    settings = ("stored", "correction", "model", "ber", "batch", "device")
    facts = head(**{name: getattr(args, name) for name in settings})
    if args.device != "cpu":
        facts["gpu"] = torch.cuda.get_device_name(args.device)
    table = Table(
        {
            "network": "<14s",
            "plain_ms": "10.2f",
            "frozen_ms": "10.2f",
            "boosted_ms": "10.2f",
            "to_plain": "9.3f",
            "to_frozen": "9.3f",
            "rounds": "7d",
        }
    )
    for name in args.networks:
        steps = {kind: training.step for kind, training in trainings(name, args).items()}
        for step in steps.values():
            step()
        times = interleaved(steps, repeats=args.repeats, most_seconds=args.seconds)
        seconds = {kind: timing.seconds for kind, timing in times.items()}
        frozen = seconds.get("frozen")
        table.add(
            network=name,
            plain_ms=1e3 * seconds["plain"],
            frozen_ms=None if frozen is None else 1e3 * frozen,
            boosted_ms=1e3 * seconds["boosted"],
            to_plain=seconds["boosted"] / seconds["plain"],
            to_frozen=None if frozen is None else seconds["boosted"] / frozen,
            rounds=min(timing.runs for timing in times.values()),
        )
    table.write(args.json, "step", facts)


if __name__ == "__main__":
    main()
