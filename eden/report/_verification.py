"""Every attempt at verification."""

from collections.abc import Mapping
from typing import Any

from eden.folder import Results
from eden.report._page import Section, TextTable
from eden.report._words import TITLES, beside, mean_measure, signed, with_error

_COLUMNS = ["attempt", "supply", "draws", "misses", "P(miss) below", "confidence"]


def verification_section(results: Results) -> Section:
    """List every attempt at verification."""
    seen = results.verification
    # Folders of earlier versions say nothing of images.
    paired = all(a["verdict"].get("difference") is not None for a in seen["attempts"])
    mean = mean_measure(seen.get("accuracy")).rstrip(",")
    head = [*_COLUMNS, mean, "lowest", *["against the original"] * paired, "verdict"]
    rows = [_row(a, paired=paired) for a in seen["attempts"]]
    notes = [f"Without errors, as stored, on the test images: {_by_network(seen, 'accuracy')}."]
    precise = seen.get("accuracy") == "precision"
    if "test_average_precision" in seen and not precise:
        found = _by_network(seen, "average_precision")
        notes.append(f"Average precision there, at IoU 0.5 as COCO's: {found}.")
    if paired or precise:
        notes.append(_plus_minus(seen))
    return Section(
        "Verification",
        text=("On test images and error draws that no search has seen; every attempt is listed.",),
        tables=(TextTable(head, rows),),
        notes=tuple(notes),
    )


def _row(attempt: Mapping[str, Any], *, paired: bool) -> list[str]:
    v = attempt["verdict"]
    difference = [signed(v["difference"], v["difference_standard_error"])] if paired else []
    return [
        str(v["attempt"] + 1),
        f"{attempt['placement']['vdd_volts']:.3f} V",
        str(v["seeds"]),
        str(v["misses"]),
        f"{100 * v['upper_bound']:.2f} %",
        f"{100 * v['confidence']:.4g} %",
        with_error(v["mean_accuracy"], v.get("standard_error")),
        f"{v['lowest_accuracy']:.4f}",
        *difference,
        "passed" if v["passed"] else "failed",
    ]


def _by_network(seen: Mapping[str, Any], what: str) -> str:
    """Say what each network reaches, how it compares with the original, and what that reaches."""
    compared = seen.get("against_original", {}).get(what, {})
    told = []
    for name, value in seen[f"test_{what}"].items():
        text = f"{TITLES[name]} {value:.4f}"
        if (c := compared.get(name)) is not None:
            text += beside(c["standard_error"])
            text += f" ({signed(c['difference'], c['difference_standard_error'])})"
        told.append(text)
    if compared:
        error = seen[f"original_test_{what}_standard_error"]
        return f"{', '.join(told)}; the original {with_error(seen[f'original_test_{what}'], error)}"
    return ", ".join(told)


def _plus_minus(seen: Mapping[str, Any]) -> str:
    """Say what stands behind the sign."""
    precise = "test_average_precision" in seen
    drawn = " For average precision they are drawn with replacement, 200 times." * precise
    return (
        f"\u00b1: one standard error, were the {seen['test_images']:,} images drawn anew; draws of "
        "errors are told by the misses. Against the original, and in brackets: the difference from "
        f"the network as it was trained, in floats, each image paired with itself.{drawn}"
    )
