"""Ways to train a network on, for studies of boosting: the default, and one thing changed each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MethodType
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import prune

from eden import errors
from eden.network import Config, approximate, attached, calibration_of, keep_calibration

# A rate low enough that no cell fails in training.
CLEAN = 1e-12
# What holds no more bytes than this meets `OFTEN` times the errors of the rest, but no more than
# `MOST`, in the way of that name.
SMALL_BYTES, OFTEN, MOST = 2048, 10.0, 0.1
DRAWS = 4


@dataclass(frozen=True)
class Way:
    """How a network is trained on.

    Attributes:
        says: In a few words.
        boost: Arguments of `eden.boost` and of its config that are not as the network has them.
        epochs: How many there are for each of the network's; None is one in all.
        rate: What the BER that the network is trained for is multiplied with.
        prepare: Changes the network before, in place.
        after: The way in which it was trained on before; its time does not count.
        pruned: Share of the weights that are pruned, and the rest trained on without errors or
            bounds; None for what is boosted.
    """

    says: str
    boost: Mapping[str, Any] = field(default_factory=dict)
    epochs: float | None = 1.0
    rate: float = 1.0
    prepare: Callable[[nn.Module], None] | None = None
    after: str | None = None
    pruned: float | None = None

    @property
    def judges(self) -> bool:
        """Whether `eden.boost` watches over the accuracy: there is something to bear."""
        return self.pruned is None and self.boost.get("target_ber") != CLEAN


def learn_last_alone(model: nn.Module) -> None:
    """Have all parameters but those of the last layer and of batch norm stay as they are."""
    model.requires_grad_(False)
    layers = [layer for layer in model.modules() if [*layer.parameters(recurse=False)]]
    for layer in layers:
        if layer is layers[-1] or isinstance(layer, nn.BatchNorm2d):
            layer.requires_grad_(True)


class LearningNorm(nn.BatchNorm2d):
    """A batch norm that learns statistics while it is trained, whatever its mode."""

    def forward(self, x):
        """Normalise by the batch's statistics where gradients flow, by its own elsewhere."""
        learns = torch.is_grad_enabled()
        return functional.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, learns, 0.1, self.eps
        )


def learn_norms(model: nn.Module) -> None:
    """Have batch norms learn statistics under errors."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.__class__ = LearningNorm


def double_units(model: nn.Module) -> None:
    """Have each unit between the first layer and the last twice, and what it adds halved.

    The network answers as before, and one value that is wrong moves the next layer half as far.
    """
    kinds = nn.Conv2d | nn.Linear | nn.LSTM | nn.BatchNorm2d
    layers = [layer for layer in model.modules() if isinstance(layer, kinds)]
    with torch.no_grad():
        for layer in layers:
            reads, gives = layer is not layers[0], layer is not layers[-1]
            for name, value in [*layer.named_parameters(), *layer.named_buffers()]:
                if value.ndim:
                    value.data = _doubled(layer, name, value, reads, gives)
            if isinstance(layer, nn.LSTM):
                layer.hidden_size *= 2
            elif isinstance(layer, nn.BatchNorm2d):
                layer.num_features *= 2
            elif isinstance(layer, nn.Conv2d) and layer.groups > 1:
                layer.groups *= 2
    keep_calibration(model, None)  # boosting learns that of the larger tensors


def _doubled(layer: nn.Module, name: str, value: torch.Tensor, reads: bool, gives: bool):
    """Return a parameter or a statistic of a layer that reads or gives each value twice."""
    within = isinstance(layer, nn.LSTM) and (name.startswith("weight_hh") or "ih_l0" not in name)
    alone = isinstance(layer, nn.Conv2d) and layer.groups > 1
    if value.ndim > 1 and (reads or within) and not alone:
        value = torch.cat([value / 2, value / 2], dim=1)
    if not gives:
        return value
    gates = value.chunk(4 if isinstance(layer, nn.LSTM) else 1)
    return torch.cat([one for gate in gates for one in (gate, gate)])


def clip_inputs(model: nn.Module) -> None:
    """Have layers clip what they are given to a share of its range, before it is stored.

    Floats that are read beyond their bounds are set to zero, so narrower bounds need inputs that
    keep within them: half of the range at the second layer, 15 % at the last.
    """
    config = Config(errors.Uniform(1e-3), calibration=calibration_of(model))
    with approximate(model, config) as handle:
        narrowed = handle.narrow_inputs((0.5, 0.15)).tensors
    for name, layer in model.named_modules():
        entry = narrowed.get(f"{name}.input")
        if entry is not None and not entry.network_input:
            clip = partial(torch.clamp, min=entry.lo, max=entry.hi)
            layer.register_forward_pre_hook(lambda _, given, clip=clip: clip(given[0]))
    keep_calibration(model, None)  # boosting learns that of what is clipped


def under_draws(model: nn.Module) -> None:
    """Have a network in training answer under several draws of errors, ``[draws, batch, ...]``."""

    def forward(kind, self, x):
        outputs = [kind.forward(self, x)]
        if not self.training:
            return outputs[0]
        for _ in range(1, DRAWS):
            attached(self).step()
            outputs.append(kind.forward(self, x))
        return torch.stack(outputs)

    _with_forward(model, forward)


def meet_small_often(model: nn.Module) -> None:
    """Have small tensors meet more errors in training than the others."""

    def set_ber(handle, ber):
        small = min(MOST, OFTEN * ber)
        sizes = {tensor.name: tensor.size_bytes for tensor in handle.tensors}
        bers = {name: small if size <= SMALL_BYTES else ber for name, size in sizes.items()}
        type(handle).set_ber(handle, bers)

    def forward(kind, self, x):
        handle = attached(self)
        if self.training and "set_ber" not in vars(handle):  # from the next batch on
            handle.set_ber = MethodType(set_ber, handle)
        return kind.forward(self, x)

    _with_forward(model, forward)


def force_high_bits(model: nn.Module) -> None:
    """Have bit 6 or 7 of one element of each small int8 tensor flip in every batch, in each image.

    That is thousands of times what the rate would give; those tensors meet no other errors.
    """

    def forward(kind, self, x):
        handle = attached(self)
        if self.training and not vars(handle).get("forces"):
            handle.forces = True
            for tensor in handle.tensors:
                if tensor.size_bytes <= SMALL_BYTES:
                    known = handle.config.calibration.tensors[tensor.name]
                    limit = max(-known.lo, known.hi)
                    flip = partial(_one_flipped, limit, tensor.kind == "input")
                    handle.set_corruption(tensor.name, flip)
        return kind.forward(self, x)

    _with_forward(model, forward)


def _one_flipped(limit: float, of_images: bool, x: torch.Tensor, key: torch.Tensor):
    """Return a tensor rounded to int8, with bit 6 or 7 of one element flipped in each image."""
    draw = torch.Generator().manual_seed(int(key[0] ^ key[1]) & (2**63 - 1))
    scale = limit / 127
    codes = (x / scale).round().clamp(-127, 127).to(torch.int8)
    rows = codes.view(len(x) if of_images else 1, -1)
    element, bit = (int(torch.randint(n, (), generator=draw)) for n in (rows.shape[1], 2))
    rows[:, element] ^= (64, -128)[bit]
    return codes.to(x.dtype) * scale


def _with_forward(model: nn.Module, forward: Callable) -> None:
    """Give one network another forward pass, under the same names of its tensors."""
    kind = type(model)
    own = lambda self, x: forward(kind, self, x)  # noqa: E731, a method is a function
    model.__class__ = type(kind.__name__, (kind,), {"forward": own})


def loss_of_draws(of: Callable, outputs, labels):
    """Cross-entropy of each draw's outputs, put together by a function of ``[draws]``."""
    return of(torch.stack([functional.cross_entropy(one, labels) for one in outputs]))


