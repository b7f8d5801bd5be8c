"""What an inference moves between a network and its DRAM."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from eden import formats

# Modules whose weights and maps are DRAM traffic, whether placed or not: design, section 5.
_KINDS = (
    nn.modules.conv._ConvNd,
    nn.Linear,
    nn.Bilinear,
    nn.Embedding,
    nn.EmbeddingBag,
    nn.RNNBase,
    nn.MultiheadAttention,
)


@dataclass(frozen=True)
class Move:
    """One tensor moved by an inference.

    Attributes:
        kind: ``weight``, ``input`` or ``output``.
        size_bytes: Bytes of one inference, at least 1.
        times: How often it is moved.
        home: Name of the placed tensor in whose place it lies; None at the rated point.
    """

    kind: str
    size_bytes: int
    times: float
    home: str | None


def observe(model: nn.Module, sample, placement) -> list[Move]:
    """List what one inference reads and writes.

    Args:
        model: The network.
        sample: Its input, or a tuple of inputs; dimension 0 of the first tensor is the batch.
        placement: Its ``entries`` are the placed tensors, its ``config`` the stored format.

    Returns:
        Placed tensors in their order, then for each call of a module its tensors that are not
        placed and its OFM.

    Raises:
        ValueError: For a sample without a tensor or with an empty batch.
    """
    arguments = sample if isinstance(sample, tuple | list) else (sample,)
    batch = next((a.shape[0] for a in arguments if isinstance(a, torch.Tensor) and a.ndim), 0)
    if batch < 1:
        raise ValueError("sample holds no tensor with a batch; accepted: at least one input image")
    moves = [Move(e.kind, e.size_bytes, e.reads, name) for name, e in placement.entries.items()]
    owners = {name.rpartition(".")[0] for name in placement.entries}
    bits = formats.get(placement.config.stored).bits

    def hook(name: str):
        def record(module, inputs, output):
            _record(moves, placement.entries, name, module, inputs, output, batch, bits)

        return record

    handles = [
        module.register_forward_hook(hook(name))
        for name, module in model.named_modules()
        if name in owners or isinstance(module, _KINDS)
    ]
    training = model.training
    try:
        model.eval()
        with torch.no_grad():
            model(*arguments)
    finally:
        model.train(training)
        for handle in handles:
            handle.remove()
    return moves


def _record(moves, entries, name, module, inputs, output, batch, bits) -> None:
    prefix = name + "." if name else ""
    for key, parameter in module.named_parameters(recurse=False):
        placed = f"{prefix}{key}" in entries
        if not placed and key.split("_")[0] in ("weight", "in") and parameter.ndim > 1:
            size = parameter.numel() * parameter.element_size()
            moves.append(Move("weight", size, 1, None))
    home = f"{prefix}input" if f"{prefix}input" in entries else None
    given = _first_map(inputs)
    if home is None and given is not None:
        size = -(-given.numel() * given.element_size() // batch)
        moves.append(Move("input", max(1, size), 1, None))
    written = _first_map(output)
    if written is not None:
        width = bits if home else 8 * written.element_size()
        moves.append(Move("output", max(1, -(-written.numel() * width // (8 * batch))), 1, home))


def _first_map(values) -> torch.Tensor | None:
    """Return the first floating-point tensor, or None."""
    if isinstance(values, torch.Tensor):
        return values if values.is_floating_point() else None
    if isinstance(values, tuple | list):
        return next((m for m in map(_first_map, values) if m is not None), None)
    return None
