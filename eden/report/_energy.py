"""DRAM energy of an inference, by component."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from eden._say import percent
from eden.energy import LAWS
from eden.folder import Results
from eden.report._page import Section, TextTable
from eden.report._style import COLOURS, NOTE, styled
from eden.report._words import keys_of_table, title_of

# As they are drawn, from those of a closed form or of a system with a memory of its own.
COMPONENTS = {
    "activate, precharge": ("activate", "precharge", "activate_precharge"),
    "read, write": ("read", "write", "read_write"),
    "refresh": ("refresh",),
    "background": ("background_active", "background_precharged", "background"),
    "power-down": ("power_down",),
    "I/O": ("interface",),
}


def energy_section(results: Results) -> Section:
    """Show DRAM energy and time of an inference for every placement and voltage law."""
    # JSON files hold their keys sorted; these are in the order of the final table.
    accounts = {key: results.energy[key] for key in keys_of_table(results)}
    labels = {key: ", ".join(title_of(results, key)) for key in accounts}
    first = next(iter(accounts.values()))
    costs = {key: _at_placement(account) for key, account in accounts.items()}
    nominal, rated_seconds = _at_rated(first)
    laws = {
        law: {
            "nominal": _components(nominal),
            **{labels[key]: _components(joules[law]) for key, (joules, _) in costs.items()},
        }
        for law in LAWS
    }
    rated = {labels[key]: _at_rated(account)[0]["total"] for key, account in accounts.items()}
    rows = [["nominal", *[_micro(nominal["total"])] * len(LAWS), _micro(rated_seconds), "", ""]]
    for key, (joules, seconds) in costs.items():
        totals = [_micro(joules[law]["total"]) for law in LAWS]
        idle, pins = accounts[key].get("idle_seconds"), joules[LAWS[0]].get("interface")
        counted = ["not counted" if v is None else _micro(v) for v in (idle, pins)]
        rows.append([labels[key], *totals, _micro(seconds), *counted])
    head = [
        "placement",
        *(f"{law}, \u00b5J" for law in LAWS),
        "time, \u00b5s",
        "of it DRAM idle, \u00b5s",
        f"I/O ({LAWS[0]}), \u00b5J",
    ]
    memory = f" beside {first['memory']}" if "memory" in first else ""
    return Section(
        "Energy of an inference",
        text=(f"DRAM energy and time of one inference on the system {first['system']}{memory}.",),
        figure=energy_figure(laws, rated=rated),
        alt="Energy by component for every placement under three voltage laws",
        tables=(TextTable(head, rows),),
        notes=(
            "per cent: against what each placement's memory takes at the rated point; nominal is "
            "that of the first",
            *first["assumptions"],
        ),
    )


def _at_placement(account: dict) -> tuple[dict, float]:
    """Joules by law and component, and seconds."""
    if "memory" in account:
        return account["joules"], account["seconds"]
    return account["approximate_joules"], account["approximate_seconds"]


def _at_rated(account: dict) -> tuple[dict, float]:
    """Joules by component, and seconds."""
    if "memory" in account:
        return account["rated_joules"], account["rated_seconds"]
    return account["nominal_joules"], account["nominal_seconds"]


def _components(joules: dict[str, float]) -> dict[str, float]:
    """Those that this kind of system counts."""
    return {
        name: sum(joules.get(part, 0.0) for part in parts)
        for name, parts in COMPONENTS.items()
        if any(part in joules for part in parts)
    }


def _micro(value: float) -> str:
    return f"{value * 1e6:.3f}"


@styled
def energy_figure(
    laws: Mapping[str, Mapping[str, Mapping[str, float]]],
    *,
    rated: Mapping[str, float] | None = None,
    unit_joules: float = 1e-6,
) -> Figure:
    """Draw energy by component, a panel a voltage law, a bar a placement.

    Args:
        laws: Law -> bar label -> component -> joules; every bar has the same components.
        rated: Bar label -> joules that it is compared with; default those of the first bar.
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
            change = total * unit_joules / (rated or {}).get(labels[row], nominal) - 1.0
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
