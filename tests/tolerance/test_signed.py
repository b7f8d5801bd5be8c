"""Single cells where a stored 1 and a stored 0 fail differently: counted by the bit they store."""

import numpy as np
import pytest
import torch

import eden
from eden import errors
from eden.data import Evaluator
from eden.network import Config, approximate
from eden.tolerance import Criticality, Stratum, criticality
from eden.tolerance import _criticality as search
from eden.tolerance._curves import wrong_by

TARGET = 0.92
ONLY_ONES = errors.DataDependent(1e-3, failure_probability_one=1.0, failure_probability_zero=0.0)


@pytest.mark.parametrize("stored", ["fp32", "fp16", "bf16", "int16", "int8", "int4"])
def test_the_bits_of_a_weight_are_those_that_a_fault_finds(stored):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(5, 3, bias=False))
    config = Config(errors.Uniform(1.0), stored, correction="off")
    with approximate(model, config) as handle, torch.no_grad():
        handle.learn_bounds([torch.randn(4, 5)])
        with handle.record_faults():
            model(torch.randn(1, 5))
        faults = [fault for fault in handle.faults() if fault.tensor == "0.weight"]
        for bit in range(eden.access.formats.get(stored).bits):
            before = {f.element: bool(f.before) for f in faults if f.bit == bit}
            assert handle.stored_bits("0.weight", bit).tolist() == [before[i] for i in range(15)]
        assert handle.stored_bits("0.input", 0) is None
        with pytest.raises(ValueError, match=r"bit of 0.weight is 64"):
            handle.stored_bits("0.weight", 64)


def test_each_direction_costs_what_all_its_cells_cost(fragile, monkeypatch):
    model, images, labels = fragile
    evaluate = Evaluator(images, labels)
    monkeypatch.setattr(search, "PASSES", 1e9)
    monkeypatch.setattr(search, "KNOWN_TO", 0.0)
    config = Config(
        errors.DataDependent(1e-3, failure_probability_one=1.0, failure_probability_zero=0.02),
        include="2.*",
    ).with_(calibration=eden.network.calibration_of(model))
    found = criticality(model, evaluate, config=config, target_accuracy=TARGET)
    costs = {}
    with approximate(model, config.with_(error=errors.Uniform(1e-3))) as handle:
        handle.set_ber(0.0)
        ones = {bit: handle.stored_bits("2.weight", bit).numpy() for bit in range(8)}
        for element in range(len(ones[7])):
            with handle.one_weak_cell("2.weight", element, 7):
                costs[element] = evaluate(model)
    strata = {(s.tensor, s.bit, s.stored): s for s in found.strata}
    for bit in range(8):
        assert strata["2.weight", bit, 1].cells == ones[bit].sum()
        assert strata["2.weight", bit, 0].cells == (~ones[bit]).sum()
        assert ("2.input", bit, None) in strata  # an image stores its own
    top = strata["2.weight", 7, 1]
    assert top.tried == top.cells
    missing = [accuracy < TARGET for e, accuracy in costs.items() if ones[7][e]]
    assert top.critical == sum(missing) > 0
    assert Criticality.from_dict(found.to_dict()) == found
    assert {row["stored"] for row in found.table} == {None, 0, 1}


def test_cells_that_never_fail_are_not_tried(fragile):
    model, images, labels = fragile
    config = Config(ONLY_ONES, include="2.weight")
    config = config.with_(calibration=eden.network.calibration_of(model))
    found = criticality(model, Evaluator(images, labels), config=config, target_accuracy=TARGET)
    assert found.lambda_of() > 0
    assert all(s.tried == 0 for s in found.strata if s.stored == 0)
    assert all(s.tried for s in found.strata if s.stored == 1 and s.bit == 7)


def test_copies_of_a_bit_fail_as_it_does():
    bers = np.array([1e-4])
    ones, zeros, both = (Stratum("a", "weight", 7, 1, (), 0, stored) for stored in (1, 0, None))
    plain = wrong_by(Config(ONLY_ONES), ["a"])
    assert plain(ones, bers) == plain(both, bers) == pytest.approx([2e-4])  # BER / mean F
    triple = wrong_by(Config(ONLY_ONES, protect={"a": "triple"}), ["a"])
    # Two of three weak, each with 2e-4: 3 p^2 - 2 p^3. By the mean F it would be half of it.
    assert triple(ones, bers) == pytest.approx([3 * 4e-8 - 2 * 8e-12])
    assert triple(zeros, bers) == [0.0]
    assert triple(both, bers) == pytest.approx([(3e-8 - 2e-12) / 0.5])
    code = wrong_by(Config(ONLY_ONES, protect={"a": "secded"}), ["a"])
    assert code(ones, bers) == code(both, bers)  # the rest of a word stores either
