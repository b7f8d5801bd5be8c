"""The bound, what it leaves out, and the dynamic program, against every assignment."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eden._native import core
from eden.mapping import _exact, _milp
from eden.mapping._program import Budget, Program, front


@st.composite
def problems(draw, most=3):
    """Tensors in two ways; three partitions, of which some are tight, at one or two points.

    Whole numbers, so that sums are equal and limits are met to the last bit.
    """
    tensors, points = draw(st.integers(1, most)), draw(st.integers(1, 2))
    whole = st.integers(0, 12)
    size = draw(st.lists(st.integers(1, 9), min_size=2 * tensors, max_size=2 * tensors))
    rooms = draw(st.lists(st.sampled_from([8, 15, 1000]), min_size=3, max_size=3))
    slots = [
        core.MapSlot(partition=p, group=p, point=o, ber=0.0, reduction=0.0, price=points * p + o)
        for p in range(3)
        for o in range(points)
    ]
    n = len(slots)
    table = st.lists(
        st.lists(whole, min_size=n, max_size=n), min_size=len(size), max_size=len(size)
    )
    ways = core.MapProblem(
        tensor_bytes=size,
        tolerances=[1.0] * len(size),
        room_bytes=rooms,
        slots=slots,
        cost=[[1e-9 * joules for joules in row] for row in draw(table)],
    )
    hazard = np.array(draw(table), dtype=float)
    hazard[hazard == 12] = np.inf
    return ways, Budget([*range(tensors)] * 2, hazard, float(draw(st.integers(0, 25))))


def joules_of(ways, budget, way, slot):
    """What an assignment costs; infinite if it breaks a rule."""
    at = [ways.slots[s] for s in slot]
    used = np.bincount([s.partition for s in at], [ways.tensor_bytes[w] for w in way], minlength=3)
    mixed = len({(s.group, s.point) for s in at}) > len({s.group for s in at})
    if mixed or (used > ways.room_bytes).any() or budget.hazard[way, slot].sum() > budget.limit:
        return math.inf
    return sum(ways.cost[w][s.price] for w, s in zip(way, at, strict=True))


def least_joules(ways, budget):
    tensors = len(ways.tensor_bytes) // 2
    options = list(itertools.product((0, tensors), range(len(ways.slots))))
    return min(
        joules_of(ways, budget, [w + t for t, (w, _) in enumerate(some)], [s for _, s in some])
        for some in itertools.product(options, repeat=tensors)
    )


def check(ways, budget, best, found):
    if math.isinf(best):
        assert found.slots is None and math.isinf(found.bound)
        return
    assert joules_of(ways, budget, found.ways, found.slots) == pytest.approx(best, abs=1e-21)
    assert found.bound == pytest.approx(best, abs=1e-14)
    assert found.bound <= best + 1e-20


@settings(max_examples=100, deadline=None)
@given(problems())
def test_exact_is_the_optimum_and_no_bound_is_above_it(problem):
    ways, budget = problem
    best = least_joules(ways, budget)
    check(ways, budget, best, _exact.solve(ways, budget=budget))
    program = Program.of(ways, budget)
    assert program.prices.bound <= best + 1e-20
    # The same of the program with all its columns, and of what is left within the best.
    assume(not math.isinf(program.prices.bound))
    whole, proven = _milp.solve(program, math.inf, 10.0)
    assert (whole is None) == math.isinf(best)
    assert proven == pytest.approx(best, abs=1e-14)
    if whole is not None:
        assert whole.joules.sum() == pytest.approx(best, abs=1e-14)
        few, _ = _milp.solve(program, best + 1e-12, 10.0)
        assert few is not None and few.joules.sum() == pytest.approx(best, abs=1e-14)


@settings(max_examples=100, deadline=None)
@given(problems(), st.sampled_from([0.5, 1.0, 1.5]))
def test_what_costs_no_less_than_asked_is_not_found(problem, ratio):
    ways, budget = problem
    best = least_joules(ways, budget)
    assume(0 < best < math.inf)
    found = _exact.solve(ways, budget=budget, below=ratio * best)
    if ratio > 1:
        check(ways, budget, best, found)
    elif found.slots is None:
        assert ratio * best * (1 - 1e-6) <= found.bound <= best + 1e-20
    else:  # equal to rounding
        assert ratio == 1
        assert joules_of(ways, budget, found.ways, found.slots) == pytest.approx(best, abs=1e-21)


@settings(max_examples=60, deadline=None)
@given(problems())
def test_too_many_choices_are_left_to_the_linear_program(problem):
    ways, budget = problem
    best = least_joules(ways, budget)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_exact, "_FEW", 1)
        patch.setattr(_exact, "_MANY", 2)
        check(ways, budget, best, _exact.solve(ways, budget=budget))


def small_network(seed, tensors):
    """Tensors as they are, in three ways, with a home of 4 KiB for few; groups have one point."""
    draw = np.random.default_rng(seed)
    plain = 64 * draw.integers(1, 40, tensors)
    size = np.concatenate([plain, plain + plain // 8, plain])
    banks, home = np.array([1e-6, 2e-6, 5e-6, 1e-5]), 4
    slots = [
        core.MapSlot(partition=p, group=p, point=int(p == home), ber=0.0, reduction=0.0, price=p)
        for p in range(5)
    ]
    cost = 1e-9 * size[:, None] * np.array([0.85, 0.84, 0.83, 0.82, 1.2])
    worth = draw.integers(0, 5, tensors) * plain
    hazard = np.vstack(
        [
            np.c_[worth[:, None] * banks, np.full(tensors, np.inf)],
            np.c_[worth[:, None] * 70 * banks**2, np.full(tensors, np.inf)],
            np.c_[np.full((tensors, 4), np.inf), np.zeros(tensors)],
        ]
    )
    problem = core.MapProblem(
        tensor_bytes=size.tolist(),
        tolerances=[1.0] * len(size),
        room_bytes=[2**30] * 4 + [4096],
        slots=slots,
        cost=cost.tolist(),
    )
    return problem, Budget([*range(tensors)] * 3, hazard, 2e-3 * tensors / 5)


@pytest.mark.parametrize("seed", range(4))
def test_the_dynamic_program_is_the_linear_one(seed, monkeypatch):
    problem, budget = small_network(seed, 30)
    program = Program.of(problem, budget)
    assert len(program.tight) == 1 and not len(program.choices)
    whole, proven = _milp.solve(program, math.inf, 60.0)
    assert whole is not None
    monkeypatch.setattr(_milp, "solve", None)
    found = _exact.solve(problem, budget=budget)
    assert found == _exact.solve(problem, budget=budget, time_limit_seconds=math.inf)
    assert found.slots is not None
    way, slot = np.array(found.ways), np.array(found.slots)
    assert budget.hazard[way, slot].sum() <= budget.limit
    joules = np.array(problem.cost)[way, slot].sum()
    assert found.bound == pytest.approx(joules, rel=1e-12, abs=0)
    assert joules == pytest.approx(whole.joules.sum(), rel=1e-7, abs=0)
    assert program.prices.bound <= joules and proven <= joules * (1 + 1e-7)
    # Not a trivial one: the linear relaxation is below it, and several homes are taken.
    assert program.prices.bound < joules * (1 - 1e-7)
    assert len(set(found.slots)) > 1


@given(st.lists(st.tuples(*[st.integers(0, 5)] * 3), min_size=1, max_size=30))
def test_a_front_keeps_what_nothing_else_beats(points):
    of, cost, share = np.array(points).T
    kept = [points[number] for number in front(of, cost, share.astype(float))]
    assert kept == sorted(set(kept))
    for group, joules, part in points:
        assert any(g == group and c <= joules and s <= part for g, c, s in kept)
    for a, b in itertools.permutations(kept, 2):
        assert a[0] != b[0] or a[1] > b[1] or a[2] > b[2]
