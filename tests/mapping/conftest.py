"""Devices that tensors are placed on."""

import json

import pytest

from eden import devices


@pytest.fixture(scope="package")
def b10():
    return devices.load("ddr3l-1600-b10")


@pytest.fixture(scope="package")
def two_knobs(b10):
    """Three banks whose voltage is their own: the points differ in joules within one problem."""
    description = json.loads(b10.to_json())
    description["granularity"]["vdd"] = "bank"
    description["geometry"]["banks"] = 3
    del description["partitions"]
    for point in description["points"]:
        if "weights" in point:
            point["weights"] = [[9.0], [3.0], [0.01]]
    return devices.from_json(json.dumps(description))
