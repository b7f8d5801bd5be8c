"""Boosting for places: each tensor at the rate of its own, in a module whose cells are known."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

import eden
from eden import errors, profiles
from eden.data import Evaluator, batches
from eden.mapping import lay_out
from eden.network import Config, approximate, attach, calibration_of, identity_of
from eden.training import CurriculumSchedule, boost, history_of

STORED = {"stored": "int8", "cells": "fixed"}
WEAK = 3000  # of 32,768 cells


def laid(model, blobs, cells, **more):
    """The network in lines of its own from byte 64 of a module on."""
    config = Config(cells, **STORED)
    with approximate(model, config) as handle:
        known = handle.learn_bounds([blobs[0]])
        return lay_out(handle.tensors, config.with_(calibration=known), address=64, **more)


def module(seed, weak, bits=8 * 4096):
    """So many weak cells of 4 KiB, each failing at 0.9 of its reads."""
    return errors.Cells.draw(weak, bits=bits, seed=seed).with_ber(
        0.9 * weak / bits, size_bytes=4096
    )


def test_tensors_lie_one_after_another_and_read_the_cells_of_their_place(model, blobs):
    cells = errors.Cells([0, 8 * 64 + 7, 8 * 70, 8 * 4000])
    places = laid(model, blobs, cells)
    ends = 64
    for name, entry in places.entries.items():
        assert entry.address == ends and entry.address % 64 == 0, name
        ends += -(-entry.size_bytes // 64) * 64
    first = next(iter(places.entries))
    # Two of its cells fail: bit 7 of its byte 0, and bit 0 of its byte 6.
    size = places.entries[first].size_bytes
    assert places.entries[first].ber == pytest.approx(2 / (8 * size))
    with approximate(model, places) as handle:
        with handle.record_faults():
            model(blobs[0][:1])
        faults = [fault for fault in handle.faults() if fault[0] == first]
    assert [(element, bit) for _, _, _, element, bit, *_ in faults] == [(0, 7), (6, 0)]


def test_boosting_for_places_trains_each_tensor_for_its_own_rate(model, blobs, monkeypatch):
    places, asked = laid(model, blobs, module(3, WEAK)), []
    before = CurriculumSchedule._set

    def noting(schedule, ber):
        before(schedule, ber)
        asked.append((ber, dict(schedule.handle.ber)))

    monkeypatch.setattr("eden.training._schedule.Schedule._set", noting)
    boost(model, batches(*blobs, 50), config=places, epochs=3, progress=False)
    rates = {name: entry.ber for name, entry in places.entries.items()}
    size = sum(entry.size_bytes for entry in places.entries.values())
    mean = sum(rates[n] * entry.size_bytes for n, entry in places.entries.items()) / size
    top, at_top = max(asked, key=lambda pair: pair[0])
    assert top == pytest.approx(mean) and at_top == pytest.approx(rates)
    # They rise together: a share of the mean is that share of each.
    ber, some = next(pair for pair in asked if 0 < pair[0] < 0.7 * mean)
    assert some == pytest.approx({name: ber / mean * rate for name, rate in rates.items()})


def test_from_a_profile_to_a_network_for_its_module_alone(model, blobs, tmp_path):
    # What a tester wrote: each cell that is weak failed at 9 of 10 reads of ones and of zeros.
    rows = ["module,vendor,vdd_volts,trcd_seconds,trp_seconds,refresh_seconds,temperature_celsius,"
            "pattern,bank,row_first,row_last,bitline,cells,reads,failures_1to0,failures_0to1,source,"
            "bit_address"]  # fmt: skip
    for cell in module(3, WEAK).bit_addresses:
        for fill, failed in (("0xff", "9,0"), ("0x0", "0,9")):
            rows.append(f"m,A,1.0,1e-8,1e-8,0.064,45,{fill},,,,,1,10,{failed},test,{cell}")
    path = tmp_path / "module.csv"
    path.write_text("\n".join(rows) + "\n")
    cells = profiles.cells_of(profiles.read(path))
    assert cells.bit_addresses.tolist() == module(3, WEAK).bit_addresses.tolist()
    assert cells.ber == pytest.approx(0.9 * WEAK / (1 + cells.bit_addresses[-1]))

    evaluate, places = Evaluator(*blobs), laid(model, blobs, cells)
    before = eden.verify(model, evaluate, places, target_accuracy=0.5, seeds=5)
    boosted = boost(model, batches(*blobs, 25, seed=1), config=places, epochs=12, progress=False)
    after = eden.verify(boosted, evaluate, places, target_accuracy=0.5, seeds=5)
    assert sum(after.accuracies) / 5 > sum(before.accuracies) / 5 + 0.02
    assert history_of(boosted)[-1]["ber"] > 0
    # It is for this module, laid so, alone.
    assert calibration_of(boosted).identity == identity_of(places.config, places.entries)
    for other in (laid(model, blobs, module(4, WEAK)), laid(model, blobs, cells, row_bytes=1024)):
        with pytest.raises(ValueError, match="boosted for the module 'cells/seed-0/placed-"):
            attach(boosted, other)
    with pytest.raises(ValueError, match="boosted for the module"):
        attach(boosted, places.config)


@pytest.mark.parametrize(
    "more", [{"target_ber": 1e-3}, {"evaluate": lambda model: 1.0, "target_accuracy": 0.5}]
)
def test_a_placement_has_rates_and_is_not_judged(model, blobs, more):
    places = laid(model, blobs, module(3, WEAK))
    with pytest.raises(ValueError, match="neither target_ber nor evaluate goes with a placement"):
        boost(model, batches(*blobs, 50), config=places, **more)


def test_places_where_nothing_fails_and_a_config_without_a_rate_are_refused(model, blobs):
    with pytest.raises(ValueError, match=r"mean BER of the places is 0.*, accepted: above 0"):
        boost(model, batches(*blobs, 50), config=laid(model, blobs, errors.Cells([])))
    with pytest.raises(TypeError, match="target_ber is None"):
        boost(model, batches(*blobs, 50), config=Config(errors.Uniform(0.0)))


@pytest.mark.parametrize(
    ("changes", "more", "said"),
    [
        ({"error": errors.Uniform(1e-3)}, {}, "error of config is .*, accepted: eden.errors.Cells"),
        ({"protect": {"0.weight": "triple"}}, {}, "protect of config is .*, or use eden.place"),
        ({}, {"address": -1}, "address is -1"),
        ({}, {"address": 3}, "address is 3, accepted: a multiple of 64"),
        ({}, {"address": 2**56}, "address is 7"),
        ({}, {"row_bytes": 0}, "row_bytes is 0"),
        ({}, {"row_bytes": 100}, "row_bytes is 100, accepted: a power of two from 64 to 8192"),
        ({}, {"row_bytes": 16384}, "row_bytes is 16384"),
    ],
)
def test_what_cannot_be_laid_is_refused(changes, more, said):
    config = Config(errors.Cells([3]), **STORED).with_(**changes)
    with pytest.raises((TypeError, ValueError), match=said):
        lay_out([], config, **more)


def test_a_resumed_training_ends_alike(model, blobs, tmp_path):
    places = laid(model, blobs, module(3, WEAK))
    whole = boost(model, batches(*blobs, 50), config=places, epochs=3, progress=False)
    folder = tmp_path / "kept"
    given = {"config": places, "epochs": 3, "progress": False, "folder": folder}
    boost(model, batches(*blobs, 50), **given)
    again = boost(model, batches(*blobs, 50), **given)
    assert all(map(torch.equal, whole.state_dict().values(), again.state_dict().values()))
    other = laid(model, blobs, module(4, WEAK))
    with pytest.raises(ValueError, match="another"):
        boost(model, batches(*blobs, 50), **{**given, "config": other})


def test_a_placement_in_a_device_is_trained_for(model, blobs):
    config = Config(errors.Uniform(0.0), stored="int8")
    with approximate(model, config) as handle:
        known = handle.learn_bounds([blobs[0]])
        tensors = [replace(t, tolerance=10.0 ** -(2 + n)) for n, t in enumerate(handle.tensors)]
    found = SimpleNamespace(
        config=config.with_(calibration=known), coarse_ber=1e-5, tensors=tensors
    )
    placement = eden.place(found, eden.devices.load("ddr3l-1600-b10"), method="greedy")
    bers = {name: entry.ber for name, entry in placement.entries.items()}
    assert min(bers.values()) > 0
    boosted = boost(model, batches(*blobs, 50), config=placement, epochs=4, progress=False)
    # For any module of its kind: fresh cells, and each batch a share of the rates.
    assert calibration_of(boosted).identity is None
    size = sum(entry.size_bytes for entry in placement.entries.values())
    mean = sum(entry.ber * entry.size_bytes for entry in placement.entries.values()) / size
    assert 0.25 * mean < history_of(boosted)[-1]["ber"] < mean
    with approximate(boosted, placement) as handle:
        assert handle.ber == pytest.approx(bers)


def test_a_folder_keeps_a_training_for_its_places_alone(model, blobs, tmp_path):
    given = {"epochs": 1, "progress": False, "folder": tmp_path}
    cells = module(3, WEAK)
    boost(model, batches(*blobs, 50), config=laid(model, blobs, cells), **given)
    with pytest.raises(ValueError, match="keeps a training of another"):
        boost(model, batches(*blobs, 50), config=laid(model, blobs, cells, row_bytes=1024), **given)


def test_tensors_that_cannot_be_laid_are_refused(model):
    config = Config(errors.Cells([3]), **STORED)
    with approximate(model, config) as handle:
        unknown = handle.tensors
    # Of no known size an input lay on the next tensor, in silence.
    with pytest.raises(ValueError, match=r"size_bytes of .*input, 0 before calibration, is 0"):
        lay_out(unknown, config)
    with pytest.raises(ValueError, match="number of tensors is 0, accepted: at least 1"):
        lay_out([], config)
    with pytest.raises(TypeError, match="type of a tensor is 'str'"):
        lay_out(["0.weight"], config)
    with pytest.raises(TypeError, match="type of tensors is 'int'"):
        lay_out(3, config)


def test_a_network_beyond_what_was_tested_is_refused(model, blobs):
    # What lies there was not read, so no cell of it is known: it read right, in silence.
    whole = laid(model, blobs, errors.Cells([3]))
    last, entry = list(whole.entries.items())[-1]
    end = entry.address + entry.size_bytes
    assert laid(model, blobs, errors.Cells([3]), size_bytes=end).entries == whole.entries
    with pytest.raises(ValueError, match=f"accepted: at least {end}: 1 B of {last} have no room"):
        laid(model, blobs, errors.Cells([3]), size_bytes=end - 1)