def train_pruned(model: nn.Module, share: float, train: Callable[[], object]) -> None:
    """Set the smallest weights of all matrices together to 0, and train what is left."""
    named = [(m, n) for m in model.modules() for n, p in m.named_parameters(recurse=False)]
    weights = [(m, n) for m, n in named if getattr(m, n).ndim > 1]
    prune.global_unstructured(weights, prune.L1Unstructured, amount=share)
    train()
    for module, name in weights:
        prune.remove(module, name)


def _adamw(rate: float):
    return partial(torch.optim.AdamW, lr=rate)


WAYS = {
    "clean": Way("as long without errors, ranges cut alike", {"target_ber": CLEAN}),
    "ramp": Way("the default"),
    "steps": Way("the paper's curriculum", {"curriculum": "steps"}),
    "unannealed": Way("the learning rate stays", {"anneal": False}),
    "slow": Way("learning rate of 1e-3 for 3e-3", {"optimizer": _adamw(1e-3)}),
    "whole": Way("ranges of inputs whole", {"input_range": 1.0}),
    "half": Way("ranges of inputs cut to half", {"input_range": 0.5}),
    "steep": Way("to half at the front, 15 % at the back", {"input_range": (0.5, 0.15)}),
    "norms": Way("batch norms learn statistics", prepare=learn_norms),
    "third": Way("trained for a third of the rate", rate=1 / 3),
    "thrice": Way("trained for three times the rate", rate=3.0),
    "twice": Way("twice the epochs", epochs=2.0),
    "short": Way("one epoch", epochs=None),
    "raised": Way("one epoch, of what was boosted for a third", epochs=None, after="third"),
    "last": Way("last layer and batch norm's affine parts alone", prepare=learn_last_alone),
    "past": Way("gradients of what lies in DRAM, not of what was read", {"gradients": "clean"}),
    "four": Way(
        "four draws a batch", {"loss": partial(loss_of_draws, torch.mean)}, prepare=under_draws
    ),
    "worst": Way(
        "the worst of four draws a batch",
        {"loss": partial(loss_of_draws, torch.max)},
        prepare=under_draws,
    ),
    "double": Way("each unit twice, what it adds halved", prepare=double_units),
    "clipped": Way("inputs clipped to half of their range, 15 % at the last", prepare=clip_inputs),
    "double-third": Way(
        "each unit twice, trained for a third of the rate", rate=1 / 3, prepare=double_units
    ),
    "double-clean": Way(
        "each unit twice, as long without errors", {"target_ber": CLEAN}, prepare=double_units
    ),
    "often": Way("ten times the errors in tensors up to 2 KiB", prepare=meet_small_often),
    "forced": Way(
        "a flip of a high bit forced in each tensor up to 2 KiB", prepare=force_high_bits
    ),
    "pruned-0": Way("as long without errors or cut ranges", pruned=0.0),
    "pruned-50": Way("the same, half of the weights pruned first", pruned=0.5),
    "pruned-75": Way("the same, three quarters", pruned=0.75),
    "pruned-90": Way("the same, nine tenths", pruned=0.9),
}
