"""DRAM energy of an inference, by component."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from eden._say import percent
from eden.energy import LAWS
from eden.folder import Results
from eden.report._page import Section, TextTable
from eden.report._style import COLOURS, NOTE, styled
from eden.report._words import keys_of_table, title_of

COMPONENTS = ("activate", "precharge", "read", "write", "refresh", "background")


def energy_section(results: Results) -> Section:
    """Show the DRAM energy of an inference for every placement and voltage law."""
    laws: dict[str, dict[str, dict[str, float]]] = {}
    # JSON files hold their keys sorted; these are in the order of the final table.
    accounts = {key: results.energy[key] for key in keys_of_table(results)}
    first = next(iter(accounts.values()))
    for law in LAWS:
        laws[law] = {"nominal": _components(first["nominal_joules"])}
        for key, account in accounts.items():
            label = ", ".join(title_of(results, key))
            laws[law][label] = _components(account["approximate_joules"][law])
    nominal = f"{first['nominal_joules']['total'] * 1e6:.3f}"
    rows = [["nominal", *[nominal] * len(LAWS), f"{first['nominal_seconds'] * 1e6:.2f}"]]
    for key, account in accounts.items():
        joules = [f"{account['approximate_joules'][law]['total'] * 1e6:.3f}" for law in LAWS]
        seconds = f"{account['approximate_seconds'] * 1e6:.2f}"
        rows.append([", ".join(title_of(results, key)), *joules, seconds])
    return Section(
        "Energy of an inference",
        figure=energy_figure(laws),
        alt="Energy by component for every placement under three voltage laws",
        tables=(
            TextTable(
                ["placement", *(f"{law}, \u00b5J" for law in LAWS), "DRAM time, \u00b5s"], rows
            ),
        ),
        notes=tuple(first["assumptions"]),
    )


def _components(joules: dict[str, float]) -> dict[str, float]:
    background = joules["background_active"] + joules["background_precharged"]
    return {name: joules.get(name, background) for name in COMPONENTS}


@styled
def energy_figure(
    laws: Mapping[str, Mapping[str, Mapping[str, float]]], *, unit_joules: float = 1e-6
) -> Figure:
    """Draw energy by component, a panel a voltage law, a bar a placement.

    Args:
        laws: Law -> bar label -> component -> joules; every bar has the same components.
        unit_joules: The axis counts these.

    Returns:
        The figure.
    """
    cycle = [COLOURS[c] for c in ("after", "soft", "good", "accent", "before", "other")]
    bars = max(len(rows) for rows in laws.values())
    figure = Figure(figsize=(9.6, 1.4 + 0.36 * bars))
    panels = figure.subplots(1, len(laws), sharey=True, sharex=True, squeeze=False)[0]
    for axes, (law, rows) in zip(panels, laws.items(), strict=True):
        labels = list(rows)
        nominal = sum(rows[labels[0]].values())
        left = [0.0] * len(labels)
        for index, component in enumerate(rows[labels[0]]):
            widths = [rows[label][component] / unit_joules for label in labels]
            colour = cycle[index % len(cycle)]
            axes.barh(
                range(len(labels)), widths, left=left, height=0.68, color=colour, label=component
            )
            left = [a + b for a, b in zip(left, widths, strict=True)]
        for row, total in enumerate(left):
            change = total * unit_joules / nominal - 1.0
            axes.text(total, row, f" {percent(change) if row else ''}", va="center", **NOTE)
        axes.set_yticks(range(len(labels)), labels)
        axes.set(title=f"law: {law}", xlabel=_unit_label(unit_joules))
        axes.grid(True, axis="x")
    panels[0].invert_yaxis()
    panels[0].set_xlim(0, panels[0].get_xlim()[1] * 1.22)
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(names))
    figure.tight_layout()
    return figure


def _unit_label(unit_joules: float) -> str:
    prefix = {1e-9: "n", 1e-6: "\u00b5", 1e-3: "m", 1.0: ""}[unit_joules]
    return f"{prefix}J an inference"
