"""Training of a baseline: the plain loop that boosting starts from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional
from tqdm.auto import tqdm

from eden._say import an_int, one_of, refusal, within
from eden.data import Augment, Pair, batches, check_labels, evaluating, keeping_modes, sound

# What torch's cross entropy takes for labels, and the one that it does not count.
_LABELS, _PASSED_OVER = (torch.int64, torch.uint8), -100
# Peaks of the learning rate where none is given.
OPTIMIZERS = {"adamw": 4e-3, "sgd": 0.05}


def train(
    model: torch.nn.Module,
    train: Pair,
    *,
    epochs: int = 8,
    seed: int = 0,
    batch_size: int = 128,
    optimizer: str = "adamw",
    learning_rate: float | None = None,
    augment: Augment | None = None,
    loss: Callable[[Any, torch.Tensor], torch.Tensor] = functional.cross_entropy,
    progress: bool = True,
) -> torch.nn.Module:
    """Train a network in place, with one cycle of the learning rate.

    Args:
        model: The network; it stays on its device and in the modes it had.
        train: Images ``[n, ...]`` and labels ``[n]``, or what the loss takes.
        epochs: Passes over the images, at least 1.
        seed: Of the order of the images (initial weights are the caller's).
        batch_size: Images a step.
        optimizer: "adamw", with a weight decay of 0.01, or "sgd", with Nesterov's momentum of 0.9
            and a weight decay of 5e-4.
        learning_rate: Peak of the cycle; default 4e-3 for AdamW and 0.05 for SGD.
        augment: What is made of each batch; boxes ``[n, most, 5]`` follow it.
        loss: ``(output, labels) -> scalar``.
        progress: Show a bar with the time left.

    Returns:
        The same model.

    Raises:
        TypeError: For numbers that are none.
        ValueError: For no image, other than as many labels, labels of another kind or that the
            network has no class for, no epoch, an unknown optimizer, and a learning rate below 0;
            the model is as it was then. For weights that are not finite after an epoch; the model
            is of no use then.
    """
    if not len(train[0]):
        raise ValueError(refusal("number of training images", 0, "at least 1"))
    an_int("epochs", epochs, 1)
    one_of("optimizer", optimizer, OPTIMIZERS)
    device = next(model.parameters()).device
    loader = batches(*train, batch_size, seed=seed, augment=augment)
    steps = epochs * len(loader)
    rate = OPTIMIZERS[optimizer] if learning_rate is None else learning_rate
    within("learning_rate", rate, 0)
    if loss is functional.cross_entropy:
        with evaluating(model):
            _check(train[1], model(train[0][:1].to(device)))
    steps_by = _made(optimizer, model, rate)
    cycle = torch.optim.lr_scheduler.OneCycleLR(steps_by, rate, total_steps=steps)
    bar = tqdm(total=steps, desc="train", unit="step", disable=not progress)
    with keeping_modes(model), bar:
        model.train()
        for epoch in range(epochs):
            total = torch.zeros((), device=device)
            for x, y in loader:
                value = loss(model(x.to(device)), y.to(device))
                steps_by.zero_grad(set_to_none=True)
                value.backward()
                steps_by.step()
                cycle.step()
                total += value.detach()
                bar.update()
            if not sound(model):
                raise ValueError(
                    f"train: weights are not finite after epoch {epoch + 1}; a lower learning_rate "
                    "may help, if images and loss are finite"
                )
            bar.set_postfix(epoch=epoch + 1, loss=f"{total.item() / len(loader):.3f}")
    return model


def _check(labels: torch.Tensor, outputs: torch.Tensor) -> None:
    """Refuse labels that cross entropy does not take, or that there is no class for."""
    if labels.is_floating_point() and labels.shape[1:] == outputs.shape[1:]:
        return  # shares of classes
    if labels.dtype not in _LABELS or labels.shape[1:] != outputs.shape[2:]:
        shape = ", ".join(map(str, ("n", *outputs.shape[2:])))
        found = f"{labels.dtype} {list(labels.shape)}"
        raise ValueError(
            refusal("labels", found, f"int64 or uint8 [{shape}], or shares of classes")
        )
    counted = labels.to(torch.int64)
    if len(wrong := counted[(counted < 0) & (counted != _PASSED_OVER)]):
        said = f"0 or more, or {_PASSED_OVER}"
        raise ValueError(refusal("lowest label", int(wrong.min()), said))
    check_labels(labels, outputs)


def _made(optimizer: str, model: torch.nn.Module, rate: float) -> torch.optim.Optimizer:
    weights = model.parameters()
    if optimizer == "adamw":
        return torch.optim.AdamW(weights, lr=rate, weight_decay=0.01)
    return torch.optim.SGD(weights, lr=rate, momentum=0.9, nesterov=True, weight_decay=5e-4)
