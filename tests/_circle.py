"""Circles in who knows whom."""

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Modules that import each other, in order and the first again; none where there are none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1][::-1]  # graphlib goes from what is imported to who imports it
    return []
