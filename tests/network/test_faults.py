"""Where faults fell in a pass: which bits of which elements, and what they changed."""

import copy
import pickle

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

import eden
from eden import errors, reference
from eden.access import ops
from eden.errors import Cells
from eden.network import Config, attach
from eden.network._faults import Recorder

ERRORS = {
    "uniform": errors.Uniform(0.02),
    "sometimes": errors.Uniform(0.02, 0.5),
    "data": errors.DataDependent(0.03, 0.9, 0.1),
    "bitline": errors.Bitline([0.001 * (i % 50) for i in range(65536)], 0.5),
    "cells": Cells(range(0, 9000, 71), 0.8, failure_probability_zero=0.2),
}


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(33, 40), nn.ReLU(), nn.Linear(40, 5)).eval()


@pytest.fixture
def images():
    return torch.randn(4, 33, generator=torch.Generator().manual_seed(1))


def attached(error, images, **options):
    model = network()
    handle = attach(model, Config(ERRORS.get(error, error), **options))
    handle.learn_bounds([images])
    return model, handle


@pytest.mark.parametrize("stored", ["fp32", "fp16", "bf16", "int16", "int8", "int4"])
@pytest.mark.parametrize("error", ERRORS)
def test_what_is_recorded_makes_the_clean_network_the_faulty_one(error, stored, images):
    model, handle = attached(error, images, stored=stored, correction="off")
    with handle.clean():
        clean = {"0.input": images, "0.weight": model[0].weight.detach()}
    with handle.record_faults():
        got = {}
        model[0].register_forward_pre_hook(lambda m, args: got.update({"0.input": args[0]}))
        model[0].register_forward_pre_hook(
            lambda m, args: got.update({"0.weight": m.weight.detach()})
        )
        model(images)
    found = handle.faults()
    assert len(found) > 10
    bits = reference.STORED_BITS[stored]
    for name, read in got.items():
        rows = [fault for fault in found if fault.tensor == name]
        tensor = handle.reading.tensors[name]
        scale = tensor.coding.scale
        if name == "0.weight" and stored.startswith("int"):
            scale = ops.weight_range(clean[name], stored, ops.channels_of(clean[name]))[1]
        rated = ops.inject(
            clean[name], errors.Uniform(0), key=eden.key(0), stored=stored, scale=scale
        ).reshape(len(images) if name == "0.input" else 1, -1)
        read = read.reshape(rated.shape)
        assert rows
        for fault in rows:
            assert fault.read == 0 and 0 <= fault.bit < bits and fault.before + fault.after == 1
            at = fault.image, fault.element
            for value, of in ((fault.value_before, rated), (fault.value_read, read)):
                assert value == float(of[at]) or (value != value and of[at].isnan())
            assert fault.value_after == fault.value_read or fault.value_after != fault.value_after
        touched = torch.zeros_like(rated, dtype=torch.bool)
        touched[[f.image for f in rows], [f.element for f in rows]] = True
        same = rated.view(torch.int32) == read.view(torch.int32)
        assert same[~touched].all()
        if "int" in stored:
            assert not same[touched].any()
        flips = ops.count_flips(rated, read, stored=stored, scale=scale)
        if "int" in stored or stored == "fp32":
            for bit in range(bits):
                rising = sum(f.bit == bit and f.before == 0 for f in rows)
                falling = sum(f.bit == bit and f.before == 1 for f in rows)
                assert flips[bit].tolist() == [rising, falling]


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.int16, torch.int32])
def test_integers_fail_on_their_own_bits(dtype):
    x = torch.arange(-60, 60).to(dtype).view(2, 60)
    key, extent = eden.key(3), ops.Extent(copies=2, address=4)
    coding, table = ops.Coding(4, None, None, 0), errors.table_of(errors.Uniform(0.05, 0.5))
    y = ops.read(x, table, key, extent, coding)
    recorder = Recorder()
    recorder.note("codes", x, y, table, key, extent, coding)
    again = x.clone()
    for fault in recorder.faults():
        at = fault.image, fault.element
        values = float(x[at].float()), float(y[at].float())
        assert (fault.value_before, fault.value_read) == values
        assert fault.value_after == fault.value_read
        again[at] ^= torch.tensor(1).bitwise_left_shift(fault.bit).to(dtype)
    assert torch.equal(again, y) and not torch.equal(x, y)


def test_recording_changes_nothing_that_is_read(images):
    model, handle = attached("sometimes", images)
    expected = [model(images) for _ in range(3)]
    handle.reseed(0)
    with handle.record_faults():
        assert torch.equal(model(images), expected[0])
        assert torch.equal(model(images), expected[1])
    assert torch.equal(model(images), expected[2])
    found = handle.faults()
    assert {fault.read for fault in found} == {0, 1}
    first, second = ({f[2:5] for f in found if f.read == n} for n in (0, 1))
    assert first != second
    with handle.record_faults():
        model(images)
    assert {fault.read for fault in handle.faults()} == {0}  # those of the last pass


