"""Checks in a process of their own: a library that crashes ends it, and not the doctor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping

from eden._command import ending
from eden.doctor._checks import refusal_check, self_check
from eden.doctor._golden import golden_checks
from eden.doctor._line import Check
from eden.doctor._package import package_checks

# Far more than any machine needs.
_SECONDS = 300
_RUN = "import sys; from eden.doctor._child import main; main(sys.argv[1])"


def checks_of(what: str) -> list[Check]:
    """Check in this process: the ``package``, the ``golden`` vectors, or a device.

    Returns:
        The checks; one that failed where the kernels do not run on the device.
    """
    if what == "package":
        return [*package_checks(), refusal_check()]
    if what == "golden":
        return golden_checks()
    try:
        return self_check(what)
    except RuntimeError as error:  # such as a GPU that the build has no kernels for
        return [Check("the kernels run", str(error).splitlines()[0], False)]


def main(what: str) -> None:
    """Print the checks for the process that asked."""
    print(json.dumps([vars(check) for check in checks_of(what)]))


def in_a_child(what: str, variables: Mapping[str, str] | None = None) -> list[Check]:
    """Check in a process of its own.

    Args:
        what: As for `checks_of`.
        variables: Of its environment, beside those of this process.
    """
    command = [sys.executable, "-c", _RUN, what]
    environment = os.environ | dict(variables or {})
    try:
        child = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired:
        return [Check("the check comes to an end", f"not within {_SECONDS} s", False)]
    if child.returncode == 0 and (lines := child.stdout.splitlines()):
        return [Check(**check) for check in json.loads(lines[-1])]
    return [Check("the check comes to an end", ending(child.returncode, child.stderr), False)]
