"""Rounds that collapse: trained again from where they began, and given up for the original."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

import eden
from eden import data
from eden.network import Config, approximate, attach, calibration_of
from eden.training import history_of

CONFIG = Config(error=eden.errors.Uniform(1e-3), stored="int8")


def boosted(model, blobs, loss, share=None, rates=2e-3, more=4, config=CONFIG, **options):
    return eden.boost(
        model,
        data.batches(*blobs, 100, seed=1),
        config=config,
        target_ber=rates,
        epochs=2,
        how=eden.BoostConfig(loss=loss, input_range=share, more_epochs=more),
        progress=False,
        **options,
    )


def ranges_of(model, blobs):
    """The calibration of a network, and has it know that."""
    with approximate(model, CONFIG) as handle:
        return handle.learn_bounds(data.batches(*blobs, 100, seed=1))


def stored_accuracy(model, blobs):
    """The share of right answers without errors, in int8."""
    if calibration_of(model) is None:
        ranges_of(model, blobs)
    with approximate(model, CONFIG) as handle:
        handle.set_ber(0.0)
        return data.Evaluator(*blobs)(model)


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
    # With all of its ranges: in half of them, not trained for that, it would be another network.
    assert calibration_of(found).input_range == 1.0
    assert stored_accuracy(found, blobs) == stored_accuracy(model, blobs)


@pytest.mark.parametrize(("collapses", "share"), [(0, 0.25), (1, 0.5), (2, 0.25**0.25)])
def test_each_attempt_cuts_the_ranges_less(model, blobs, collapses, share):
    # What a cut takes away no lower rate brings back. An attempt ends where it has no number.
    found = boosted(model, blobs, failing(*range(1, 4 * collapses, 4)), 0.25, **judge(blobs))
    assert [entry["kept"] for entry in history_of(found)] == [False] * collapses + [True] * 2
    known = calibration_of(found)
    assert known.input_range == pytest.approx(share, rel=1e-12)
    whole = ranges_of(model, blobs)
    inputs = [name for name, entry in known.tensors.items() if entry.kind == "input"]
    assert len(inputs) > 1
    for index, name in enumerate(inputs):
        by = share if index else 1.0  # the first is data, and stays
        assert known.tensors[name].hi == pytest.approx(by * whole.tensors[name].hi, rel=1e-6), name


def test_a_round_that_follows_keeps_the_ranges(model, blobs):
    # The first round meets no collapse, the second one alone.
    loss = failing(9, 13, 17)
    found = boosted(model, blobs, loss, 0.25, rates=[2e-3, 4e-3], more=1, **judge(blobs))
    kept = [entry["kept"] for entry in history_of(found)]
    assert kept[:2] == [True, True] and len(kept) > 2
    assert calibration_of(found).input_range == 0.25


def test_an_attempt_with_ranges_cut_less_goes_on_where_it_was_cut_short(tmp_path, model, blobs):
    whole = boosted(model, blobs, failing(1), 0.25, folder=tmp_path / "whole", **judge(blobs))
    collapsing, seen = failing(1), []

    def cut_short(output, labels):
        seen.append(labels)
        if len(seen) == 10:  # four batches of the attempt that collapses, then in the second epoch
            raise InterruptedError
        return collapsing(output, labels)

    shared = {"folder": tmp_path / "cut", **judge(blobs)}
    with pytest.raises(InterruptedError):
        boosted(model, blobs, cut_short, 0.25, **shared)
    found = boosted(model, blobs, failing(), 0.25, **shared)
    assert repr(history_of(found)) == repr(history_of(whole))  # one loss is no number
    assert calibration_of(found) == calibration_of(whole)
    assert calibration_of(found).input_range == 0.5
    for name, value in whole.state_dict().items():
        assert torch.equal(found.state_dict()[name], value), name


def test_without_a_judge_it_is_said(model, blobs):
    with pytest.raises(ValueError, match="the loss is nan in epoch 1; a lower learning rate"):
        boosted(model, blobs, failing(3))


class NotANumber(torch.autograd.Function):
    """Passes values on, and no gradient that is a number."""

    @staticmethod
    def forward(context, x):
        return x.clone()

    @staticmethod
    def backward(context, gradient):
        return gradient * float("nan")


def test_weights_that_are_no_numbers_after_the_last_batch_are_a_collapse(model, blobs):
    """The loss of that batch is finite still."""
    batches = []

    def loss(output, labels):
        batches.append(labels)
        last_of_round_2 = len(batches) == 12
        return functional.cross_entropy(
            NotANumber.apply(output) if last_of_round_2 else output, labels
        )

    found = boosted(model, blobs, loss, rates=[2e-3, 4e-3], more=1, **judge(blobs))
    history = history_of(found)
    assert [math.isnan(row["loss"]) for row in history[:3]] == [False, False, True]
    assert [row["kept"] for row in history[:3]] == [True, True, False]
    assert all(value.isfinite().all() for value in found.state_dict().values())


class Running(nn.Module):
    """Keeps a mean that its `state_dict` leaves out."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(16), persistent=False)

    def forward(self, x):
        if self.training:
            self.mean.mul_(0.9).add_(0.1 * x.detach().mean(0))
        return x - self.mean


class Lazy(nn.Module):
    """Makes a buffer when it is first called, and anew each time, by its parameter."""

    def __init__(self):
        super().__init__()
        self.register_buffer("scale", None, persistent=False)
        self.gain = nn.Parameter(torch.ones(16))

    def forward(self, x):
        self.scale = self.gain * 1.0
        return x * self.scale


def test_buffers_that_a_forward_pass_makes_are_no_hindrance(blobs):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(16, 16), Lazy(), nn.ReLU(), nn.Linear(16, 4)).eval()
    found = boosted(model, blobs, functional.cross_entropy, **judge(blobs, target=0.1))
    assert all(row["kept"] for row in history_of(found))
    assert model[1].scale is None and list(found.state_dict()) == list(model.state_dict())


def test_what_state_dict_leaves_out_goes_back_too(blobs):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(16, 16), Running(), nn.ReLU(), nn.Linear(16, 4)).eval()
    means, right = [], data.Evaluator(*blobs)

    def worthless(network):
        means.append(network[1].mean.clone())
        return 0.01 * right(network)

    asked = {"evaluate": worthless, "target_accuracy": 0.5}
    found = boosted(model, blobs, functional.cross_entropy, **asked)
    assert not any(row["kept"] for row in history_of(found))
    assert torch.equal(found[1].mean, model[1].mean)
    # Judged is the network as it was before, and as each attempt left it.
    assert not means[0].any() and all(mean.any() for mean in means[1:])


def test_the_original_that_comes_back_is_of_the_module_that_it_was_of(model, blobs):
    one, other = (CONFIG.with_(cells="fixed", seed=seed) for seed in (9, 10))
    never = failing(*range(1, 25))
    found = boosted(model, blobs, never, config=one, **judge(blobs))
    assert not any(row["kept"] for row in history_of(found))
    assert calibration_of(found).identity is None
    attach(found, other).detach()
    for_one = boosted(model, blobs, functional.cross_entropy, config=one)
    found = boosted(for_one, blobs, failing(*range(1, 25)), config=other, **judge(blobs))
    assert calibration_of(found).identity == calibration_of(for_one).identity is not None
    with pytest.raises(ValueError, match="boosted for the module"):
        attach(found, other)
    attach(found, one).detach()
