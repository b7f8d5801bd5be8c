import itertools
import json

import numpy as np
import pytest
from _placing import MIB, tensor, tolerances

import eden
from eden import devices, energy, mapping
from eden._native import core
from eden.mapping import Placement, _fine
from eden.mapping import _exact as milp
from eden.mapping._task import Task


def brute_force(problem):
    best = None
    for slots in itertools.product(range(len(problem.slots)), repeat=len(problem.tensor_bytes)):
        try:
            cost = core.assignment_cost(problem, list(slots))
        except ValueError:
            continue
        best = cost if best is None else min(best, cost)
    return best


def random_problem(seed):
    draw = np.random.default_rng(seed)
    tensors, partitions, points = draw.integers([1, 1, 1], [5, 4, 3])
    size = draw.integers(1, 50, tensors)
    return core.MapProblem(
        tensor_bytes=size.tolist(),
        tolerances=(1e-6 * draw.integers(1, 100, tensors)).tolist(),
        room_bytes=draw.integers(0, 120, partitions).tolist(),
        slots=[
            core.MapSlot(
                partition=p,
                group=p // 2,
                point=o,
                ber=1e-6 * float(draw.integers(0, 60)) * (o + 1),
                reduction=0.1 * o,
                price=o,
            )
            for p in range(partitions)
            for o in range(points)
        ],
        # Nanojoules, as a small network has them.
        cost=[[1e-9 * float(s) * (1 - 0.1 * o) for o in range(points)] for s in size],
    )


def test_exact_is_the_brute_force_optimum_and_greedy_never_better():
    feasible = better = 0
    for seed in range(120):
        problem = random_problem(seed)
        best = brute_force(problem)
        exact = milp.solve(problem)
        slots, shortfalls, joules = core.map_greedily(problem)
        if best is None:
            assert exact.slots is None
            assert shortfalls
            continue
        feasible += 1
        assert core.assignment_cost(problem, exact.slots) == pytest.approx(best, rel=1e-9, abs=0)
        # HiGHS closes the gap to 1e-6 of the unit of the costs.
        assert exact.bound <= best * (1 + 1e-9)
        assert exact.bound == pytest.approx(best, rel=1e-5, abs=0)
        if not shortfalls:
            assert core.assignment_cost(problem, slots) == pytest.approx(joules, rel=1e-12, abs=0)
            assert joules >= best * (1 - 1e-12)
        better += bool(shortfalls) or joules > best * (1 + 1e-9)
    # Neither trivial: many cases have a placement, and greedy misses the best of some.
    assert feasible >= 40
    assert better >= 3


def test_exact_is_brute_force_over_all_settings_of_a_module(two_knobs):
    tensors = [tensor("a", 200 * MIB, 1e-9), tensor("b", 100 * MIB, 1e-3), tensor("c", 99, 1e-2)]
    exact = mapping.place(tolerances(*tensors), two_knobs, method="exact")
    greedy = mapping.place(tolerances(*tensors), two_knobs, method="greedy")
    task = Task(tuple(tensors), 0, two_knobs, "exact", "bank", "linear", 60)
    problem = _fine.Problem.at(
        task, two_knobs.partitions, list(_fine.settings_of(two_knobs)), "mean"
    ).native
    assert exact.energy_joules == pytest.approx(brute_force(problem), rel=1e-9, abs=0)
    assert greedy.energy_joules >= exact.energy_joules * (1 - 1e-12)
    assert exact.gap <= 1e-5
    # Each bank at its own voltage: the sensitive tensor's is higher.
    assert exact.points[exact.entries["a"].partition].vdd_volts > 1.05
    assert exact.points[exact.entries["c"].partition].vdd_volts == 1.05


def test_reads_are_priced_as_interleaved_over_equal_partitions(b10):
    """All banks of B10 are alike at 1.1 V: fine is coarse there. At 1.075 V two of them are."""
    alike = tolerances(tensor("a", MIB, 1e-8), coarse_ber=1e-8)
    fine, coarse = (mapping.place(alike, b10, method=how) for how in ("greedy", "coarse"))
    assert fine.vdd_volts == coarse.vdd_volts == 1.1
    assert fine.energy_joules == coarse.energy_joules
    stripe = mapping.place(tolerances(tensor("a", MIB, 6e-7)), b10, method="exact")
    (point,) = stripe.points.values()
    joules = [
        energy.reading_joules(b10, [(0, MIB)], [1], banks=banks, law="linear")[point][0]
        for banks in (1, 2)
    ]
    assert point.vdd_volts == 1.075
    assert stripe.entries["a"].partition in ("bank6", "bank7")
    assert stripe.energy_joules == joules[1] < joules[0]


