"""Which cells are tried, and whose single cells a tolerance goes by."""

import numpy as np
import pytest
import torch

from eden import errors
from eden.data import Evaluator
from eden.network import Config, TensorInfo, approximate
from eden.tolerance import _criticality as search
from eden.tolerance import ber_by_cells, characterize_coarse, criticality

TARGET = 0.92
CONFIG = Config(error=errors.Uniform(weak_fraction=1e-3), inputs=False)
ALONE = CONFIG.with_(include="2.weight")


def of_known(fragile, cells):
    model, images, labels = fragile
    config = ALONE.with_(error=errors.Cells(cells))
    return criticality(model, Evaluator(images, labels), config=config, target_accuracy=TARGET)


def test_of_known_cells_all_are_tried_and_no_others(fragile):
    model, images, labels = fragile
    evaluate, critical, harmless = Evaluator(images, labels), [], []
    with approximate(model, ALONE) as handle:
        handle.set_ber(0.0)
        for cell in range(7, 8 * 48, 8):  # the sign of every weight
            with handle.one_weak_cell("2.weight", cell // 8, 7):
                (critical if evaluate(model) < TARGET else harmless).append(cell)
    assert len(critical) >= 5 and len(harmless) >= 5
    for cell in critical[:5]:
        assert of_known(fragile, [cell]).lambda_of() == 1
    found = of_known(fragile, critical + harmless[:3])
    assert found.lambda_of() == len(critical) and found.interval() == (len(critical),) * 2
    assert sum(stratum.tried for stratum in found.strata) == len(critical) + 3
    assert of_known(fragile, harmless).lambda_of() == 0
    assert of_known(fragile, []).lambda_of() == 0


def test_known_cells_are_tried_in_every_bit(fragile):
    # Of elements 3, 9 and 11, none in the two highest bits, and harmless ones above others.
    found = of_known(fragile, [8 * 3 + 5, 8 * 9 + 1, 8 * 11])
    assert [s.bit for s in found.strata if s.tried] == [5, 1, 0]
    assert sum(stratum.tried for stratum in found.strata) == 3


def test_where_no_cell_is_known_any_rate_is_borne(fragile):
    model, images, labels = fragile
    none = of_known(fragile, [])
    assert ber_by_cells(none, 0.01) == pytest.approx(0.4, rel=0.03)
    config = ALONE.with_(error=errors.Cells([0, 3]))  # of the lowest bits
    asked = {"config": config, "target_accuracy": TARGET, "seeds": 2, "high": 1e-3}
    evaluate = Evaluator(images, labels)
    found = characterize_coarse(model, evaluate, risk=none, **asked)
    assert found.ber > 0 and found == characterize_coarse(model, evaluate, **asked)


def test_of_known_cells_a_rate_is_borne_by_draws_alone(fragile):
    """At twice the rate each fails twice as often: lambda, of how many are weak, says nothing."""
    model, images, labels = fragile
    config, evaluate = ALONE.with_(error=errors.Cells([0, 8 * 9 + 6])), Evaluator(images, labels)
    asked = {"config": config, "target_accuracy": TARGET}
    risk = criticality(model, evaluate, **asked)
    assert sum(stratum.tried for stratum in risk.strata) == 2
    found = characterize_coarse(model, evaluate, risk=risk, seeds=4, high=5e-3, **asked)
    assert found == characterize_coarse(model, evaluate, seeds=4, high=5e-3, **asked)


def test_a_ber_that_known_cells_do_not_reach_is_refused_before_anything_is_asked(fragile):
    model, images, labels = fragile
    config = ALONE.with_(error=errors.Cells([3, 9, 200]))  # of 48 elements' 384 bits

    def asked(network):
        raise AssertionError

    options = {"config": config, "target_accuracy": 0.0, "seeds": 1}
    said = r"high is 0.4, accepted: what every tensor reaches \(2.weight: .* at most 0.0078125"
    with pytest.raises(ValueError, match=said):
        characterize_coarse(model, asked, **options)
    found = characterize_coarse(model, Evaluator(images, labels), high=0.0078, **options)
    assert 0 < found.ber <= 0.0078


def test_cells_are_tried_in_one_order_of_which_little_is_kept():
    tensor = TensorInfo("a.weight", "weight", 100_000, 8, 100_000, 1)
    among = np.arange(100_000) % 3 == 0
    whole, some = search._Bit(tensor, 7, 3), search._Bit(tensor, 7, 3, among=among)
    assert (whole.cells, some.cells) == (100_000, 33_334)
    first = whole.first(30)
    assert len(whole._order) == search._KEPT and len(set(first)) == 30
    assert whole.first(5000)[:30] == first
    assert sorted(whole.first(100_000)) == list(range(100_000))
    assert some.first(3000) == [e for e in whole.first(100_000) if among[e]][:3000]


@pytest.fixture(scope="module")
def risk(fragile):
    model, images, labels = fragile
    return criticality(model, Evaluator(images, labels), config=CONFIG, target_accuracy=TARGET)


def coarse(network, config, risk):
    model, images, labels = network
    evaluate = Evaluator(images, labels)
    return characterize_coarse(
        model, evaluate, config=config, target_accuracy=TARGET, risk=risk, seeds=4, probes=0
    )


def test_of_a_narrower_config_the_cells_of_its_tensors_count(fragile, risk):
    found = coarse(fragile, ALONE, risk)
    assert [tensor.name for tensor in found.tensors] == ["2.weight"]
    assert found.ber > coarse(fragile, CONFIG, risk).ber


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"error": errors.Uniform(1e-3, 0.5)}, "F of a stored 1 in risk is 1.0, accepted: 0.5"),
        ({"error": errors.Wordline([1e-3])}, "error model of risk is 'uniform', accepted: wordl"),
        ({"correction": "saturate"}, "correction of risk is 'zero', accepted: saturate"),
        ({"stored": "int16"}, "stored format of risk is 'int8', accepted: int16"),
    ],
)
def test_cells_of_another_config_are_refused(fragile, risk, changed, said):
    with pytest.raises(ValueError, match=said):
        coarse(fragile, CONFIG.with_(**changed), risk)


def test_cells_of_another_network_are_refused(fragile, risk):
    model, images, labels = fragile
    wider = torch.nn.Sequential(
        torch.nn.Linear(16, 13), torch.nn.ReLU(), torch.nn.Linear(13, 4)
    ).eval()
    with torch.no_grad():
        wider[0].weight[:12], wider[0].bias[:12] = model[0].weight, model[0].bias
        wider[2].weight.zero_()
        wider[2].weight[:, :12], wider[2].bias[:] = model[2].weight, model[2].bias
    said = "cells of a bit of 0.weight in risk is 192, accepted: 208"
    with pytest.raises(ValueError, match=said):
        coarse((wider, images, labels), CONFIG, risk)
