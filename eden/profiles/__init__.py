"""Measured DRAM: what failed in a module, at which operating point, and where.

A study's file is a form in `_studies`; what a row must be stands in `_schema` and `_rules`. Names
are loaded when they are asked for: tables come with pyarrow, which `import eden` leaves alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eden.profiles._cells import bitlines_of as bitlines_of
    from eden.profiles._cells import cells_of as cells_of
    from eden.profiles._conditions import conditions as conditions
    from eden.profiles._conditions import print_profile as print_profile
    from eden.profiles._counts import operating_points as operating_points
    from eden.profiles._fit import Fit as Fit
    from eden.profiles._fit import fit as fit
    from eden.profiles._models import FittedModel as FittedModel
    from eden.profiles._profile import Profile as Profile
    from eden.profiles._read import read as read
    from eden.profiles._schema import COLUMNS as COLUMNS
    from eden.profiles._schema import Column as Column
    from eden.profiles._told import device_of as device_of
    from eden.profiles._told import print_fit as print_fit

_HOMES = {
    "bitlines_of": "_cells",
    "cells_of": "_cells",
    "conditions": "_conditions",
    "print_profile": "_conditions",
    "operating_points": "_counts",
    "Fit": "_fit",
    "fit": "_fit",
    "FittedModel": "_models",
    "Profile": "_profile",
    "read": "_read",
    "COLUMNS": "_schema",
    "Column": "_schema",
    "device_of": "_told",
    "print_fit": "_told",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(_HOMES)
