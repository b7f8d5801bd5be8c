"""Rounds that collapse: trained again from where they began, and given up for the original."""

import pytest
import torch
from torch.nn import functional

import eden
from eden import data
from eden.network import Config
from eden.training import history_of


def boosted(model, blobs, loss, **options):
    return eden.boost(
        model,
        data.batches(*blobs, 100, seed=1),
        config=Config(error=eden.errors.Uniform(1e-3), stored="int8"),
        target_ber=2e-3,
        epochs=2,
        how=eden.BoostConfig(loss=loss),
        progress=False,
        **options,
    )


def failing(*numbers):
    """A loss that is NaN in some batches, by their number from 1."""
    seen = []

    def loss(output, labels):
        seen.append(labels)
        value = functional.cross_entropy(output, labels)
        return value * float("nan") if len(seen) in numbers else value

    return loss


def judge(blobs, target=0.9):
    return {"evaluate": data.Evaluator(*blobs), "target_accuracy": target}


def test_one_batch_without_a_number_costs_one_attempt(model, blobs):
    found = boosted(model, blobs, failing(2), **judge(blobs))
    # Its epoch is the last of the attempt; the next has moments of its own, and both epochs.
    history = history_of(found)
    assert [entry["kept"] for entry in history] == [False, True, True]
    assert history[0]["bears"] == 0 and not history[0]["met"]
    assert all(torch.isfinite(value).all() for value in found.state_dict().values())


def test_where_nothing_reaches_the_target_the_original_comes_back(model, blobs):
    # Four batches an epoch: each attempt ends in its first.
    found = boosted(model, blobs, failing(*range(1, 100)), **judge(blobs))
    assert not any(entry["kept"] for entry in history_of(found))
    for name, value in model.state_dict().items():
        assert torch.equal(found.state_dict()[name], value), name


def test_without_a_judge_it_is_said(model, blobs):
    with pytest.raises(ValueError, match="the loss is nan in epoch 1; a lower target_ber"):
        boosted(model, blobs, failing(3))
