"""The devices that come with eden: what each has measured, what it assumes, and where from."""

import json

import pytest

from eden import devices


@pytest.fixture(scope="module")
def library():
    return {name: devices.load(name) for name in devices.names()}


def test_names_say_standard_axis_and_module(library):
    axes = {name: set(device.axes) for name, device in library.items()}
    voltage = [n for n in library if n.startswith("ddr3l-1600-")]
    latency = [n for n in library if n.startswith("ddr3-1600-latency-")]
    retention = [n for n in library if "-retention-" in n]
    assert len(voltage) == 12 and len(latency) == 13 and len(retention) == 2
    assert all("vdd_volts" in axes[n] for n in voltage)
    assert all("trcd_seconds" in axes[n] and "vdd_volts" not in axes[n] for n in latency)
    assert all(axes[n] == {"refresh_seconds"} for n in retention)
    assert {library[n].vendor for n in (*voltage, *latency)} == {"A", "B", "C"}
    types = set(library) - {*voltage, *latency, *retention}
    assert types == {"ddr3-1600", "ddr4-2133", "ddr4-2400", "ddr4-3200", "lpddr3-1600",
                     "lpddr4-3200", "gddr5-6000", "hbm2"}  # fmt: skip
    for name in types:
        points = library[name].points[1:]
        assert points and {p.quality for p in points} == {"assumed"}
        assert any(text.startswith("error law: borrowed from") for text in library[name].assumed)


def test_borrowed_rates_lie_at_the_same_share_of_the_rating(library):
    lender, type_ = library["ddr3l-1600-b10"], library["ddr4-2400"]
    assert (type_.nominal.vdd_volts, type_.standard) == (1.2, "DDR4")
    assert type_.organisation == {"channels": 1, "ranks": 1, "bank_groups": 4}
    low = min(type_.points, key=lambda p: p.vdd_volts)
    assert low.vdd_volts == pytest.approx(1.05 / 1.35 * 1.2, rel=1e-3)
    assert low.trcd_seconds == pytest.approx(10 / 13.75 * 13.328e-9, rel=1e-3)
    assert low.ber == lender.at(1.05).ber


def test_every_section_has_a_source(library):
    for device in library.values():
        description = json.loads(device.to_json())
        assert devices.from_json(device.to_json()) == device
        for section in ("geometry", "timing", "currents", "nominal", "points", "retention"):
            if description.get(section):
                keys = description["sources"]
                assert any(k.split(".")[0].split("[")[0] == section for k in keys), device.name
        size = len(json.dumps(description))
        assert size < 100_000


def test_latency_modules_lie_as_far_apart_as_the_study_says(library):
    rates = {}
    for name, device in library.items():
        if "-latency-" in name:
            rates.setdefault(device.vendor, []).append(
                device.at(trcd_seconds=7.5e-9, temperature_celsius=20).ber
            )
    medians = {v: sorted(found)[len(found) // 2] for v, found in rates.items()}
    assert medians["C"] < 1e-4 < medians["A"] < 1e-2 < medians["B"]
    for device in library.values():
        if "-latency-" in device.name and device.name != "ddr3-1600-latency-y24":
            assert device.at(trcd_seconds=10e-9).censored
