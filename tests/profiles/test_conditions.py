"""What a profile holds, added up and shown."""

from eden import profiles
from eden.profiles import Profile

PLACE = {"module": "m", "vdd_volts": 1.1, "cells": 1000, "reads": 4}


def rows():
    yield PLACE | {"bank": 0, "failures_1to0": 3, "failures_0to1": 5}
    yield PLACE | {"bank": 1, "failures_1to0": 8}
    yield PLACE | {"bank": 0, "vdd_volts": 1.2, "failures_1to0": 0, "failures_0to1": 0}
    yield PLACE | {"bank": 0, "vdd_volts": 1.2, "failures_1to0": 1, "unit": "line"}


def test_conditions_add_up():
    found = profiles.conditions(Profile.of(rows()))
    assert [(r["vdd_volts"], r["unit"], r["rows"]) for r in found] == [
        (1.1, "cell", 2),
        (1.2, "cell", 1),
        (1.2, "line", 1),
    ]
    # 16 failures in two banks of 1000 cells, each read four times.
    assert (found[0]["tested"], found[0]["failures"], found[0]["share"]) == (8000, 16, 0.002)


def test_none_failing_is_shown_as_a_bound(capsys):
    profiles.print_profile(Profile.of(rows(), ["said of it"]), most=2)
    printed = capsys.readouterr().out
    assert "4 observations of 1 modules" in printed and "- said of it" in printed
    assert "2.0e-3" in printed and "< 2.5e-4" in printed
    assert "... and 1 more; --all shows them" in printed