def test_a_module_has_one_voltage(b10):
    sensitive = tolerances(tensor("a", MIB, 1e-6), tensor("b", MIB, 1e-2))
    for method in ("greedy", "exact"):
        placement = mapping.place(sensitive, b10, method=method)
        assert {p.vdd_volts for p in placement.points.values()} == {1.075}
        assert placement.gap == 0
        (rejected,) = placement.rejected
        assert rejected.vdd_volts == 1.05
        assert "a bears BER 1e-06, the lowest of a partition is 0.00027" in rejected.why


def test_placing_buys_a_step_that_the_mean_does_not(b10):
    """Banks differ: what coarse mapping does not bear at 1.05 V, the cleanest bank does."""
    network = tolerances(tensor("a", 1000, 4e-4), coarse_ber=4e-4)
    coarse = mapping.place(network, b10, method="coarse")
    fine = mapping.place(network, b10, method="greedy")
    assert (coarse.vdd_volts, fine.vdd_volts) == (1.075, 1.05)
    assert fine.entries["a"].partition == "bank3"
    assert fine.energy_joules < coarse.energy_joules
    assert "the module's mean BER 0.00075 is above the 0.0004" in coarse.rejected[0].why


def test_the_range_of_the_measurement_reaches_the_verdict(b10):
    network = tolerances(tensor("a", 1000, 1e-3), coarse_ber=1e-3)
    coarse = mapping.place(network, b10, method="coarse")
    # Whole lines bad: 0.32 at 1.05 V, 3.0e-4 at 1.075 V.
    assert coarse.verdict_volts == {"low": 1.05, "mean": 1.05, "high": 1.075}
    cautious = mapping.place(network, b10, method="coarse", estimate="high")
    assert cautious.vdd_volts == 1.075
    assert cautious.entries["a"].ber == b10.at(vdd_volts=1.075).ber_high
    assert coarse.entries["a"].error == eden.errors.Uniform(b10.at(vdd_volts=1.05).ber)


@pytest.fixture
def solves(monkeypatch):
    """Count the mixed-integer programs that are solved."""
    calls = []
    solve = milp.solve
    monkeypatch.setattr(milp, "solve", lambda *a, **k: calls.append(a) or solve(*a, **k))
    return calls


def test_exact_solves_for_the_estimate_asked_for_alone(b10, solves):
    # Bank 0 is one of the cleaner ones: greedy fills it, and pays for nothing else.
    network = tolerances(*(tensor(f"t{i}", 1000 + i, 1e-3) for i in range(5)))
    exact = mapping.place(network, b10, method="exact")
    greedy = mapping.place(network, b10, method="greedy")
    assert exact.verdict_volts == greedy.verdict_volts == {"low": 1.05, "mean": 1.05, "high": 1.075}
    assert solves == []  # greedy meets the bound


def two_banks(b10):
    description = json.loads(b10.to_json())
    description["partitions"] = [
        {"name": "left", "bank": 0, "first_row": 0, "rows": 32768},
        {"name": "right", "bank": 1, "first_row": 0, "rows": 32768},
    ]
    return devices.from_json(json.dumps(description))


def test_exact_leaves_open_what_only_another_program_tells(b10, solves):
    device = two_banks(b10)
    sizes = [100, 90, 86, 80, 80, 76]  # as below: greedy does not fit them
    network = tolerances(*(tensor(f"t{i}", s * MIB, 1) for i, s in enumerate(sizes)))
    exact = mapping.place(network, device, method="exact", estimate="high")
    assert exact.verdict_volts == {"low": None, "mean": None, "high": 1.05}
    # One setting packs it; the others cannot cost less.
    assert len(solves) == 1
    assert Placement.from_json(exact.to_json()) == exact


def test_subarrays_differ_more_than_banks(b10):
    network = tolerances(tensor("a", 1000, 1e-6))
    fine = mapping.place(network, b10, level="subarray")
    assert fine.vdd_volts == 1.05
    assert fine.entries["a"].partition.count("subarray") == 1
    assert mapping.place(network, b10, level="bank").vdd_volts == 1.075


