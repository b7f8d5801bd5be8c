"""What the constructors of the core's values do not take is said in one line.

Here, as the lowest room whose face shows such values: geometry, timing and currents of a device.
"""

import re
from functools import wraps
from typing import Any, NoReturn

from eden._native import core
from eden._say import a_kind, a_number, an_int, refusal


def _in_one_line(cls: type) -> None:
    """Have the constructor of a class refuse what it does not take in one line, by name.

    pybind11 says in several what it would have taken, and not what was wrong.
    """
    make: Any = cls.__init__
    said = make.__doc__.splitlines()[0].rpartition(") -> ")[0]
    # name: type = default, of which types may hold commas within brackets.
    parts = re.split(r", (?:\*, )?(?=\w+: )", said)[1:]
    kinds = dict(part.split(": ", 1) for part in parts)

    def refuse(args: tuple, kwargs: dict[str, Any]) -> NoReturn:
        values = dict(zip(kinds, args, strict=False)) | kwargs
        for name in values:
            if name not in kinds:
                accepted = ", ".join(kinds)
                raise TypeError(refusal(f"an argument of {cls.__name__}", name, accepted))
        for name, kind in kinds.items():
            if name not in values:
                if " = " not in kind:
                    raise TypeError(f"{cls.__name__}: argument {name!r} is missing")
            elif kind.startswith("typing.SupportsFloat"):
                a_number(f"{name} of {cls.__name__}", values[name])
            elif kind.startswith("typing.SupportsInt"):
                an_int(f"{name} of {cls.__name__}", values[name], -(2**63), 2**63 - 1)
            elif kind.startswith("bool"):
                a_kind(f"{name} of {cls.__name__}", values[name], bool, "True, False")
        given = [*args, *(f"{name}={value!r}" for name, value in kwargs.items())]
        raise TypeError(refusal(f"what {cls.__name__} is made of", given, ", ".join(kinds)))

    numbers = {name for name, kind in kinds.items() if kind.startswith("typing.Supports")}

    @wraps(make)
    def init(self, *args: Any, **kwargs: Any) -> None:
        given = (*zip(kinds, args, strict=False), *kwargs.items())
        if any(type(value) is bool and name in numbers for name, value in given):
            refuse(args, kwargs)  # pybind11 takes a truth value for a number
        try:
            make(self, *args, **kwargs)
        except TypeError:
            refuse(args, kwargs)

    setattr(cls, "__init__", init)  # noqa: B010 - a plain assignment is one to a method's type


for _one in vars(core).values():
    if isinstance(_one, type) and " -> " in (_one.__init__.__doc__ or ""):
        _in_one_line(_one)
