"""Batch norm that was folded into the layer before it, made anew from images."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from eden.data import keeping_modes

_Norm = nn.BatchNorm1d | nn.BatchNorm2d


def unfold(model: nn.Module, images: Tensor) -> int:
    """Give batch norms that only add a bias the statistics of images; the output stays.

    Weights made for inference often have batch norm folded into the convolutions, and what is left
    of it scales by 1. In training it would normalise after all, and undo what was learned. Here it
    gets the mean and deviation that its input has, and takes them back by its affine part.

    Args:
        model: The network; changed in place, its output in eval mode but for rounding is not.
        images: One batch to measure with, ``[n, ...]``; some hundreds.

    Returns:
        How many norms were folded; others are left alone.
    """
    norms = [module for module in model.modules() if isinstance(module, _Norm)]
    folded = [norm for norm in norms if _is_folded(norm)]
    if not folded:
        return 0
    handles = [norm.register_forward_pre_hook(_measure) for norm in folded]
    try:
        with keeping_modes(model), torch.no_grad():
            model.eval()
            model(images.to(next(model.parameters()).device))
    finally:
        for handle in handles:
            handle.remove()
    return len(folded)


def _is_folded(norm: _Norm) -> bool:
    if norm.running_mean is None or norm.running_var is None or not norm.affine:
        return False
    ones = bool((norm.weight == 1).all() and (norm.running_var == 1).all())
    # A norm as it is drawn adds nothing either: there is nothing to keep.
    return ones and bool((norm.running_mean == 0).all() and (norm.bias != 0).any())


def _measure(norm: _Norm, inputs: tuple[Tensor, ...]) -> None:
    assert norm.running_mean is not None and norm.running_var is not None
    variance, mean = torch.var_mean(inputs[0].transpose(0, 1).flatten(1), dim=1, correction=0)
    scale = (1 + norm.eps) ** -0.5
    norm.bias.add_(mean, alpha=scale)
    norm.weight.copy_((variance + norm.eps).sqrt() * scale)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
