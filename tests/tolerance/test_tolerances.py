"""Tolerances read from a file are checked like a recipe."""

import json
import math

import pytest

from eden import errors
from eden.network import Config, TensorInfo
from eden.tolerance import Tolerances

TENSORS = (
    TensorInfo("a.weight", "weight", 10, 4, 5, 1, tolerance=1e-3),
    TensorInfo("a.input", "input", 3, 4, 2, 2.5, tolerance=1e-3),
)
WRITTEN = Tolerances(
    config=Config(error=errors.Uniform(1e-3), stored="int4"),
    granularity="coarse",
    target_accuracy=0.9,
    clean_accuracy=0.95,
    coarse_ber=1e-3,
    tensors=TENSORS,
    thresholds=(2e-3,),
    accuracies=(0.91,),
    mean_ber=None,
    trials=7,
)
SHARES = (-0.1, 1.5, math.nan, "0.9", None, True)
WRONG = {
    "granularity": ("fancy", None),
    "target_accuracy": SHARES,
    "clean_accuracy": SHARES,
    "coarse_ber": SHARES,
    "thresholds": (3, None, [2], ["x"]),
    "accuracies": (3, [7.0], [None]),
    "mean_ber": (2, "x", math.nan),
    "trials": (-1, 1.5, None),
    "config": (3, None, {}),
    "tensors": (3, {}, [], [3], [{}]),
    "tensors.0.name": (3, None, "a.input"),
    "tensors.0.kind": ("bias", None),
    "tensors.0.elements": (0, 11, 1.5, True),
    "tensors.0.bits": (8, 0, None),
    "tensors.0.size_bytes": (4, 6, "5"),
    "tensors.0.reads": (-1, math.nan, None),
    "tensors.0.tolerance": SHARES,
    "tensors.0.colour": ("red",),
    "mean_accuracy": (0.92, None, "x", 10**400),
    "colour": ("red",),
}


def changed(path, new):
    value = json.loads(json.dumps(WRITTEN.to_dict()))
    *folders, last = path.split(".")
    part = value
    for key in folders:
        part = part[int(key) if key.isdigit() else key]
    part[last] = new
    return value


def test_they_come_back_as_they_were():
    assert Tolerances.from_dict(json.loads(json.dumps(WRITTEN.to_dict()))) == WRITTEN


@pytest.mark.parametrize("path", WRONG)
def test_what_a_file_says_is_checked(path):
    for value in WRONG[path]:
        with pytest.raises(ValueError, match=r"^not tolerances: ") as caught:
            Tolerances.from_dict(changed(path, value))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("other", [{"elements": 11}, {"kind": "input"}, {"reads": 0}])
def test_what_its_own_calibration_knows_otherwise_is_refused(other):
    seen = {"a.weight": {"kind": "weight", "elements": 10, "reads": 1, "lo": -1.0, "hi": 1.0}}
    known = changed("config.calibration", {"identity": None, "tensors": seen})
    assert Tolerances.from_dict(known).tensors == TENSORS
    seen["a.weight"] |= other
    with pytest.raises(ValueError, match=r"^not tolerances: .*a\.weight"):
        Tolerances.from_dict(changed("config.calibration", {"identity": None, "tensors": seen}))


@pytest.mark.parametrize("value", [None, 3, [], "x", {}])
def test_what_is_of_another_kind_is_refused(value):
    with pytest.raises(ValueError, match="not tolerances: "):
        Tolerances.from_dict(value)
