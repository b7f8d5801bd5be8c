"""Modules side by side, each at a supply of its own."""

import numpy as np
import pytest
from _placing import MIB, tensor, tolerances

from eden import mapping


def test_modules_side_by_side_have_a_supply_each(b10):
    """What bears little lies on a module at 1.1 V, what bears much on one at 1.05 V."""
    parts = [tensor("a", MIB, 1e-8), tensor("b", MIB, 1e-2), tensor("c", MIB, 1e-2)]
    one = mapping.place(tolerances(*parts), b10)
    assert one.vdd_volts == 1.1
    for method in ("greedy", "exact"):
        two = mapping.place(tolerances(*parts), b10, method=method, modules=2)
        where = {name: two.partitions[entry.partition] for name, entry in two.entries.items()}
        volts = {name: two.points[entry.partition].vdd_volts for name, entry in two.entries.items()}
        assert volts == {"a": 1.1, "b": 1.05, "c": 1.05}
        assert where["a"].module != where["b"].module == where["c"].module
        for module in (0, 1):
            on_it = {
                p.vdd_volts for n, p in two.points.items() if two.partitions[n].module == module
            }
            assert len(on_it) == 1
        assert two.energy_joules < one.energy_joules
        assert two.gap == pytest.approx(0, abs=1e-2)
        assert "2 x ddr3l-1600-b10 at 1.05, 1.1 V" in str(two)
        assert mapping.Placement.from_json(two.to_json()) == two
    # More modules than that find nothing better, and cells of two modules are others.
    four = mapping.place(tolerances(*parts), b10, method="exact", modules=4)
    assert four.energy_joules == pytest.approx(two.energy_joules, rel=1e-12)
    assert len({partition.base for partition in two.partitions.values()}) >= 16
    assert b10.side_by_side(1) == b10.partitions


def test_several_modules_never_cost_more(b10):
    """Any placement of one module is one of two, the other being free."""
    draw = np.random.default_rng(3)
    for _ in range(5):
        parts = [
            tensor(f"t{i}", int(draw.integers(1, MIB)), float(10 ** draw.uniform(-9, -2)))
            for i in range(6)
        ]
        costs = [
            mapping.place(tolerances(*parts), b10, method="exact", modules=k).energy_joules
            for k in (1, 2, 3)
        ]
        assert costs[1] <= costs[0] * (1 + 1e-9)
        assert costs[2] <= costs[1] * (1 + 1e-9)


@pytest.mark.parametrize("modules", [0, 5, 1.5, True, "2"])
def test_numbers_of_modules_that_are_none(b10, modules):
    with pytest.raises((ValueError, TypeError), match="modules"):
        mapping.place(tolerances(tensor("a", 99, 1e-2)), b10, modules=modules)


def test_coarse_placement_takes_one_module(b10):
    with pytest.raises(ValueError, match="modules of a coarse placement is 2"):
        mapping.place(tolerances(tensor("a", 99, 1e-2)), b10, method="coarse", modules=2)


def test_a_coarse_placement_is_of_one_module(b10):
    placed = mapping.place(tolerances(tensor("a", 99, 1e-2)), b10, method="coarse")
    with pytest.raises(ValueError, match="modules of a coarse placement is 2, accepted: 1"):
        mapping.Placement.from_dict({**placed.to_dict(), "modules": 2})
