"""Figures and the page: the same bytes each time, whole without a network."""

import base64
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from eden._say import percent, rate
from eden.report import _style as style
from eden.report import error_map_figure, error_maps
from eden.report._accuracy import accuracy_figure
from eden.report._curriculum import curriculum_figure
from eden.report._energy import energy_figure
from eden.report._error_maps import BITLINES, ROWS
from eden.report._page import Section, TextTable, render
from eden.report._placement import placement_figure
from eden.report._tolerance import tolerance_figure
from eden.report._variants import variants_figure

CURVE = [(1e-5, [0.9, 0.89]), (1e-3, [0.88, 0.8]), (1e-1, [0.3, 0.1])]
COMPONENTS = {"activate": 1e-6, "read": 4e-6}


def figures():
    tensor = {"name": "a.weight", "tolerance": 1e-3, "partition": "bank1", "vdd_volts": 1.05}
    return {
        "accuracy": accuracy_figure(
            {"before": CURVE, "after": CURVE},
            target=0.88,
            tolerances={"before": 1e-4, "after": 1e-3},
            points=[("1.05 V", 7e-4, 6e-4, 0.3), ("1.1 V", 1e-9, 0.0, 1e-6)],
            counted="average precision",
        ),
        "tolerance": tolerance_figure(
            {"before": {"a.weight": 1e-4}, "after": {"a.weight": 1e-3}},
            {"before": 1e-4, "after": 1e-3},
        ),
        "variants": variants_figure(
            {"unboosted": (1e-5, (9e-6, 2e-5)), "protected": (1e-3, (1e-3, 1e-3))},
            {"1.050 V": (7e-4, (6e-4, 0.3)), "1.075 V": (6e-7, (0.0, 3e-4))},
        ),
        "placement": placement_figure([{**tensor, "ber": 0.0}, {**tensor, "ber": 1e-5}]),
        "energy": energy_figure(
            {law: {"nominal": COMPONENTS, "fine": COMPONENTS} for law in ("linear", "cv2")}
        ),
        "curriculum": curriculum_figure(
            [
                {"epoch": 1, "ber": 0.0, "loss": 0.5, "accuracy": None},
                {"epoch": 2, "ber": 1e-3, "loss": 0.6, "accuracy": 0.88},
            ]
        ),
    }


@pytest.mark.parametrize("name", figures())
def test_a_figure_is_the_same_svg_each_time(name):
    first, second = style.svg(figures()[name]), style.svg(figures()[name])
    assert first == second
    assert ET.fromstring(first).tag.endswith("svg")
    assert b"<dc:date>" not in first


def test_the_axis_says_what_is_counted():
    assert figures()["accuracy"].axes[0].get_ylabel() == "average precision on validation images"


def test_the_page_is_whole_and_escapes_what_it_is_given():
    arguments = {
        "title": "a <b> title",
        "verdict": "Verified.",
        "passed": True,
        "facts": [("1.05 V", "supply")],
        "sections": [
            Section("One", ("Text.",), figures()["energy"], "bars", notes=("note",)),
            Section("Two", tables=(TextTable(["h1", "h2"], [["1", "2"], ["3", "4"]], marked=1),)),
        ],
        "provenance": {"Recipe": "seed: 0"},
    }
    page = render(**arguments)
    assert page == render(**arguments)
    text = page.decode()
    assert "a &lt;b&gt; title" in text and '<tr class="marked"><td>3</td>' in text
    assert "http" not in text
    image = text.split("base64,")[1].split('"')[0]
    assert base64.b64decode(image).startswith(b"<?xml")


def test_error_maps_show_the_law_of_their_model():
    maps = error_maps(ber=4e-3)
    assert all(failed.shape == (ROWS, BITLINES) for failed in maps.values())
    for failed in maps.values():
        # All at the same mean rate; the vertical and horizontal ones scatter more.
        assert 0.5 * 4e-3 < failed.mean() < 1.5 * 4e-3
    uniform, bitlines, rows, data = maps.values()

    def spread(counts):
        return counts.var() / counts.mean()

    assert spread(uniform.sum(0)) < 2 and spread(uniform.sum(1)) < 2
    assert spread(bitlines.sum(0)) > 5 and spread(bitlines.sum(1)) < 2
    assert spread(rows.sum(1)) > 5 and spread(rows.sum(0)) < 2
    ones = (np.arange(BITLINES) // 64) % 2 == 0
    assert data[:, ones].sum() > 5 * data[:, ~ones].sum()
    error_map_figure(maps)


def test_numbers_as_text():
    assert [rate(b) for b in (7.518e-4, 1e-9, 0.0, 0.25)] == ["7.5e-4", "1.0e-9", "0", "2.5e-1"]
    assert percent(-0.2341) == "\u221223.4%" and percent(0.005) == "+0.5%"
