"""A finished run for people: figures and sections (a file each), one page, and the terminal.

A further section is a file with its figure and ``..._section``, and a line in `_report`.
"""

from eden.report._error_maps import error_map_figure as error_map_figure
from eden.report._error_maps import error_maps as error_maps
from eden.report._report import write_report as write_report
from eden.report._terminal import print_end as print_end
