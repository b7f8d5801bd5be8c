"""Energy that depends on the data, where a memory gives slopes."""

import json
from pathlib import Path

import pytest

import eden.dram
from eden.cli import main
from eden.dram import Data, Memory, trace_energy

TEXT = (Path(eden.dram.__file__).parent / "memories" / "ddr3l-1600.json").read_text()
SLOPES = {
    "read_ones_mA": -20,
    "read_toggles_mA": 30,
    "write_ones_mA": 10,
    "write_toggles_mA": 0,
    "ones": 0.5,
    "toggles": 0.5,
}
MEMORY = Memory(json.dumps({**json.loads(TEXT), "data": SLOPES}))


@pytest.fixture
def commands(tmp_path):
    path = tmp_path / "commands.txt"
    path.write_text("0 ACT 0 1\n11 RD 0 1\n15 RD 0 1\n40 WR 0 1\n80 PRE 0\n")
    return path


def test_joules_by_hand(commands):
    plain = trace_energy(MEMORY, commands)
    found = trace_energy(MEMORY, commands, data=Data(ones=0.25, toggles=0.75))
    # 8 chips at 1.35 V, bursts of 5 ns: 2 reads of -20 x -0.25 + 30 x 0.25 mA, a write of -2.5 mA.
    assert found.data_joules["read"] == pytest.approx(2 * 8 * 1.35 * 5e-9 * 12.5e-3)
    assert found.data_joules["write"] == pytest.approx(8 * 1.35 * 5e-9 * -2.5e-3)
    assert found.total == pytest.approx(plain.total + sum(found.data_joules.values()))
    assert plain.data_joules == {}
    same = trace_energy(MEMORY, commands, data=Data(0.5, 0.5))
    assert same.total == pytest.approx(plain.total)


@pytest.mark.parametrize(
    ("law", "laws", "factor"),
    [
        ("linear", None, 0.8),
        ("cv2", None, 0.64),
        ("array", None, 1),
        ("array", {"column": (0.5, 1)}, 0.9),
    ],
)
def test_it_follows_the_voltage_as_reads_do(commands, law, laws, factor):
    data = Data(1, 1)
    rated = trace_energy(MEMORY, commands, data=data)
    low = trace_energy(MEMORY, commands, data=data, vdd_volts=0.8 * 1.35, law=law, laws=laws)
    assert low.data_joules["read"] == pytest.approx(factor * rated.data_joules["read"])


def test_shares_are_given_to_verbs_too(commands, tmp_path, capsys):
    memory, out = tmp_path / "memory.json", tmp_path / "out.json"
    memory.write_text(json.dumps({**json.loads(TEXT), "data": SLOPES}))
    asked = ["dram", "energy", "--commands", str(commands), "--json", str(out)]
    shares = ["--ones", "0.25", "--toggles", "0.75"]
    assert main([*asked, "--device", str(memory), *shares]) == 0
    assert "data, read" in capsys.readouterr().out
    expected = trace_energy(MEMORY, commands, data=Data(ones=0.25, toggles=0.75))
    assert json.loads(out.read_text())["total"] == expected.total
    trace = tmp_path / "requests.txt"
    trace.write_text("0 R 0\n9 W 40\n")
    simulate = ["dram", "simulate", "--device", str(memory), "--trace", str(trace)]
    assert main([*simulate, *shares]) == 0
    assert "data, write" in capsys.readouterr().out
    for device, given, said in (
        (memory, ["--ones", "0.5"], "--ones and --toggles go together"),
        (memory, ["--ones", "1.5", "--toggles", "0"], "ones is 1.5"),
        ("ddr3l-1600", shares, "does not say how its currents depend on the data"),
    ):
        assert main([*asked, "--device", str(device), *given]) == 2
        error = capsys.readouterr().err
        assert said in error and error.count("\n") == 1


def test_without_slopes_there_is_none(commands):
    assert trace_energy(Memory(TEXT), commands, data=Data(1, 1)).data_joules == {}


def test_ones_and_toggles_of_content():
    assert Data.of(b"\xff\x00\xff\x00", 1) == Data(0.5, 1)
    assert Data.of(b"\xff\x00\xff\x00", 2) == Data(0.5, 0)
    assert Data.of(b"\x01\x00", 1) == Data(1 / 16, 1 / 8)
    with pytest.raises(ValueError, match="content of 3 bytes, accepted: beats of 2"):
        Data.of(b"abc", 2)


@pytest.mark.parametrize("bad", [{"ones": 2}, {"read_ones_mA": "x"}, {"more": 1}])
def test_slopes_that_are_none_are_refused(bad):
    with pytest.raises((ValueError, TypeError), match="data") as no:
        Memory(json.dumps({**json.loads(TEXT), "data": {**SLOPES, **bad}}))
    assert "\n" not in str(no.value)
    with pytest.raises(ValueError, match="ones"):
        Data(2, 0)
