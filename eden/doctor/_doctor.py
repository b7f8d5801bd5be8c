"""The facts and the checks, printed."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from eden.doctor._child import in_a_child
from eden.doctor._facts import devices_to_check, facts
from eden.doctor._line import Check

# What EDEN_ISA accepts; a processor that lacks one takes the next lower.
INSTRUCTION_SETS = ("avx512", "avx2", "portable")


def main() -> int:
    """Print the facts and the checks, each group made in a process of its own.

    Returns:
        0 if all is well, 1 if a check failed: an exit code.
    """
    for name, value in facts().items():
        print(f"{name:<12}{value}")
    jobs = {"the package": ("package", {})}
    jobs |= {f"on {device}": (device, {}) for device in devices_to_check()}
    jobs |= {f"{isa} or less": ("golden", {"EDEN_ISA": isa}) for isa in INSTRUCTION_SETS}
    with ThreadPoolExecutor(2) as pool:  # most of a child's time is spent importing torch
        found = dict(zip(jobs, pool.map(lambda job: in_a_child(*job), jobs.values()), strict=True))
    checks = [check for title, group in found.items() for check in show(title, group)]
    failed = sum(not check.passed for check in checks)
    print(f"\n{'FAIL' if failed else 'OK'}: {len(checks) - failed} of {len(checks)} checks passed")
    return int(failed > 0)


def show(title: str, checks: Iterable[Check]) -> list[Check]:
    """Print a group of checks, and return them."""
    print(f"\n{title}:")
    for check in (checks := list(checks)):
        print(f"{'ok' if check.passed else 'FAIL':<6}{check.name:<46}{check.finding}")
    return checks
