"""What the report and the terminal say of a verification, with standard errors and without."""

from types import SimpleNamespace

import pytest

from eden.report._verification import verification_section
from eden.report._words import signed, verdict_line

VERDICT = {
    "accuracies": [0.9, 0.92],
    "attempt": 0,
    "confidence": 0.95,
    "lowest_accuracy": 0.9,
    "mean_accuracy": 0.91,
    "misses": 0,
    "passed": True,
    "seeds": 2,
    "target_accuracy": 0.9,
    "upper_bound": 0.04,
}
SEEN = {
    "method": "greedy",
    "network": "boosted",
    "original_test_accuracy": 0.9113,
    "test_accuracy": {"baseline": 0.9112},
    "passed": True,
}
SAMPLED = {
    "images": 10000,
    "standard_error": 0.0029,
    "original_accuracy": 0.9113,
    "original_standard_error": 0.0028,
    "difference": -0.0013,
    "difference_standard_error": 0.0004,
}
COMPARED = {"standard_error": 0.0028, "difference": -1e-4, "difference_standard_error": 1e-4}


def results(verdict, **more):
    attempt = {"placement": {"vdd_volts": 1.05}, "verdict": VERDICT | verdict}
    seen = {**SEEN, "attempts": [attempt], **more}
    return SimpleNamespace(verification=seen, last_verdict=attempt["verdict"])


def sampled(verdict=SAMPLED, **more):
    told = {"test_images": 10000, "against_original": {"accuracy": {"baseline": COMPARED}}}
    return results(verdict, original_test_accuracy_standard_error=0.0028, **told, **more)


def test_errors_stand_beside_the_verdict():
    assert verdict_line(sampled()).endswith(
        "; mean accuracy 0.9100 ± 0.0029 (10,000 images), less than the original's 0.9113 ± 0.0028 "
        "by 0.0013 ± 0.0004, paired; lowest 0.9000."
    )
    better = sampled({**SAMPLED, "difference": 0.0013})
    assert "more than the original's 0.9113 ± 0.0028 by 0.0013 ±" in verdict_line(better)
    same = sampled({**SAMPLED, "original_accuracy": 0.91, "difference": 0.0})
    assert verdict_line(same).endswith(
        "(10,000 images), the same as the original's 0.9100 ± 0.0028 (0.0000 ± 0.0004, paired); "
        "lowest 0.9000."
    )
    section = verification_section(sampled())
    row = dict(zip(section.tables[0].head, section.tables[0].rows[0], strict=True))
    assert row["mean accuracy"] == "0.9100 ± 0.0029"
    assert row["against the original"] == "\u22120.0013 ± 0.0004" and row["verdict"] == "passed"
    networks, meaning = section.notes
    assert networks == (
        "Without errors, as stored, on the test images: unboosted 0.9112 ± 0.0028 (\u22120.0001 ± "
        "0.0001); the original 0.9113 ± 0.0028."
    )
    assert "one standard error, were the 10,000 images drawn anew" in meaning


def test_average_precision_has_an_error_too():
    both = {"accuracy": {"baseline": COMPARED}, "average_precision": {"baseline": COMPARED}}
    seen = sampled().verification | {
        "against_original": both,
        "test_average_precision": {"baseline": 0.7},
        "original_test_average_precision": 0.7001,
        "original_test_average_precision_standard_error": 0.02,
    }
    section = verification_section(SimpleNamespace(verification=seen))
    assert section.notes[1].endswith(
        ": unboosted 0.7000 ± 0.0028 (\u22120.0001 ± 0.0001); the original 0.7001 ± 0.0200."
    )
    assert "drawn with replacement, 200 times" in section.notes[2]


@pytest.mark.parametrize("verdict", [{}, dict.fromkeys(SAMPLED)])
def test_without_errors_all_is_as_it_was(verdict):
    told = results(verdict, test_average_precision={"baseline": 0.7})
    assert verdict_line(told).endswith("; mean accuracy 0.9100, lowest 0.9000, original 0.9113.")
    section = verification_section(told)
    assert "against the original" not in section.tables[0].head
    assert section.notes == (
        "Without errors, as stored, on the test images: unboosted 0.9112.",
        "Average precision there, at IoU 0.5 as COCO's: unboosted 0.7000.",
    )


def test_average_precision_is_called_so():
    told = results({}, accuracy="precision", test_images=10000)
    assert verdict_line(told).endswith(
        "; average precision, mean of draws, 0.9100, lowest 0.9000, original 0.9113."
    )
    assert "average precision, mean of draws" in verification_section(told).tables[0].head


def test_of_one_image_the_accuracies_stand_alone():
    alone = sampled({**SAMPLED, "standard_error": None, "difference_standard_error": None})
    assert "mean accuracy 0.9100 (10,000 images), less" in verdict_line(alone)
    assert signed(-0.5, None) == "\u22120.5000"
