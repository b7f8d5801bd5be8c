import copy
import json
import os
import pickle

import pytest

from eden import devices, errors

LINES = 2**25  # of 64 bytes: the 2 GiB that the voltage study tested


def pickled(value):
    """The value by way of each protocol of pickle."""
    return [pickle.loads(pickle.dumps(value, p)) for p in range(pickle.HIGHEST_PROTOCOL + 1)]


@pytest.fixture(scope="module", params=["ddr3l-1600-b10", "ddr3l-1600-a1"])
def device(request):
    return devices.load(request.param)


@pytest.fixture(scope="module")
def b10():
    return devices.load("ddr3l-1600-b10")


@pytest.fixture(scope="module")
def a1():
    return devices.load("ddr3l-1600-a1")


def test_geometry_is_a_rank_of_eight_x8_chips_of_2_gb(device):
    g = device.geometry
    assert (g.chips, g.chip_width_bits, g.banks, g.row_bytes) == (8, 8, 8, 8192)
    assert g.size_bytes == 8 * 2**31 // 8
    assert [p.name for p in device.partitions] == [f"bank{i}" for i in range(8)]
    assert [p.base for p in device.partitions] == [i * 2**28 for i in range(8)]
    assert all(p.size_bytes == 2**28 and p.row_bytes == 8192 for p in device.partitions)
    assert len(device.subarrays) == 512
    assert sum(p.size_bytes for p in device.subarrays) == g.size_bytes
    assert device.granularity == {"vdd": "module", "trcd": "bank", "trp": "bank"}


def test_currents_are_the_surveys_and_marked_assumed(device):
    c = device.currents
    assert (c.vdd_volts, c.assumed) == (1.35, True)
    # Nanya NT5CB512M 8GN-DI: 70, 43, 55, 155, 145, 190 mA
    milliamperes = [c.idd0_amperes, c.idd2n_amperes, c.idd3n_amperes]
    milliamperes += [c.idd4r_amperes, c.idd4w_amperes, c.idd5_amperes]
    assert milliamperes == pytest.approx([0.070, 0.043, 0.055, 0.155, 0.145, 0.190])


@pytest.mark.parametrize(
    ("vdd", "failing", "ber"),
    [(1.10, 43, 2.5e-9), (1.075, 10075, 5.9e-7), (1.05, 10724361, 7.5e-4)],
)
def test_b10_at_its_measured_voltages(b10, vdd, failing, ber):
    point = b10.at(vdd_volts=vdd)
    fraction = failing / LINES
    assert (point.quality, point.censored) == ("measured", False)
    assert (point.trcd_seconds, point.trp_seconds) == (1e-8, 1e-8)
    assert point.ber == pytest.approx(ber, rel=0.01)
    assert point.ber == pytest.approx(1 - (1 - fraction) ** (1 / 512), rel=1e-4)
    assert point.ber_low == pytest.approx(fraction / 512)
    assert point.ber_high == pytest.approx(fraction)
    assert point.reduction == pytest.approx(1 - vdd / 1.35)
    assert point.error == errors.Uniform(weak_fraction=point.ber)
    assert [point.estimate(which) for which in ("low", "mean", "high")] == [
        point.ber_low,
        point.ber,
        point.ber_high,
    ]


def test_nominal_is_free_of_errors_and_the_same_voltage_at_10_ns_is_censored(device):
    nominal = device.at()
    assert nominal == device.at(vdd_volts=1.35) == device.nominal == device.points[0]
    assert (nominal.quality, nominal.ber, nominal.ber_high) == ("nominal", 0, 0)
    assert nominal.trcd_seconds == nominal.trp_seconds == 13.75e-9
    fast = device.at(1.35, 10e-9, 10e-9)
    assert fast == device.at(trcd_seconds=10e-9)
    assert (fast.quality, fast.censored, fast.ber_low) == ("measured", True, 0)
    assert fast.ber == fast.ber_high == 1 / 2**34
    assert fast.trcd_reduction == pytest.approx(3.75 / 13.75)


def test_a1_stands_on_row_failures_at_its_lowest_voltage(a1):
    point = a1.at(vdd_volts=1.075)
    assert point.quality == "estimated"
    ber = [p.at(point).ber_high for p in a1.partitions]
    # Row-failure probability by bank, read off the map: 0.011 0 0.239 0 0 0.012 0.041 0.331
    assert ber[2] == pytest.approx(0.2385, rel=2e-3)
    assert ber[7] == pytest.approx(0.3313, rel=2e-3)
    # No row of these failed on the map; but at 1.10 V lines of them did, and so they do here.
    milder = a1.at(vdd_volts=1.1)
    for i in (1, 3, 4):
        assert ber[i] == a1.partitions[i].at(milder).ber_high > 1e-4
    clean = [1e-4 if i in (1, 3, 4) else rate for i, rate in enumerate(ber)]
    assert sum(clean) / 8 == pytest.approx(point.ber_high, rel=1e-3)


