"""Boosting that is cut short, and goes on to the network that it would have come to."""

import copy
import functools

import pytest
import torch
from torch.nn import functional

import eden
from eden import data
from eden.network import Config
from eden.tolerance._memo import Memo
from eden.training import history_of


class Cut(Exception):
    """What stands for a process that is killed."""


def boosted(model, blobs, folder, *, cut=None, loader=None, how=None, judge=None, **options):
    """Boost through two rounds with a judge; `cut` is the batch that does not come to its end."""
    losses = []

    def loss(output, labels):
        losses.append(output)
        if len(losses) == cut:
            raise Cut
        return functional.cross_entropy(output, labels)

    def evaluate(network):
        if cut is not None and cut < 0 and len(losses) >= -cut:
            raise Cut
        return (judge or data.Evaluator(*blobs))(network)

    torch.manual_seed(0)
    arguments = {
        "config": Config(error=eden.errors.Uniform(1e-3), stored="int8"),
        "target_ber": [2e-3, 4e-3],
        "epochs": 2,
        "target_accuracy": 0.9,
        "progress": False,
    } | options
    found = eden.boost(
        model,
        data.batches(*blobs, 100, seed=1) if loader is None else loader,
        how=eden.BoostConfig(more_epochs=1, loss=loss, **(how or {})),
        evaluate=evaluate,
        folder=folder,
        **arguments,
    )
    return found, len(losses)


def assert_same(one, other):
    for name, value in one.state_dict().items():
        assert torch.equal(other.state_dict()[name], value), name


@pytest.fixture
def dropping(model):
    """With a layer that draws from torch's own generator."""
    model.insert(3, torch.nn.Dropout(0.2))
    return model


