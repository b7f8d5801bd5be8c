"""Networks, images, optimisers and judges that boosting cannot work with: one line, and early."""

import copy
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import prune

import eden
from eden import data
from eden.network import Config
from eden.training import history_of

CONFIG = Config(eden.errors.Uniform(1e-3), stored="int8")
STEPS = []


def counted(output, labels):
    """A loss that says how often it was asked."""
    STEPS.append(len(labels))
    return functional.cross_entropy(output, labels)


def boost(model, blobs, *, loader=None, how=None, **asked):
    STEPS.clear()
    asked = {"config": CONFIG, "target_ber": 2e-3, "epochs": 2, "progress": False} | asked
    loader = data.batches(*blobs, 100, seed=1) if loader is None else loader
    how = eden.BoostConfig(**{"loss": counted} | (how or {}))
    return eden.boost(model, loader, how=how, **asked)


@pytest.mark.parametrize(
    ("optimizer", "said"),
    [
        (lambda _: torch.optim.SGD(nn.Linear(2, 2).parameters(), lr=0.1), "other parameters than"),
        (lambda _: None, "what optimizer makes is 'NoneType', accepted"),
        (torch.optim.LBFGS, "a step of LBFGS asks for the loss again"),
    ],
)
def test_an_optimizer_that_would_not_train_the_copy(model, blobs, optimizer, said):
    with pytest.raises((TypeError, ValueError), match=said):
        boost(model, blobs, how={"optimizer": optimizer})
    assert not STEPS


@pytest.mark.parametrize("name", ["AdamW", "NAdam", "RMSprop", "Adagrad"])
def test_an_optimizer_that_would_divide_by_0(model, blobs, name):
    """The least half is 6e-8: an eps of 1e-8 is 0, and the first step NaN where a gradient is."""
    x, y = blobs
    make = getattr(torch.optim, name)
    said = rf"eps of {name}, 1e-.*, is 0 in torch.float16, .* in float32, .*stored='fp16'"
    asked = {"loader": [(x[:100].half(), y[:100])], "config": replace(CONFIG, stored="fp16")}
    with pytest.raises(ValueError, match=said):
        boost(copy.deepcopy(model).half(), blobs, how={"optimizer": make}, **asked)
    assert not STEPS
    halves = boost(model.half(), blobs, how={"optimizer": partial(make, eps=1e-4)}, **asked)
    assert all(p.isfinite().all() for p in halves.parameters())
    for works in (torch.optim.Adafactor, partial(torch.optim.AdamW, fused=True)):
        boosted = boost(model.half(), blobs, how={"optimizer": works}, **asked)
        assert all(p.isfinite().all() for p in boosted.parameters())


def test_a_network_with_nothing_to_train_or_that_cannot_be_copied(model, blobs):
    prune.l1_unstructured(model[0], "weight", 0.5)
    model(blobs[0])  # from here on its weight is computed
    with pytest.raises(ValueError, match=r"boost: the network cannot be copied \(pruned, or"):
        boost(model, blobs)
    prune.remove(model[0], "weight")
    with pytest.raises(ValueError, match="no parameter of the network requires a gradient"):
        boost(model.requires_grad_(False), blobs)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_where_gradients_are_off(model, blobs, mode):
    with mode(), pytest.raises(ValueError, match="boost: gradients are off here"):
        boost(model, blobs)


@pytest.mark.parametrize("batch", ["x alone", {"x": 1, "y": 2}, [torch.ones(2, 16)], torch.ones(2)])
def test_batches_that_are_no_pairs(model, blobs, batch):
    with pytest.raises(TypeError, match=r"a batch of train_loader is .*accepted: inputs, and "):
        boost(model, blobs, loader=[batch])


class Lying:
    """Batches that are fewer, or more, than they say."""

    def __init__(self, batches, says):
        self.batches, self.says = batches, says

    def __len__(self):
        return self.says

    def __iter__(self):
        return iter(self.batches)


@pytest.mark.parametrize("says", [2, 400])
def test_a_loader_that_says_another_length(model, blobs, says):
    batches = Lying(list(data.batches(*blobs, 100)), says)
    with pytest.warns(UserWarning, match=f"the loader says {says} batches and yielded 4"):
        boost(model, blobs, loader=batches)
    assert len(STEPS) == 8


@pytest.mark.parametrize(
    "evaluate", ["accuracy", lambda _: 90.0, lambda _: float("nan"), lambda _: 0.9]
)
def test_a_judge_that_cannot_be_asked_is_found_before_the_first_round(model, blobs, evaluate):
    with pytest.raises((TypeError, ValueError), match=r"evaluate|accuracy under draw 0 is"):
        boost(model, blobs, evaluate=evaluate, target_accuracy=0.5)
    assert not STEPS


@pytest.mark.parametrize(
    "loss",
    [
        lambda o, y: 1.0,
        lambda o, y: o.sum(1),
        lambda o, y: o.sum().reshape(1),
        lambda o, y: o.detach().sum(),
    ],
)
def test_a_loss_that_is_no_number_to_go_by(model, blobs, loss):
    with pytest.raises(TypeError, match=r"what loss returned is .*a number that gradients flow"):
        boost(model, blobs, how={"loss": loss})


def test_numbers_of_numpy_are_numbers_and_can_be_kept(model, blobs, tmp_path):
    asked = {"target_ber": np.float32(2e-3), "epochs": np.int64(2)}
    asked |= {"evaluate": data.Evaluator(*blobs), "target_accuracy": np.float32(0.5)}
    betas = np.float64(0.9), np.float64(0.99)
    adam = partial(torch.optim.AdamW, lr=np.float64(3e-3), betas=betas)
    found = [
        boost(model, blobs, folder=tmp_path, how={"optimizer": adam}, **asked) for _ in range(2)
    ]
    assert not STEPS  # the second only reads
    for name, value in found[0].state_dict().items():
        assert torch.equal(found[1].state_dict()[name], value), name


def test_images_that_no_digest_is_made_of_need_no_folder(model, blobs):
    x, y = blobs
    columns = x.T.contiguous().T
    assert not columns.is_contiguous()
    boost(model, blobs, loader=data.batches(columns, y, 100), epochs=1)


def test_a_mask_of_infinities_that_is_not_trained_is_no_collapse(model, blobs):
    mask = torch.full((4,), -torch.inf)
    model.register_parameter("mask", nn.Parameter(mask, requires_grad=False))
    history = history_of(boost(model, blobs, epochs=1))
    assert np.isfinite(history[0]["loss"])


def test_one_batch_alone_meets_errors(model, blobs):
    whole = data.batches(*blobs, 400)
    history = history_of(boost(model, blobs, loader=whole, epochs=1, how={"least_share": 1.0}))
    assert [row["ber"] for row in history] == [2e-3]
