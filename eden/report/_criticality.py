"""Which cells miss the target alone, before and after boosting."""

from matplotlib.figure import Figure

from eden._say import rate
from eden.folder import Results
from eden.report._page import Section, TextTable
from eden.report._style import styled
from eden.report._words import TITLES
from eden.tolerance import Criticality

_COLUMNS = ["network", "cells that miss alone (\u03bb)", "95 %", "cells tried", "passes"]
_COLUMNS += ["most of them in"]


def criticality_section(results: Results) -> Section:
    """Show the share of critical cells by tensor and bit, and how many they are in all."""
    found = {name: results.criticality(name) for name in results.folder.recipe.networks}
    rows = []
    for name, risk in found.items():
        low, high = risk.interval()
        worst = sorted(risk.tensors, key=risk.lambda_of, reverse=True)[:3]
        rows.append(
            [
                TITLES[name],
                f"{risk.lambda_of():.3g}",
                f"{low:.3g} to {high:.3g}" if risk.lambda_of() else "none of those tried",
                str(sum(stratum.tried for stratum in risk.strata)),
                f"{risk.passes:.0f}",
                ", ".join(f"{tensor} ({risk.lambda_of(tensor):.3g})" for tensor in worst),
            ]
        )
    stated = ", ".join(
        f"{TITLES[name]} {rate(results.tolerances(name, 'coarse').coarse_ber)}" for name in found
    )
    return Section(
        "Where the risk sits",
        text=(
            "Single cells were made weak one at a time. At a low rate of errors a draw misses "
            "where it holds one that misses alone: P(miss) is about \u03bb times the rate of weak "
            "cells. Protecting the few tensors and bits that hold most of \u03bb is what pays.",
        ),
        figure=criticality_figure(found["baseline"]),
        alt="Share of cells that miss the target alone, by tensor and bit, before boosting",
        tables=(TextTable(_COLUMNS, rows),),
        notes=(
            f"The figure is of the {TITLES['baseline']} network. Tolerated rates: {stated}.",
            "Bits below a harmless one were not tried: none of 30 cells there cost half of what "
            "may be lost, which says, at 95 %, that fewer than 10 % of them miss alone.",
            *(f"{TITLES[name]}: {risk.caution}." for name, risk in found.items() if risk.caution),
        ),
    )


@styled
def criticality_figure(found: Criticality) -> Figure:
    """Draw a criticality as the figures of a report look."""
    return found.plot()
