"""Is a trace of commands legal?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from eden._native import core
from eden._say import a_kind, an_int
from eden.dram._memory import Memory
from eden.dram._pieces import pieces


@dataclass(frozen=True)
class Violation:
    """A command that breaks a rule.

    Attributes:
        index: Which command of the trace, from 0.
        clock: When it was sent.
        command: Name of the command, as the trace has it.
        bank: Its bank; the first of the rank for a command to all of them.
        rule: What it breaks, as the standard's table has it.
        from_clock: When it would have been legal; -1 if waiting does not help.
        said: All that in one line.
    """

    index: int
    clock: int
    command: str
    bank: int
    rule: str
    from_clock: int
    said: str

    def __str__(self) -> str:
        """Say it in one line."""
        return self.said


def check_commands(
    memory: Memory,
    commands: Path | str,
    *,
    refresh: bool = True,
    most: int = 10,
    format: str = "auto",
    progress: bool = False,
) -> tuple[list[Violation], int]:
    """Hold a trace of commands against the rules of a memory's standard.

    Args:
        memory: Whose rules they are held against.
        commands: File of the commands, plain or gzip.
        refresh: Whether refreshes that are missing break a rule; eight may be postponed.
        most: How many violations to return.
        format: ``native``, ``drampower4``, ``drampower5``, or ``auto``.
        progress: Show a bar.

    Returns:
        The first violations, and how many there are.

    Raises:
        ValueError: One line with file and line number for what is no command.
        OSError: If the file cannot be read.
    """
    a_kind("memory", memory, Memory, "a Memory")
    an_int("most", most, 0)
    path = Path(commands)
    trace = core.CommandTrace(
        memory.native, str(path), format, "once", check=True, refresh=refresh, limit=most
    )
    for piece in pieces(path, progress=progress):
        trace.feed(piece)
    trace.finish(False)
    return [Violation(**found) for found in trace.violations], trace.count
