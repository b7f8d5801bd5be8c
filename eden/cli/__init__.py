"""The command line.

What a user can cause ends in one line on stderr and exit code 2. ``EDEN_TRACEBACK=1`` shows the
whole traceback instead, for a bug report. A further verb goes into `_verbs`, those over traces into
`_dram`.
"""

from eden.cli._main import main as main
