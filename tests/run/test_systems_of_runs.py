"""Runs whose energy is that of a system with a memory of its own."""

import json
from types import SimpleNamespace

import pytest
from _small import boosted_by, small

from eden.folder import parse_recipe
from eden.run import run
from eden.run._work import Work, read_inputs


def beside(system, **more):
    return {"energy": {"system": system, "memory": "ddr3l-1600", **more}}


@pytest.mark.parametrize("system", ["tpu", "cpu"])
def test_the_report_names_the_system_and_shows_time_idle_and_pins(tmp_path, system):
    recipe = boosted_by(small(**beside(system)), control=False)
    folder = run(recipe, tmp_path / "run", progress=False)
    accounts = json.loads((folder / "energy.json").read_text())
    one = accounts["boosted-greedy"]
    assert (one["system"], one["memory"]) == (system, "ddr3l-1600")
    assert one["seconds"] > one["idle_seconds"] > 0
    page = (folder / "report.html").read_text()
    assert f"on the system {system} beside ddr3l-1600" in page
    assert "of it DRAM idle" in page and "I/O (linear)" in page


def test_what_stays_on_the_chip_of_a_system_meets_no_errors():
    def config(**keys):
        return Work(SimpleNamespace(recipe=parse_recipe(keys), path=None), (None, None)).config

    kept = {"on_chip_bytes": 8192}
    assert config(**beside("tpu")).on_chip_bytes == 0
    assert config(**beside("tpu", parameters=kept)).on_chip_bytes == 8192
    assert config(**beside("tpu", parameters=kept), on_chip_bytes=9000).on_chip_bytes == 9000


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"system": "abacus"}, "recipe key energy.system is 'abacus'"),
        ({"system": "tpu", "memory": "tape"}, "recipe key energy.memory is 'tape'"),
        ({"system": "streaming", "memory": "ddr3l-1600"}, "recipe key energy: memory"),
        ({"system": "tpu", "parameters": {"rows": 0}}, "recipe key energy: rows is 0"),
        ({"system": "tpu", "parameters": {"row": 1}}, "recipe key energy: "),
    ],
)
def test_keys_that_cannot_be_are_one_line(keys, said):
    with pytest.raises(ValueError, match=said) as raised:
        parse_recipe({"energy": keys})
    assert "\n" not in str(raised.value)


def test_a_memory_unlike_the_device_is_refused_before_a_folder_is_made(tmp_path):
    recipe = small(energy={"system": "tpu"})
    with pytest.raises(
        ValueError, match=r"recipe key energy.system: placement is for device ddr3l"
    ):
        run(recipe, tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()
    read_inputs(small(**beside("tpu")))
