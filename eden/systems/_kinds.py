"""The kinds of systems: what each is told, and how it runs the layers of a network.

A further kind is a `Kind` here, and a system of it a file in ``known/``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from eden._say import within
from eden.systems import _accelerator, _processor
from eden.systems._homes import Homes
from eden.systems._layers import Call
from eden.systems._ran import Given, Ran


class Kind(NamedTuple):
    """What there is to know of a kind.

    Attributes:
        parameters: Names of its parameters, all of them required.
        check: Refuses parameters that cannot be, in one line.
        run: Runs layers in order, given where their tensors lie and the most requests to simulate
            of each; returns what each took.
        assumptions: Says in lines what its numbers rest on.
        has_memory: Whether it has a memory of its own.
    """

    parameters: tuple[str, ...] = ()
    check: Callable[[Mapping[str, Any]], object] = dict
    run: Callable[[Given, Sequence[Call], Homes, int], list[Ran]] | None = None
    assumptions: Callable[[Given], Sequence[str]] = lambda system: ()
    has_memory: bool = True


def _a_frame(parameters: Mapping[str, Any]) -> None:
    """Refuse what is no time from one inference to the next; 0 is as fast as can be."""
    within("frame_seconds", parameters["frame_seconds"], 0, 1e6)


KINDS: dict[str, Kind] = {
    "streaming": Kind(("frame_seconds",), _a_frame, has_memory=False),
    "accelerator": Kind(
        _accelerator.PARAMETERS, _accelerator.native, _accelerator.run, _accelerator.assumptions
    ),
    "processor": Kind(
        _processor.PARAMETERS, _processor.native, _processor.run, _processor.assumptions
    ),
}
