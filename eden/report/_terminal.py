"""The end of a run, on the terminal."""

from pathlib import Path

from eden.folder import Results, RunFolder
from eden.report._page import TextTable
from eden.report._variants import variants_table
from eden.report._words import adapting_lines, borne_by, control_line, table, verdict_line


def print_end(folder: RunFolder, last: str) -> None:
    """Print the final tables and the path of the report, or how far the run got."""
    from rich.console import Console

    # Brackets in a path are no markup.
    console = Console(markup=False)
    if not console.is_terminal:
        console = Console(markup=False, width=110)
    if last != "report":
        console.print(f"{folder.path}: done up to {last}", highlight=False)
        return
    results, recipe = Results(folder), folder.recipe
    _print(
        console,
        variants_table(results),
        title=f"{recipe.network.name} on {recipe.data.name}, {recipe.stored}, {recipe.device}",
        caption=f"BER borne: {borne_by(recipe)}; bytes: read more; V and energy (by law: "
        f"linear, cv2, array): {recipe.verify.method} mapping; P(miss): fresh draws at that BER",
    )
    _print(
        console,
        TextTable(*table(results)),
        title="placements",
        caption="V low/high: if a bad line had one bad bit, or all; then DRAM energy by law. "
        "Latency alone: rated voltage at the tRCD and tRP of the measured points",
    )
    console.print(verdict_line(results), highlight=False)
    for line in (*adapting_lines(results), control_line(results)):
        console.print(line, highlight=False)
    seconds = sum(entry["seconds"] for entry in folder.times().values())
    report = Path(folder.path, "report.html")
    console.print(f"{seconds:.0f} s in all. Report: {report}", highlight=False, soft_wrap=True)


def _print(console, shown: TextTable, *, title: str, caption: str) -> None:
    from rich import box
    from rich.table import Table

    form = {"box": box.SIMPLE_HEAD, "padding": (0, 1), "collapse_padding": True}
    printed = Table(title=title, caption=caption, **form)
    for name in shown.head:
        words = name in ("network", "mapping", "BER borne", "95 %")
        printed.add_column(name, justify="left" if words else "right", no_wrap=True)
    for index, row in enumerate(shown.rows):
        printed.add_row(*row, style="bold" if index == shown.marked else None)
    console.print(printed)
