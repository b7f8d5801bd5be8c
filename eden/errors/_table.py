"""The injection table that an error model lowers to: integers only."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from eden._native import core

# A failure threshold: whatever the access. As int64; kAlways of kernels/law/table.h.
ALWAYS = -1


@dataclass(frozen=True, eq=False)
class Table:
    """An injection table: what an error model is to the kernels, integers only.

    Who holds one of its own, as an attached model does, may replace the contents of `entries` in
    place: compiled code then sees the new rates without recompilation.

    Attributes:
        lookup: 0 one entry for all cells, 1 an entry a bitline, 2 an entry a row, 3 an entry a
            known cell, in ascending order of their addresses.
        entries: int64 [n, 4]: stress, dense threshold, failure thresholds of a 1 and of a 0
            (unsigned 64-bit numbers, see docs/rng.md); of a known cell its bit address, 0, and
            the failure thresholds.
        order: int32 [n], bitlines by rank; only for lookup 1.
    """

    lookup: int
    entries: Tensor
    order: Tensor | None = None

    def to(self, device: torch.device | str) -> "Table":
        """Return a table of its own on `device`."""
        order = None if self.order is None else self.order.to(device, copy=True)
        return Table(self.lookup, self.entries.to(device, copy=True), order)


def table_of(error) -> Table:
    """Return a table itself, or the one that an error model holds: for reading alone.

    The `lower` of a model hands out a copy, so that no caller changes what a frozen model is.
    """
    return error if isinstance(error, Table) else error._table


def always_failing(error) -> Table:
    """Return the table of an error model with F = 1: every weak cell fails at every access."""
    table = table_of(error).to("cpu")
    table.entries[:, 2:] = ALWAYS
    return table


# Below are methods of error models: `lower` and `to_dict`, and how those with arrays compare.
def copied_table(model: Any) -> Table:
    """Return a copy of the injection table."""
    return model._table.to("cpu")


def plain_data(model: Any) -> dict[str, Any]:
    """Return plain data that `from_dict` reads: the kind and what it was made of."""
    made_of = {f.name: getattr(model, f.name) for f in fields(model) if f.init}
    plain = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in made_of.items()}
    return {"kind": model.kind, **plain}


def same(self: Any, other: object) -> bool:
    """Return whether two models were given the same: one number is not as many equal ones."""
    if type(other) is not type(self):
        return NotImplemented
    names = [field.name for field in fields(self) if field.init]
    return all(np.array_equal(getattr(self, n), getattr(other, n)) for n in names)


def hash_of(self: Any) -> int:
    """Return a hash that models made of the same numbers share."""
    return hash((self.kind, self.ber))


def set_field(model: object, name: str, value: object) -> None:
    object.__setattr__(model, name, value)


def set_table(
    model: object,
    lookup: int,
    weak: ArrayLike,
    one: ArrayLike,
    zero: ArrayLike,
    order: Tensor | None = None,
) -> None:
    """Lower once, when the model is made: a traced graph then finds plain tensors."""
    entries = torch.from_numpy(core.lower(*(np.atleast_1d(p) for p in (weak, one, zero))))
    set_field(model, "_table", Table(lookup, entries, order))
