"""The devices that come with eden, as a table on the terminal."""

from eden._say import rate
from eden.devices._load import load, names


def print_devices() -> None:
    """Print every device with its operating points and the range of their bit error rates."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for name in names():
        device = load(name)
        table = Table(
            title=f"{name}: {device.description}", box=box.SIMPLE_HEAD, title_justify="left"
        )
        for head in ("VDD, V", "tRCD, ns", "tRP, ns", "BER", "from", "to", "known as"):
            table.add_column(head, justify="right")
        for point in device.points:
            at_most = "< " if point.censored else ""
            table.add_row(
                f"{point.vdd_volts:.3f}",
                f"{point.trcd_seconds * 1e9:.2f}",
                f"{point.trp_seconds * 1e9:.2f}",
                at_most + rate(point.ber),
                rate(point.ber_low),
                rate(point.ber_high),
                point.quality,
            )
        console.print(table)
