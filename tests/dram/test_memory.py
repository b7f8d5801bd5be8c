import copy
import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import eden.dram
from eden.dram import Data, Memory, check_commands, load_memory, memory_names, simulate

SHIPPED = Path(eden.dram.__file__).parent / "memories"

MAPS = ("RoBaRaCoCh", "ChRaBaRoCo", "MOP4CLXOR", "co ro ba bg ra ch; bg ba ^= ro")


@pytest.mark.parametrize("name", memory_names())
def test_the_memories_that_come_with_eden_load(name):
    memory = load_memory(name)
    assert memory.name == name
    assert memory.clocks["tRC"] >= memory.clocks["tRAS"] + memory.clocks["tRP"]


@pytest.mark.parametrize("name", memory_names())
@given(share=st.floats(0, 1, exclude_max=True), map=st.sampled_from(MAPS))
def test_an_address_has_one_place(name, share, map):
    memory = load_memory(name)
    address = int(share * memory.size_bytes) // memory.request_bytes * memory.request_bytes
    assert memory.address(memory.place(address, map=map), map=map) == address


def test_another_trcd_is_another_memory(memory):
    lower = memory.with_trcd(4)
    assert (lower.clocks["tRCD"], lower.clocks["tRCDW"], lower.clocks["tRAS"]) == (4, 2, 20)
    assert memory.clocks["tRCD"] == 6
    with pytest.raises(ValueError, match="trcd is 0"):
        memory.with_trcd(0)
    beside = lower.with_channels(2).with_clocks({"tRP": 6})
    assert (beside.clocks["tRCD"], beside.clocks["tRCDW"], beside.clocks["tRP"]) == (4, 2, 6)


def test_bad_descriptions_are_refused_in_one_line(described, tmp_path):
    for change, said in (
        ({"standard": "DDR9"}, "standard is 'DDR9', accepted: DDR3, DDR4"),
        ({"rows": 1}, "field rows is unknown, accepted"),
        ({"vdd": "1.5"}, "^memory description: vdd is "),
    ):
        with pytest.raises(ValueError, match=said):
            Memory(json.dumps({**described, **change}))
    path = tmp_path / "bad.json"
    path.write_text("{")
    with pytest.raises(ValueError, match=r"bad\.json: memory description: the text is not valid"):
        load_memory(path)
    with pytest.raises(ValueError, match="device is 'ddr9', accepted: ddr3-1600"):
        load_memory("ddr9")


@pytest.mark.parametrize(
    ("where", "changed", "said"),
    [
        ("clocks", {"tXPP": 5}, r"clocks\.tXPP is unknown, accepted"),
        ("clocks", {"txp": 5}, r"clocks\.txp is unknown, accepted"),
        ("currents_mA", {"IDD2PX": 5}, "currents_mA.IDD2PX is 5, accepted: the currents"),
        ("currents_mA", {"idd6": 5}, "currents_mA.idd6 is 5, accepted: the currents"),
        ("currents_mA", {"IDD0": 29}, "IDD0 is 29, accepted: at least IDD3N"),
        ("currents_mA", {"IDD2N": 61}, "IDD0 is 60, accepted: at least IDD2N"),
        ("currents_mA", {"IDD4R": 29}, "IDD4R is 29, accepted: at least IDD3N"),
        ("currents_mA", {"IDD4W": 29}, "IDD4W is 29, accepted: at least IDD3N"),
        ("currents_mA", {"IDD5": 29}, "IDD5 is 29, accepted: at least IDD3N"),
        ("clocks", {"tREFI": 51}, "tREFI is 51, accepted: at least 2 tRFC = 100"),
        ("clocks", {"tRFCpb": 126}, "tREFI is 500, accepted: at least tRFCpb of 4 banks = 504"),
        ("bank_clocks", {"00": {"tRCD": 5}}, r"bank_clocks\.00 is unknown, accepted"),
    ],
)
def test_misspelt_and_contradictory_numbers_are_refused(described, where, changed, said):
    described.setdefault(where, {}).update(changed)
    with pytest.raises(ValueError, match=said) as refused:
        Memory(json.dumps(described))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", memory_names())
