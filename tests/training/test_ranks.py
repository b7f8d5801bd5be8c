"""Boosting by several processes: the cells, the network and the verdict of one."""

import copy
import gc
from functools import partial

import pytest
import torch
from torch import distributed, multiprocessing
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel

import eden
from eden import data
from eden.network import Config, approximate, calibration_of, keep_calibration
from eden.training import history_of
from eden.training._ranks import Ranks

# Plain descent: what rounding adds stays small.
OPTIONS = {
    "target_ber": 2e-2,
    "epochs": 2,
    "how": eden.BoostConfig(optimizer=lambda parameters: torch.optim.SGD(parameters, lr=0.05)),
    "progress": False,
}


def config():
    return Config(error=eden.errors.Uniform(1e-3), stored="int8")


def boosted(model, blobs, rank=0, ranks=1, **options):
    loader = data.batches(*blobs, 40, seed=1).share(rank, ranks)
    network = model if ranks == 1 else DistributedDataParallel(copy.deepcopy(model))
    return eden.boost(network, loader, config=config(), **OPTIONS | options)


def outcome(network):
    plain = network.module if isinstance(network, DistributedDataParallel) else network
    return {
        "state": plain.state_dict(),
        "calibration": calibration_of(network).to_dict(),
        "history": history_of(network),
    }


def in_process(rank, ranks, folder, model, blobs, work):
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=ranks
    )
    try:
        torch.save(work(rank, ranks, model, blobs), f"{folder}/{rank}.pt")
    finally:
        # Errors that were caught hold their networks, and these the group, whose threads abort
        # a process that ends before them.
        gc.collect()
        distributed.destroy_process_group()


def in_processes(ranks, folder, model, blobs, work):
    arguments = (ranks, str(folder), model, blobs, work)
    multiprocessing.spawn(in_process, arguments, nprocs=ranks)
    return [torch.load(folder / f"{rank}.pt", weights_only=False) for rank in range(ranks)]


def train_and_judge(rank, ranks, model, blobs):
    """Plainly, then with a judge that only the first process may ask."""
    found = [outcome(boosted(model, blobs, rank, ranks))]
    asked = []

    def evaluate(network):
        asked.append(network)
        return float((network(blobs[0]).argmax(1) == blobs[1]).float().mean())

    checked = {"evaluate": evaluate, "target_accuracy": 0.9}
    found.append(outcome(boosted(model, blobs, rank, ranks, **checked)))
    assert bool(asked) == (rank == 0)
    return found


def what_is_read(rank, ranks, model, blobs):
    """Outputs under errors in training, and what the processes do not agree on."""
    network = DistributedDataParallel(copy.deepcopy(model))
    loader = data.batches(*blobs, 40).share(rank, ranks)
    found = []
    with approximate(network, config()) as handle:
        learned = handle.learn_bounds(loader)
        handle.use(Ranks(network).merged(learned))
        handle.set_ber(1e-2)
        for x, _ in loader:
            handle.step()
            found.append(network(x).detach())
    errors = []
    for options in (
        {"target_ber": (1 + rank) * 1e-2},
        {"evaluate": broken, "target_accuracy": 0.5},
        {"how": eden.BoostConfig(optimizer=partial(torch.optim.SGD, lr=0.1 * (1 + rank)))},
        {"epochs": 1, "known": rank == 0},
    ):
        keep_calibration(model, learned if options.pop("known", False) else None)
        with pytest.raises((ValueError, RuntimeError)) as raised:
            boosted(model, blobs, rank, ranks, **options)
        errors.append(str(raised.value))
    return found, errors


def broken(network):
    raise RuntimeError("no images")


@pytest.mark.parametrize("ranks", [2, 4])
def test_several_processes_boost_to_the_network_of_one(ranks, tmp_path, model, blobs):
    alone = train_and_judge(0, 1, model, blobs)
    for found in in_processes(ranks, tmp_path, model, blobs, train_and_judge):
        for one, many in zip(alone, found, strict=True):
            for name, value in one["state"].items():
                # Gradients are means of means: alike but for rounding, which int8 codes amplify.
                torch.testing.assert_close(many["state"][name], value, rtol=1e-3, atol=1e-3)
            for entry, other in zip(one["history"], many["history"], strict=True):
                assert entry["ber"] == other["ber"] and entry["met"] == other["met"]
                assert other["loss"] == pytest.approx(entry["loss"], rel=1e-3)
            inputs = [n for n in one["calibration"]["tensors"] if n.endswith("input")]
            for name in inputs:  # learned on shares of the images, by all of them
                assert many["calibration"]["tensors"][name] == one["calibration"]["tensors"][name]


def test_processes_read_the_cells_of_one_and_fail_together(tmp_path, model, blobs):
    expected = []
    plain = copy.deepcopy(model)
    loader = data.batches(*blobs, 40)
    with approximate(plain, config()) as handle:
        handle.learn_bounds(loader)
        handle.set_ber(1e-2)
        for x, _ in loader:
            handle.step()
            expected.append(plain(x).detach())
    found = in_processes(2, tmp_path, model, blobs, what_is_read)
    for batch, *shares in zip(expected, *(outputs for outputs, _ in found), strict=True):
        assert torch.equal(torch.cat(shares), batch)
    for _, (differs, refused, slower, unknown) in found:
        assert "curriculum differs between processes" in differs and "0.02" in differs
        assert refused == "no images"
        assert "optimizer differs between processes" in slower and "0.2" in slower
        assert "calibration differs between processes: [" in unknown and "None" in unknown


def cut_short(rank, ranks, model, blobs, *, folder):
    """A network with dropout, boosted at once and in two goes; each process draws its own."""
    model.insert(3, torch.nn.Dropout(0.2))
    losses, cut = [], []

    def loss(output, labels):
        losses.append(labels)
        if len(losses) in cut:
            raise KeyboardInterrupt
        return functional.cross_entropy(output, labels)

    def go(name):
        torch.manual_seed(7 + rank)
        losses.clear()
        how = eden.BoostConfig(loss=loss)
        return outcome(boosted(model, blobs, rank, ranks, folder=f"{folder}/{name}", how=how))

    whole = go("whole")
    cut.append(15)  # in the second epoch
    with pytest.raises(KeyboardInterrupt):
        go("cut")
    cut.clear()
    again = go("cut")
    assert len(losses) == 10
    return whole, again


def test_each_process_goes_on_drawing_where_it_was(tmp_path, model, blobs):
    work = partial(cut_short, folder=str(tmp_path))
    for whole, again in in_processes(2, tmp_path, model, blobs, work):
        for name, value in whole["state"].items():
            assert torch.equal(again["state"][name], value), name
