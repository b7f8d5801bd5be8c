"""What a notebook shows of a result, its `repr`, does not grow with search or network."""

from dataclasses import replace

from _placing import CONFIG, tensor, tolerances

import eden
from eden.network import Calibration, TensorCalibration, TensorInfo
from eden.tolerance import Criticality, Risk, Stratum, Tolerances, Verdict


def shown(n):
    """What searches of `n` tensors, cells and draws show, and a placement of `n` tensors."""
    names = [f"layers.{index}.weight" for index in range(n)]
    seen = {name: TensorCalibration("weight", 10, 1, -1.0, 1.0) for name in names}
    config = replace(CONFIG, calibration=Calibration(seen))
    strata = tuple(Stratum(name, "weight", 7, 10, (0.0,) * n, 0) for name in names)
    tensors = tuple(TensorInfo(name, "weight", 10, 8, 10, 1, tolerance=1e-3) for name in names)
    some = (0.5,) * n
    risk = Risk(0.01, 1e-3, (1e-4, 1e-2), some, some)
    return [
        Criticality(config, 0.9, 0.95, strata),
        strata[0],
        Tolerances(config, "coarse", 0.9, 0.95, 1e-3, tensors, some, some, risk=risk),
        Verdict(0.9, some, 0, 59, 0.05, 0.95, 0.95, True),
    ]


def test_what_is_shown_does_not_grow_with_what_was_asked():
    few, many = shown(2), shown(1000)
    assert few != many
    for one, other in zip(few, many, strict=True):
        assert repr(one) == repr(other)
        assert len(repr(one)) < 1000


def test_a_placement_shows_what_it_is_not_every_tensor(b10):
    placed = eden.place(tolerances(*(tensor(f"{n}.weight", 10, 1e-4) for n in range(100))), b10)
    assert "method='greedy'" in repr(placed) and len(repr(placed)) < 1000
    assert "99.weight" in str(placed)
