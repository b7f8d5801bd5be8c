"""How the command line runs, and what it ends in."""

import codecs
import io
import os
import sys

from eden._command import INTERRUPTED
from eden.cli._verbs import STAGES, app


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Default: those of the process.

    Returns:
        The exit code: 0, or 2 for what a user can mend.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="eden")
    # Without a command, what there is.
    arguments = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    # Of verbs that work on a run folder, which keeps what they have done.
    goes_on = {"run": " with --resume goes on"} | dict.fromkeys(STAGES, " goes on")
    further = f"; the same command{goes_on[arguments[0]]}" if arguments[0] in goes_on else ""
    interrupted = f"interrupted{further}"
    try:
        result = app(arguments, standalone_mode=False)
    except Exception as error:
        if os.environ.get("EDEN_TRACEBACK") == "1":
            raise
        if type(error).__name__ == "Abort":  # for Ctrl-C, in some versions of the option parser
            return _complain(interrupted, code=INTERRUPTED)
        if type(error).__name__ == "Exit":
            return getattr(error, "exit_code", 0)
        if (said := getattr(error, "format_message", None)) is not None:  # by the option parser
            return _complain(said())
        if isinstance(error, OSError) and error.filename is not None:
            return _complain(f"{error.filename}: {error.strerror}")
        if isinstance(error, ValueError | TypeError | OSError | _safetensors_error()):
            return _complain(str(error))
        raise
    if result == INTERRUPTED:  # or this
        return _complain(interrupted, code=INTERRUPTED)
    return result if isinstance(result, int) else 0


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """Write what the terminal cannot show as what comes nearest to it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    shown = error.object[error.start : error.end]
    return "".join(_PLAIN.get(letter, "?") for letter in shown), error.end


_PLAIN = {"\u2212": "-", "\u2013": "-", "\u2192": "->"}
codecs.register_error("eden", _plainly)


def _complain(message: str, *, code: int = 2) -> int:
    print(f"eden: {' '.join(message.split())}", file=sys.stderr)
    return code


def _safetensors_error() -> type[Exception]:
    from safetensors import SafetensorError

    return SafetensorError
