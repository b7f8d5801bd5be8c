"""Placement within a budget of single cells, and protections chosen to keep it."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eden
from eden.access import Protection
from eden.mapping import Placement
from eden.mapping._hazard import Hazards, single_cells_limit
from eden.mapping._task import CHOSEN

CONFIG = eden.Config(error=eden.errors.Uniform(1e-4), stored="int8")


def tensor(name, elements, tolerance, *, reads=1):
    return SimpleNamespace(
        name=name, kind="weight", elements=elements, size_bytes=elements, reads=reads,
        tolerance=tolerance,
    )  # fmt: skip


def network(*tensors, coarse_ber=1e-2):
    return SimpleNamespace(config=CONFIG, coarse_ber=coarse_ber, tensors=tensors)


def risk_of(found, critical, *, config=CONFIG):
    """Critical cells expected, by tensor: of bit 7, 6, ..."""
    strata = [
        SimpleNamespace(tensor=t.name, bit=7 - i, cells=t.elements, expected=expected)
        for t in found.tensors
        for i, expected in enumerate(critical.get(t.name, [0]))
    ]
    return SimpleNamespace(config=config, strata=strata)


def hazard_of(placement, risk):
    """The hazard anew, from what the entries say."""
    total = 0.0
    for stratum in risk.strata:
        entry = placement.entries[stratum.tensor]
        how = Protection.parse(entry.protection)
        strong = entry.places[-1].ber if how.kind == "strong_bits" else None
        wrong = how.error_probability(entry.ber, stratum.bit, "int8", strong=strong)
        total += stratum.expected * float(wrong)
    return total


@st.composite
def problems(draw):
    count = draw(st.integers(1, 5))
    tensors = [
        tensor(
            f"t{i}", draw(st.integers(1, 5000)), 10.0 ** -draw(st.integers(1, 6)),
            reads=draw(st.integers(1, 3)),
        )
        for i in range(count)
    ]  # fmt: skip
    found = network(*tensors)
    critical = {
        t.name: draw(st.lists(st.sampled_from([0, 0.5, 5, 50, 500]), min_size=1, max_size=3))
        for t in tensors
    }
    return found, risk_of(found, critical), draw(st.sampled_from([1e-3, 1e-2, 0.1, 0.5]))


def placed(*arguments, **options):
    """A placement, or None where there is none."""
    try:
        return eden.place(*arguments, **options)
    except ValueError as refused:
        assert "fit nowhere" in str(refused)
        return None


@settings(max_examples=25)
@given(problems(), st.sampled_from(["none", "secded", "triple", "strong_bits=1@1e-5", "auto"]))
def test_the_budget_is_kept_and_exact_never_costs_more(b10, two_knobs, problem, how):
    found, risk, q = problem
    protect = how if how in ("none", "auto") else {"*": how}
    options = {"protect": protect, "risk": risk, "miss_probability": q}
    for device in (b10, two_knobs):
        greedy, exact = (
            placed(found, device, method=method, **options) for method in ("greedy", "exact")
        )
        for placement in (greedy, exact):
            if placement is None:
                continue
            cells = placement.single_cells
            assert cells.limit == -math.log1p(-q) / 2
            assert cells.hazard <= cells.limit * (1 + 1e-12)
            assert hazard_of(placement, risk) == pytest.approx(cells.hazard, rel=1e-9)
            assert Placement.from_json(placement.to_json()) == placement
            assert placement.bound_joules <= placement.energy_joules
        if greedy is not None:
            assert exact is not None
            assert exact.energy_joules <= greedy.energy_joules * (1 + 1e-12)
            assert exact.bound_joules <= greedy.energy_joules * (1 + 1e-12)
    # The rated point has no errors.
    assert how.startswith("strong_bits") or placed(found, b10, **options) is not None


@settings(max_examples=25)
@given(problems(), st.sampled_from(["greedy", "exact"]))
def test_auto_never_costs_more_than_one_protection_for_all(b10, two_knobs, problem, method):
    found, risk, q = problem
    options = {"risk": risk, "miss_probability": q, "method": method}
    for device in (b10, two_knobs):
        auto = placed(found, device, protect="auto", **options)
        for how in map(str, CHOSEN):
            uniform = placed(found, device, protect={"*": how}, **options)
            if uniform is not None:
                assert auto is not None
                assert auto.energy_joules <= uniform.energy_joules * (1 + 1e-9)
        if auto is not None:
            rated = [e.size_bytes for e in auto.entries.values() if e.protection == "reliable"]
            assert sum(-(-size // 64) * 64 for size in rated) <= 4096
            named = {n: e.protection for n, e in auto.entries.items() if e.protection != "none"}
            assert {n: str(how) for n, how in auto.config.protect.items()} == named


@settings(max_examples=25)
@given(problems())
def test_a_budget_that_does_not_bind_changes_nothing(b10, two_knobs, problem):
    found, *_ = problem
    harmless = risk_of(found, {})
    for device in (b10, two_knobs):
        for method in ("coarse", "greedy", "exact"):
            plain = placed(found, device, method=method)
            free = placed(found, device, method=method, risk=harmless, miss_probability=0.01)
            assert (plain is None) == (free is None)
            if plain is None:
                continue
            assert "single_cells" not in plain.to_json()
            assert free.single_cells.hazard == 0
            data, other = plain.to_dict(), free.to_dict()
            del other["single_cells"]
            for entry in other["tensors"].values():
                entry["why"] = entry["why"].partition("; hazard of")[0]
            assert other == data


def test_the_hazard_of_a_tensor_by_hand():
    # 100 cells of bit 7 and 20 of bit 6. At 1e-3: 120e-3 unprotected, 120 (3e-6 - 2e-9) triple;
    # with its top bit in memory that never fails 20e-3, and the top bit at 1e-5 100e-5 more.
    found = network(tensor("a", 1000, 1e-3))
    hazards = Hazards.of(risk_of(found, {"a": [100, 20]}), CONFIG, found.tensors, 0.01)
    ber = np.array([1e-3])
    plain, triple, strong, reliable = map(
        Protection.parse, ("none", "triple", "strong_bits=1@1e-5", "reliable")
    )
    for how, known in ((plain, 0.12), (triple, 120 * (3e-6 - 2e-9)), (strong, 0.02), (reliable, 0)):
        assert hazards.at([0], how, ber)[0, 0] == pytest.approx(known, rel=1e-12)
    assert hazards.at([0], strong, np.array([1e-5]), strong=True)[0, 0] == pytest.approx(1e-3)
    assert hazards.limit == single_cells_limit(0.01) == pytest.approx(0.0050251679)


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (eden.errors.Uniform(1e-3, 0.25), 0.25),
        (eden.errors.Uniform(0.0, 0.5), 0.5),
        (eden.errors.DataDependent(1e-3, 0.6, 0.2), 0.4),
        # P 3e-3 with F 0.5, P 1e-3 with F 0.1: 1.6e-3 of 4e-3.
        (eden.errors.Wordline([3e-3, 1e-3], [0.5, 0.1]), 0.4),
    ],
)
def test_cells_that_fail_now_and_then_are_more_than_the_rate_says(error, failure):
    found = network(tensor("a", 1000, 1e-3))
    config = CONFIG.with_(error=error)
    hazards = Hazards.of(risk_of(found, {"a": [10]}, config=config), CONFIG, found.tensors, 0.01)
    of_one = hazards.at([0], Protection(), np.array([1e-4]))[0, 0]
    assert of_one == pytest.approx(10 * 1e-4 / failure, rel=1e-12)


def test_known_cells_lie_where_they_do_whatever_the_voltage():
    found = network(tensor("a", 1000, 1e-3))
    risk = risk_of(found, {"a": [10]}, config=CONFIG.with_(error=eden.errors.Cells([3])))
    with pytest.raises(ValueError, match="error model of risk is 'cells', accepted: one by which"):
        Hazards.of(risk, CONFIG, found.tensors, 0.01)


def test_coarse_takes_the_voltage_at_which_all_single_cells_keep_the_budget(b10):
    # A tolerance of 1e-2 takes 1.05 V with BER 7.5e-4. At q = 0.01 single cells have 0.005: 6 cells
    # use 0.0045 of it, 8 cells 0.006.
    found = network(tensor("a", 1000, 1e-2), tensor("b", 1000, 1e-2))
    ber = b10.at(vdd_volts=1.05).ber
    for critical, volts in (({"a": [4], "b": [2]}, 1.05), ({"a": [4, 1], "b": [3]}, 1.075)):
        options = {"risk": risk_of(found, critical), "miss_probability": 0.01}
        placement = eden.place(found, b10, method="coarse", **options)
        assert placement.vdd_volts == volts
    assert f"{8 * ber:.2g}" in placement.rejected[0].why
    assert "most in a 0.0038, b 0.0023" in placement.rejected[0].why
    # Protected by three copies, they bear it: 8 (3 BER^2).
    triple = eden.place(found, b10, method="coarse", protect={"*": "triple"}, **options)
    assert triple.vdd_volts == 1.05


@pytest.mark.parametrize("method", ["greedy", "exact"])
@pytest.mark.parametrize(
    ("critical", "how"),
    # In the cleanest bank, with BER 2.7e-4: 300 cells in words of a code have about 300 (71 BER^2),
    # 0.0015 of the 0.005, 3,000 cells 0.015; in three copies 3,000 (3 BER^2) = 0.0007.
    [([200, 100], "secded"), ([1000, 1000, 1000], "triple")],
)
def test_what_carries_the_hazard_is_protected_and_the_voltage_kept(b10, method, critical, how):
    """Few bytes decide: critical cells in 1 kB, none in the other 500 kB."""
    found = network(tensor("fc.input", 1000, 1e-3), tensor("conv.weight", 500000, 1e-3))
    options = {"risk": risk_of(found, {"fc.input": critical}), "miss_probability": 0.01}
    plain = eden.place(found, b10, method=method, **options)
    # Few bytes at the rated point would be cheaper than three copies.
    auto = eden.place(found, b10, method=method, protect="auto", reliable_bytes=0, **options)
    assert plain.vdd_volts > 1.05 == auto.vdd_volts
    assert "hazard of single cells" in plain.rejected[0].why
    assert "most in fc.input" in plain.rejected[0].why
    assert auto.energy_joules < plain.energy_joules
    protected, free = auto.entries["fc.input"], auto.entries["conv.weight"]
    assert protected.protection == how and free.protection == "none"
    assert f"for all, without {how}" in protected.why
    assert "hazard of its single cells 0 of 0.005 for all" in free.why
    assert "hazard of single cells" in str(auto)
    # The same protections by name: the same joules.
    named = eden.place(found, b10, method=method, protect={"fc.input": how}, **options)
    assert named.energy_joules == pytest.approx(auto.energy_joules, rel=1e-12)
    again = Placement.from_json(auto.to_json())
    assert again == auto and again.config.protect == auto.config.protect
    assert str(again.config.protect["fc.input"]) == how


@pytest.mark.parametrize("method", ["greedy", "exact"])
def test_reliable_is_for_what_copies_do_not_save_and_for_few_bytes(b10, method):
    # 1e5 critical cells at 2.7e-4: three copies leave 0.02 of them, above the 0.005.
    found = network(tensor("a", 1000, 1e-3), tensor("b", 100000, 1e-3, reads=100))
    options = {"risk": risk_of(found, {"a": [1e5]}), "miss_probability": 0.01, "method": method}
    auto = eden.place(found, b10, protect="auto", **options)
    assert auto.entries["a"].protection == "reliable"
    assert auto.entries["a"].partition == eden.mapping.RATED and auto.vdd_volts == 1.05
    assert Placement.from_json(auto.to_json()) == auto
    for size in (0, 1023):  # 1,000 bytes fill 16 lines
        less = eden.place(found, b10, protect="auto", reliable_bytes=size, **options)
        assert less.vdd_volts > 1.05 and less.energy_joules > auto.energy_joules
        assert less.entries["a"].protection != "reliable"
    assert eden.place(found, b10, protect="auto", reliable_bytes=1024, **options) == auto


def test_what_is_named_as_reliable_has_the_room_stated(b10):
    found = network(tensor("a", 5000, 1e-3), tensor("b", 1000, 1e-3))
    for bytes_ in (None, 5056):  # 79 lines
        named = eden.place(found, b10, protect={"a": "reliable"}, reliable_bytes=bytes_)
        assert named.entries["a"].partition == eden.mapping.RATED


@pytest.mark.parametrize("method", ["greedy", "exact"])
@pytest.mark.parametrize(("how", "extra"), [("triple", 2), ("secded", 0.125)])
def test_without_room_for_what_protects_it_the_tensor_is_named(b10, method, how, extra):
    """Whatever the copies take, more than a bank or more than the whole module."""
    bank = b10.partitions[0].size_bytes
    for size in (bank // 2 + bank // 4, bank, 8 * bank // 2, 8 * bank):
        whole = network(tensor("a", size, 0.5), tensor("b", 1000, 0.5))
        taken = size + int(extra * size)
        if taken <= bank:
            continue
        said = rf"a needs {taken} bytes \({taken - size} of them for {how}\), \d+ bytes of room mis"
        with pytest.raises(ValueError, match=said):
            eden.place(whole, b10, method=method, protect={"a": how})


@pytest.mark.parametrize("method", ["greedy", "exact"])
def test_what_has_room_once_alone_is_not_tripled(b10, method):
    """Three copies would not fit in the module: they are none of the ways to choose from."""
    size = b10.partitions[0].size_bytes * 7 // 8
    found = network(tensor("a", size, 0.5), tensor("b", 1000, 0.5))
    risk = risk_of(found, {"b": [100, 100]})
    auto = eden.place(found, b10, method=method, risk=risk, miss_probability=0.01, protect="auto")
    assert auto.entries["a"].protection == "none"


@pytest.mark.parametrize("method", ["greedy", "exact"])
def test_one_tensor_at_least_lies_in_the_device(b10, method):
    """Both bear no errors, and both would have room at the rated point."""
    found = network(tensor("a", 100, 0.0), tensor("b", 100, 0.0))
    options = {"risk": risk_of(found, {"a": [1], "b": [1]}), "miss_probability": 0.01}
    auto = eden.place(found, b10, method=method, protect="auto", **options)
    assert len(auto.points) == 1 and auto.vdd_volts > 1.075
    alone = network(tensor("a", 100, 0.0))
    options["risk"] = risk_of(alone, {"a": [1]})
    auto = eden.place(alone, b10, method=method, protect="auto", **options)
    assert auto.entries["a"].protection == "none"


def test_a_protected_tensor_bears_what_its_critical_bits_read_wrong(b10):
    """Unprotected it bears 1e-6; in three copies its bits read wrong as seldom at 5.8e-4."""
    found = network(tensor("a", 1000, 1e-6))
    options = {"risk": risk_of(found, {"a": [1]}), "miss_probability": 0.01}
    assert eden.place(found, b10, **options).vdd_volts == 1.075
    assert eden.place(found, b10, protect={"a": "triple"}, **options).vdd_volts == 1.05
    # As today, where no cells are known.
    assert eden.place(found, b10, protect={"a": "triple"}).vdd_volts == 1.075
    # A tolerance that was found so protected is the BER of the copies.
    found.tensors[0].protection = "triple"
    assert eden.place(found, b10, **options).vdd_volts == 1.075


def test_q_is_that_of_the_tolerances_unless_given(b10):
    found = network(tensor("a", 1000, 1e-3))
    risk = risk_of(found, {"a": [1]})
    with pytest.raises(ValueError, match=r"miss_probability is None, accepted: .* state no risk"):
        eden.place(found, b10, risk=risk)
    found.risk = SimpleNamespace(miss_probability=0.02)
    assert eden.place(found, b10, risk=risk).single_cells.miss_probability == 0.02
    given_ = eden.place(found, b10, risk=risk, miss_probability=0.1)
    assert given_.single_cells.miss_probability == 0.1


def test_refusals(b10):
    found = network(tensor("a", 1000, 1e-3))
    risk, q = risk_of(found, {"a": [1]}), {"miss_probability": 0.01}
    other = risk_of(network(tensor("b", 1000, 1e-3)), {})
    larger = risk_of(network(tensor("a", 1001, 1e-3)), {})
    bf16 = risk_of(found, {}, config=eden.Config(error=CONFIG.error, stored="bf16"))
    stricter, found.target_accuracy = risk_of(found, {"a": [1]}), 0.8
    stricter.target_accuracy = 0.9
    no_config = SimpleNamespace(config=None, coarse_ber=1e-2, tensors=found.tensors)
    for changes, kind, words in [
        ({"risk": 3}, TypeError, "type of risk is 'int', accepted: what eden.criticality"),
        ({"risk": other}, ValueError, "risk: a is missing; it is of another network"),
        ({"risk": larger}, ValueError, "cells of a in risk is 1001, accepted: 1000, its elements"),
        ({"risk": bf16}, ValueError, "stored format of risk is 'bf16', accepted: int8"),
        ({"risk": None}, ValueError, "risk is None, accepted: critical cells"),
        ({"protect": "auto", "method": "coarse"}, ValueError, "protect is 'auto', accepted"),
        ({"protect": "best"}, TypeError, "type of protect is 'str', accepted: 'auto', 'none'"),
        ({"reliable_bytes": -1}, ValueError, "reliable_bytes is -1"),
        (
            {"protect": {"a": "reliable"}, "reliable_bytes": 1000},
            ValueError,
            "reliable_bytes is 1000, accepted: at least 1024 for a: 24 bytes of room missing",
        ),
        ({"risk": stricter}, ValueError, "target_accuracy of risk is 0.9, accepted: 0.8"),
        ({"miss_probability": "1 %"}, TypeError, "miss_probability is '1 %'"),
        *(
            ({"miss_probability": bad}, ValueError, f"miss_probability is {bad}, accepted")
            for bad in (0, -0.1, 0.51, 1, math.nan)
        ),
    ]:
        with pytest.raises(kind, match=words) as caught:
            eden.place(found, b10, **({"risk": risk} | q | changes))
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match=r"risk is None, accepted: .* protect is 'auto'"):
        eden.place(found, b10, protect="auto")
    with pytest.raises(ValueError, match="risk: the tolerances have no config"):
        eden.place(no_config, b10, risk=risk, **q)


def test_a_tensor_alone_in_its_bank_takes_the_voltage_of_the_bank_along(two_knobs):
    found = network(*(tensor(f"t{i}", 2**27 + 64, 1.0) for i in range(3)))  # no two in one bank
    options = {"risk": risk_of(found, {"t0": [1e8]}), "miss_probability": 0.01}
    for method in ("greedy", "exact"):
        placement = eden.place(found, two_knobs, method=method, **options)
        assert placement.entries["t0"].ber == 0
        assert placement.entries["t1"].ber > 0


def test_no_placement_says_by_how_much_the_budget_is_exceeded(two_knobs):
    # Two tensors a bank, and all of them bear the cheapest voltage: whichever bank t0 goes to, the
    # other one there holds its voltage. The program places both at once.
    found = network(*(tensor(f"t{i}", 2**27, 1.0) for i in range(6)))
    options = {"risk": risk_of(found, {"t0": [1e6]}), "miss_probability": 0.01}
    with pytest.raises(ValueError, match=r"nowhere on .*: the hazard of single cells at") as no:
        eden.place(found, two_knobs, **options)
    assert "above the 0.005 that a risk of 0.01 leaves them; most in t0" in str(no.value)
    exact = eden.place(found, two_knobs, method="exact", **options)
    assert exact.single_cells.hazard <= exact.single_cells.limit


WRONG = {
    "single_cells": [3, {}, {"limit": 1}, []],
    "miss_probability": [0, 0.6, "0.01", None],
    "limit": [0.01, -1, "1", None],
    "hazard": [-1, 0.0051, "0", None],
    "colour": ["red"],
}


@pytest.mark.parametrize("key", WRONG)
def test_the_budget_in_a_file_is_checked(b10, key):
    found = network(tensor("a", 1000, 1e-3))
    given_ = {"risk": risk_of(found, {"a": [1]}), "miss_probability": 0.01}
    data = eden.place(found, b10, **given_).to_dict()
    assert Placement.from_dict(data).to_dict() == data
    for value in WRONG[key]:
        wrong = json.loads(json.dumps(data))
        (wrong if key == "single_cells" else wrong["single_cells"])[key] = value
        with pytest.raises(ValueError, match=r"^not a placement: ") as caught:
            Placement.from_dict(wrong)
        assert key in str(caught.value) or key == "single_cells"
