"""Training of a baseline: the plain loop that boosting starts from."""

from __future__ import annotations

import torch
from torch.nn import functional
from tqdm.auto import tqdm

from eden._say import an_int
from eden.data import Pair, batches, keeping_modes


def train(
    model: torch.nn.Module,
    train: Pair,
    *,
    epochs: int = 8,
    seed: int = 0,
    batch_size: int = 128,
    learning_rate: float = 4e-3,
    progress: bool = True,
) -> torch.nn.Module:
    """Train a classifier in place with AdamW and one learning-rate cycle.

    Args:
        model: The network; it stays on its device and in the modes it had.
        train: Images ``[n, ...]`` and labels ``[n]``.
        epochs: Passes over the images, at least 1.
        seed: Of the order of the images (initial weights are the caller's).
        batch_size: Images a step.
        learning_rate: Peak of the cycle.
        progress: Show a bar with the time left.

    Returns:
        The same model.
    """
    an_int("epochs", epochs, 1)
    device = next(model.parameters()).device
    loader = batches(*train, batch_size, seed=seed)
    steps = epochs * len(loader)
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=0.01)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps)
    loss = torch.zeros(())
    bar = tqdm(total=steps, desc="train", unit="step", disable=not progress)
    with keeping_modes(model), bar:
        model.train()
        for epoch in range(epochs):
            for x, y in loader:
                loss = functional.cross_entropy(model(x.to(device)), y.to(device))
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                cycle.step()
                bar.update()
            bar.set_postfix(epoch=epoch + 1, loss=f"{loss.item():.3f}")
    return model
