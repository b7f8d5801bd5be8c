"""One self-contained HTML page about a run: no file beside it, no network needed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined
from matplotlib.figure import Figure

from eden.report._style import svg_uri


@dataclass(frozen=True)
class TextTable:
    """A table of the report; numbers are formatted by the caller.

    Attributes:
        head: Column titles.
        rows: Cells as text.
        marked: Index of a row to set off, or None.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    marked: int | None = None


@dataclass(frozen=True)
class Section:
    """A heading with text, a figure and tables, each of which may be absent.

    Attributes:
        title: The heading.
        text: Paragraphs.
        figure: A matplotlib figure.
        alt: What the figure shows, in words.
        tables: Below the figure.
        notes: Small print.
    """

    title: str
    text: Sequence[str] = ()
    figure: Figure | None = None
    alt: str = ""
    tables: Sequence[TextTable] = ()
    notes: Sequence[str] = field(default_factory=tuple)


def render(
    *,
    title: str,
    verdict: str,
    passed: bool,
    facts: Sequence[tuple[str, str]],
    sections: Sequence[Section],
    provenance: Mapping[str, Any],
) -> bytes:
    """Render the page.

    Args:
        title: Of the page.
        verdict: One sentence under it.
        passed: Whether the verification passed; colours the verdict.
        facts: (number, what it is), shown large.
        sections: In order.
        provenance: Recipe, versions and the like, shown as text at the end.

    Returns:
        UTF-8 HTML, the same bytes for the same arguments.
    """
    template = (resources.files("eden.report") / "page.html.j2").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string(template).render(
        title=title,
        verdict=verdict,
        passed=passed,
        facts=facts,
        sections=[
            {**vars(s), "image": None if s.figure is None else svg_uri(s.figure)} for s in sections
        ],
        provenance=provenance,
    )
    return page.encode()
