"""The report of a run: its sections, in order, on one page."""

import yaml

from eden._files import dump_json, read_json
from eden.folder import Results, StageFiles
from eden.report._accuracy import accuracy_section
from eden.report._criticality import criticality_section
from eden.report._curriculum import curriculum_section
from eden.report._energy import energy_section
from eden.report._error_maps import error_maps_section
from eden.report._overview import facts_of, overview_section
from eden.report._page import TextTable, render
from eden.report._placement import placement_section
from eden.report._tolerance import tolerance_section
from eden.report._variants import variants_section, variants_table
from eden.report._verification import verification_section
from eden.report._words import table, verdict_line


def write_report(results: Results, files: StageFiles) -> None:
    """Write ``report.html`` and the final table as CSV."""
    head, rows, marked = table(results)
    files.csv("table.csv", [dict(zip(head, row, strict=True)) for row in rows], head)
    variants = variants_table(results)
    files.csv(
        "variants.csv",
        [dict(zip(variants.head, row, strict=True)) for row in variants.rows],
        list(variants.head),
    )
    recipe = results.folder.recipe
    sections = [
        variants_section(results, variants),
        overview_section(results, TextTable(head, rows, marked)),
        accuracy_section(results),
        criticality_section(results),
        tolerance_section(results),
        placement_section(results),
        energy_section(results),
        curriculum_section(results),
        verification_section(results),
        error_maps_section(),
    ]
    page = render(
        title=f"{recipe.network.name} on {recipe.data.name}, {recipe.stored}, {recipe.device}",
        verdict=verdict_line(results),
        passed=results.verification["passed"],
        facts=facts_of(results),
        sections=sections,
        provenance={
            "Recipe": yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False),
            "Versions": results.path("versions.json").read_text(),
            "Images": dump_json(read_json(results.path("data.json"))).decode(),
        },
    )
    files.bytes("report.html", page)
