"""What came out, in a few numbers and a table."""

from eden._say import percent, rate
from eden.folder import Results
from eden.report._page import Section, TextTable
from eden.report._words import beside, measure


def facts_of(results: Results) -> list[tuple[str, str]]:
    """Return the numbers shown large, each with what it is."""
    seen, verdict = results.verification, results.last_verdict
    saving = results.energy[results.verified_key]["saving"]
    low, high = (percent(-f(saving.values())) for f in (max, min))
    before, after = (
        results.tolerances(n, "coarse").coarse_ber for n in ("baseline", seen["network"])
    )
    times = f", {after / before:.1f} times" if before else ""
    original = seen["original_test_accuracy"]
    sampled = beside(verdict.get("standard_error"), ".2%")
    reached = f"{measure(seen.get('accuracy'))}{sampled}, originally {original:.2%}"
    if verdict.get("difference") is not None:
        change = beside(verdict["difference_standard_error"], ".2%")
        reached += f"; {percent(verdict['difference'], 2)}{change}, paired"
    reached = reached.replace(" \u00b1 ", "\u00a0\u00b1\u00a0")  # in narrow boxes
    volts = seen["attempts"][-1]["placement"]["vdd_volts"]
    return [
        (f"{volts:.3f} V", f"supply, {results.device.nominal.vdd_volts:g} V nominal"),
        (f"{low} to {high}", "DRAM energy of an inference, by voltage law"),
        (f"{rate(before)} \u2192 {rate(after)}", f"tolerable BER{times}"),
        (f"{verdict['seeds'] - verdict['misses']} of {verdict['seeds']}", "draws met the target"),
        (f"{verdict['mean_accuracy']:.2%}", reached),
    ]


def overview_section(results: Results, table: TextTable) -> Section:
    """Show the final table, and what its columns say."""
    recipe = results.folder.recipe
    whole = (
        "The control was searched as a whole alone: its fine placement goes by that and by single "
        "cells."
    )
    coarsely = recipe.boost.control and bool(recipe.characterize.fine_searches)
    return Section(
        "Placements",
        text=(
            "Each network is placed on the module coarsely (one operating point, lines "
            "interleaved over all banks) and finely (greedy or exact: every tensor in a bank it "
            "bears). The last columns are DRAM energy against rated voltage and latencies, for "
            "three laws of how it follows the voltage; latency alone is rated voltage at the tRCD "
            "and tRP of the measured points. The highlighted row was verified on the test images.",
        ),
        tables=(table,),
        notes=(
            "The module's failing lines leave a range of bit error rates open: one bad bit a bad "
            "line (low) to whole lines bad (high). The supply is for independent bits; beside it "
            "stands the supply if the low or the high end were true. What is verified here holds "
            "for the estimate used, not for the high end.",
            *([whole] if coarsely else []),
        ),
    )
