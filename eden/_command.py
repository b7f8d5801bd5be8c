"""Ctrl-C while the command line is still importing ends in one line.

A KeyboardInterrupt would not do: it comes out of an import as a page of text, and some libraries
make another error of it. Imported first, and does nothing where eden is a library.
"""

import os
import signal
import sys

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def _end(*_: object) -> None:
    os.write(2, b"eden: interrupted\n")
    os._exit(INTERRUPTED)


def _is_command() -> bool:
    """Whether this process is ``eden`` or ``python -m eden``."""
    script = os.path.basename(sys.argv[0]) if sys.argv else ""
    return script == "eden" or (script == "-m" and sys.orig_argv[-len(sys.argv) :][:1] == ["eden"])


def imported() -> None:
    """Have Ctrl-C raise KeyboardInterrupt again."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


if _is_command() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, _end)
