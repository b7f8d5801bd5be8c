"""Every attempt at verification."""

from collections.abc import Mapping

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
    clean = _by_network(results.verification["test_accuracy"])
    notes = [f"Without errors, as stored, on the test images: {clean}."]
    if (precision := results.verification.get("test_average_precision")) is not None:
        notes.append(f"Average precision there, at IoU 0.5 as COCO's: {_by_network(precision)}.")
    return Section(
        "Verification",
        text=("On test images and error draws that no search has seen; every attempt is listed.",),
        tables=(TextTable(_COLUMNS, rows),),
        notes=tuple(notes),
    )


def _by_network(values: Mapping[str, float]) -> str:
    return ", ".join(f"{TITLES[name]} {value:.4f}" for name, value in values.items())
