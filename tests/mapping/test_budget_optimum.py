"""The program with ways and a budget, and the moves of the core, against every assignment."""

import itertools

import numpy as np
import pytest

from eden._native import core
from eden.mapping import _exact as milp
from eden.mapping._program import Budget


def random_problem(seed):
    """One to three tensors in two ways each, two banks of one or two points."""
    draw = np.random.default_rng(seed)
    tensors, points = draw.integers([1, 1], [4, 3])
    plain = draw.integers(1, 40, tensors)
    size = [*plain, *(3 * plain)]
    slots = [
        core.MapSlot(
            partition=p,
            group=p,
            point=o,
            ber=1e-6 * float(draw.integers(1, 60)),
            reduction=0.1 * o,
            price=o,
        )
        for p in range(2)
        for o in range(points)
    ]
    ways = core.MapProblem(
        tensor_bytes=[int(bytes_) for bytes_ in size],
        tolerances=[*(1e-6 * draw.integers(1, 90, tensors)), *[1e-4] * tensors],
        room_bytes=draw.integers(20, 150, 2).tolist(),
        slots=slots,
        cost=[[1e-9 * float(s) * (1 - 0.1 * o) for o in range(points)] for s in size],
    )
    worth = draw.choice([0.0, 10.0, 1000.0], tensors)
    bers = np.array([slot.ber for slot in slots])
    hazard = np.vstack([worth[:, None] * bers, 1e4 * worth[:, None] * bers**2])
    hazard[draw.random(hazard.shape) < 0.1] = np.inf
    return ways, Budget([*range(tensors)] * 2, hazard, float(draw.choice([1e-4, 1e-3, 1e-2])))


def chosen(ways, way):
    """The problem that is left with a way for each tensor."""
    return core.MapProblem(
        tensor_bytes=[ways.tensor_bytes[w] for w in way],
        tolerances=[ways.tolerances[w] for w in way],
        room_bytes=ways.room_bytes,
        slots=ways.slots,
        cost=[ways.cost[w] for w in way],
    )


def cost_of(ways, budget, way, slot):
    """The joules of an assignment, None if it breaks a rule."""
    if budget.hazard[list(way), list(slot)].sum() > budget.limit:
        return None
    try:
        return core.assignment_cost(chosen(ways, way), list(slot))
    except ValueError:
        return None


def every_start(ways, budget, tensors):
    """What Algorithm 1 makes of the first way and of the second."""
    for way in (range(tensors), range(tensors, 2 * tensors)):
        slots, shortfalls, _ = core.map_greedily(chosen(ways, way))
        if not shortfalls and np.isfinite(budget.hazard[list(way), slots]).all():
            yield list(way), slots


def test_exact_is_the_optimum_of_all_assignments_and_moves_keep_the_rules():
    feasible = moved = optimal = 0
    for seed in range(120):
        ways, budget = random_problem(seed)
        tensors = len(ways.tensor_bytes) // 2
        options = list(itertools.product((0, tensors), range(len(ways.slots))))
        best = None
        for choice in itertools.product(options, repeat=tensors):
            way = [w + t for t, (w, _) in enumerate(choice)]
            cost = cost_of(ways, budget, way, [s for _, s in choice])
            if cost is not None:
                best = cost if best is None else min(best, cost)
        exact = milp.solve(ways, budget=budget)
        for way, slots in every_start(ways, budget, tensors):
            start = budget.hazard[way, slots].sum()
            way, slots, joules, hazard = core.keep_budget(
                ways, tensor=budget.tensor, hazard=budget.hazard, limit=budget.limit,
                way=way, slot=slots,
            )  # fmt: skip
            if hazard > budget.limit:
                continue
            cost = cost_of(ways, budget, way, slots)
            assert cost == pytest.approx(joules, rel=1e-12, abs=0)
            assert best is not None and joules >= best * (1 - 1e-12)
            moved += start > budget.limit
            optimal += joules <= best * (1 + 1e-9)
        if best is None:
            assert exact.slots is None
            continue
        feasible += 1
        found = cost_of(ways, budget, exact.ways, exact.slots)
        assert found == pytest.approx(best, rel=1e-9, abs=0)
        assert exact.bound <= best * (1 + 1e-9)
    # None trivial: many can be placed, many starts are above the budget, most end at the optimum.
    assert feasible >= 40 and moved >= 10 and optimal >= 40, (feasible, moved, optimal)