# 400 images make 4 batches an epoch: in the first epoch, the second, before the first judgement,
# in the second round.
@pytest.mark.parametrize("cut", [2, 7, -8, 10])
def test_it_goes_on_where_it_was_cut(cut, tmp_path, dropping, blobs):
    whole, batches = boosted(dropping, blobs, tmp_path / "whole")
    with pytest.raises(Cut):
        boosted(dropping, blobs, tmp_path / "cut", cut=cut)
    again, rest = boosted(dropping, blobs, tmp_path / "cut")
    assert batches - rest == 4 * ((abs(cut) - (cut > 0)) // 4)
    assert_same(whole, again)
    assert history_of(again) == history_of(whole)
    # What is finished is only read.
    finished, none = boosted(dropping, blobs, tmp_path / "cut")
    assert none == 0 and history_of(finished) == history_of(whole)


def test_a_damaged_state_is_named(tmp_path, model, blobs):
    with pytest.raises(Cut):
        boosted(model, blobs, tmp_path, cut=7)
    path = tmp_path / "training-1.pt"
    path.write_bytes(b"xx")
    said = r"training-1\.pt: is damaged; remove it, and this training begins anew$"
    with pytest.raises(ValueError, match=said):
        boosted(model, blobs, tmp_path)
    path.unlink()
    again, _ = boosted(model, blobs, tmp_path)
    whole, _ = boosted(model, blobs, tmp_path / "whole")
    assert history_of(again) == history_of(whole)


def test_a_folder_of_another_training_is_refused(tmp_path, model, blobs):
    boosted(model, blobs, tmp_path)
    other = copy.deepcopy(model)
    with torch.no_grad():
        other[0].weight[0, 0] += 1
    for network, options in (
        (other, {}),
        (model, {"epochs": 3}),
        (model, {"how": {"gradients": "clean"}}),
    ):
        with pytest.raises(ValueError, match="keeps a training of another network or with other"):
            boosted(network, blobs, tmp_path, **options)


def test_so_are_other_images_batches_and_optimisers(tmp_path, model, blobs):
    boosted(model, blobs, tmp_path)
    x, y = blobs
    slower = functools.partial(torch.optim.AdamW, lr=1e-5)
    for options in (
        {"loader": data.batches(x + 1, y, 100, seed=1)},
        {"loader": data.batches(x, y, 100, seed=2)},
        {"loader": data.batches(x, y, 101, seed=1)},
        {"how": {"optimizer": slower}},
    ):
        with pytest.raises(ValueError, match="keeps a training of another network or with other"):
            boosted(model, blobs, tmp_path, **options)


@pytest.mark.parametrize(
    "cells, rates, kept", [("fresh", [2e-3, 0.9], {True, False}), ("fixed", [2e-3], {True})]
)
def test_what_the_network_kept_was_judged_by_can_be_read_again(
    cells, rates, kept, tmp_path, model, blobs, monkeypatch
):
    """As `eden.criticality` asks it; what other rounds were judged by leaves no trace."""
    config = Config(error=eden.errors.Uniform(1e-3), stored="int8", cells=cells)
    asked = {"config": config, "target_accuracy": 0.9}
    found, _ = boosted(model, blobs, tmp_path, target_ber=rates, **asked)
    assert {row["kept"] for row in history_of(found)} == kept
    (folder,) = tmp_path.glob("cells-*")
    monkeypatch.setattr(Memo, "_write", lambda memo, note: pytest.fail(note.name))
    eden.criticality(found, lambda network: data.Evaluator(*blobs)(network), folder=folder, **asked)


class Endless(torch.utils.data.IterableDataset):
    """Images in an order of their own, as many as it happens to be."""

    def __init__(self, blobs):
        self.blobs = blobs

    def __iter__(self):
        return zip(*self.blobs, strict=True)


def test_a_loader_that_does_not_know_its_length_is_counted(tmp_path, model, blobs):
    loader = torch.utils.data.DataLoader(Endless(blobs), batch_size=100)
    _, batches = boosted(model, blobs, tmp_path, loader=loader, target_ber=[2e-3])
    assert batches == 8


@pytest.mark.parametrize("cut", [3, 9])
def test_a_judge_that_draws_changes_nothing_that_follows(cut, tmp_path, dropping, blobs):
    """As every pass of a `DataLoader` does; a verdict that is kept is not asked again."""

    def draws(network):
        torch.rand(3)
        return data.Evaluator(*blobs)(network)

    asked = {"judge": draws}
    whole, _ = boosted(dropping, blobs, tmp_path / "whole", **asked)
    with pytest.raises(Cut):
        boosted(dropping, blobs, tmp_path / "cut", cut=cut, **asked)
    assert_same(whole, boosted(dropping, blobs, tmp_path / "cut", **asked)[0])


def test_cut_in_the_first_epoch_the_same_loader_goes_on_where_it_began(tmp_path, dropping, blobs):
    whole, _ = boosted(dropping, blobs, tmp_path / "whole")
    loader = data.batches(*blobs, 100, seed=1)
    with pytest.raises(Cut):
        boosted(dropping, blobs, tmp_path / "cut", cut=2, loader=loader)
    assert_same(whole, boosted(dropping, blobs, tmp_path / "cut", loader=loader)[0])


def frozen(model):
    model[0].bias.requires_grad_(False)


def dropping_more(model):
    model[3].p = 0.9


class OtherAdamW(torch.optim.AdamW):
    """Of the same numbers."""


@pytest.mark.parametrize(
    ("change", "optimizer"),
    [(frozen, None), (dropping_more, None), (None, functools.partial(OtherAdamW, lr=3e-3))],
)
def test_so_are_other_layers_frozen_or_otherwise(change, optimizer, tmp_path, dropping, blobs):
    boosted(dropping, blobs, tmp_path)
    other = copy.deepcopy(dropping)
    if change is not None:
        change(other)
    with pytest.raises(ValueError, match="keeps a training of another network or with other"):
        boosted(other, blobs, tmp_path, how={"optimizer": optimizer})


@pytest.mark.parametrize("content", ["[0.5]", "{}", '["a", "b"]'])
def test_a_damaged_verdict_is_named(content, tmp_path, model, blobs):
    boosted(model, blobs, tmp_path)
    (tmp_path / "training-1.json").write_text(content)
    with pytest.raises(ValueError, match=r"training-1\.json: is damaged; remove it"):
        boosted(model, blobs, tmp_path)


def test_what_else_lies_in_the_folder_stays(tmp_path, model, blobs):
    (tmp_path / "cells-mine").mkdir()
    (tmp_path / "cells-mine" / "profile.csv").write_text("x")
    (tmp_path / "cells-1.csv").write_text("x")
    boosted(model, blobs, tmp_path)
    assert (tmp_path / "cells-mine" / "profile.csv").is_file()
    assert (tmp_path / "cells-1.csv").is_file()
