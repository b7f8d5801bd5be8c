"""Operating points along every axis: temperature, longer refresh, and what a placement uses."""

import json
from types import SimpleNamespace

import pytest

from eden import Config, devices, energy, errors, place
from eden.mapping import Placement


@pytest.fixture(scope="module")
def a1():
    return devices.load("ddr3l-1600-a1")


def small_tolerances(ber=1e-2):
    tensor = SimpleNamespace(
        name="fc.weight", kind="weight", elements=4096, size_bytes=4096, reads=1, tolerance=ber
    )
    config = Config(error=errors.Uniform(1e-3))
    return SimpleNamespace(config=config, coarse_ber=ber, tensors=(tensor,))


def test_longer_refresh_is_a_source_of_errors_of_its_own(a1):
    point = a1.at(refresh_seconds=2.048)
    # 71.35 of 2^34 cells, mean of 40 rounds at 70 degrees Celsius.
    assert point.ber == point.retention_ber == pytest.approx(71.35 / 2**34, rel=1e-3)
    assert point.ber_low < point.ber < point.ber_high
    assert (point.quality, point.temperature_celsius) == ("measured", 70)
    assert point.refresh_stretch == pytest.approx(32)
    assert a1.at(refresh_seconds=2.048, temperature_celsius=20).ber < point.ber
    both = a1.at(1.175, refresh_seconds=2.048, temperature_celsius=70)
    alone = a1.at(1.175)
    assert both.quality == "interpolated"  # of retention by voltage
    assert both.ber == pytest.approx(1 - (1 - alone.ber) * (1 - both.retention_ber))
    for settings in (
        {"refresh_seconds": 4.0},
        {"refresh_seconds": 1.0, "temperature_celsius": 71},
        {"vdd_volts": 1.1, "refresh_seconds": 1.0},
    ):
        with pytest.raises(
            ValueError, match=r"outside the measurements .* 0.064 s to 2.048 s at 1"
        ):
            a1.at(**settings)
    with pytest.raises(ValueError, match=r"its retention was not measured; rated: 0\.064 s"):
        devices.load("ddr3l-1600-b10").at(refresh_seconds=0.64)


def test_ten_times_the_refresh_interval_is_no_device(a1):
    description = json.loads(a1.to_json())
    description["timing"]["trefi_seconds"] *= 10
    with pytest.raises(ValueError, match="longer intervals are operating points: retention"):
        devices.from_json(json.dumps(description))


def test_refresh_energy_falls_as_the_rate_rises(a1):
    def cost(point):
        moved = energy.Transfer(False, True, 0, 1 << 20, point)
        joules, _ = energy.stream(a1, [moved], ("linear",))
        return joules["linear"].refresh

    points = [a1.at(refresh_seconds=s) for s in (0.064, 0.512, 1.024, 2.048)]
    joules = [cost(point) for point in points]
    assert joules == sorted(joules, reverse=True)
    rates = [point.ber for point in points]
    assert rates == sorted(rates) and rates[-1] > rates[0] == 0
    # Half of the commands; the time that they take is a 49th of it, and then a 98th.
    assert joules[-1] / joules[-2] == pytest.approx(0.5, rel=1e-3)


def test_a_point_of_refresh_goes_there_and_back(a1):
    for point in a1.measured:
        again = a1.at(
            point.vdd_volts,
            point.trcd_seconds,
            point.trp_seconds,
            temperature_celsius=point.temperature_celsius,
            refresh_seconds=point.refresh_seconds,
        )
        assert again == point
    assert set(a1.points) < set(a1.measured)
    assert "refresh_seconds" not in a1.at(1.1).to_dict()
    assert a1.at(refresh_seconds=1.024).to_dict()["refresh_stretch"] == 16


def test_placement_uses_other_points_only_where_they_are_named(a1):
    tolerances = small_tolerances()
    usual = place(tolerances, a1)
    assert all(p in a1.points for p in usual.points.values())
    between = a1.at(1.0875)
    low, high = (a1.at(v) for v in (1.1, 1.075))
    assert (between.quality, between.ber_low, between.ber_high) == (
        "interpolated",
        low.ber_low,
        high.ber_high,
    )
    mild = small_tolerances(2e-5)
    assert place(mild, a1, method="coarse").vdd_volts == 1.1
    named = place(mild, a1, method="coarse", points=[between])
    assert named.vdd_volts == 1.0875 and named.points["module"] == between
    # Its range counts where the high end is asked for.
    harsh = place(mild, a1, method="coarse", estimate="high", points=[between])
    assert harsh.vdd_volts > 1.1
    both = a1.at(1.15, refresh_seconds=2.048, temperature_celsius=70)
    found = place(small_tolerances(1e-8), a1, method="coarse", points=[both])
    assert found.points["module"] == both
    assert Placement.from_json(found.to_json()) == found
    lied = json.loads(found.to_json())
    lied["points"]["module"]["refresh_stretch"] *= 10
    with pytest.raises(ValueError, match="refresh_stretch of point module is"):
        Placement.from_dict(lied)
    with pytest.raises(ValueError, match="device of one of points is 'ddr3l-1600-b10', accepted"):
        place(tolerances, a1, points=[devices.load("ddr3l-1600-b10").at(1.06)])


def test_weak_cells_nest_along_every_axis():
    # One strength a cell: a higher rate has all weak cells of a lower one, so rates must not cross.
    for name in devices.names():
        device = devices.load(name)
        parts = [*device.partitions[:2], *device.subarrays[:3]]
        for mild in device.measured[1:]:
            for harsh in device.measured[1:]:
                longer = mild.refresh_stretch != 1
                if longer != (harsh.refresh_stretch != 1):
                    continue
                heat = (mild.temperature_celsius or 0) - (harsh.temperature_celsius or 0)
                axes = (
                    harsh.vdd_volts <= mild.vdd_volts,
                    harsh.trcd_seconds <= mild.trcd_seconds,
                    harsh.trp_seconds <= mild.trp_seconds,
                    harsh.refresh_seconds >= mild.refresh_seconds,
                    heat <= 0 if longer else heat == 0,
                )
                if not all(axes) or (longer and harsh.vdd_volts != mild.vdd_volts):
                    continue
                for part in parts:
                    a, b = part.at(mild), part.at(harsh)
                    assert a.ber_low <= b.ber_low and a.ber <= b.ber and a.ber_high <= b.ber_high


def test_the_temperature_of_latency_modules():
    p1 = devices.load("ddr3-1600-latency-p1")
    hot, cold = p1.at(trcd_seconds=7.5e-9), p1.at(trcd_seconds=7.5e-9, temperature_celsius=20)
    assert (hot.temperature_celsius, cold.temperature_celsius) == (70, 20)
    assert hot.trp_seconds == 12.5e-9 and hot.quality == "measured"
    warm = p1.at(trcd_seconds=6e-9, temperature_celsius=60)
    assert warm.quality == "interpolated" and hot.ber < warm.ber
    with pytest.raises(ValueError, match=r"20 C to 70 C; nominal: 1\.5 V"):
        p1.at(trcd_seconds=7.5e-9, temperature_celsius=75)
    with pytest.raises(ValueError, match="outside the measurements"):
        p1.at(trcd_seconds=7.5e-9, trp_seconds=7.5e-9)
