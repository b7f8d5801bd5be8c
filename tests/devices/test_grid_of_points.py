"""Surfaces over measurements that leave gaps, and the limits of a part in which nothing failed."""

import itertools
import json
import random

import pytest

from eden import devices

VOLTS, TRCD, TRP = (1.0, 1.05, 1.1, 1.15), (8e-9, 9e-9, 10e-9, 11e-9), (8e-9, 10e-9)
NAMES = ("vdd_volts", "trcd_seconds", "trp_seconds")


def of_points(points):
    """A device with these points: (volts, tRCD, tRP, share of bits, cells tested)."""
    description = json.loads(devices.load("ddr3l-1600-b10").to_json())
    names = (*NAMES, "bit_fraction", "cells_tested")
    description |= {"name": "user", "sources": {}}
    description["points"] = [dict(zip(names, point, strict=True)) for point in points]
    return devices.from_json(json.dumps(description))


def between(values):
    """The values and what lies between them."""
    return [*values, *(low + 0.3 * (high - low) for low, high in itertools.pairwise(values))]


@pytest.mark.parametrize("seed", range(4))
def test_no_rate_falls_on_the_way_to_a_harsher_setting(seed):
    draw = random.Random(seed)
    settings = list(itertools.product(VOLTS, TRCD, TRP))
    points = [
        (*at, draw.choice((0, 1)) * 10 ** draw.uniform(-9, -2), 10 ** draw.randint(6, 12))
        for at in draw.sample(settings, draw.randint(20, 31))
    ]
    device, known = of_points(points), {}
    for at in itertools.product(between(VOLTS), between(TRCD), between(TRP)):
        try:
            known[at] = device.at(*at)
        except ValueError as error:
            assert "outside the measurements" in str(error)
    assert any(point.quality == "interpolated" for point in known.values())
    for (harsh, more), (mild, less) in itertools.permutations(known.items(), 2):
        if all(a <= b for a, b in zip(harsh, mild, strict=True)):
            for name in ("ber_low", "ber", "ber_high"):
                assert getattr(more, name) >= getattr(less, name) * (1 - 1e-9), (harsh, mild)


def test_between_points_that_lack_a_corner_nothing_is_known():
    corners = list(itertools.product((1.0, 1.1), (8e-9, 10e-9)))
    full = [(v, t, 1e-8, 1e-4 * (2 - v) / (1e9 * t), 10**9) for v, t in corners]
    assert of_points(full).at(1.05, 9e-9, 1e-8).quality == "interpolated"
    gap = of_points(full[:-1])
    assert gap.at(1.0, 9e-9, 1e-8).quality == "interpolated"
    with pytest.raises(ValueError, match="outside the measurements"):
        gap.at(1.05, 9e-9, 1e-8)


def test_what_a_zero_says_of_a_part_is_of_the_parts_own_cells():
    tested = 2.0**34
    clean = (1.2, 1e-8, 1e-8, 0, tested)
    device = of_points([clean, (1.1, 1e-8, 1e-8, 1e-6, tested)])
    point = device.at(1.2)
    assert point.ber == point.ber_high == 1 / tested
    for part, cells in ((device.partitions[0], tested / 8), (device.subarrays[0], tested / 512)):
        rates = part.at(point)
        assert (rates.ber_low, rates.ber, rates.ber_high) == (0, 1 / cells, 1 / cells)
    # No more than what is known of a harsher setting.
    few = of_points([(1.2, 1e-8, 1e-8, 0, 1000.0), (1.1, 1e-8, 1e-8, 1e-6, tested)])
    assert few.partitions[0].at(few.at(1.2)).ber == 1e-6
