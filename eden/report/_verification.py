"""Every attempt at verification."""

from eden.folder import Results
from eden.report._page import Section, TextTable
from eden.report._words import TITLES

_COLUMNS = ["attempt", "supply", "draws", "misses", "P(miss) below", "confidence"]
_COLUMNS += ["mean accuracy", "lowest", "verdict"]


def verification_section(results: Results) -> Section:
    """List every attempt at verification."""
    rows = [
        [
            str(v["attempt"] + 1),
            f"{a['placement']['vdd_volts']:.3f} V",
            str(v["seeds"]),
            str(v["misses"]),
            f"{100 * v['upper_bound']:.2f} %",
            f"{100 * v['confidence']:.4g} %",
            f"{v['mean_accuracy']:.4f}",
            f"{v['lowest_accuracy']:.4f}",
            "passed" if v["passed"] else "failed",
        ]
        for a in results.verification["attempts"]
        for v in [a["verdict"]]
    ]
    clean = ", ".join(
        f"{TITLES[name]} {accuracy:.4f}"
        for name, accuracy in results.verification["test_accuracy"].items()
    )
    return Section(
        "Verification",
        text=("On test images and error draws that no search has seen; every attempt is listed.",),
        tables=(TextTable(_COLUMNS, rows),),
        notes=(f"Without errors, as stored, on the test images: {clean}.",),
    )
