"""The end of a run, on the terminal."""

from pathlib import Path

from eden.folder import Results, RunFolder
from eden.report._words import table, verdict_line


def print_end(folder: RunFolder, last: str) -> None:
    """Print the final table and the path of the report, or how far the run got."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        console = Console(width=100)
    if last != "report":
        console.print(f"{folder.path}: done up to {last}", highlight=False)
        return
    results = Results(folder)
    head, rows, marked = table(results)
    shown = Table(
        title=f"{folder.recipe.network.name} on {folder.recipe.data.name}, {folder.recipe.stored}, "
        f"{folder.recipe.device}",
        caption="V low/high: if a bad line had one bad bit, or all; then DRAM energy by law. "
        "Latency alone: rated voltage at the tRCD and tRP of the measured points",
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
        collapse_padding=True,
    )
    for index, name in enumerate(head):
        shown.add_column(name, justify="left" if index < 3 else "right", no_wrap=True)
    for index, row in enumerate(rows):
        shown.add_row(*row, style="bold" if index == marked else None)
    console.print(shown)
    console.print(verdict_line(results), highlight=False)
    seconds = sum(entry["seconds"] for entry in folder.times().values())
    report = Path(folder.path, "report.html")
    console.print(f"{seconds:.0f} s in all. Report: {report}", highlight=False, soft_wrap=True)
