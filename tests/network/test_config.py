import json
from types import SimpleNamespace

import pytest

from eden import errors
from eden.network import Calibration, Config, TensorCalibration, identity_of

ERROR = errors.Uniform(weak_fraction=2e-3, failure_probability=0.5)


def test_an_operating_point_stands_for_its_error_model():
    assert Config(error=SimpleNamespace(error=ERROR)).error is ERROR


def test_a_config_survives_json():
    calibration = Calibration(
        {"fc.input": TensorCalibration("input", 10, 2, -1.5, 2.5)}, identity="uniform/seed-3"
    )
    config = Config(ERROR, "int4", inputs=False, include="fc", seed=3, calibration=calibration)
    again = Config.from_dict(json.loads(json.dumps(config.to_dict())))
    assert again == config and again.include == ("fc",)
    assert again.with_(stored="fp32").stored == "fp32"


def test_a_file_of_before_there_were_scales_by_channel_is_read_as_what_it_was_made_with():
    for config in (Config(ERROR), Config(ERROR, scale="tensor")):
        older = config.to_dict()
        assert older.pop("scale") == config.scale
        assert Config.from_dict(older) == Config(ERROR, scale="tensor")
        assert Config.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"error": 1e-3}, TypeError, "type of error is 'float', accepted: an error model"),
        ({"stored": "int7"}, ValueError, "int7"),
        ({"correction": "clip"}, ValueError, "accepted: off, zero, saturate"),
        ({"cells": "old"}, ValueError, "accepted: fresh, fixed"),
        ({"scale": "row"}, ValueError, "scale is 'row', accepted: channel, tensor"),
        ({"seed": -1}, ValueError, "accepted: an integer from 0 to"),
        ({"seed": 2**63}, ValueError, "accepted: an integer from 0 to"),
        ({"seed": True}, TypeError, "accepted: an integer"),
        ({"include": [3]}, TypeError, "include is 3, accepted"),
    ],
)
def test_bad_values_are_named(changes, kind, words):
    with pytest.raises(kind, match=words):
        Config(**{"error": ERROR, **changes})


@pytest.mark.parametrize(
    "change", [{"stord": "int8"}, {"error": {"kind": "odd"}}, {"calibration": {}}]
)
def test_a_damaged_config_is_refused(change):
    with pytest.raises(ValueError):
        Config.from_dict({**Config(ERROR).to_dict(), **change})
    with pytest.raises(ValueError, match="not a config"):
        Config.from_dict({})


SEEN = {"kind": "weight", "elements": 4, "reads": 1, "lo": -1.0, "hi": 2.0}


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("kind", ("bias", None)),
        ("elements", (-1, 1.5, "4", None, True)),
        ("reads", (-1, 1.5, None)),
        ("lo", (3.0, float("nan"), float("-inf"), "0", None, 10**400, -1e300)),
        ("hi", (float("nan"), float("inf"), None, True, 1e300)),  # beyond float32
        ("network_input", (0, 1, None, "True")),
        ("colour", ("red",)),
    ],
)
def test_what_a_file_says_of_a_tensor_is_checked(field, values):
    written = {"tensors": {"a": SEEN}, "identity": None, "input_range": 1.0}
    assert Calibration.from_dict(written).tensors["a"].bounds == (-1.0, 2.0)
    for value in values:
        with pytest.raises(ValueError, match=rf"^not a calibration: .*{field}") as caught:
            Calibration.from_dict({**written, "tensors": {"a": SEEN | {field: value}}})
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"input_range": 0},
        {"input_range": 1.5},
        {"input_range": "1"},
        {"identity": 3},
        {"tensors": 3},
        {"tensors": {"a": 3}},
        {"tensors": {"a": {}}},
    ],
)
def test_a_damaged_calibration_is_refused(change):
    with pytest.raises(ValueError, match=r"^not a calibration: "):
        Calibration.from_dict({"tensors": {"a": SEEN}, "identity": None, **change})


def test_a_function_cannot_be_written():
    with pytest.raises(ValueError, match="include: a function"):
        Config(ERROR, include=lambda name, module: True).to_dict()


def test_identity_is_the_modules_not_the_operating_points():
    config = Config(ERROR, cells="fixed", seed=3)
    entry = SimpleNamespace(partition="bank0", address=0, row_bytes=8192)
    assert identity_of(config) == identity_of(config.with_(error=ERROR.with_ber(1e-5)))
    others = [
        identity_of(config),
        identity_of(config.with_(seed=4)),
        identity_of(config.with_(error=errors.DataDependent(1e-3, 0.5, 0.2))),
        identity_of(config, {"fc.weight": entry}),
        identity_of(config, {"fc.weight": SimpleNamespace(**{**vars(entry), "address": 64})}),
    ]
    assert len(set(others)) == len(others)


@pytest.mark.parametrize("name", ["weights", "inputs"])
def test_what_to_store_is_true_or_false(name):
    with pytest.raises(TypeError, match=f"{name} is 'no', accepted: True, False"):
        Config(error=errors.Uniform(weak_fraction=0.1), **{name: "no"})


@pytest.mark.parametrize("name", ["include", "exclude"])
@pytest.mark.parametrize("given", [3, [3], (None,), {}, {"a": "b"}])
def test_a_pattern_is_a_name_or_a_function(name, given):
    with pytest.raises(TypeError, match=f"{name} is .*, accepted: a name, a glob"):
        Config(error=errors.Uniform(weak_fraction=0.1), **{name: given})
