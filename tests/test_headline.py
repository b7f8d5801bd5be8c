"""The paper's table of what networks bear: the rows that are kept, and what they stand for."""

import importlib
from pathlib import Path
from types import SimpleNamespace

import pytest

SCRIPTS = Path(__file__).parent.parent / "scripts"


@pytest.fixture
def headline(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module("headline")


def stated(headline, network, variant="baseline", ber="1.0e-4", loss="0.01"):
    values = network, loss, variant, "0.9000", ber, ber, ber, ber, "recipe", "code"
    return dict(zip(headline.COLUMNS, values, strict=True))


def test_rows_of_a_network_take_the_place_of_those_it_had(headline, tmp_path):
    path = tmp_path / "tolerances.csv"
    assert headline.tolerances_in(path) == []
    before = [stated(headline, name, variant) for name in ("alexnet", "lenet") for variant in "ab"]
    headline.add(before, path)
    headline.add([stated(headline, "alexnet", "c", "2.0e-6")], path)
    headline.add([stated(headline, "lenet", "d", loss="0")], path)
    rows = headline.tolerances_in(path)
    assert [(one["network"], one["variant"]) for one in rows] == [
        ("lenet", "a"), ("lenet", "b"), ("alexnet", "c"), ("lenet", "d"),
    ]  # fmt: skip
    assert rows[2]["ber"] == "2.0e-6"


WRONG = ["", "network,ber\nlenet,1e-4\n", "{head}\n{row},1\n", "{head}\nlenet\n"]


@pytest.mark.parametrize("text", WRONG)
def test_a_file_of_other_columns_is_refused(headline, tmp_path, text):
    path = tmp_path / "tolerances.csv"
    row = ",".join(stated(headline, "lenet").values())
    path.write_text(text.format(head=",".join(headline.COLUMNS), row=row))
    with pytest.raises(ValueError, match=r"columns of .*, accepted: network, loss, variant"):
        headline.tolerances_in(path)


def test_a_network_that_no_table_has_is_named(headline, tmp_path):
    path = tmp_path / "tolerances.csv"
    headline.add([stated(headline, "lenet")], path)
    path.write_text(path.read_text().replace("lenet", "lenat"))
    with pytest.raises(ValueError, match=r"network of .* is 'lenat', accepted: lenet, "):
        headline.tolerances_in(path)


def test_what_is_kept_with_the_sources_gives_the_settings_of_the_table(headline):
    rows = headline.tolerances_in(headline.TOLERANCES)
    modules = headline.measured_modules()
    borne = {one["variant"]: headline.Borne(one, modules) for one in rows[:4]}
    assert {"baseline", "boosted", "protected", "both"} == set(borne)
    assert borne["both"].vdd() < borne["baseline"].vdd() < 1
    assert borne["both"].vdd(end="high") >= borne["both"].vdd()
    nothing = headline.Borne(stated(headline, "lenet", ber="0.0"), modules)
    assert (nothing.vdd(), nothing.lower_ns()) == (1.0, 0.0)


def test_another_recipe_does_not_take_the_place_of_one(headline, tmp_path):
    path = tmp_path / "tolerances.csv"
    headline.add([stated(headline, "alexnet"), stated(headline, "lenet")], path)
    before = path.read_text()
    other = stated(headline, "alexnet", "both") | {"recipe": "alexnet-fp32"}
    for rows in ([other], [stated(headline, "alexnet"), other]):
        with pytest.raises(
            ValueError, match=r"alexnet with 0.01 lost are of recipe and of alexnet-"
        ):
            headline.add(rows, path)
    assert path.read_text() == before
    headline.add([stated(headline, "alexnet", loss="0") | {"recipe": "alexnet-no-loss"}], path)
    assert len(headline.tolerances_in(path)) == 3


def test_a_network_trained_on_in_its_format_is_refused(headline, tmp_path, monkeypatch):
    recipe = SimpleNamespace(stored="int4")
    monkeypatch.setattr(headline, "RunFolder", lambda path: SimpleNamespace(recipe=recipe))
    monkeypatch.setattr(headline, "Results", lambda _: SimpleNamespace(adapting={"kept": True}))
    with pytest.raises(ValueError, match=r"its baseline was trained on as int4, the table has"):
        headline.rows_of_run(tmp_path)


def test_a_network_at_another_risk_is_refused(headline, tmp_path, monkeypatch):
    recipe = SimpleNamespace(characterize=SimpleNamespace(miss_probability=0.05))
    monkeypatch.setattr(headline, "RunFolder", lambda path: SimpleNamespace(recipe=recipe))
    monkeypatch.setattr(headline, "Results", lambda _: SimpleNamespace(adapting={"kept": False}))
    with pytest.raises(ValueError, match=r"at a risk of 0\.05, the table has those of 0\.01"):
        headline.rows_of_run(tmp_path)


def test_a_row_twice_is_refused(headline, tmp_path):
    rows = [stated(headline, "lenet"), stated(headline, "lenet", ber="2.0e-4")]
    with pytest.raises(ValueError, match=r"for lenet, 0.01, baseline: several, accepted: one"):
        headline.add(rows, tmp_path / "tolerances.csv")


def test_systems_that_were_not_run_are_said(headline):
    modules = headline.measured_modules()
    borne = [headline.Borne(stated(headline, name), modules) for name in ("lenet", "alexnet")]
    supplies = [f"{volts:.2f}" for volts in headline.LOWER_VOLTS] + ["0"]
    joules = {law: {name: {"total": 1.0} for name in supplies} for law in headline.LAWS}
    points = {str(ns): {"joules": joules, "seconds": 1.0} for ns in (0, *headline.LOWER_NS)}
    shard = {"vdd_volts": 1.35, "points": points}
    rows = [*headline.saved_table(borne, {("cpu", "lenet"): shard})]
    lenet, alexnet, mean, most = (row.split("|")[3:] for row in rows[-4:])
    assert "0.0 (0.0) / 0.0 (0.0) / 0.0 (0.0)" in lenet[0]
    # A mean is of all the networks or not stated.
    assert [cells.count(" not run ") for cells in (lenet, alexnet, mean, most)] == [3, 4, 4, 4]
    both = {("cpu", one.network): shard for one in borne}
    mean, most = [*headline.saved_table(borne, both)][-2:]
    assert mean.split("|")[3:] == most.split("|")[3:] == lenet
    assert mean.startswith("| **mean of 2** |")
