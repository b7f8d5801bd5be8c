"""Systems and their files; the verbs that list them."""

import json

import pytest

from eden import cli
from eden.systems import System, system_names


def test_systems_that_come_with_eden():
    assert {"streaming", "eyeriss", "tpu"} <= set(system_names())
    for name in system_names():
        system = System.load(name)
        assert system.name == name
        assert System(**system.to_dict()) == system
        assert system.sources


@pytest.mark.parametrize("ending", ["json", "yaml"])
def test_a_file_overrides_what_it_names(tmp_path, ending):
    path = tmp_path / f"mine.{ending}"
    given = {"like": "tpu", "name": "half", "parameters": {"rows": 128}, "memory": "lpddr3-1600"}
    path.write_text(json.dumps(given))  # which is YAML too
    system = System.load(path)
    tpu = System.load("tpu")
    assert (system.name, system.memory, system.channels) == ("half", "lpddr3-1600", 1)
    assert system.parameters == {**tpu.parameters, "rows": 128}
    assert system.controller == tpu.controller


def test_a_whole_file_needs_no_other(tmp_path):
    path = tmp_path / "whole.json"
    path.write_text(json.dumps(System.load("eyeriss").to_dict()))
    assert System.load(path) == System.load("eyeriss")


@pytest.mark.parametrize(
    "given, said",
    [
        ({"like": "tpx"}, "like is 'tpx', accepted: .*eyeriss.*"),
        ({"like": "tpu", "parameter": {}}, "system: field 'parameter' is unknown"),
        ({"like": "tpu", "parameters": {"row": 3}}, "parameters of tpu: field 'row' is unknown"),
        ({"like": "tpu", "parameters": {"rows": 0}}, "rows is 0, accepted: an integer from 1 .*"),
        ({"like": "tpu", "parameters": {"rows": 1.5}}, "rows is 1.5, accepted: an integer .*"),
        (
            {"like": "tpu", "parameters": {"clock_hz": 0}},
            "accelerator: clock_hz is 0, accepted: .*",
        ),
        (
            {"like": "tpu", "parameters": {"dataflow": "ws"}},
            "dataflow is 'ws', accepted: output_.*",
        ),
        ({"like": "tpu", "parameters": 3}, "type of parameters is 'int', accepted: keys .*"),
        ({"like": "tpu", "memory": "ddr9"}, "device is 'ddr9', accepted: ddr3-1600.*"),
        ({"like": "tpu", "memory": None}, "type of memory is 'NoneType', accepted: the name .*"),
        ({"like": "tpu", "channels": 3}, ".*channels.*"),
        ({"like": "tpu", "channels": 0}, "channels is 0, accepted: an integer from 1 to 64"),
        ({"like": "tpu", "controller": {"size": 1}}, "controller of tpu: field 'size' is unknown"),
        ({"like": "tpu", "kind": "magic"}, "kind is 'magic', accepted: streaming, accelerator.*"),
        ({"like": "streaming", "memory": "ddr4-2400"}, "memory is 'ddr4-2400', accepted: None.*"),
        ({"name": "x"}, "system: field 'description' is missing"),
        ([1], "type of system is 'list', accepted: keys with values"),
    ],
)
def test_a_file_that_cannot_be_is_one_line(tmp_path, given, said):
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(given))
    with pytest.raises(ValueError, match=f"^{path}: {said}$"):
        System.load(path)


def test_what_is_no_file_of_a_system_is_one_line(tmp_path, capsys):
    for name, text in (("a.json", "{"), ("a.yaml", "a: [")):
        (tmp_path / name).write_text(text)
        assert cli.main(["systems", "show", str(tmp_path / name)]) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"eden: {tmp_path / name}: not {name[2:].upper()}: ")
        assert said.count("\n") == 1
    assert cli.main(["systems", "show", str(tmp_path / "none.json")]) == 2
    assert capsys.readouterr().err == f"eden: {tmp_path / 'none.json'}: No such file or directory\n"
    assert cli.main(["systems", "show", "dsp"]) == 2
    assert "eden: system is 'dsp', accepted: " in capsys.readouterr().err


def test_a_key_that_is_given_twice_is_refused(tmp_path):
    for name, text in (("a.json", '{"name": "x", "name": "y"}'), ("a.yaml", "name: x\nname: y\n")):
        (tmp_path / name).write_text(text)
        with pytest.raises(ValueError, match=r"key '?name'?(:| is) (stands|given) twice"):
            System.load(tmp_path / name)


def test_the_verb_lists_systems_and_their_parameters(capsys):
    assert cli.main(["systems"]) == 0
    said = capsys.readouterr().out
    for name in system_names():
        assert name in said
    assert "rows 256, columns 256" in said
    assert cli.main(["systems", "show", "eyeriss"]) == 0
    said = capsys.readouterr().out
    assert "row_stationary" in said
    assert "ddr4-2400" in said
    assert "assumed: " in said