def test_a_chosen_fault_by_hand(images):
    # Element 7 of the weight, stored as int8: its sign falls or rises by 128 steps.
    model, handle = attached(errors.Uniform(0), images, correction="off")
    handle.set_errors({"2.weight": Cells([8 * 7 + 7])})
    with handle.record_faults():
        model(images)
    (fault,) = handle.faults()
    weight = model[2].weight.detach()
    step = float(ops.weight_range(weight, "int8", len(weight))[1][7 // weight.shape[1]])
    code = round(float(model[2].weight.detach().flatten()[7]) / step)
    assert fault[:7] == ("2.weight", 0, 0, 7, 7, int(code < 0), int(code >= 0))
    assert fault.value_before == pytest.approx(code * step)
    assert fault.value_after == pytest.approx((code - 128 if code >= 0 else code + 128) * step)
    assert fault.value_read == fault.value_after


def test_a_corrected_value_is_told_from_what_the_bits_say(images):
    model, handle = attached(errors.Uniform(0), images, stored="fp32", correction="zero")
    handle.set_errors({"2.weight": Cells([32 * 3 + 30])})  # the highest bit of the exponent
    with handle.record_faults():
        model(images)
    (fault,) = handle.faults()
    assert abs(fault.value_after) > 1e30 and fault.value_read == 0.0


def test_columns_rows_and_frames(images):
    model, handle = attached("uniform", images)
    with handle.record_faults():
        model(images)
    found = handle.faults()
    columns = found.to_dict()
    assert list(columns) == list(next(iter(found))._fields)
    assert {len(column) for column in columns.values()} == {len(found)}
    assert found.element.dtype == torch.int64 and found.value_read.dtype == torch.float32
    assert [fault.bit for fault in found] == found.bit.tolist()
    assert pickle.loads(pickle.dumps(found)).to_dict() == columns
    pandas = pytest.importorskip("pandas")
    assert isinstance(found.to_pandas(), pandas.DataFrame)


def test_a_pass_without_faults_is_a_table_without_rows(images):
    model, handle = attached(errors.Uniform(0), images)
    with handle.record_faults():
        model(images)
    assert len(handle.faults()) == 0 and list(handle.faults()) == []


def test_images_are_numbered_as_their_accesses_are(images):
    model, handle = attached("sometimes", images)
    with handle.by_image(), handle.record_faults():
        model(images[:3])
        model(images[3:])
    inputs = [f for f in handle.faults() if f.tensor == "0.input"]
    with handle.by_image(), handle.record_faults():
        model(images)
    whole = [f for f in handle.faults() if f.tensor == "0.input"]
    assert {f.image for f in whole} == {0, 1, 2, 3}
    assert sorted(f[2:] for f in inputs) == sorted(f[2:] for f in whole)


def test_what_is_computed_anew_for_a_gradient_is_not_recorded_twice(images):
    model, handle = attached("sometimes", images)
    with handle.record_faults():
        checkpoint(model, images, use_reentrant=False).sum().backward()
    assert {fault.read for fault in handle.faults()} == {0}


def test_nothing_recorded_is_said_in_one_line(images):
    model, handle = attached("uniform", images)
    with pytest.raises(ValueError, match=r"^faults: no pass was recorded; with handle\.") as said:
        handle.faults()
    assert "\n" not in str(said.value)
    model(images)
    with pytest.raises(ValueError, match="no pass was recorded"):
        handle.faults()
    with handle.record_faults(), handle.clean():
        model(images)
    with pytest.raises(ValueError, match=r"nothing was read inside record_faults\(\)"):
        handle.faults()


def test_a_copy_records_for_itself(images):
    model, handle = attached("uniform", images)
    with handle.record_faults():
        model(images)
    twin = copy.deepcopy(model)
    own = eden.network.attached(twin)
    assert own.faults().to_dict() == handle.faults().to_dict()
    handle.step()
    with handle.record_faults():
        model(images)
    assert own.faults().to_dict() != handle.faults().to_dict()


def test_exactly_so_many_faults_in_each_tensor(images):
    model, handle = attached(Cells([]), images, correction="off")
    handle.set_errors(
        {
            t.name: Cells.draw(5, bits=t.elements * t.bits, seed=seed)
            for seed, t in enumerate(handle.tensors)
        }
    )
    with handle.record_faults():
        model(images)
    found = handle.faults()
    for tensor in handle.tensors:
        for image in range(1 if tensor.kind == "weight" else len(images)):
            here = [f for f in found if f.tensor == tensor.name and f.image == image]
            assert len(here) == 5


def test_of_as_many_faults_as_there_may_be_text_tells_how_many(images):
    model, handle = attached("uniform", images)
    with handle.record_faults():
        model(images)
    found = handle.faults()
    assert repr(found) == f"Faults({len(found)} in {len(set(found.tensor))} tensors)"


def test_of_protected_tensors_alone_nothing_is_recorded_which_is_said(images):
    model, handle = attached("uniform", images, protect={"*": "triple"})
    with handle.record_faults():
        model(images)
    with pytest.raises(ValueError, match="all that is stored is protected, whose reads are not"):
        handle.faults()