def test_banks_share_the_lines_out(b10):
    point = b10.at(vdd_volts=1.05)
    # Row-failure probability by bank, read off the map, relative to its mean 0.1193.
    rows = [0.1599, 0.0807, 0.1340, 0.0479, 0.1518, 0.2363, 0.0780, 0.0655]
    for partition, probability in zip(b10.partitions, rows, strict=True):
        share = point.ber_high * probability / 0.11926
        assert partition.at(point).ber_high == pytest.approx(share, rel=5e-3)
        assert partition.at(point).ber == pytest.approx(1 - (1 - share) ** (1 / 512), rel=5e-3)


def test_a_map_without_failures_is_shared_equally(b10):
    point = b10.at(vdd_volts=1.10)
    assert {p.at(point).ber for p in b10.partitions} == {point.ber}


def test_subarrays_average_to_their_bank(b10, a1):
    for device, volts in ((b10, 1.05), (b10, 1.075), (a1, 1.1)):
        point = device.at(volts)
        of_bank = [s.at(point).ber_high for s in device.subarrays if s.bank == 5]
        # A subarray whose share is above 1 is capped there; the mean stays below its bank's then.
        assert sum(of_bank) / 64 <= device.partitions[5].at(point).ber_high * (1 + 1e-3)
        assert max(of_bank) > 10 * min(of_bank) or volts > 1.05
    # Where A1's map at 1.075 V shows nothing, lines failed at 1.10 V: those are added.
    low, mild = a1.at(1.075), a1.at(1.1)
    of_bank = [s.at(low).ber_high for s in a1.subarrays if s.bank == 5]
    bank = a1.partitions[5]
    assert sum(of_bank) / 64 <= bank.at(low).ber_high + bank.at(mild).ber_high
    assert max(of_bank) > 10 * min(of_bank)


def test_rates_keep_their_order(device):
    points = [*device.points, device.at(vdd_volts=1.0875), device.at(vdd_volts=1.11)]
    for point in points:
        for rates in (point, *(p.at(point) for p in device.partitions)):
            assert 0 <= rates.ber_low <= rates.ber <= rates.ber_high <= 1


def test_between_points_is_marked(b10):
    point = b10.at(vdd_volts=1.06)
    assert (point.quality, point.censored) == ("interpolated", False)
    assert b10.at(vdd_volts=1.075).ber < point.ber < b10.at(vdd_volts=1.05).ber
    assert b10.at(vdd_volts=1.11).censored


@pytest.mark.parametrize("name", ["vdd_volts", "trcd_seconds", "trp_seconds"])
def test_a_setting_is_a_number(b10, name):
    with pytest.raises(TypeError, match=f"{name} is 'a', accepted: a number"):
        b10.at(**{name: "a"})


@pytest.mark.parametrize(
    "settings",
    [
        {"vdd_volts": 1.0},
        {"vdd_volts": 1.36},
        {"vdd_volts": float("nan")},
        {"vdd_volts": 1.2, "trcd_seconds": 13.75e-9},
        {"trcd_seconds": 7.5e-9},
        {"trp_seconds": 10e-9, "trcd_seconds": 13.75e-9},
    ],
)
def test_outside_the_measurements_is_refused_with_their_range(b10, settings):
    with pytest.raises(ValueError, match=r"outside the measurements of ddr3l-1600-b10") as caught:
        b10.at(**settings)
    assert "measured: 1.05 V to 1.35 V at tRCD 10 ns, tRP 10 ns" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_points_of_another_device_are_refused(b10, a1):
    words = "operating point is 'ddr3l-1600-a1', accepted: ddr3l-1600-b10"
    with pytest.raises(ValueError, match=words):
        b10.partitions[0].at(a1.at())


