"""One line of what the doctor finds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One line of the self-check.

    Attributes:
        name: What was tried.
        finding: What came out, beside what was expected.
        passed: Whether the two agree.
    """

    name: str
    finding: str
    passed: bool