def test_nominal_bears_everything(b10):
    network = tolerances(tensor("a", 1000, 0.0), coarse_ber=0.0)
    for method in mapping.METHODS:
        placement = mapping.place(network, b10, method=method)
        (point,) = placement.points.values()
        assert point.quality == "nominal"
        assert placement.entries["a"].ber == 0


@pytest.mark.parametrize("method", mapping.METHODS)
def test_tensors_do_not_overlap_and_start_on_lines(b10, method):
    network = tolerances(*(tensor(f"t{i}", 100 * MIB + i, 1e-3) for i in range(12)), coarse_ber=1)
    placement = mapping.place(network, b10, method=method)
    room = {p.name: p.size_bytes for p in b10.partitions} | {"module": b10.geometry.size_bytes}
    ends = {}
    for entry in sorted(placement.entries.values(), key=lambda e: e.address):
        assert entry.address % 64 == 0
        assert entry.address >= ends.get(entry.partition, 0)
        ends[entry.partition] = entry.address + entry.size_bytes
        assert ends[entry.partition] <= room[entry.partition]
        assert entry.ber == placement.partition_bers[entry.partition] <= entry.tolerance
        assert entry.row_bytes == 8192
    assert list(placement.entries) == [f"t{i}" for i in range(12)]


def test_tensors_that_fit_nowhere_are_named_with_the_room_missing(b10):
    network = tolerances(tensor("small", 10, 1), tensor("fc6.weight", 300 * MIB, 1), coarse_ber=1)
    for method in ("greedy", "exact"):
        with pytest.raises(ValueError, match=r"fit nowhere on ddr3l-1600-b10: fc6\.weight") as no:
            mapping.place(network, b10, method=method)
        assert "small" not in str(no.value)
        # The rest of one bank of 256 MiB, beside the 44 MiB that stick out.
        assert f"{44 * MIB} bytes of room missing" in str(no.value)
    many = tolerances(*(tensor(f"t{i}", 200 * MIB, 1) for i in range(11)), coarse_ber=1)
    with pytest.raises(ValueError, match=rf"t0, t1, .*{(2200 - 2048) * MIB} bytes of room missing"):
        mapping.place(many, b10, method="coarse")
    with pytest.raises(ValueError, match=rf"t10 needs .*, {144 * MIB} bytes of room missing"):
        mapping.place(many, b10)


def test_exact_packs_what_greedy_does_not(b10):
    device = two_banks(b10)
    # Two banks of 256 MiB: 100 + 80 + 76 and 90 + 86 + 80 fill them, but not the larger ones first.
    sizes = [100, 90, 86, 80, 80, 76]
    network = tolerances(*(tensor(f"t{i}", s * MIB, 1) for i, s in enumerate(sizes)))
    with pytest.raises(ValueError, match="fit nowhere"):
        mapping.place(network, device)
    assert mapping.place(network, device, method="exact").vdd_volts == 1.05


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "best"}, "method is 'best', accepted: greedy, exact, coarse"),
        ({"level": "chip"}, "level is 'chip', accepted: bank, subarray"),
        ({"estimate": "median"}, "estimate is 'median', accepted: low, mean, high"),
        ({"law": "cubic"}, "law is 'cubic', accepted: linear, cv2, array"),
    ],
)
def test_unknown_names_are_refused(b10, change, message):
    with pytest.raises(ValueError, match=message):
        mapping.place(tolerances(tensor("a", 1, 1)), b10, **change)


def test_tolerances_that_make_no_sense_are_refused(b10):
    for bad, message in [
        ([], r"tensors of tolerances is \(\), accepted: at least one"),
        ([tensor("a", 1, 1.5)], r"tolerance of a is 1.5, accepted: a number from 0 to 1"),
        ([tensor("a", 1, float("nan"))], "tolerance of a is nan"),
        ([tensor("a", 0, 1)], "size_bytes of a is 0, accepted"),
        ([tensor("a", 1, 1), tensor("a", 1, 1)], "tensors named a is 2, accepted: 1"),
    ]:
        with pytest.raises(ValueError, match=message):
            mapping.place(tolerances(*bad), b10)
    with pytest.raises(ValueError, match="coarse_ber is 2, accepted"):
        mapping.place(tolerances(tensor("a", 1, 1), coarse_ber=2), b10, method="coarse")