def test_addresses_go_there_and_back(device):
    g = device.geometry
    assert device.locate(64) == (1, 0, 0)
    assert device.locate(64, order="banks") == (0, 0, 64)
    for order in ("lines", "banks"):
        for address in (0, 63, 64, 511, 512, 2**28 + 12345, g.size_bytes - 1):
            assert device.address_of(*device.locate(address, order=order), order=order) == address
    with pytest.raises(ValueError, match=r"address is 2147483648, accepted: 0 to 2147483647"):
        device.locate(g.size_bytes)
    with pytest.raises(ValueError, match="order is 'rows', accepted: lines, banks"):
        device.locate(0, order="rows")


def test_every_number_has_a_source(device):
    description = json.loads(device.to_json())
    sources = description["sources"]

    def numbers(value, path):
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from numbers(inner, f"{path}.{key}" if path else key)
        elif isinstance(value, list) and path == "points":
            for i, inner in enumerate(value):
                yield from numbers(inner, f"{path}[{i}]")
        elif not isinstance(value, str):
            yield path

    for section in ("geometry", "timing", "currents", "nominal", "points"):
        for path in numbers(description[section], section):
            # The field itself, or the section it stands in.
            assert path in sources or path.split("[")[0].split(".")[0] in sources, path
    for i, point in enumerate(description["points"]):
        assert "of 2^25" in sources[f"points[{i}].line_fraction"] or point["estimated"]


def test_devices_survive_copies_files_and_pickles(device, tmp_path):
    path = tmp_path / "module.json"
    path.write_text(device.to_json())
    for other in (devices.load(path), copy.deepcopy(device), *pickled(device)):
        assert other == device
        assert other.points == device.points


def test_unknown_devices_and_bad_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"device is 'ddr9', accepted: ddr3-1600, ddr3-1600-l"):
        devices.load("ddr9")
    with pytest.raises(ValueError, match=r"none\.json cannot be read"):
        devices.load(tmp_path / "none.json")
    bad = tmp_path / "bad.json"
    bad.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"bad\.json cannot be read"):
        devices.load(bad)
    bad.write_text("{")
    with pytest.raises(
        ValueError, match=r"bad\.json: device description: the text is not valid JSON"
    ):
        devices.load(bad)
    description = json.loads(devices.load("ddr3l-1600-b10").to_json())
    description["timing"]["tras_seconds"] = -1
    bad.write_text(json.dumps(description))
    with pytest.raises(
        ValueError, match=r"timing.tras_seconds is -1, accepted: a number from 1e-10"
    ):
        devices.load(bad)


def test_a_number_beyond_any_float_is_refused():
    with pytest.raises(ValueError, match=r"^device description: .*'1e400', accepted: numbers"):
        devices.from_json('{"name": 1e400}')


@pytest.mark.parametrize("brackets", ["[]", ('{"a":', "}")], ids=["arrays", "objects"])
@pytest.mark.parametrize("field", [None, "sources", "points"])
def test_what_nests_without_end_is_refused_in_one_line(b10, tmp_path, brackets, field):
    nested = brackets[0] * 200_000 + "1" + brackets[1] * 200_000
    if field is not None:
        description = json.loads(b10.to_json()) | {field: "@"}
        nested = json.dumps(description).replace('"@"', f'{{"x": {nested}}}')
    path = tmp_path / "deep.json"
    path.write_text(nested)
    with pytest.raises(ValueError, match=r"depth of the text is 33, accepted: at most 32$"):
        devices.load(path)


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ('"name": "ddr3l-1600-b10"', "name"),
        ('"chips": 8', "chips"),
        ('"idd5_amperes": 0.19', "idd5_amperes"),
        ('"line_fraction": 0', "line_fraction"),
        ('"first_row": 0', "first_row"),
        ('"nominal": ', "nominal"),  # of the sources
    ],
)
def test_a_field_given_twice_is_refused_by_name(b10, field, name):
    text = json.dumps(json.loads(b10.to_json()))
    at = text.rindex(field) if field.endswith(" ") else text.index(field)
    again = field + '"x"' if field.endswith(" ") else field
    with pytest.raises(
        ValueError, match=f"field {name} is there twice in one object, accepted: eac"
    ):
        devices.from_json(text[:at] + again + ", " + text[at:])


def test_text_around_the_description(b10):
    text = b10.to_json()
    assert devices.from_json("\ufeff" + text + "\n") == b10
    for bad in ("", "\ufeff", text + "x", text.replace("1.35", "NaN", 1), "\0"):
        with pytest.raises(
            ValueError, match=r"^device description: the text is not valid JSON at byte \d+, "
        ):
            devices.from_json(bad)


