"""Single cells where P belongs to the bitline or the row: each counts by where it lies."""

import math

import numpy as np
import pytest

import eden
from eden import errors
from eden.data import Evaluator
from eden.network import Config, approximate
from eden.tolerance import Criticality, Stratum, characterize_coarse, criticality
from eden.tolerance._compound import Compound

TARGET = 0.92
RANDOM = np.random.default_rng(0)
BITLINES = np.minimum(1e-4 * RANDOM.lognormal(0, 2.5, 65536), 0.9)
BERS = np.array([1e-7, 1e-5, 1e-3])


@pytest.mark.parametrize(
    "error", [errors.Bitline(BITLINES), errors.Wordline(BITLINES[:64], 0.5)], ids=["bit", "word"]
)
def test_stresses_and_factors_are_those_of_a_model_scaled_to_the_range(error):
    place = {"address": 8000, "size_bytes": 1200}
    cells = 8 * 8000 + np.arange(0, 9600, 7)
    stresses, factors = errors.stresses_of(error, cells, BERS, **place)
    for ber, factor in zip(BERS, factors, strict=True):
        weak = error.with_ber(ber, **place).weak_fraction
        line = cells % 65536 if isinstance(error, errors.Bitline) else cells // 65536
        assert -np.expm1(-stresses * factor) == pytest.approx(weak[line], rel=0.01)


def test_where_all_cells_are_alike_there_are_none():
    for error in (errors.Uniform(1e-3), errors.DataDependent(1e-3, 1.0, 0.5), errors.Cells([3])):
        assert errors.stresses_of(error, np.arange(4), BERS, address=0, size_bytes=1) is None


def test_a_cell_counts_with_its_own_stress_and_the_rest_with_theirs():
    # Of four cells two were tried, the one of stress 5 misses alone: by the mean it would be half.
    tried = Stratum("a", "weight", 7, 4, (0.5, 0.0), 1, elements=(2, 0))
    stresses, factors = np.array([1.0, 2.0, 5.0, 4.0]), np.array([1e-4, 1e-3, 1e-2])
    placed = Compound(
        [tried], 0.01, factors, lambda s, bers: bers, lambda s, bers: (stresses, factors)
    )
    found = placed.miss_probabilities(placed.shares(beyond=0.0))
    # Those not tried, of 2 and 4, are taken to miss as often as those tried: two, each half of 3.
    # The stress of the first is rounded to an eighth of a factor of 2.
    assert found == pytest.approx([-math.expm1(-(5 + 3) * f) for f in factors], rel=0.045)


def test_the_risk_sums_critical_cells_by_where_they_lie(fragile):
    model, images, labels = fragile
    config = Config(errors.Bitline(BITLINES), include="2.input")
    config = config.with_(calibration=eden.network.calibration_of(model))
    evaluate = Evaluator(images, labels)
    found = criticality(model, evaluate, config=config, target_accuracy=TARGET)
    assert Criticality.from_dict(found.to_dict()).strata == found.strata
    coarse = characterize_coarse(
        model, evaluate, config=config, target_accuracy=TARGET, seeds=2, risk=found
    )
    ber, expected = 1e-5, 0.0
    with approximate(model, config) as handle:
        for stratum in found.strata:
            assert len(stratum.elements) == stratum.tried
            if not stratum.critical:
                continue
            assert stratum.tried == stratum.cells
            stresses, factors = handle.stresses(stratum.tensor, stratum.bit, np.array([ber]))
            pairs = zip(stratum.elements, stratum.losses, strict=True)
            critical = [element for element, loss in pairs if loss > found.allowed_loss + 1e-9]
            expected += float(stresses[critical].sum() * factors[0])
    by_the_mean = found.lambda_of() * ber
    assert abs(math.log(expected / by_the_mean)) > 0.2  # another risk
    miss = coarse.miss_probability(ber)
    assert miss == pytest.approx(-math.expm1(-expected), rel=0.35)