@pytest.mark.parametrize(
    ("where", "key", "times"),
    [
        ("geometry", "chips", 2),
        ("geometry", "chips", 3),
        ("geometry", "chip_width", 2),
        ("geometry", "chip_width", 0.5),
        ("geometry", "request_bytes", 2),
        ("geometry", "request_bytes", 0.5),
        ("clocks", "BL", 2),
        ("clocks", "BL", 0.5),
    ],
)
def test_a_burst_that_is_no_request_is_refused(name, where, key, times):
    described = json.loads((SHIPPED / f"{name}.json").read_text())
    bits = 8 * described["geometry"]["request_bytes"]
    described[where][key] = int(described[where][key] * times)
    accepted = 8 * described["geometry"]["request_bytes"]
    moved = bits if key == "request_bytes" else int(bits * times)
    with pytest.raises(ValueError) as refused:
        Memory(json.dumps(described))
    said = str(refused.value)
    assert said.startswith(f"memory description: a burst is {moved} bits (")
    assert f"), accepted: {accepted}, a request: chips, " in said and "\n" not in said


def test_a_table_of_the_users_own(described, tmp_path):
    table = tmp_path / "mine.txt"
    table.write_text("standard DDR4\nACT RD bank tNONE\n")
    with pytest.raises(ValueError, match="tNONE is missing"):
        Memory(json.dumps(described), table=table)
    table.write_text("standard DDR4\nACT RX bank tRCD\n")
    with pytest.raises(ValueError, match=r"mine\.txt:2: command is 'RX', accepted"):
        Memory(json.dumps(described), table=table)
    table.write_text("standard DDR4\ntransfers 4\nACT RD bank tRCD\n")
    with pytest.raises(ValueError, match=r"a burst is 1024 bits .* x 4 transfers x 2 clocks"):
        Memory(json.dumps(described), table=table)
    described["clocks"]["BL"] = 1
    assert Memory(json.dumps(described), table=table).clocks["BL"] == 1


def copies(value):
    pickles = [pickle.dumps(value, p) for p in range(pickle.HIGHEST_PROTOCOL + 1)]
    return [copy.copy(value), copy.deepcopy(value), *map(pickle.loads, pickles)]


def test_memories_survive_copies_and_pickles(described, tmp_path):
    described["data"] = {
        "read_ones_mA": -20,
        "read_toggles_mA": 30,
        "write_ones_mA": 10,
        "write_toggles_mA": 0,
        "ones": 0.5,
        "toggles": 0.5,
    }
    table, trace, commands = (tmp_path / name for name in ("mine.txt", "r.txt", "c.txt"))
    table.write_text("standard DDR4\nACT RD,WR bank tRCD+1\nPRE ACT bank tRP\n")
    trace.write_text("0 R 0\n3 W 1040\n9 R 100\n")
    commands.write_text("0 ACT 0 1\n3 RD 0 1\n")
    text = json.dumps(described)
    memories = [Memory(text), Memory(text, table=table), Memory(text, trcd=3)]
    memories += [m.with_channels(2).with_clocks({"tRP": 6}, {1: {"tRP": 5}}) for m in memories]
    memories += [m.with_trcd(2) for m in memories]
    table.unlink()
    for memory in memories:
        shown = {k: v for k, v in vars(memory).items() if k != "native"}
        found = simulate(memory, trace, data=Data(0.25, 0.75))
        for other in copies(memory):
            assert {k: v for k, v in vars(other).items() if k != "native"} == shown
            assert simulate(other, trace, data=Data(0.25, 0.75)) == found
            assert check_commands(other, commands) == check_commands(memory, commands)


@pytest.mark.parametrize("name", memory_names())
def test_the_memories_that_come_with_eden_survive_them_too(name):
    memory = load_memory(name)
    for other in copies(memory):
        assert (repr(other), other.clocks) == (repr(memory), memory.clocks)


def test_results_survive_copies_and_pickles(memory, tmp_path):
    trace, commands = tmp_path / "r.txt", tmp_path / "c.txt"
    trace.write_text("0 R 0\n9 W 40\n")
    commands.write_text("0 ACT 0 1\n3 RD 0 1\n")
    run = simulate(memory, trace)
    for value in (Data(0.5, 0.5), run, run.channels[0], check_commands(memory, commands)):
        assert all(other == value for other in copies(value))