@pytest.mark.parametrize(
    ("section", "change"),
    [
        ("geometry", {"chips": 1}),
        ("geometry", {"chips": 3}),
        ("geometry", {"chip_width_bits": 4}),
        ("geometry", {"chip_width_bits": 16}),
        ("geometry", {"line_bytes": 32}),
        ("geometry", {"line_bytes": 128}),
        ("timing", {"burst_clocks": 2}),
        ("timing", {"burst_clocks": 8}),
    ],
)
def test_a_burst_moves_one_line(b10, section, change):
    description = json.loads(b10.to_json())
    description[section] |= change
    with pytest.raises(ValueError, match=r"a burst is \d+ bits \(\d+ chips x \d+ bits x 2 tran"):
        devices.from_json(json.dumps(description))


@pytest.mark.parametrize("width", [4, 8, 16, 32])
def test_ranks_of_wide_and_narrow_chips(b10, width):
    description = json.loads(b10.to_json())
    description["geometry"] |= {"chip_width_bits": width, "chips": 64 // width}
    assert devices.from_json(json.dumps(description)).geometry.chips == 64 // width


def test_several_timings_at_a_voltage_ask_for_one(b10):
    description = json.loads(b10.to_json())
    slower = [dict(p, trcd_seconds=1.2e-8) for p in description["points"]]
    for points in (description["points"] + slower, slower + description["points"]):
        device = devices.from_json(json.dumps(description | {"points": points}))
        for volts in (1.05, 1.1, 1.06):
            with pytest.raises(ValueError, match=r"number of timings of .*, accepted: trcd_") as no:
                device.at(volts)
            assert "tRCD 10 ns, tRP 10 ns" in str(no.value)
            assert "tRCD 12 ns, tRP 10 ns" in str(no.value)
            assert device.at(volts, 1.2e-8).trcd_seconds == 1.2e-8
            assert device.at(volts, 1e-8) == b10.at(volts)
        assert device.at() == device.nominal == b10.nominal
        # Every known point is found by its settings, and knows its rates.
        for point in device.points:
            assert device.at(point.vdd_volts, point.trcd_seconds, point.trp_seconds) == point
            assert device.partitions[0].at(point).ber_high <= 1


def test_parts_survive_copies_and_pickles(device):
    native = device.native
    point = native.at(1.1, None, None)
    parts = [
        *(device.geometry, device.timing, device.currents, device.nominal, device.at(1.1)),
        *(native.partitions[2], point, native.module_ber(point)),
        *(device.partitions[3], device.subarrays[77], device.partitions[3].at(device.at(1.1))),
    ]
    for part in parts:
        for other in (copy.copy(part), copy.deepcopy(part), *pickled(part)):
            assert other == part and type(other) is type(part)
            assert hash(other) == hash(part)
    assert native.partitions[2] != native.partitions[3]
    assert point != native.at(1.1, 1e-8, None) or device.name
    for partition in (device.partitions[3], device.subarrays[77]):
        *_, other = pickled(partition)
        assert other.at(device.at(1.1)) == partition.at(device.at(1.1))
    assert all(other.to_json() == device.to_json() for other in pickled(native))


def test_geometries_are_checked_by_hand_too():
    fields = {
        "chips": 8,
        "chip_width_bits": 8,
        "banks": 8,
        "rows_per_bank": 32768,
        "rows_per_subarray": 512,
        "row_bytes": 8192,
        "line_bytes": 64,
    }
    geometry = type(devices.load("ddr3l-1600-b10").geometry)
    assert geometry(**fields) == devices.load("ddr3l-1600-b10").geometry
    for name in fields:
        for value in (0, -1, -(2**63), 2**62):
            with pytest.raises(ValueError, match=rf"^Geometry: {name} is {value}, accepted: "):
                geometry(**{**fields, name: value})


def test_what_belongs_to_another_device_is_refused(a1, b10):
    fewer = json.loads(b10.to_json())
    fewer["points"] = fewer["points"][:1]
    fewer["geometry"] |= {"banks": 4}
    del fewer["partitions"], fewer["points"][0]["weights"]
    small = devices.from_json(json.dumps(fewer)).native
    with pytest.raises(
        ValueError, match="point is one of another device, accepted: those of ddr3l-1600-b10"
    ):
        small.module_ber(b10.native.at(1.1, None, None))
    with pytest.raises(
        ValueError, match="partition is one of another device, accepted: those of ddr3l-1600-b10"
    ):
        small.partition_ber(small.at(1.05, None, None), b10.native.partitions[7])


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(ValueError, match=r"pipe.json cannot be read: not a file"):
        devices.load(tmp_path / "pipe.json")
