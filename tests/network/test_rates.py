"""Rates asked over and over: scaled models that are kept change no count and no bit read."""

import numpy as np
import pytest
import torch
from law import same_bits
from torch import nn

from eden import errors
from eden.errors import _spatial
from eden.errors._made import Made
from eden.network import Config, attach

RATES = np.minimum(np.random.default_rng(0).lognormal(-7, 2, 65536), 0.5)
ERRORS = [errors.Bitline(RATES, 0.5), errors.Bitline(RATES), errors.Wordline(RATES[:64], 0.5)]


def answers(error):
    """What a network reads and counts at rates that rise, fall and come again, under two draws."""
    torch.manual_seed(0)
    model, x = nn.Sequential(nn.Linear(64, 48), nn.Linear(48, 8)).eval(), torch.randn(4, 64)
    handle = attach(model, Config(error, stored="fp32", correction="off"))
    read, counted = [], []
    for draw in (3, 4):
        for ber in (1e-3, 1e-2, 1e-3, {"0.weight": 1e-2, "1.weight": 2e-3}, 1e-2):
            handle.reseed(draw)
            handle.set_ber(ber)
            read.append(model(x).detach())
            for tensor in handle.tensors:
                counted += [handle.count_weak(tensor.name, rate, draw) for rate in (1e-3, 2e-3)]
    handle.detach()
    return torch.stack(read), counted


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: e.kind)
def test_a_network_reads_and_counts_the_same_with_and_without_kept_models(error, monkeypatch):
    kept, nothing = Made(2**27), Made(0)
    monkeypatch.setattr(_spatial, "_made", kept)
    read, counted = answers(error)
    monkeypatch.setattr(_spatial, "_made", nothing)
    read_anew, counted_anew = answers(error)
    assert len(kept) > 0 and len(nothing) == 0
    assert same_bits(read, read_anew) and counted == counted_anew
    assert any(counted)
