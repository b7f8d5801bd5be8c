"""Placements in files: read as written, and refused where the device contradicts them."""

import json

import pytest
from _placing import tensor, tolerances

import eden
from eden import mapping
from eden.mapping import Placement


def test_a_placement_survives_its_file(b10, tmp_path):
    network = tolerances(tensor("a.weight", 1000, 1e-6), tensor("a.input", 10, 1e-2, kind="input"))
    for method in mapping.METHODS:
        placement = mapping.place(network, b10, method=method)
        text = placement.to_json()
        assert Placement.from_json(text) == placement
        data = json.loads(text)
        assert data["tensors"]["a.weight"]["why"]
        assert data["vdd_volts"] == placement.vdd_volts
        assert "name" not in data["tensors"]["a.weight"]
    for broken in ("{", "{}", "[]", json.dumps({**data, "points": {"bank0": {}}})):
        with pytest.raises(ValueError, match="placement"):
            Placement.from_json(broken)


@pytest.fixture(scope="module")
def written(b10):
    """A placement as its file holds it."""
    given = tolerances(tensor("a", 1000, 1e-4), tensor("b", 3000, 1e-4, kind="input"))
    return eden.place(given, b10).to_dict()


WRONG = {  # path in the file -> values, and what the refusal names
    "method": (["best", None, 3], "method"),
    "estimate": (["median", None], "estimate"),
    "law": (["cubic", None], "law"),
    "energy_joules": ([-1, "1", None, float("nan"), True], "energy_joules"),
    "bound_joules": ([-1, float("inf")], "bound_joules"),
    "verdict_volts": ([{}, None, {"low": 1.1}], "verdict_volts"),
    "verdict_volts.mean": (["1.1", -1, True], "verdict_volts of mean"),
    "rejected": ([3, [3], [{}], {}, "", [{"vdd_volts": 1.1, "why": None}]], ""),
    "vdd_volts": ([-1, 1.35, None, "x", 10**400], "vdd_volts"),
    "gap": ([-1, 0.5, None, "x", 10**400], "gap"),
    "tensors": ([{}, 3, []], ""),
    "tensors.a.kind": (["bias", None], "kind of a"),
    "tensors.a.elements": ([0, 999, 1.5, True, "1000"], "of a"),
    "tensors.a.size_bytes": ([0, 999, 2**70], "size_bytes of a"),
    "tensors.a.reads": ([-1, "2", float("nan"), None], "reads of a"),
    "tensors.a.tolerance": ([1.5, -1, None], "tolerance of a"),
    "tensors.a.partition": (["bank99", "module", "bank7", None, 3], "partition of a"),
    "tensors.a.address": ([-64, 2**40, 1.5, None], "address of a"),
    "tensors.a.row_bytes": ([64, "8192", None], "row_bytes of a"),
    "tensors.a.ber": ([0.3, -1, float("nan"), None], "ber of a"),
    "tensors.a.why": ([3, None], "why of a"),
    "tensors.a.colour": (["red"], "colour"),
    "points": ([{}, 3, {"bank99": {}}], ""),
    "partition_bers": ([{"bank99": 0.1}, {"bank0": 2}, 3], ""),
    "config": ([3, {}, []], "not a config"),
    "device": ([3, {}, "ddr3l-1600-b10"], ""),
    "colour": (["red"], "colour"),
}


def changed(value, path, new):
    value = json.loads(json.dumps(value))
    *folders, last = path.split(".")
    part = value
    for key in folders:
        part = part[key]
    part[last] = new
    return value


@pytest.mark.parametrize("path", WRONG)
def test_a_placement_from_a_file_is_checked(written, path):
    Placement.from_dict(written)
    values, named = WRONG[path]
    for value in values:
        with pytest.raises(ValueError, match=f"^not a placement: .*{named}") as caught:
            Placement.from_dict(changed(written, path, value))
        assert "\n" not in str(caught.value)


def test_places_in_a_file_neither_overlap_nor_contradict_the_device(b10, written):
    bank = written["tensors"]["a"]["partition"]
    assert bank == written["tensors"]["b"]["partition"]
    start = min(entry["address"] for entry in written["tensors"].values())
    for name, other in ("ab", "ba"):
        wrong = changed(written, f"tensors.{name}.address", start + 512)
        with pytest.raises(ValueError, match=rf"(a and b|b and a) overlap in {bank}$"):
            Placement.from_dict(changed(wrong, f"tensors.{other}.address", start))
    for key, value in (
        ("ber", 0.5),
        ("ber", 10**400),
        ("ber_high", 0),
        ("quality", "interpolated"),
        ("device", "x"),
    ):
        with pytest.raises(ValueError, match=f"{key} of point {bank}"):
            Placement.from_dict(changed(written, f"points.{bank}.{key}", value))
    for value in (0.5, 10**400):
        with pytest.raises(ValueError, match=f"^not a placement: partition_bers of {bank} is"):
            Placement.from_dict(changed(written, f"partition_bers.{bank}", value))
    with pytest.raises(ValueError, match=f"^not a placement: partition_bers: .*{bank}"):
        Placement.from_dict(written | {"partition_bers": {}})


@pytest.mark.parametrize("method", mapping.METHODS)
@pytest.mark.parametrize("level", ["bank", "subarray"])
def test_every_placement_is_accepted_from_its_file(b10, method, level):
    given = tolerances(tensor("a", 1000, 1e-4), tensor("b", 3000, 1e-4, kind="input"))
    placed = eden.place(given, b10, method=method, level=level)
    assert Placement.from_json(placed.to_json()) == placed
