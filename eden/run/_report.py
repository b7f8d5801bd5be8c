"""The stage that writes the report."""

from eden import report
from eden.folder import StageFiles
from eden.run._work import Work


def write_report(work: Work, files: StageFiles) -> None:
    """Write ``report.html`` and the final table as CSV."""
    report.write_report(work.results, files)
