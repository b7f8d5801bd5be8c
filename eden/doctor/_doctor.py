"""The facts and the self-check, printed."""

from eden.doctor._checks import Check, refusal_check, self_check
from eden.doctor._facts import devices_to_check, facts


def main() -> int:
    """Print the facts and the self-check.

    Returns:
        0 if all is well, 1 if a check failed: an exit code.
    """
    for name, value in facts().items():
        print(f"{name:<12}{value}")
    checks = []
    for device in devices_to_check():
        print(f"\non {device}:")
        try:
            found = self_check(device)
            if device == "cpu":  # the same code for all of them
                found.append(refusal_check())
        except RuntimeError as error:  # such as a GPU that the build has no kernels for
            found = [Check("the kernels run", str(error).splitlines()[0], False)]
        for check in found:
            print(f"{'ok' if check.passed else 'FAIL':<6}{check.name:<46}{check.finding}")
            checks.append(check)
    failed = sum(not check.passed for check in checks)
    print(f"\n{'FAIL' if failed else 'OK'}: {len(checks) - failed} of {len(checks)} checks passed")
    return int(failed > 0)
